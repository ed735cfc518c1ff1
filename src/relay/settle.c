/* settle.c: see settle.h.
 *
 * RFC 5321 §4.2.1 decides: 2yz delivered, 5yz failed, all else another try; what this primary lacks
 * and a better one that is down has (mirror.h), is tried again too.  A failure goes to the
 * failed list, where it can be seen and retried; a bounce instead is sent only where the operator
 * named a relay for bounces, never for a null reverse-path (RFC 5321 §4.5.5), never against the
 * sender's NOTIFY (RFC 3461 §4.1), and never about a recipient who was taken unverified: his RCPT
 * is the question whether he exists, and a no to it is no news for a stranger.
 * SPDX-License-Identifier: ISC */
#include "relay/settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "relay/bounce.h"
#include "relay/hearing.h"
#include "relay/mirror.h"

#define RESETTLE_MS 1000

/* -- to the store and back --------------------------------------------------------------- */

static void give(struct forward *f, struct job_settle *job)
{
	store_put(f->d->store, &job->job);
}

void settle_again(void *owner)
{
	struct forward *f = owner;
	struct list *link;

	while ((link = list_pop(&f->unsettled)))
		give(f, CONTAINER(LIST_ITEM(link, struct job, link), struct job_settle, job));
}

/* owner is the parcel, or NULL for an expiry. */
static void on_settled(void *world, struct job *job)
{
	struct forward *f = world;

	if (!job->ok) {
		log_say(f->d->log, LOG_ERROR, "not_settled",
			F_ID("mail", CONTAINER(job, struct job_settle, job)->message),
			F_CSTR("why", job->err.text));
		list_add_tail(&f->unsettled, &job->link);
		timer_set(f->resettle, RESETTLE_MS);
		return;
	}
	f->settling--;
	if (job->owner)
		parcel_settled(job->owner);
	else
		f->expiring--;
	job_free(job);
	forward_settled(f);
}

static struct job_settle *settle_new(struct forward *f, msgid message, struct parcel *p, size_t n,
				     struct outcome **ret_outcomes)
{
	struct job_settle *job = job_new_settle(port_inbox(f->jobs), on_settled, p);

	*ret_outcomes = arena_alloc(job->job.arena, n * sizeof(**ret_outcomes));
	if (!*ret_outcomes)
		abort(); /* the arena has room for the recipients that one message may have */
	job->message = message;
	job->outcomes = *ret_outcomes;
	job->outcome_count = n;
	f->settling++;
	return job;
}

/* -- a dialogue's end ---------------------------------------------------------------------- */

/* retry_first, twice that, …, retry_max. */
static int64_t next_try(struct forward *f, unsigned attempts)
{
	int64_t wait_ms = f->conf->forward.retry_first_ms;

	while (attempts-- && wait_ms < f->conf->forward.retry_max_ms)
		wait_ms *= 2;
	if (wait_ms > f->conf->forward.retry_max_ms)
		wait_ms = f->conf->forward.retry_max_ms;
	return clock_wall_ms() + forward_jitter(f, wait_ms);
}

/* RFC 3461 §5.2.2: whoever asked to be told of success, and whose mail goes on to a server that
 * tells nobody, is told that it was relayed. */
static bool is_told_of(const struct outcome *o, const struct due_rcpt *rcpt,
		       const struct smtpc *smtpc, bool bounce)
{
	return o->kind == OUTCOME_DELIVERED && bounce && (rcpt->notify & NOTIFY_SUCCESS) &&
	       !smtpc_caps(smtpc)->dsn;
}

static enum outcome_kind kind_of(const struct smtpc_reply *r, bool bounce)
{
	if (r && r->code / 100 == 2)
		return OUTCOME_DELIVERED;
	if (r && r->code / 100 == 5)
		return bounce ? OUTCOME_BOUNCED : OUTCOME_FAILED;
	return OUTCOME_DEFERRED;
}

static void log_outcome(struct forward *f, const struct parcel *p, const struct due_rcpt *rcpt,
			const struct outcome *o)
{
	static const struct {
		const char *event;
		enum board_counter counter;
	} told[] = {
		[OUTCOME_DELIVERED] = { "delivered", COUNTER_delivered },
		[OUTCOME_DEFERRED] = { "deferred", COUNTER_delivery_deferrals },
		[OUTCOME_FAILED] = { "failed", COUNTER_failed },
		[OUTCOME_BOUNCED] = { "bounced", COUNTER_bounced },
		[OUTCOME_EXPIRED] = { "expired", COUNTER_expired },
	};

	board_count(&f->d->board, told[o->kind].counter, 1);
	log_say(f->d->log, LOG_INFO, told[o->kind].event, F_ID("mail", p->mail->id),
		F_PATH("to", rcpt->address), F_STR("primary", o->primary), F_STR("reply", o->reply),
		F_INT("attempts", rcpt->attempts + 1),
		F_INT("age_ms", clock_wall_ms() - p->mail->received_ms));
}

