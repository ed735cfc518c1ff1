/* known.c: a direct-mapped table, as lookup.c has it: bounded, and never slow.
 * SPDX-License-Identifier: ISC */
#include "relay/known.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define PLACES 4096 /* a power of two */

struct place {
	uint64_t version; /* 0: free */
	unsigned char key[GREYLIST_KEY_BYTES];
	int64_t first_ms, seen_ms;
};

struct known_cache {
	struct settings_board *board;
	struct place places[PLACES];
};

struct known_cache *known_cache_new(struct settings_board *board)
{
	struct known_cache *c = mem_alloc(sizeof(*c));

	c->board = board;
	return c;
}

void known_cache_free(struct known_cache *c)
{
	free(c);
}

uint64_t known_version(const struct known_cache *c)
{
	return atomic_load(&c->board->greylist_version) + 1; /* 0 marks a free place */
}

static struct place *place_of(struct known_cache *c, const unsigned char key[GREYLIST_KEY_BYTES])
{
	return &c->places[(key[0] | (unsigned)key[1] << 8) & (PLACES - 1)];
}

bool known_cached(struct known_cache *c, const struct job_greylist *g, int64_t *ret_first_ms)
{
	unsigned char key[GREYLIST_KEY_BYTES];
	const struct place *p;

	greylist_client_key(g->what, g->domain, g->client, key);
	p = place_of(c, key);
	if (p->version != known_version(c) || memcmp(p->key, key, sizeof(key)) != 0 ||
	    g->now_ms - p->seen_ms >= GREYLIST_TOUCH_MS)
		return false;
	*ret_first_ms = p->first_ms;
	return true;
}

void known_learn(struct known_cache *c, const struct job_greylist *g, uint64_t asked_at_version)
{
	unsigned char key[GREYLIST_KEY_BYTES];
	struct place *p;

	if (!g->job.ok || asked_at_version != known_version(c) ||
	    (g->found != GREYLIST_KNOWN && g->found != GREYLIST_BACK))
		return;
	greylist_client_key(g->what, g->domain, g->client, key);
	p = place_of(c, key);
	*p = (struct place){
		.version = asked_at_version,
		.first_ms = g->first_ms,
		.seen_ms = g->found == GREYLIST_BACK ? g->now_ms : g->seen_ms,
	};
	memcpy(p->key, key, sizeof(key));
}
