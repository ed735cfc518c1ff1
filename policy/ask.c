/* ask.c: the questions of one command are a small array, searched from the front.
 *
 * At most 64, and a check asks them in the same order each run: a hash would cost more than it
 * saves.
 * SPDX-License-Identifier: ISC */
#include "policy/ask.h"

#include <assert.h>

struct asked {
	struct question q;
	struct answer answer;
	bool answered;
};

struct asks {
	struct arena *arena;
	struct asks_backend backend;
	unsigned n;
	struct asked asked[ASKS_MAX];
};

static const struct answer could_not_ask = { .status = ANSWER_ERROR };

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
	return a->kind == b->kind && a->domain == b->domain && str_eq(a->name, b->name) &&
	       str_eq(a->base, b->base);
}

static const struct answer *put(struct asks *asks, const struct question *q)
{
	struct asked *new = &asks->asked[asks->n];

	*new = (struct asked){ .q = *q };
	new->q.name = arena_dup(asks->arena, q->name);
	new->q.base = arena_dup(asks->arena, q->base);
	if (!new->q.name.at || !new->q.base.at)
		return &could_not_ask;
	new->answered = asks->backend.put(asks->backend.world, asks->n++, &new->q, &new->answer);
	return new->answered ? &new->answer : NULL;
}

const struct answer *ask(struct asks *asks, const struct question *q)
{
	for (unsigned i = 0; i < asks->n; i++)
		if (same_question(&asks->asked[i].q, q))
			return asks->asked[i].answered ? &asks->asked[i].answer : NULL;
	if (asks->n == ASKS_MAX)
		return &could_not_ask;
	return put(asks, q);
}

void asks_answer(struct asks *asks, unsigned index, struct answer answer)
{
	assert(index < asks->n && !asks->asked[index].answered);
	asks->asked[index].answer = answer;
	asks->asked[index].answered = true;
}

void asks_forget(struct asks *asks)
{
	for (unsigned i = 0; i < asks->n; i++)
		assert(asks->asked[i].answered);
	asks->n = 0;
}
