/* lookup.c: a direct-mapped table: the newer answer simply replaces the older one in its place.
 *
 * What a primary refused before is believed for a time only, and is not remembered here; that it
 * once took a user may be believed longer than it should.
 *
 * Bounded by construction, and no attack can make it slow: at worst it never hits.
 * SPDX-License-Identifier: ISC */
#include "relay/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define PLACES  2048 /* a power of two */
#define KEY_MAX 64   /* longer local parts are not remembered */

struct place {
	uint64_t version; /* 0: free */
	int64_t domain;
	char name[KEY_MAX];
	unsigned char name_n, base_n; /* base is a prefix of name */
	enum recipient_found found;
	bool heard;
};

struct lookup_cache {
	struct settings_board *board;
	struct place places[PLACES];
};

struct lookup_cache *lookup_cache_new(struct settings_board *board)
{
	struct lookup_cache *c = mem_alloc(sizeof(*c));

	c->board = board;
	return c;
}

void lookup_cache_free(struct lookup_cache *c)
{
	free(c);
}

uint64_t lookup_version(const struct lookup_cache *c)
{
	/* Versions start at 0, and 0 marks a free place. */
	return atomic_load(&c->board->recipients_version) + 1;
}

static struct place *place_of(struct lookup_cache *c, int64_t domain, struct str name)
{
	uint64_t hash = str_ihash(name) ^ ((uint64_t)domain * 0x9e3779b97f4a7c15u);

	return &c->places[(hash >> 17) & (PLACES - 1)];
}

static struct answer to_answer(enum recipient_found found, bool heard)
{
	return (struct answer){
		.status = found == RECIPIENT_UNKNOWN ? ANSWER_NONE : ANSWER_FOUND,
		.heard = heard,
		.accept = found == RECIPIENT_ACCEPT || found == RECIPIENT_ALIAS,
	};
}

bool lookup_cached(struct lookup_cache *c, const struct question *q, struct answer *ret)
{
	const struct place *p = place_of(c, q->domain, q->name);

	if (p->version != lookup_version(c) || p->domain != q->domain || p->base_n != q->base.n ||
	    !str_eq(q->name, (struct str){ p->name, p->name_n }))
		return false;
	*ret = to_answer(p->found, p->heard);
	return true;
}

struct answer lookup_learn(struct lookup_cache *c, const struct job_recipient *job,
			   uint64_t asked_at_version)
{
	if (!job->job.ok)
		return (struct answer){ .status = ANSWER_ERROR };
	if (asked_at_version == lookup_version(c) && job->local.n <= KEY_MAX &&
	    job->found != RECIPIENT_ALIAS && !(job->heard && job->found == RECIPIENT_REJECT)) {
		struct place *p = place_of(c, job->domain, job->local);

		p->version = asked_at_version;
		p->domain = job->domain;
		memcpy(p->name, job->local.at, job->local.n);
		p->name_n = (unsigned char)job->local.n;
		p->base_n = (unsigned char)job->base.n;
		p->found = job->found;
		p->heard = job->heard;
	}
	return to_answer(job->found, job->heard);
}
