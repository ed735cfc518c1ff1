/* census.c: a hash table with open addressing and linear probing, keyed by the address's text.
 *
 * Deletion shifts the run behind the hole back instead of leaving a mark, so the table never
 * fills with marks under an attack from many addresses.
 * SPDX-License-Identifier: ISC */
#include "relay/census.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"

struct client {
	char text[ADDRESS_TEXT_MAX]; /* "" marks a free place */
	unsigned group;
	unsigned count;
};

struct census {
	pthread_mutex_t lock;
	struct client *table;
	size_t room; /* a power of two */
	size_t used;
	unsigned all, groups[CENSUS_GROUPS];
};

struct census *census_new(void)
{
	struct census *c = mem_alloc(sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	c->room = 64;
	c->table = mem_alloc(c->room * sizeof(*c->table));
	return c;
}

void census_free(struct census *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c->table);
	free(c);
}

static size_t home_of(const struct census *c, const char *text, unsigned group)
{
	return (size_t)(str_ihash(str_of(text)) + group) & (c->room - 1);
}

/* The client's place, or the free place where it would go. */
static struct client *place_of(struct census *c, const char *text, unsigned group)
{
	size_t at = home_of(c, text, group);

	while (c->table[at].text[0] &&
	       (c->table[at].group != group || strcmp(c->table[at].text, text) != 0))
		at = (at + 1) & (c->room - 1);
	return &c->table[at];
}

static void grow(struct census *c)
{
	struct client *old = c->table;
	size_t old_room = c->room;

	c->room *= 2;
	c->table = mem_alloc(c->room * sizeof(*c->table));
	for (size_t i = 0; i < old_room; i++)
		if (old[i].text[0])
			*place_of(c, old[i].text, old[i].group) = old[i];
	free(old);
}

static void remove_at(struct census *c, size_t hole)
{
	size_t mask = c->room - 1;

	c->used--;
	for (size_t at = (hole + 1) & mask; c->table[at].text[0]; at = (at + 1) & mask) {
		size_t home = home_of(c, c->table[at].text, c->table[at].group);

		/* Only what probed past the hole on its way may move into it. */
		if (((at - home) & mask) >= ((at - hole) & mask)) {
			c->table[hole] = c->table[at];
			hole = at;
		}
	}
	c->table[hole] = (struct client){ 0 };
}

static enum census_answer enter(struct census *c, const char *text, unsigned group,
				const struct census_limits *most)
{
	if (c->all >= most->all || c->groups[group] >= most->group)
		return CENSUS_FULL;

	struct client *client = place_of(c, text, group);

	if (client->count >= most->client)
		return CENSUS_CLIENT_FULL;
	if (!client->text[0]) {
		memcpy(client->text, text, strlen(text) + 1);
		client->group = group;
		c->used++;
	}
	client->count++;
	c->all++;
	c->groups[group]++;
	if (c->used * 2 > c->room)
		grow(c);
	return CENSUS_OK;
}

enum census_answer census_enter(struct census *c, const struct address *client, unsigned group,
				const struct census_limits *most)
{
	assert(group < CENSUS_GROUPS);
	pthread_mutex_lock(&c->lock);

	enum census_answer answer = enter(c, client->text, group, most);

	pthread_mutex_unlock(&c->lock);
	return answer;
}

void census_leave(struct census *c, const struct address *client, unsigned group)
{
	pthread_mutex_lock(&c->lock);

	struct client *found = place_of(c, client->text, group);

	c->all--;
	c->groups[group]--;
	if (--found->count == 0)
		remove_at(c, (size_t)(found - c->table));
	pthread_mutex_unlock(&c->lock);
}
