/* list.h: intrusive doubly linked list.  A struct list is head or link; zeroed is not valid.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_add_tail(struct list *head, struct list *item)
{
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

static inline void list_add_head(struct list *head, struct list *item)
{
	list_add_tail(head->next, item);
}

/* Harmless on an item that is in no list but was list_init'ed. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

/* Take the first item out, or NULL. */
static inline struct list *list_pop(struct list *head)
{
	struct list *l = head->next;

	if (l == head)
		return NULL;
	list_remove(l);
	return l;
}

/* All of from goes to the end of to. */
static inline void list_move_all(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	from->prev->next = to;
	to->prev->next = from->next;
	to->prev = from->prev;
	list_init(from);
}

#define LIST_ITEM(link, type, member) CONTAINER(link, type, member)
/* for (LIST_EACH(l, head)): the body must not remove l. */
#define LIST_EACH(l, head) struct list *l = (head)->next; l != (head); l = l->next

#endif
