/* probe.c: the questions, whether they may be asked, and their answers; see probe.h.
 * SPDX-License-Identifier: ISC */
#include "relay/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "relay/hearing.h"
#include "relay/probe_private.h"
#include "relay/refused.h"

#define ANSWER_MS     5000  /* from the question to its answer, with all that comes before */
#define WAITING_MAX   50    /* questions of a primary */
#define RATE_MS       100   /* one question in so long … */
#define RATE_BURST    30    /* … but so many at once */
#define SOME_MS       INT64_C(86400000) /* how long it is believed that it takes only some … */
#define ANYBODY_MS    INT64_C(3600000)  /* … or anybody */
#define RANDOM_NAME   40

bool probe_put(struct daemon *d, struct job_probe *job)
{
	return !atomic_load(&d->stopping) && inbox_put(d->asks, &job->job.link);
}

/* -- answers ---------------------------------------------------------------------------------- */

static void answer(struct job *job, enum probe_found found)
{
	CONTAINER(job, struct job_probe, job)->found = found;
	job->ok = true;
	if (!inbox_put(job->to, &job->link))
		job_free(job);
}

/* Its jobs are answered always: who waits for one keeps a pointer to it. */
static void probe_end(struct probe *probe, enum probe_found found)
{
	struct list *link;

	while ((link = list_pop(&probe->jobs)))
		answer(LIST_ITEM(link, struct job, link), found);
	if (!probe->local)
		probe->queue->taking_in_test = false;
	free(probe->local);
	free(probe->address);
	free(probe);
}

struct probe *probe_take_waiting(struct prober *p)
{
	struct list *link = list_pop(&p->waiting);

	if (!link)
		return NULL;
	p->waiting_count--;
	return LIST_ITEM(link, struct probe, link);
}

void probe_end_all(struct prober *p)
{
	struct probe *probe;

	if (p->now)
		probe_end(p->now, PROBE_UNSAID);
	p->now = NULL;
	while ((probe = probe_take_waiting(p)))
		probe_end(probe, PROBE_UNSAID);
}

/* -- what the primary said -------------------------------------------------------------------- */

/* Those who wait for what is known now. */
static void end_those_of(struct prober *p, const struct queue *q)
{
	struct list *next;

	for (struct list *l = p->waiting.next; l != &p->waiting; l = next) {
		struct probe *probe = LIST_ITEM(l, struct probe, link);

		next = l->next;
		if (probe->queue != q)
			continue;
		list_remove(l);
		p->waiting_count--;
		probe_end(probe, PROBE_ANYBODY);
	}
}

static void heard_random(struct prober *p, struct queue *q, enum smtpc_user said)
{
	enum taking now = said == SMTPC_USER_YES ? TAKING_ANYBODY : TAKING_SOME;

	if (said == SMTPC_USER_UNSAID)
		return;
	if (now == TAKING_ANYBODY && q->taking != TAKING_ANYBODY)
		log_say(q->f->d->log, LOG_WARNING, "primary_takes_anybody",
			F_CSTR("primary", p->dest->name), F_INT("domain", q->domain));
	q->taking = now;
	q->taking_tested_ms = clock_mono_ms();
	q->taking_clearings = refused_clearings(q->f->d->refused);
	hearing_taking(q, now == TAKING_ANYBODY);
	if (now == TAKING_ANYBODY)
		end_those_of(p, q);
}

static const struct policy_settings *policy_of(const struct queue *q)
{
	const struct settings *settings = q->f->settings;
	const struct domain *d = settings ? settings_by_id(settings, q->domain) : NULL;

	return d ? d->policy : NULL;
}

static enum probe_found heard_user(struct probe *probe, enum smtpc_user said)
{
	struct queue *q = probe->queue;
	const struct policy_settings *policy = policy_of(q);
	struct str local = str_of(probe->local);

	if (said == SMTPC_USER_YES && q->taking == TAKING_ANYBODY)
		return PROBE_ANYBODY;
	if (said == SMTPC_USER_YES && policy)
		hearing_probed(q, local, policy->probe_keep_ms);
	if (said == SMTPC_USER_NO && policy)
		refused_note(q->f->d->refused, q->domain, local,
			     clock_mono_ms() + policy->probe_refused_keep_ms);
	return said == SMTPC_USER_YES ? PROBE_USER :
	       said == SMTPC_USER_NO  ? PROBE_NO_USER :
					PROBE_UNSAID;
}

void probe_heard(struct prober *p)
{
	struct probe *probe = p->now;
	enum smtpc_user said = smtpc_user(p->smtpc, 0);
	enum probe_found found = PROBE_UNSAID;

	p->now = NULL;
	p->rest_ms = 0;
	if (probe->local)
		found = heard_user(probe, said);
	else
		heard_random(p, probe->queue, said);
	log_say(p->dest->f->d->log, LOG_DEBUG, "probed", F_CSTR("primary", p->dest->name),
		F_CSTR("to", probe->address), F_CSTR("reply", smtpc_result(p->smtpc, 0)->text));
	probe_end(probe, found);
}

