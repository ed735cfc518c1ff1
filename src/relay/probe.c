/* probe.c: see probe.h.
 * SPDX-License-Identifier: ISC */
#include "relay/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "proto/smtpc.h"
#include "relay/destination.h"
#include "relay/hearing.h"
#include "relay/queue.h"
#include "relay/refused.h"

#define ANSWER_MS     5000  /* from the question to its answer, with all that comes before */
#define WAITING_MAX   50    /* questions of a primary */
#define RATE_MS       100   /* one question in so long … */
#define RATE_BURST    30    /* … but so many at once */
#define REST_FIRST_MS 5000  /* after a failure nothing is asked */
#define REST_MAX_MS   60000
#define IDLE_MS       10000 /* then the connection is closed */
#define QUIT_MS       2000
#define SOME_MS       INT64_C(86400000) /* how long it is believed that it takes only some … */
#define ANYBODY_MS    INT64_C(3600000)  /* … or anybody */
#define RANDOM_NAME   40

struct probe {
	struct list link; /* in prober.waiting, or prober.now */
	struct queue *queue;
	char *local; /* folded; NULL: of a random name */
	char *address;
	struct str rcpt; /* the same */
	int64_t until_ms;
	struct list jobs; /* who wants to know */
};

struct prober {
	struct destination *dest;
	struct list waiting;
	unsigned waiting_count;
	struct probe *now; /* in dialogue */
	struct resolve *resolve;
	struct address addresses[8];
	size_t address_count, address_at;
	struct stream *stream;
	struct smtpc *smtpc;
	struct timer *timer;
	bool idle, quitting;
	int64_t rest_ms, resting_until_ms;
	int64_t next_ms; /* when the next question would keep to the rate exactly */
};

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

static struct probe *take_waiting(struct prober *p)
{
	struct list *link = list_pop(&p->waiting);

	if (!link)
		return NULL;
	p->waiting_count--;
	return LIST_ITEM(link, struct probe, link);
}

static void disconnect(struct prober *p)
{
	resolve_cancel(p->resolve);
	stream_close(p->stream);
	smtpc_free(p->smtpc);
	p->resolve = NULL;
	p->stream = NULL;
	p->smtpc = NULL;
	p->idle = p->quitting = false;
}

static void end_all(struct prober *p)
{
	struct probe *probe;

	if (p->now)
		probe_end(p->now, PROBE_UNSAID);
	p->now = NULL;
	while ((probe = take_waiting(p)))
		probe_end(probe, PROBE_UNSAID);
}

/* It does not answer, or not so: nobody waits longer for it, and for some time it is left in peace.
 * Whether it is down is for a connection of the usual kind to find out. */
static void give_up(struct prober *p, const char *why)
{
	struct destination *d = p->dest;

	log_say(d->f->d->log, LOG_INFO, "probe_failed", F_CSTR("primary", d->name),
		F_CSTR("why", why));
	p->rest_ms = p->rest_ms ? p->rest_ms * 2 : REST_FIRST_MS;
	if (p->rest_ms > REST_MAX_MS)
		p->rest_ms = REST_MAX_MS;
	p->resting_until_ms = clock_mono_ms() + p->rest_ms;
	timer_clear(p->timer);
	disconnect(p);
	end_all(p);
	destination_check(d);
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
		refused_note(q->f->refused, q->domain, local,
			     clock_mono_ms() + policy->probe_refused_keep_ms);
	return said == SMTPC_USER_YES ? PROBE_USER :
	       said == SMTPC_USER_NO  ? PROBE_NO_USER :
					PROBE_UNSAID;
}

static void heard(struct prober *p)
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

/* -- the dialogue ----------------------------------------------------------------------------- */

static void connect_to(struct prober *p);
static void pump(struct prober *p);

static void set_timer(struct prober *p)
{
	const struct probe *first = p->now;

	if (!first && !list_is_empty(&p->waiting))
		first = LIST_ITEM(p->waiting.next, struct probe, link);
	if (first)
		timer_set(p->timer, first->until_ms - clock_mono_ms());
	else
		timer_set(p->timer, p->quitting ? QUIT_MS : IDLE_MS);
}

