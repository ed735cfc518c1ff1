/* inquiry.c: see inquiry.h.
 * SPDX-License-Identifier: ISC */
#include "relay/inquiry.h"

#include <stdlib.h>

#include "base/arena.h"
#include "relay/probe.h"
#include "relay/rcpt.h"
#include "relay/receipt.h"
#include "relay/session.h"

/* Of tries while the primary is up: as long as senders keep mail that they cannot deliver; and how
 * long a client counts as one that cannot reach the primary. */
#define TRIES_WINDOW_MS (5 * INT64_C(86400000))
#define TRIES_MEMORY_MS INT64_C(86400000)

struct inquiry {
	struct list link; /* in receipt.inquiries */
	struct receipt *mail;
	unsigned index; /* of the question in the mail's asks */
	uint64_t asked_version;
	struct job *job; /* ASK_RECIPIENT, ASK_GREYLIST, ASK_PROBE */
	struct dns_query *query; /* ASK_DNS */
};

static struct inquiry *begin(struct receipt *m, unsigned index)
{
	struct inquiry *i = mem_alloc(sizeof(*i));

	i->mail = m;
	i->index = index;
	list_add_tail(&m->inquiries, &i->link);
	return i;
}

/* The answer is here. */
static void end(struct inquiry *i, struct answer answer)
{
	struct receipt *m = i->mail;
	unsigned index = i->index;

	list_remove(&i->link);
	free(i);
	asks_answer(m->asks, index, answer);
	rcpt_answered(m);
}

void inquiries_cut(struct receipt *m)
{
	while (!list_is_empty(&m->inquiries)) {
		struct inquiry *i = LIST_ITEM(list_pop(&m->inquiries), struct inquiry, link);

		if (i->job)
			i->job->owner = NULL;
		dns_cancel(i->query);
		free(i);
	}
}

/* -- is this user in the list? -------------------------------------------------------------- */

/* What the store has found, as the mail keeps it. */
static struct answer keep_recipient(struct inquiry *i, const struct job_recipient *known)
{
	struct receipt *m = i->mail;
	struct answer answer = lookup_learn(m->w->cache, known, i->asked_version);

	if (answer.status == ANSWER_FOUND && known->found == RECIPIENT_ALIAS) {
		answer.alias = arena_dup(m->arena, known->alias);
		if (!answer.alias.at)
			answer.status = ANSWER_ERROR;
	}
	return answer;
}

static void on_recipient_known(void *world UNUSED, struct job *job)
{
	struct job_recipient *known = CONTAINER(job, struct job_recipient, job);
	struct inquiry *i = job->owner;

	if (i) {
		struct worker *w = i->mail->w;

		if (!job->ok)
			log_say(w->d->log, LOG_ERROR, "lookup_failed",
				F_CSTR("why", job->err.text));
		end(i, keep_recipient(i, known));
	}
	job_free(job);
}

static bool put_recipient(struct receipt *m, unsigned index, const struct question *q,
			  struct answer *ret)
{
	struct worker *w = m->w;
	struct job_recipient *job;
	struct inquiry *i;

	if (lookup_cached(w->cache, q, ret))
		return true;
	i = begin(m, index);
	job = job_new_recipient(port_inbox(w->jobs), on_recipient_known, i);
	job->domain = q->domain;
	job->local = arena_dup(job->job.arena, q->name);
	job->base = arena_dup(job->job.arena, q->base);
	job->now_ms = m->facts.now_ms;
	i->asked_version = lookup_version(w->cache);
	i->job = &job->job;
	store_put(w->d->store, &job->job);
	return false;
}

/* -- does its primary take this user? ------------------------------------------------------- */

static void on_probed(void *world UNUSED, struct job *job)
{
	static const struct answer answers[] = {
		[PROBE_UNSAID] = { .status = ANSWER_ERROR },
		[PROBE_USER] = { .status = ANSWER_FOUND, .accept = true },
		[PROBE_NO_USER] = { .status = ANSWER_FOUND },
		[PROBE_ANYBODY] = { .status = ANSWER_NONE },
	};

	if (job->owner)
		end(job->owner, answers[CONTAINER(job, struct job_probe, job)->found]);
	job_free(job);
}

static bool put_probe(struct receipt *m, unsigned index, const struct question *q,
		      struct answer *ret)
{
	struct worker *w = m->w;
	struct inquiry *i = begin(m, index);
	struct job_probe *job = job_new_probe(port_inbox(w->jobs), on_probed, i);

	job->domain = q->domain;
	job->local = arena_dup(job->job.arena, q->name);
	job->address = arena_dup(job->job.arena, q->base);
	i->job = &job->job;
	if (probe_put(w->d, job))
		return false;
	list_remove(&i->link);
	free(i);
	job_free(&job->job);
	*ret = (struct answer){ .status = ANSWER_ERROR };
	return true;
}

/* -- records -------------------------------------------------------------------------------- */

/* The answer as the mail keeps it: the records live in its arena.  What does not fit is unknown. */
static struct answer keep_records(struct receipt *m, const struct dns_answer *got)
{
	struct dns_record *records;

	if (got->status != DNS_FOUND)
		return (struct answer){
			.status = got->status == DNS_NONE ? ANSWER_NONE : ANSWER_ERROR,
		};
	records = arena_alloc(m->arena, got->n * sizeof(*records));
	for (size_t i = 0; records && i < got->n; i++) {
		records[i] = got->records[i];
		records[i].data = arena_dup(m->arena, got->records[i].data);
		if (!records[i].data.at)
			records = NULL;
	}
	if (!records)
		return (struct answer){ .status = ANSWER_ERROR };
	return (struct answer){
		.status = ANSWER_FOUND,
		.records = records,
		.record_count = got->n,
	};
}