/* What the sender of a bounce is to be told of: set on its way if there is any. */
static bool may_bounce(const struct forward *f, int64_t domain, struct str sender)
{
	return strcmp(f->conf->forward.bounces, "none") != 0 && domain != DOMAIN_BOUNCES &&
	       sender.n > 0;
}

static struct str kept(struct arena *a, const char *text)
{
	struct str copy = arena_dup(a, str_of(text));

	return copy.at ? copy : STR("(too long)");
}

/* NULL: it was not asked for. */
static const struct smtpc_reply *answer_of(const struct dialogue *t, size_t i)
{
	if (i < t->first)
		return &t->answers[i];
	return i < t->first + t->count ? smtpc_result(t->smtpc, i - t->first) : NULL;
}

void settle_parcel(struct parcel *p, struct destination *d, const struct dialogue *t)
{
	struct forward *f = d->f;
	const struct due_mail *mail = p->mail;
	struct outcome *outcomes;
	struct job_settle *job = settle_new(f, mail->id, p, mail->rcpt_count, &outcomes);
	struct arena *a = job->job.arena;
	bool bounce = may_bounce(f, p->queue->domain, mail->sender);
	int64_t again_ms = next_try(f, mail->rcpts[0].attempts);
	struct str primary = kept(a, d->name);

	for (size_t i = 0; i < mail->rcpt_count; i++) {
		const struct smtpc_reply *r = answer_of(t, i);
		const char *none = r || t->words ? "no answer" : "the next connection's turn";
		bool report = bounce && !mail->rcpts[i].unverified;
		bool waits = r && mirror_waits(d, p->queue->domain, t->smtpc, r, mail->size);

		outcomes[i] = (struct outcome){
			.seq = mail->rcpts[i].seq,
			.kind = waits ? OUTCOME_DEFERRED :
					kind_of(r, report && dsn_tells_failure(
								     mail->rcpts[i].notify)),
			.reply = kept(a, r && r->code ? r->text : t->words ? t->words : none),
			.primary = primary,
			.next_try_ms = r || t->words ? again_ms : clock_wall_ms(),
		};
		outcomes[i].relayed = is_told_of(&outcomes[i], &mail->rcpts[i], t->smtpc, report);
		log_outcome(f, p, &mail->rcpts[i], &outcomes[i]);
	}
	hearing_learn(p, t, job);
	if (!bounce_compose(f, job, &(struct bounce_of){ .sender = mail->sender,
							 .envid = mail->envid,
							 .received_ms = mail->received_ms,
							 .outcomes = outcomes,
							 .parcel = p }))
		give(f, job);
}

/* -- expiry ----------------------------------------------------------------------------------- */

void settle_expired(struct forward *f, const struct expired_rcpt *rcpts, size_t n)
{
	struct outcome *outcomes;
	struct job_settle *job = settle_new(f, rcpts[0].message, NULL, n, &outcomes);
	struct arena *a = job->job.arena;

	f->expiring++;
	for (size_t i = 0; i < n; i++) {
		/* Who is on the failed list has been given up already: no bounce weeks later. */
		bool bounce = may_bounce(f, rcpts[i].domain, rcpts[i].sender) &&
			      rcpts[i].state != STATE_FAILED && !rcpts[i].unverified &&
			      dsn_tells_failure(rcpts[i].notify);

		outcomes[i] = (struct outcome){
			.seq = rcpts[i].seq,
			.kind = bounce ? OUTCOME_BOUNCED : OUTCOME_EXPIRED,
			.reply = arena_dup(a, rcpts[i].last_reply),
			.primary = STR_NONE,
		};
		if (!outcomes[i].reply.at)
			outcomes[i].reply = STR_NONE;
		board_count(&f->d->board, bounce ? COUNTER_bounced : COUNTER_expired, 1);
		log_say(f->d->log, LOG_WARNING, "expired", F_ID("mail", rcpts[i].message),
			F_PATH("from", rcpts[i].sender), F_PATH("to", rcpts[i].address),
			F_CSTR("bounced", bounce ? "yes" : "no"),
			F_STR("reply", rcpts[i].last_reply));
	}
	if (!bounce_compose(f, job, &(struct bounce_of){ .sender = rcpts[0].sender,
							 .envid = rcpts[0].envid,
							 .received_ms = rcpts[0].received_ms,
							 .outcomes = outcomes,
							 .expired = rcpts }))
		give(f, job);
}
