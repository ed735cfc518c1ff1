/* refused.c: a direct-mapped table: a newer name simply takes the place of an older one.  It is
 * made when the first name is noted: most relays never ask.
 * SPDX-License-Identifier: ISC */
#include "relay/refused.h"

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
	struct place *places;
};

struct refused *refused_new(void)
{
	return mem_alloc(sizeof(struct refused));
}

void refused_free(struct refused *r)
{
	if (!r)
		return;
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
	if (!r->places)
		r->places = mem_alloc(PLACES * sizeof(*r->places));
	p = &r->places[place_of(domain, local)];
	p->domain = domain;
	p->until_ms = until_ms;
	memcpy(p->name, local.at, local.n);
	p->n = (unsigned char)local.n;
}

bool refused_is(const struct refused *r, int64_t domain, struct str local, int64_t now_ms)
{
	const struct place *p = r->places ? &r->places[place_of(domain, local)] : NULL;

	return p && p->domain == domain && now_ms < p->until_ms &&
	       str_eq(local, (struct str){ p->name, p->n });
}
