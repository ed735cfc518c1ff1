/* refused.c: a direct-mapped table: a newer name simply takes the place of an older one.  It is
 * made when the first name is noted: most relays never ask.
 * SPDX-License-Identifier: ISC */
#include "relay/refused.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define PLACES   8192 /* a power of two */
#define NAME_MAX_BYTES 64 /* longer ones are not remembered */

struct place {
	int64_t domain, until_ms;
	char name[NAME_MAX_BYTES];
	unsigned char n;
};

struct refused {
	pthread_mutex_t lock;
	struct place *places;
	uint64_t clearings;
};

struct refused *refused_new(void)
{
	struct refused *r = mem_alloc(sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	return r;
}

void refused_free(struct refused *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r->places);
	free(r);
}

static size_t place_of(int64_t domain, struct str local)
{
	uint64_t hash = str_ihash(local) ^ ((uint64_t)domain * 0x9e3779b97f4a7c15u);

	return (hash >> 17) & (PLACES - 1);
}

void refused_note(struct refused *r, int64_t domain, struct str local, int64_t until_ms)
{
	struct place *p;

	if (local.n > NAME_MAX_BYTES)
		return;
	pthread_mutex_lock(&r->lock);
	if (!r->places)
		r->places = mem_alloc(PLACES * sizeof(*r->places));
	p = &r->places[place_of(domain, local)];
	p->domain = domain;
	p->until_ms = until_ms;
	memcpy(p->name, local.at, local.n);
	p->n = (unsigned char)local.n;
	pthread_mutex_unlock(&r->lock);
}

/* His place, or NULL. */
static struct place *find(const struct refused *r, int64_t domain, struct str local, int64_t now_ms)
{
	struct place *p = r->places ? &r->places[place_of(domain, local)] : NULL;

	if (p && p->domain == domain && now_ms < p->until_ms &&
	    str_eq(local, (struct str){ p->name, p->n }))
		return p;
	return NULL;
}

bool refused_is(struct refused *r, int64_t domain, struct str local, int64_t now_ms)
{
	bool is;

	pthread_mutex_lock(&r->lock);
	is = find(r, domain, local, now_ms) != NULL;
	pthread_mutex_unlock(&r->lock);
	return is;
}

static uint64_t clear(struct refused *r, int64_t domain, int64_t now_ms)
{
	uint64_t n = 0;

	for (size_t i = 0; r->places && i < PLACES; i++) {
		struct place *p = &r->places[i];

		if (p->domain != domain)
			continue;
		n += now_ms < p->until_ms;
		p->until_ms = 0;
	}
	r->clearings++;
	return n;
}

uint64_t refused_forget(struct refused *r, int64_t domain, struct str local, int64_t now_ms)
{
	struct place *p;
	uint64_t n = 0;

	pthread_mutex_lock(&r->lock);
	if (!local.at) {
		n = clear(r, domain, now_ms);
	} else if ((p = find(r, domain, local, now_ms))) {
		p->until_ms = 0;
		n = 1;
	}
	pthread_mutex_unlock(&r->lock);
	return n;
}

uint64_t refused_clearings(struct refused *r)
{
	uint64_t n;

	pthread_mutex_lock(&r->lock);
	n = r->clearings;
	pthread_mutex_unlock(&r->lock);
	return n;
}