/* -- questions -------------------------------------------------------------------------------- */

static struct prober *prober_of(struct destination *d)
{
	struct prober *p = d->prober;

	if (p)
		return p;
	p = d->prober = mem_alloc(sizeof(*p));
	p->dest = d;
	list_init(&p->waiting);
	probe_talk_init(p);
	return p;
}

void prober_stop(struct prober *p)
{
	if (!p)
		return;
	timer_clear(p->timer);
	probe_talk_close(p);
	probe_end_all(p);
}

void prober_free(struct prober *p)
{
	if (!p)
		return;
	prober_stop(p);
	timer_free(p->timer);
	p->dest->prober = NULL;
	free(p);
}

static struct probe *probe_new(struct prober *p, struct queue *q, const char *address)
{
	struct probe *probe = mem_alloc(sizeof(*probe));

	probe->queue = q;
	probe->address = mem_str(str_of(address));
	probe->rcpt = str_of(probe->address);
	probe->until_ms = clock_mono_ms() + ANSWER_MS;
	list_init(&probe->jobs);
	list_add_tail(&p->waiting, &probe->link);
	p->waiting_count++;
	return probe;
}

/* The question that is under way already, or NULL. */
static struct probe *find(struct prober *p, const struct queue *q, struct str local)
{
	struct probe *now = p->now;

	if (now && now->local && now->queue == q && str_eq(str_of(now->local), local))
		return now;
	for (LIST_EACH(l, &p->waiting)) {
		struct probe *probe = LIST_ITEM(l, struct probe, link);

		if (probe->local && probe->queue == q && str_eq(str_of(probe->local), local))
			return probe;
	}
	return NULL;
}

/* A leaky bucket: so many at once, then one in RATE_MS. */
static bool may_ask(struct prober *p, int64_t now_ms)
{
	if (now_ms < p->resting_until_ms || p->waiting_count >= WAITING_MAX)
		return false;
	if (p->next_ms < now_ms)
		p->next_ms = now_ms;
	if (p->next_ms - now_ms > RATE_BURST * RATE_MS)
		return false;
	p->next_ms += RATE_MS;
	return true;
}

static bool is_tested(const struct queue *q, int64_t now_ms)
{
	int64_t age_ms = now_ms - q->taking_tested_ms;

	return q->taking != TAKING_UNTESTED &&
	       q->taking_clearings == refused_clearings(q->f->d->refused) &&
	       age_ms < (q->taking == TAKING_ANYBODY ? ANYBODY_MS : SOME_MS);
}

/* A name that nobody has. */
static void ask_random(struct prober *p, struct queue *q, struct str domain)
{
	static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
	char address[RANDOM_NAME + 256], name[17];

	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = letters[forward_jitter(q->f, 1 << 20) & 31];
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(address, sizeof(address), "no-such-user-%s@%.*s", name, STR_ARGS(domain));
	q->taking_in_test = true;
	(void)probe_new(p, q, address);
}

static void ask(struct prober *p, struct queue *q, const struct domain *d, struct job_probe *job)
{
	struct probe *probe;
	char *address;

	if (!is_tested(q, clock_mono_ms()) && !q->taking_in_test)
		ask_random(p, q, d->name);
	address = mem_str(job->address);
	probe = probe_new(p, q, address);
	free(address);
	probe->local = mem_str(job->local);
	list_add_tail(&probe->jobs, &job->job.link);
	probe_talk_wake(p);
}

void probe_ask(struct forward *f, struct job_probe *job)
{
	const struct domain *d = f->settings ? settings_by_id(f->settings, job->domain) : NULL;
	struct queue *q = queue_get(f, job->domain);
	int64_t now_ms = clock_mono_ms();
	struct probe *same;
	struct prober *p;

	if (!d || !q->dest || q->dest->failing || f->stopping || !job->local.at ||
	    !job->address.at) {
		answer(&job->job, PROBE_UNSAID);
		return;
	}
	if (q->taking == TAKING_ANYBODY && is_tested(q, now_ms)) {
		answer(&job->job, PROBE_ANYBODY);
		return;
	}
	if (refused_is(f->d->refused, job->domain, job->local, now_ms)) {
		answer(&job->job, PROBE_NO_USER);
		return;
	}
	p = prober_of(q->dest);
	same = find(p, q, job->local);
	if (same)
		list_add_tail(&same->jobs, &job->job.link);
	else if (may_ask(p, now_ms))
		ask(p, q, d, job);
	else
		answer(&job->job, PROBE_UNSAID);
}
