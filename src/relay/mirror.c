/* mirror.c: see mirror.h.
 *
 * The store writes only what is news, so the same offer is given to it seldom: when it has
 * changed, and now and then in case that an earlier job failed.  A primary that says something
 * else each time may not make us read the settings anew for each connection.
 * SPDX-License-Identifier: ISC */
#include "relay/mirror.h"

#include "base/arena.h"
#include "base/clock.h"

#define AGAIN_MS   (10 * 60 * 1000)
#define CHANGED_MS (10 * 1000)

static void on_kept(void *world, struct job *job)
{
	struct forward *f = world;

	if (!job->ok)
		log_say(f->d->log, LOG_WARNING, "offer_not_kept", F_CSTR("why", job->err.text));
	job_free(job);
}

static bool is_same(const struct offer *a, const struct offer *b)
{
	return a->size == b->size && a->mime8bit == b->mime8bit && a->smtputf8 == b->smtputf8 &&
	       a->dsn == b->dsn && a->max_size == b->max_size && a->mail_max == b->mail_max &&
	       a->rcpt_max == b->rcpt_max && a->rcpt_domain_max == b->rcpt_domain_max;
}

static bool may_take(const struct offer *o, enum smtpc_lack lack, uint64_t size)
{
	return lack == SMTPC_LACKS_UTF8 ? offer_may_take_utf8(o) : offer_may_take_size(o, size);
}

/* None behind it is looked at: while this one is up nobody would be asked but this one. */
bool mirror_waits(const struct destination *d, int64_t domain, const struct smtpc *smtpc,
		  const struct smtpc_reply *why, uint64_t size)
{
	const struct settings *settings = d->f->settings;
	const struct domain *of = settings ? settings_by_id(settings, domain) : NULL;

	if (why->lack == SMTPC_LACKS_NOTHING)
		return false;
	for (size_t i = 0; of && i < of->route_count; i++) {
		const struct route *route = &of->routes[i];
		bool may = may_take(&route->offer, why->lack, size);

		if (route->port == d->port && str_ieq(str_of(route->host), str_of(d->host)))
			return may && !smtpc_caps(smtpc)->esmtp;
		if (may)
			return true;
	}
	return false;
}

void mirror_learn(struct destination *d, const struct smtpc_caps *caps)
{
	struct forward *f = d->f;
	int64_t now_ms = clock_mono_ms(), passed = now_ms - d->offer_at_ms;
	const struct offer fresh = {
		.size = caps->size,
		.mime8bit = caps->mime8bit,
		.smtputf8 = caps->smtputf8,
		.dsn = caps->dsn,
		.max_size = caps->max_size,
		.mail_max = caps->mail_max,
		.rcpt_max = caps->rcpt_max,
		.rcpt_domain_max = caps->rcpt_domain_max,
	};
	struct job_offer *job;

	/* Who refuses EHLO may be out of order; what he offered before is the better guess. */
	if (!caps->esmtp || f->stopping)
		return;
	if (d->offer_at_ms && passed < (is_same(&fresh, &d->offer) ? AGAIN_MS : CHANGED_MS))
		return;
	d->offer = fresh;
	d->offer_at_ms = now_ms;
	job = job_new_offer(port_inbox(f->jobs), on_kept, NULL);
	job->host = arena_dup(job->job.arena, str_of(d->host));
	job->port = d->port;
	job->offer = fresh;
	store_put(f->d->store, &job->job);
}
