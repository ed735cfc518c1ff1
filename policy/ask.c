/* ask.c: the questions of one command are a small array, searched from the front.
 *
 * At most 128, and a check asks them in the same order each run: a hash would cost more than it
 * saves.
 * SPDX-License-Identifier: ISC */
#include "policy/ask.h"

#include <assert.h>

struct asked {
	struct question q;
	struct answer answer;
	bool used, answered;
};

struct asks {
	struct arena *arena;
	struct asks_backend backend;
	unsigned n, dns; /* dns: of ASK_DNS */
	struct asked *asked[ASKS_MAX];
};

static const struct answer could_not_ask = { .status = ANSWER_ERROR };
static const struct answer no_such_name = { .status = ANSWER_NONE };

struct asks *asks_new(struct arena *a, const struct asks_backend *backend)
{
	struct asks *asks = arena_alloc(a, sizeof(*asks));

	if (asks) {
		asks->arena = a;
		asks->backend = *backend;
	}
	return asks;
}

static bool same_question(const struct question *a, const struct question *b)
{
	return a->kind == b->kind && a->domain == b->domain && a->type == b->type &&
	       a->rank == b->rank && str_eq(a->name, b->name) && str_eq(a->base, b->base) &&
	       str_eq(a->to, b->to);
}

/* The index of a place for one more; ASKS_MAX when there is none. */
static unsigned free_place(struct asks *asks)
{
	for (unsigned i = 0; i < asks->n; i++)
		if (!asks->asked[i]->used)
			return i;
	if (asks->n == ASKS_MAX ||
	    !(asks->asked[asks->n] = arena_alloc(asks->arena, sizeof(struct asked))))
		return ASKS_MAX;
	return asks->n++;
}

static const struct answer *put(struct asks *asks, const struct question *q)
{
	bool dns = q->kind == ASK_DNS;
	unsigned index;
	struct asked *new;

	if (dns && asks->dns >= ASKS_MAX - ASKS_KEPT)
		return &could_not_ask;
	index = free_place(asks);
	if (index == ASKS_MAX)
		return &could_not_ask;
	new = asks->asked[index];
	*new = (struct asked){ .q = *q, .used = true };
	new->q.name = arena_dup(asks->arena, q->name);
	new->q.base = arena_dup(asks->arena, q->base);
	new->q.to = q->to.n ? arena_dup(asks->arena, q->to) : STR_NONE;
	if (!new->q.name.at || !new->q.base.at || !new->q.to.at) {
		new->used = false;
		return &could_not_ask;
	}
	asks->dns += dns;
	new->answered = asks->backend.put(asks->backend.world, index, &new->q, &new->answer);
	return new->answered ? &new->answer : NULL;
}

const struct answer *ask(struct asks *asks, const struct question *q)
{
	for (unsigned i = 0; i < asks->n; i++) {
		const struct asked *asked = asks->asked[i];

		if (asked->used && same_question(&asked->q, q))
			return asked->answered ? &asked->answer : NULL;
	}
	return put(asks, q);
}

const struct answer *ask_dns(struct asks *asks, struct str name, enum dns_type type,
			     enum dns_rank rank)
{
	if (!dns_name_is_valid(name))
		return &no_such_name;
	return ask(asks, &(struct question){ .kind = ASK_DNS,
					     .name = name,
					     .base = STR_NONE,
					     .type = type,
					     .rank = rank });
}

void asks_answer(struct asks *asks, unsigned index, struct answer answer)
{
	struct asked *asked = asks->asked[index];

	assert(index < asks->n && asked->used && !asked->answered);
	asked->answer = answer;
	asked->answered = true;
}

void asks_forget(struct asks *asks)
{
	for (unsigned i = 0; i < asks->n; i++) {
		struct asked *asked = asks->asked[i];

		assert(!asked->used || asked->answered || asked->q.kind == ASK_DNS);
		asked->used = asked->used && asked->q.kind == ASK_DNS;
	}
}
