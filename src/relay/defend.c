/* defend.c: see defend.h.
 *
 * The tarpit is a delayed answer: no thread waits and nothing is held but the session, and since
 * the engine reads no further command before the answer, a guesser's pipeline waits with it.
 * SPDX-License-Identifier: ISC */
#include "relay/defend.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"

#define TARPIT_STEP_MS 1000
#define TARPIT_MAX_MS  10000
#define SLOW_START_MS  (2 * 60 * 1000) /* of content, before its rate is looked at */

static bool may(struct worker *w, const struct conf *conf, const struct address *peer,
		enum guard_rate what)
{
	const int64_t limits[GUARD_RATES] = {
		[GUARD_CONNECTIONS] = conf->rate.connections,
		[GUARD_MESSAGES] = conf->rate.messages,
		[GUARD_RECIPIENTS] = conf->rate.recipients,
	};
	unsigned client = (unsigned)limits[what];
	struct ip ip;

	if (!client)
		return true;
	ip = address_ip(peer);
	return guard_spend(w->d->guard, &ip, what, client,
			   client * (unsigned)conf->rate.network, clock_mono_ms());
}

enum reply_id defend_connection(struct worker *w, const struct address *peer)
{
	struct ip ip = address_ip(peer);

	if (guard_is_locked_out(w->d->guard, &ip, clock_mono_ms()))
		return REPLY_LOCKED_OUT;
	return may(w, w->conf, peer, GUARD_CONNECTIONS) ? REPLY_OK : REPLY_RATE_CONNECTIONS;
}

bool defend_rate(struct session *s, enum guard_rate what)
{
	return may(s->w, s->conf, &s->peer, what);
}

/* -- what domains limit --------------------------------------------------------------------- */

/* One table for all domains, d->rates: a domain has a place, and each client has one for each
 * domain that limits it.  What stands for an address there is a hash of both; that two of them meet
 * does not happen.  The domain's own place is that of a client of no address. */
static bool domain_may(struct daemon *d, const struct domain *domain, const struct ip *client,
		       enum guard_rate what, unsigned a_minute)
{
	struct {
		struct ip ip;
		int64_t domain;
		uint64_t half;
	} who = { .ip = *client, .domain = domain->id };
	struct str bytes = { (const char *)&who, sizeof(who) };
	struct ip place;

	if (!a_minute)
		return true;
	for (who.half = 0; who.half < 2; who.half++) {
		uint64_t hash = hash_keyed(&d->rate_key, bytes);

		memcpy(&place.at[who.half * sizeof(hash)], &hash, sizeof(hash));
	}
	return guard_spend(d->rates, &place, what, a_minute, 0, clock_mono_ms());
}

bool defend_domain_rate(struct daemon *d, const struct domain *domain)
{
	static const struct ip nobody = { { 0 } };

	return domain_may(d, domain, &nobody, GUARD_MESSAGES, domain->rate);
}

bool defend_client_rate(struct daemon *d, const struct domain *domain, const struct ip *client)
{
	return domain_may(d, domain, client, GUARD_RECIPIENTS,
			  (unsigned)domain->policy->client_rate);
}

/* -- guessing recipients ---------------------------------------------------------------------- */

static void lock_out(struct session *s)
{
	struct ip ip = address_ip(&s->peer);

	log_say(s->w->d->log, LOG_WARNING, "locked_out", F_CSTR("client", s->peer.text),
		F_CSTR("helo", s->helo), F_INT("bad_rcpts", s->bad_rcpts),
		F_INT("ms", s->smtp->lockout_ms));
	if (s->smtp->lockout_ms)
		guard_lock_out(s->w->d->guard, &ip, s->smtp->lockout_ms, clock_mono_ms());
	smtpd_answer(s->smtpd, reply_get(REPLY_TOO_MANY_BAD_RCPTS));
}

void defend_refused_rcpt(struct session *s, const struct reply *why)
{
	unsigned most = (unsigned)s->smtp->max_bad_recipients, late;
	int64_t delay_ms;

	if (!reply_is_perm(why)) {
		smtpd_answer(s->smtpd, why);
		return;
	}
	if (++s->bad_rcpts >= most) {
		lock_out(s);
		return;
	}
	late = s->bad_rcpts > most / 2 ? s->bad_rcpts - most / 2 : 0;
	if (!late) {
		smtpd_answer(s->smtpd, why);
		return;
	}
	delay_ms = (int64_t)late * TARPIT_STEP_MS;
	s->delayed = why;
	stream_timeout(s->stream, delay_ms < TARPIT_MAX_MS ? delay_ms : TARPIT_MAX_MS);
}

/* -- hurrying ------------------------------------------------------------------------------- */

bool defend_hurry(struct session *s)
{
	if (s->smtp->early_pipelining == EARLY_PIPELINING_OFF)
		return true;

	bool reject = s->smtp->early_pipelining == EARLY_PIPELINING_REJECT;

	/* Once is enough to know. */
	if (!s->hurried || reject)
		log_say(s->w->d->log, LOG_INFO, "early_pipelining", F_CSTR("client", s->peer.text),
			F_CSTR("helo", s->helo), F_CSTR("state", smtpd_state_name(s->smtpd)));
	s->hurried = true;
	if (reject)
		smtpd_hangup(s->smtpd, reply_get(REPLY_EARLY_PIPELINING));
	return !reject;
}

/* -- dawdling ------------------------------------------------------------------------------- */

bool defend_is_slow(struct session *s, int64_t now_ms)
{
	int64_t start_ms = s->smtp->idle_ms, passed;

	if (!smtpd_in_data(s->smtpd)) {
		s->data_since_ms = 0;
		return false;
	}
	if (!s->data_since_ms) {
		s->data_since_ms = now_ms;
		s->data_from = s->received;
	}
	if (start_ms > SLOW_START_MS)
		start_ms = SLOW_START_MS;
	passed = now_ms - s->data_since_ms;
	return passed > start_ms &&
	       (int64_t)(s->received - s->data_from) < s->smtp->min_rate * passed / 60000;
}
