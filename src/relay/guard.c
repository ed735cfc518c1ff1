/* guard.c: token buckets in a table of fixed size: hash chains for finding, a list by last use for
 * forgetting, both by index.
 *
 * A bucket holds what was used and runs empty at the limit's rate; one of a thing is 60,000, so
 * that a limit of n a minute lets exactly n run out in a millisecond.  The limit is given with each
 * question, so that a reload is in force at once.
 * SPDX-License-Identifier: ISC */
#include "relay/guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define ONE 60000U /* of what is counted */

struct bucket {
	int64_t at_ms; /* up to when it has run */
	uint64_t used;
};

/* Place 0 is nobody: it ends chains, and is both ends of the list. */
struct entry {
	struct ip ip;
	bool is_network;
	uint32_t next; /* in its chain */
	uint32_t older, newer;
	int64_t locked_until_ms;
	struct bucket buckets[GUARD_RATES];
};

struct guard {
	pthread_mutex_t lock;
	_Atomic int64_t last_lock_ms; /* nobody is locked out any more after it */
	uint64_t seed;
	struct entry *entries; /* most + 1 */
	uint32_t *chains;      /* room, a power of two */
	uint32_t used, most, room;
};

struct guard *guard_new(size_t most, uint64_t seed)
{
	struct guard *g = mem_alloc(sizeof(*g));

	pthread_mutex_init(&g->lock, NULL);
	g->seed = seed;
	g->most = most < 2 ? 2 : (uint32_t)most; /* spend holds a client and its network */
	for (g->room = 1; g->room < g->most;)
		g->room *= 2;
	g->entries = mem_alloc(((size_t)g->most + 1) * sizeof(*g->entries));
	g->chains = mem_alloc(g->room * sizeof(*g->chains));
	return g;
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	pthread_mutex_destroy(&g->lock);
	free(g->entries);
	free(g->chains);
	free(g);
}

/* -- the table ------------------------------------------------------------------------------ */

static uint32_t *chain_of(struct guard *g, const struct ip *ip, bool is_network)
{
	uint64_t halves[2], h = g->seed + is_network;

	memcpy(halves, ip->at, sizeof(halves));
	for (unsigned i = 0; i < 2; i++) {
		h = (h ^ halves[i]) * 0x9e3779b97f4a7c15U;
		h ^= h >> 32;
		h = (h + g->seed) * 0xd6e8feb86659fd93U;
		h ^= h >> 32;
	}
	return &g->chains[h & (g->room - 1)];
}

static void list_cut(struct guard *g, uint32_t i)
{
	struct entry *e = &g->entries[i];

	g->entries[e->older].newer = e->newer;
	g->entries[e->newer].older = e->older;
}

static void list_put_newest(struct guard *g, uint32_t i)
{
	struct entry *e = &g->entries[i], *ends = &g->entries[0];

	e->older = ends->older; /* seen from its ends: older is the newest, newer the oldest */
	e->newer = 0;
	g->entries[e->older].newer = i;
	ends->older = i;
}

static struct entry *find(struct guard *g, const struct ip *ip, bool is_network)
{
	uint32_t i = *chain_of(g, ip, is_network);

	while (i && (g->entries[i].is_network != is_network || !ip_eq(&g->entries[i].ip, ip)))
		i = g->entries[i].next;
	if (!i)
		return NULL;
	list_cut(g, i);
	list_put_newest(g, i);
	return &g->entries[i];
}

/* The place of what was used longest ago, forgotten. */
static uint32_t forget_oldest(struct guard *g)
{
	uint32_t i = g->entries[0].newer;
	uint32_t *link = chain_of(g, &g->entries[i].ip, g->entries[i].is_network);

	while (*link != i)
		link = &g->entries[*link].next;
	*link = g->entries[i].next;
	list_cut(g, i);
	return i;
}

static struct entry *find_or_add(struct guard *g, const struct ip *ip, bool is_network)
{
	struct entry *e = find(g, ip, is_network);
	uint32_t *chain = chain_of(g, ip, is_network), i;

	if (e)
		return e;
	i = g->used < g->most ? ++g->used : forget_oldest(g);
	g->entries[i] = (struct entry){ .ip = *ip, .is_network = is_network, .next = *chain };
	*chain = i;
	list_put_newest(g, i);
	return &g->entries[i];
}

/* -- rates ---------------------------------------------------------------------------------- */

static void run_down(struct bucket *b, unsigned a_minute, int64_t now_ms)
{
	uint64_t out;

	if (now_ms <= b->at_ms)
		return;
	out = (uint64_t)(now_ms - b->at_ms) * a_minute;
	b->used -= out < b->used ? out : b->used;
	b->at_ms = now_ms;
}

/* Is there room for one more? */
static bool has_room(struct entry *e, enum guard_rate what, unsigned a_minute, int64_t now_ms)
{
	struct bucket *b = &e->buckets[what];

	run_down(b, a_minute, now_ms);
	return b->used + ONE <= (uint64_t)a_minute * ONE;
}

static bool spend(struct guard *g, const struct ip *client, enum guard_rate what,
		  unsigned client_a_minute, unsigned network_a_minute, int64_t now_ms)
{
	struct ip network = ip_network(client, 24, 64);
	struct entry *one = NULL, *many = NULL;

	if (client_a_minute) {
		one = find_or_add(g, client, false);
		if (!has_room(one, what, client_a_minute, now_ms))
			return false;
	}
	if (network_a_minute) {
		many = find_or_add(g, &network, true);
		if (!has_room(many, what, network_a_minute, now_ms))
			return false;
		many->buckets[what].used += ONE;
	}
	if (one)
		one->buckets[what].used += ONE;
	return true;
}

bool guard_spend(struct guard *g, const struct ip *client, enum guard_rate what,
		 unsigned client_a_minute, unsigned network_a_minute, int64_t now_ms)
{
	if (!client_a_minute && !network_a_minute)
		return true;
	pthread_mutex_lock(&g->lock);

	bool may = spend(g, client, what, client_a_minute, network_a_minute, now_ms);

	pthread_mutex_unlock(&g->lock);
	return may;
}

/* -- locked out ------------------------------------------------------------------------------- */

void guard_lock_out(struct guard *g, const struct ip *client, int64_t for_ms, int64_t now_ms)
{
	int64_t until_ms = now_ms + for_ms;

	pthread_mutex_lock(&g->lock);
	find_or_add(g, client, false)->locked_until_ms = until_ms;
	if (until_ms > atomic_load(&g->last_lock_ms))
		atomic_store(&g->last_lock_ms, until_ms);
	pthread_mutex_unlock(&g->lock);
}

bool guard_is_locked_out(struct guard *g, const struct ip *client, int64_t now_ms)
{
	const struct entry *e;
	bool locked;

	if (now_ms >= atomic_load(&g->last_lock_ms))
		return false;
	pthread_mutex_lock(&g->lock);
	e = find(g, client, false);
	locked = e && now_ms < e->locked_until_ms;
	pthread_mutex_unlock(&g->lock);
	return locked;
}
