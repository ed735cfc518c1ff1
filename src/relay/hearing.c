/* hearing.c: see hearing.h.
 *
 * A primary that came back half configured refuses everybody.  Therefore a refusal counts only when
 * the same domain's primary took somebody within the last hour: one that takes nobody unlearns
 * nobody.
 * SPDX-License-Identifier: ISC */
#include "relay/hearing.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/idn.h"
#include "proto/path.h"
#include "relay/outlook.h"

#define YES_MS INT64_C(3600000)

static void on_heard(void *world, struct job *job)
{
	struct forward *f = world;

	if (!job->ok)
		log_say(f->d->log, LOG_ERROR, "not_remembered", F_CSTR("why", job->err.text));
	job_free(job);
}

static struct job_hear *hear_new(struct forward *f, enum hear_kind what)
{
	struct job_hear *job = job_new_hear(port_inbox(f->jobs), on_heard, NULL);

	job->what = what;
	job->now_ms = clock_wall_ms();
	return job;
}

/* -- clocks ------------------------------------------------------------------------------- */

static bool names(const struct domain *domain, const struct destination *d)
{
	for (size_t i = 0; i < domain->route_count; i++)
		if (domain->routes[i].port == d->port &&
		    str_ieq(str_of(domain->routes[i].host), str_of(d->host)))
			return true;
	return false;
}

static void tell_standing(const struct destination *d, enum hear_kind what,
			  enum standing standing)
{
	const struct settings *settings = d->f->settings;
	struct job_hear *job = hear_new(d->f, what);
	int64_t *domains =
		arena_alloc(job->job.arena, (settings->domain_count + 1) * sizeof(*domains));
	size_t n = 0;

	for (size_t i = 0; domains && i < settings->domain_count; i++) {
		const struct domain *domain = &settings->domains[i];

		if (names(domain, d) && outlook_of(d->f->d->outlook, domain->routes,
						   domain->route_count) == standing)
			domains[n++] = domain->id;
	}
	job->domains = domains;
	job->domain_count = n;
	if (n)
		store_put(d->f->d->store, &job->job);
	else
		job_free(&job->job);
}

void hearing_standing(const struct destination *d)
{
	if (!d->f->settings)
		return;
	if (d->failing)
		tell_standing(d, HEAR_DOWN, STANDING_DOWN);
	else
		tell_standing(d, HEAR_UP, STANDING_UP);
}

/* -- users ---------------------------------------------------------------------------------- */

/* The user as the lists have him; .at is NULL when he cannot be. */
static struct str fold(struct arena *a, struct str address)
{
	char unquoted[65], folded[IDN_LOCAL_MAX];
	struct str local = { NULL, 0 };
	struct path path;

	if (!path_is_address(address, &path) ||
	    !idn_local(path_unquote(path.local, unquoted), folded, &local))
		return (struct str){ NULL, 0 };
	return arena_dup(a, local);
}

/* Does the primary's no count now?  Its yes is noted. */
static bool counts(struct queue *q, enum smtpc_user said, int64_t now_ms)
{
	if (said == SMTPC_USER_YES)
		q->heard_yes_ms = now_ms ? now_ms : 1;
	return said == SMTPC_USER_YES ||
	       (said == SMTPC_USER_NO && q->heard_yes_ms && now_ms - q->heard_yes_ms < YES_MS);
}

void hearing_learn(const struct parcel *p, const struct dialogue *t, struct job_settle *job)
{
	struct queue *q = p->queue;
	const struct settings *settings = q->f->settings;
	const struct domain *domain = settings ? settings_by_id(settings, q->domain) : NULL;
	const struct due_mail *mail = p->mail;
	struct lesson *lessons;
	size_t n = 0;

	if (!domain || !domain->policy->learn || !t->smtpc)
		return;
	lessons = arena_alloc(job->job.arena, t->count * sizeof(*lessons));
	for (size_t i = 0; lessons && i < t->count; i++) {
		enum smtpc_user said = smtpc_user(t->smtpc, i);
		struct lesson *l = &lessons[n];

		if (!counts(q, said, clock_mono_ms()))
			continue;
		*l = (struct lesson){
			.domain = q->domain,
			.local = fold(job->job.arena, mail->rcpts[t->first + i].address),
			.exists = said == SMTPC_USER_YES,
			.now_ms = clock_wall_ms(),
			.keep_ms = domain->policy->learn_keep_ms,
		};
		n += l->local.at != NULL;
	}
	job->lessons = lessons;
	job->lesson_count = lessons ? n : 0;
}

void hearing_probed(struct queue *q, struct str local, int64_t keep_ms)
{
	struct job_hear *job = hear_new(q->f, HEAR_SELECTS);
	struct lesson *l = arena_alloc(job->job.arena, sizeof(*l));

	if (!l) {
		job_free(&job->job);
		return;
	}
	*l = (struct lesson){
		.domain = q->domain,
		.local = arena_dup(job->job.arena, local),
		.exists = true,
		.probed = true,
		.now_ms = job->now_ms,
		.keep_ms = keep_ms,
	};
	job->lessons = l;
	job->lesson_count = l->local.at != NULL;
	store_put(q->f->d->store, &job->job);
}

void hearing_taking(struct queue *q, bool anybody)
{
	struct job_hear *job = hear_new(q->f, anybody ? HEAR_ACCEPTS_ALL : HEAR_SELECTS);
	int64_t *domain = arena_alloc(job->job.arena, sizeof(*domain));

	if (!domain) {
		job_free(&job->job);
		return;
	}
	*domain = q->domain;
	job->domains = domain;
	job->domain_count = 1;
	store_put(q->f->d->store, &job->job);
}