static void on_records(void *owner, const struct dns_answer *got)
{
	struct inquiry *i = owner;

	i->query = NULL;
	end(i, keep_records(i->mail, got));
}

static bool put_dns(struct receipt *m, unsigned index, const struct question *q,
		    struct answer *ret)
{
	const struct dns_question question = {
		.name = q->name, .type = q->type, .rank = q->rank, .client = m->facts.ip
	};
	struct dns_client *dns = m->w->dns;
	struct dns_answer known;
	struct inquiry *i;

	if (dns_cached(dns, &question, &known)) {
		*ret = keep_records(m, &known);
		return true;
	}
	i = begin(m, index);
	i->query = dns_ask(dns, &question, on_records, i);
	return false;
}

/* -- has this client come back? ------------------------------------------------------------- */

static struct answer comeback(const struct job_greylist *g)
{
	bool known = g->found == GREYLIST_KNOWN;

	if (!g->job.ok)
		return (struct answer){ .status = ANSWER_ERROR };
	return (struct answer){
		.status = known || g->found == GREYLIST_BACK ? ANSWER_FOUND : ANSWER_NONE,
		.known = known,
		.first_ms = g->first_ms,
		.tried = g->tried,
	};
}

static enum board_counter counter_of(const struct job_greylist *g)
{
	static const enum board_counter counters[][2] = {
		[GREYLIST_FIRST] = { COUNTER_greylist_first, COUNTER_primary_up_deferred },
		[GREYLIST_EARLY] = { COUNTER_greylist_early, COUNTER_primary_up_deferred },
		[GREYLIST_BACK] = { COUNTER_greylist_back, COUNTER_primary_up_taken },
		[GREYLIST_KNOWN] = { COUNTER_greylist_known, COUNTER_primary_up_taken },
	};

	if (!g->job.ok)
		return COUNTER_greylist_failed;
	return counters[g->found][g->what == GREYLIST_PRIMARY_UP];
}

/* A trial is of a mail that nobody sends. */
static void count_comeback(struct receipt *m, const struct job_greylist *g)
{
	if (!m->facts.trial)
		board_count(&m->w->d->board, counter_of(g), 1);
}

static void on_comeback(void *world UNUSED, struct job *job)
{
	struct job_greylist *g = CONTAINER(job, struct job_greylist, job);
	struct inquiry *i = job->owner;

	if (i && job->ok && g->undecided && !i->mail->facts.trial) {
		greylist_decide(g);
		store_put(i->mail->w->d->store, job);
		return;
	}
	if (i) {
		struct worker *w = i->mail->w;

		if (!job->ok)
			log_say(w->d->log, LOG_ERROR, "greylist_failed",
				F_CSTR("why", job->err.text));
		count_comeback(i->mail, g);
		if (!g->undecided)
			known_learn(w->known, g, i->asked_version);
		end(i, comeback(g));
	}
	job_free(job);
}

static void fill_times(struct job_greylist *g, const struct policy_settings *p)
{
	if (g->what == GREYLIST_PRIMARY_UP) {
		g->delay_ms = p->primary_up_after_ms;
		g->window_ms = TRIES_WINDOW_MS;
		g->memory_ms = TRIES_MEMORY_MS;
		g->tries = (unsigned)p->primary_up_tries;
		return;
	}
	g->delay_ms = p->greylist_delay_ms;
	g->window_ms = p->greylist_window_ms;
	g->memory_ms = p->greylist_memory_ms;
	g->tries = 2;
}

/* False when the job has no room for it. */
static bool fill_greylist(struct job_greylist *g, const struct receipt *m,
			  const struct question *q)
{
	char client[GREYLIST_CLIENT_MAX];

	g->what = q->kind == ASK_TRIES ? GREYLIST_PRIMARY_UP : GREYLIST_CLIENT;
	g->domain = q->domain;
	g->client = arena_dup(g->job.arena, greylist_client(q->name, client));
	g->sender = arena_dup(g->job.arena, q->base);
	g->local = arena_dup(g->job.arena, q->to);
	g->now_ms = m->facts.now_ms;
	fill_times(g, m->facts.policy);
	if (!g->client.at || !g->sender.at || !g->local.at)
		return false;
	greylist_key(g);
	return true;
}

static bool put_greylist(struct receipt *m, unsigned index, const struct question *q,
			 struct answer *ret)
{
	struct worker *w = m->w;
	struct job_greylist *g = job_new_greylist(port_inbox(w->jobs), on_comeback, NULL);
	struct inquiry *i;

	*ret = (struct answer){ .status = ANSWER_ERROR };
	if (!fill_greylist(g, m, q)) {
		job_free(&g->job);
		return true;
	}
	if (known_cached(w->known, g, &ret->first_ms)) {
		g->job.ok = true;
		g->found = GREYLIST_KNOWN;
		count_comeback(m, g);
		ret->status = ANSWER_FOUND;
		ret->known = true;
		job_free(&g->job);
		return true;
	}
	i = begin(m, index);
	i->asked_version = known_version(w->known);
	i->job = &g->job;
	g->job.owner = i;
	store_put(w->d->store, &g->job);
	return false;
}

bool inquiry_put(void *world, unsigned index, const struct question *q, struct answer *ret)
{
	struct receipt *m = world;

	switch (q->kind) {
	case ASK_RECIPIENT:
		return put_recipient(m, index, q, ret);
	case ASK_PROBE:
		return put_probe(m, index, q, ret);
	case ASK_DNS:
		return put_dns(m, index, q, ret);
	case ASK_GREYLIST:
	case ASK_TRIES:
		return put_greylist(m, index, q, ret);
	}
	*ret = (struct answer){ .status = ANSWER_ERROR };
	return true;
}
