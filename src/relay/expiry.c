/* expiry.c: see expiry.h.
 * SPDX-License-Identifier: ISC */
#include "relay/expiry.h"

#include "base/clock.h"
#include "relay/parcel.h"
#include "relay/settle.h"

#define EXPIRE_MS      10000 /* how often expired mail is looked for */
#define EXPIRE_SOON_MS 100   /* when there was more than one look takes */
#define EXPIRE_RCPTS   500   /* recipients a look */

static void on_expired(void *world, struct job *job)
{
	struct forward *f = world;
	struct job_expired *expired = CONTAINER(job, struct job_expired, job);
	size_t end;

	for (size_t at = 0; job->ok && at < expired->rcpt_count; at = end) {
		const struct expired_rcpt *first = &expired->rcpts[at];

		for (end = at + 1; end < expired->rcpt_count; end++)
			if (expired->rcpts[end].message != first->message ||
			    expired->rcpts[end].domain != first->domain)
				break;
		/* Under way just now: its outcome decides; else the next look finds it. */
		if (!parcel_find(f, first->message, first->domain))
			settle_expired(f, first, end - at);
	}
	timer_set(f->expire, job->ok && expired->rcpt_count >= EXPIRE_RCPTS ? EXPIRE_SOON_MS :
									      EXPIRE_MS);
	job_free(job);
}

static bool is_in_doubt(struct forward *f, int64_t wall_ms)
{
	int64_t skipped_ms, mono_ms = clock_mono_ms();
	bool doubt = doubt_look(&f->doubt, wall_ms, mono_ms, &skipped_ms);

	if (skipped_ms)
		log_say(f->d->log, LOG_WARNING, "clock_skipped", F_INT("ms", skipped_ms),
			F_INT("no_expiry_ms", f->doubt.until_ms - mono_ms));
	return doubt;
}

void expiry_on_time(void *owner)
{
	struct forward *f = owner;
	struct job_expired *job;
	int64_t wall_ms = clock_wall_ms();

	if (is_in_doubt(f, wall_ms)) {
		timer_set(f->expire, EXPIRE_MS);
		return;
	}
	if (f->expiring) { /* the last round is not in the database yet: it would be found again */
		timer_set(f->expire, EXPIRE_SOON_MS);
		return;
	}
	job = job_new_expired(port_inbox(f->jobs), on_expired, NULL);
	job->now_ms = wall_ms;
	job->limit = EXPIRE_RCPTS;
	store_put(f->d->store, &job->job);
}

void expiry_begin(struct forward *f)
{
	int64_t wall_ms = clock_wall_ms(), mono_ms = clock_mono_ms();
	int64_t last_ms = id_source_last_ms(store_ids(f->d->store));

	doubt_begin(&f->doubt, last_ms, wall_ms, mono_ms);
	if (f->doubt.until_ms > mono_ms)
		log_say(f->d->log, LOG_INFO, "expiry_rests",
			F_INT("last_mail_ms", wall_ms - last_ms),
			F_INT("no_expiry_ms", f->doubt.until_ms - mono_ms));
	timer_set(f->expire, EXPIRE_SOON_MS);
}
