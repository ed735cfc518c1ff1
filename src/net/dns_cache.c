/* dns_cache: finished answers by question, each for its time, the longest unused forgotten first.
 *
 * Names are chosen by strangers: the tables' hash has a key, and entries and bytes are bounded.
 * Decided against one cache for all loops: a lock in the way of each warm question, and the
 * resolver behind it is that already.
 * SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "net/dns_private.h"

/* -- keys and tables ------------------------------------------------------------------------ */

bool dns_key_make(const struct hash_key *seed, const struct dns_question *q, struct dns_key *ret)
{
	struct hash_key key = *seed;
	struct str name = q->name;

	if (!dns_name_is_valid(name))
		return false;
	ret->n = name.n - (name.at[name.n - 1] == '.');
	memcpy(ret->name, name.at, ret->n);
	str_lower(ret->name, ret->n);
	ret->name[ret->n] = '\0';
	ret->type = q->type;
	ret->rank = q->rank;
	key.half[0] ^= (uint64_t)q->type;
	key.half[1] ^= (uint64_t)q->rank;
	ret->hash = hash_keyed(&key, (struct str){ ret->name, ret->n });
	return true;
}

void dns_table_init(struct dns_table *t, size_t room)
{
	*t = (struct dns_table){ .room = 1 };
	while (t->room < room)
		t->room *= 2;
	t->chains = mem_alloc(t->room * sizeof(*t->chains));
}

void dns_table_done(struct dns_table *t)
{
	free(t->chains);
}

struct dns_node *dns_table_find(const struct dns_table *t, const struct dns_key *key)
{
	struct dns_node *node = t->chains[key->hash & (t->room - 1)];

	while (node &&
	       (node->hash != key->hash || node->type != key->type || node->rank != key->rank ||
		node->n != key->n || memcmp(node->name, key->name, key->n) != 0))
		node = node->next;
	return node;
}

void dns_table_add(struct dns_table *t, struct dns_node *node, const struct dns_key *key,
		   const char *name)
{
	struct dns_node **chain = &t->chains[key->hash & (t->room - 1)];

	*node = (struct dns_node){ .next = *chain,
				   .hash = key->hash,
				   .type = key->type,
				   .rank = key->rank,
				   .n = key->n,
				   .name = name };
	*chain = node;
	t->n++;
}

void dns_table_remove(struct dns_table *t, struct dns_node *node)
{
	struct dns_node **at = &t->chains[node->hash & (t->room - 1)];

	while (*at != node) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = node->next;
	t->n--;
}

/* -- the cache -------------------------------------------------------------------------------- */

struct entry {
	struct dns_node node;
	struct list used; /* in the order of use */
	struct dns_block *block;
	int64_t until_ms;
	char name[];
};

struct dns_cache {
	struct dns_table table;
	struct list used; /* the longest unused first */
	size_t bytes, max_entries, max_bytes;
};

struct dns_cache *dns_cache_new(size_t max_entries, size_t max_bytes)
{
	struct dns_cache *c = mem_alloc(sizeof(*c));

	dns_table_init(&c->table, max_entries);
	list_init(&c->used);
	c->max_entries = max_entries;
	c->max_bytes = max_bytes;
	return c;
}

static size_t bytes_of(const struct entry *entry)
{
	return sizeof(*entry) + entry->node.n + 1 + entry->block->bytes;
}

static void forget(struct dns_cache *c, struct entry *entry)
{
	c->bytes -= bytes_of(entry);
	dns_table_remove(&c->table, &entry->node);
	list_remove(&entry->used);
	dns_block_unref(entry->block);
	free(entry);
}

void dns_cache_free(struct dns_cache *c)
{
	if (!c)
		return;
	while (!list_is_empty(&c->used))
		forget(c, LIST_ITEM(c->used.next, struct entry, used));
	dns_table_done(&c->table);
	free(c);
}

static struct entry *find(const struct dns_cache *c, const struct dns_key *key)
{
	struct dns_node *node = dns_table_find(&c->table, key);

	return node ? CONTAINER(node, struct entry, node) : NULL;
}

struct dns_block *dns_cache_find(struct dns_cache *c, const struct dns_key *key, int64_t now_ms)
{
	struct entry *entry = find(c, key);

	if (!entry)
		return NULL;
	if (now_ms >= entry->until_ms) {
		forget(c, entry);
		return NULL;
	}
	list_remove(&entry->used);
	list_add_tail(&c->used, &entry->used);
	return entry->block;
}

void dns_cache_put(struct dns_cache *c, const struct dns_key *key, struct dns_block *b,
		   int64_t now_ms)
{
	struct entry *entry = find(c, key);

	if (entry)
		forget(c, entry);
	if (b->keep_ms <= 0)
		return;
	entry = mem_alloc(sizeof(*entry) + key->n + 1);
	memcpy(entry->name, key->name, key->n);
	entry->block = dns_block_ref(b);
	entry->until_ms = now_ms + b->keep_ms;
	dns_table_add(&c->table, &entry->node, key, entry->name);
	list_add_tail(&c->used, &entry->used);
	c->bytes += bytes_of(entry);
	while (c->table.n > c->max_entries || c->bytes > c->max_bytes)
		forget(c, LIST_ITEM(c->used.next, struct entry, used));
}

size_t dns_cache_entries(const struct dns_cache *c)
{
	return c->table.n;
}

size_t dns_cache_bytes(const struct dns_cache *c)
{
	return c->bytes;
}