static void on_timer(void *owner)
{
	struct prober *p = owner;

	if (p->now || p->waiting_count) {
		give_up(p, "no answer in time");
	} else if (p->smtpc && p->idle && !p->quitting) {
		p->quitting = true;
		smtpc_quit(p->smtpc);
		pump(p);
	} else {
		disconnect(p);
	}
}

static bool start_next(struct prober *p)
{
	p->now = p->quitting ? NULL : take_waiting(p);
	p->idle = !p->now;
	if (!p->now)
		return false;
	smtpc_send(p->smtpc, &(struct smtpc_mail){ .sender = STR_NONE,
						   .rcpts = &p->now->rcpt,
						   .rcpt_count = 1,
						   .envid = STR_NONE,
						   .only_ask = true });
	return true;
}

enum step { STEP_ON, STEP_WAIT, STEP_CLOSED, STEP_BROKEN };

static enum step step(struct prober *p)
{
	switch (smtpc_next(p->smtpc)) {
	case SMTPC_INPUT:
		return STEP_WAIT;
	case SMTPC_READY:
		return start_next(p) ? STEP_ON : STEP_WAIT;
	case SMTPC_DONE:
		heard(p);
		return STEP_ON;
	case SMTPC_CLOSED:
		return STEP_CLOSED;
	case SMTPC_BODY: /* is not asked for */
	case SMTPC_BROKEN:
		break;
	}
	return STEP_BROKEN;
}

/* Closed in good order, or while nothing was asked; who came meanwhile begins anew. */
static void on_closed(struct prober *p)
{
	disconnect(p);
	timer_clear(p->timer);
	if (p->waiting_count)
		connect_to(p);
}

static void pump(struct prober *p)
{
	enum step next;

	while ((next = step(p)) == STEP_ON)
		;
	if (next == STEP_CLOSED || (next == STEP_BROKEN && p->idle)) {
		on_closed(p);
		return;
	}
	if (next == STEP_BROKEN) {
		give_up(p, smtpc_why(p->smtpc)->text);
		return;
	}
	(void)stream_write(p->stream, smtpc_output(p->smtpc));
	set_timer(p);
}

static void try_next_address(struct prober *p, const char *why);

static void on_connected(void *owner, bool ok, const char *why)
{
	struct prober *p = owner;

	if (!ok) {
		try_next_address(p, why);
		return;
	}
	p->smtpc = smtpc_new(p->dest->f->d->hostname);
	pump(p);
}

static void on_bytes(void *owner, struct str bytes)
{
	struct prober *p = owner;

	if (smtpc_feed(p->smtpc, bytes))
		pump(p);
	else
		give_up(p, "its replies are too long");
}

static void on_writable(void *owner)
{
	pump(owner);
}

static void on_end(void *owner, const char *why)
{
	struct prober *p = owner;

	if (p->idle)
		on_closed(p);
	else
		give_up(p, why ? why : "it closed the connection");
}

static const struct stream_events events = {
	.on_connected = on_connected,
	.on_bytes = on_bytes,
	.on_writable = on_writable,
	.on_end = on_end,
};

static void try_next_address(struct prober *p, const char *why)
{
	stream_close(p->stream);
	p->stream = NULL;
	if (p->address_at == p->address_count) {
		give_up(p, why);
		return;
	}
	p->stream = stream_connect(p->dest->f->loop, &p->addresses[p->address_at++], &events, p);
}

static void on_resolved(void *owner, const struct address *addresses, size_t n, const char *why)
{
	struct prober *p = owner;

	p->resolve = NULL;
	p->address_at = 0;
	p->address_count = n < COUNT(p->addresses) ? n : COUNT(p->addresses);
	memcpy(p->addresses, addresses, p->address_count * sizeof(*addresses));
	try_next_address(p, n ? "no address answers" : why);
}

static void connect_to(struct prober *p)
{
	p->resolve = resolve_start(p->dest->f->loop, p->dest->host, p->dest->port, on_resolved, p);
	set_timer(p);
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
	p->timer = timer_new(d->f->loop, on_timer, p);
	return p;
}

void prober_stop(struct prober *p)
{
	if (!p)
		return;
	timer_clear(p->timer);
	disconnect(p);
	end_all(p);
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
	if (!p->stream && !p->resolve)
		connect_to(p);
	else if (p->idle)
		pump(p);
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
	if (refused_is(f->refused, job->domain, job->local, now_ms)) {
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
