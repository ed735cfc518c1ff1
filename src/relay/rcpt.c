/* rcpt.c: see rcpt.h.
 * SPDX-License-Identifier: ISC */
#include "relay/rcpt.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "policy/spf_check.h"
#include "proto/xtext.h"
#include "relay/defend.h"
#include "relay/facts.h"
#include "relay/receipt.h"
#include "relay/receive.h"
#include "relay/session.h"
#include "relay/tally.h"
#include "relay/trial.h"

#define ORCPT_ADDRESS_MAX 160 /* written out it has 500 bytes at most (RFC 3461 §4.2) */
#define MAIL_KEEPS (64 * 1024) /* of the mail's arena: for what comes behind its recipients */
#define RCPTS_ALWAYS 100 /* RFC 5321 §4.5.3.1.8; more of them only while there is memory */

/* RFC 3461 §5.2.7.2: what the sender asked for goes along to where an alias leads; and so that a
 * report names whom he wrote to, that is said where he did not (§5.2.1). */
static struct str original_rcpt(struct receipt *m)
{
	struct str address = m->rcpt.address;
	char *text, *kept;
	size_t n;

	if (m->orcpt.n || !m->policy.address.at || address.n > ORCPT_ADDRESS_MAX ||
	    utf8_has_8bit(address))
		return m->orcpt;
	text = mem_alloc(3 * address.n + 1);
	n = xtext_encode(address, text);
	kept = arena_printf(m->arena, "rfc822;%.*s", (int)n, text);
	free(text);
	return str_of(kept);
}

/* Where it goes: where an alias leads, or whom the client named. */
static const struct domain *target_domain(const struct receipt *m)
{
	return m->policy.address.at ? m->policy.domain : m->facts.domain;
}

/* Was SPF evaluated for this recipient? */
static bool has_spf(const struct receipt *m)
{
	enum finding_kind kind = m->policy.found[CHECK_spf].kind;

	return (kind == FINDING_PASSED || kind == FINDING_WOULD) && spf_is_asked(&m->facts);
}

static bool add_rcpt(struct receipt *m)
{
	struct str findings = policy_findings(&m->policy, m->arena);
	bool alias = m->policy.address.at != NULL;
	struct str address = alias ? arena_dup(m->arena, m->policy.address) : m->rcpt.address;

	if (!address.at)
		return false;
	if (!m->rcpt_count)
		m->first_given = m->rcpt.address;
	m->has_spf = m->has_spf || has_spf(m);
	if (m->rcpt_count == m->rcpt_room) {
		size_t room = m->rcpt_room ? m->rcpt_room * 2 : 4;
		struct envelope_rcpt *more = arena_alloc(m->arena, room * sizeof(*more));

		if (!more)
			return false;
		for (size_t i = 0; i < m->rcpt_count; i++)
			more[i] = m->rcpts[i];
		m->rcpts = more;
		m->rcpt_room = room;
	}
	m->rcpts[m->rcpt_count++] = (struct envelope_rcpt){
		.address = address,
		.domain = target_domain(m)->id,
		.notify = m->notify,
		.orcpt = original_rcpt(m),
		.findings = findings.at ? findings : STR_NONE,
		.unverified = m->policy.unverified,
	};
	return true;
}

static bool needs_utf8(struct str address)
{
	char room[PATH_ASCII_MAX];
	struct str ignored;

	return !path_to_ascii(address, room, &ignored);
}

/* A message counts once for each of its domains. */
static bool is_first_of(const struct receipt *m, int64_t domain)
{
	for (size_t i = 0; i < m->rcpt_count; i++)
		if (m->rcpts[i].domain == domain)
			return false;
	return true;
}

/* What its domain can take, and what its primary is known to: better told now than by a bounce. */
static enum reply_id within_limits(const struct session *s)
{
	const struct receipt *m = s->mail;
	const struct domain *d = target_domain(m);
	struct str to = m->policy.address.at ? m->policy.address : m->rcpt.address;

	if (!domain_may_take_utf8(d) && (needs_utf8(m->sender.address) || needs_utf8(to)))
		return REPLY_UTF8_RCPT;
	if (m->said_size > domain_size_limit(d))
		return REPLY_TOO_BIG_RCPT;
	if (is_first_of(m, d->id) && !defend_domain_rate(s->w->d, d))
		return REPLY_RATE_DOMAIN;
	return REPLY_RCPT_OK;
}

/* Counted and logged; who answers it is decided by whoever refuses. */
static void note_refused(struct session *s, const char *by, const struct reply *why,
			 struct str note)
{
	const struct receipt *m = s->mail;

	s->refused++;
	session_count(s, reply_is_perm(why) ? COUNTER_refused_rcpts : COUNTER_deferred_rcpts);
	log_say(s->w->d->log, LOG_INFO, "refused", F_CSTR("by", by), F_INT("code", why->code),
		F_CSTR("client", s->peer.text), F_CSTR("helo", s->helo),
		F_PATH("from", m->sender.address), F_PATH("to", m->rcpt.address),
		F_CSTR("reply", why->text), F_STR("note", note));
}

static void take_rcpt(struct session *s)
{
	struct receipt *m = s->mail;
	const struct domain *d = target_domain(m);
	enum reply_id id = within_limits(s);

	if (id != REPLY_RCPT_OK) {
		note_refused(s, "limits", reply_get(id), STR_NONE);
		session_answer(s, id);
		return;
	}
	if (domain_size_limit(d) < m->size_limit)
		m->size_limit = domain_size_limit(d);
	m->may_be_utf8 = m->may_be_utf8 || domain_may_take_utf8(d);
	session_answer(s, add_rcpt(m) ? REPLY_RCPT_OK : REPLY_NO_MEMORY);
}

static void refuse_rcpt(struct session *s)
{
	const struct policy *p = &s->mail->policy;

	note_refused(s, check_name(p->by->id), p->reply, p->found[p->by->id].note);
	if (p->by->id == CHECK_recipient)
		defend_refused_rcpt(s, p->reply);
	else
		smtpd_answer(s->smtpd, p->reply);
}

/* Shadow mode: what a check in mode log would have refused. */
static void say_would_refuse(const struct session *s)
{
	const struct receipt *m = s->mail;

	for (enum check_id id = 0; id < CHECK_COUNT; id++)
		if (m->policy.found[id].kind == FINDING_WOULD)
			log_say(s->w->d->log, LOG_INFO, "would_refuse",
				F_CSTR("by", check_name(id)), F_CSTR("client", s->peer.text),
				F_CSTR("helo", s->helo),
				F_PATH("from", m->sender.address), F_PATH("to", m->rcpt.address),
				F_STR("note", m->policy.found[id].note));
}

/* Runs, and runs again, until the policy has a verdict. */
static void decide(struct session *s)
{
	struct receipt *m = s->mail;
	enum verdict verdict = policy_run(&m->policy, AT_RCPT, m->asks, &m->facts);

	m->deciding = verdict == WAIT;
	if (verdict != WAIT && m->facts.domain) {
		tally_count(s->w->tally, m->facts.domain->id, &m->policy);
		say_would_refuse(s);
	}
	switch (verdict) {
	case WAIT:
		return;
	case REFUSE:
		refuse_rcpt(s);
		break;
	case PASS:
		take_rcpt(s);
		break;
	}
	settings_unref(m->settings);
	m->settings = NULL;
	receipt_count_memory(m);
}

void rcpt_answered(struct receipt *m)
{
	struct session *s = m->session;

	if (m->trial) {
		trial_answered(m);
		return;
	}
	if (!m->deciding)
		return; /* asked ahead by a check whose turn never came */
	decide(s);
	if (!m->deciding)
		session_resume(s);
}

/* RFC 5321 §4.5.1: <postmaster> without a domain is taken.  It goes to the postmaster of the domain
 * that was added first: that is the operator's own. */
static bool place_postmaster(struct receipt *m)
{
	if (m->rcpt.domain.n || !m->settings || !m->settings->domain_count)
		return true;

	const struct domain *first = m->settings->by_id[0];
	char *address = arena_printf(m->arena, "postmaster@%s", first->name.at);

	return address && path_is_address(str_of(address), &m->rcpt);
}

static void state_facts(const struct session *s, struct receipt *m)
{
	facts_state(m, &(struct facts_client){
			       .text = str_of(s->peer.text),
			       .ip = address_ip(&s->peer),
			       .helo = str_of(s->helo),
			       .hurried = s->hurried,
		       });
}

void receive_rcpt(struct session *s, const struct smtpd_request *r)
{
	struct receipt *m = s->mail;

	if (m->rcpt_count >= RCPTS_ALWAYS && spool_is_crowded(m->budget)) {
		session_count(s, COUNTER_deferred_rcpts);
		session_answer(s, REPLY_CROWDED);
		return;
	}
	/* Who has too many sends the rest in another mail; whose DATA failed would try in vain. */
	if (arena_used(m->arena) > MAIL_ARENA_MAX - MAIL_KEEPS) {
		session_count(s, COUNTER_deferred_rcpts);
		session_answer(s, REPLY_NO_MEMORY);
		return;
	}
	if (!defend_rate(s, GUARD_RECIPIENTS)) {
		session_count(s, COUNTER_deferred_rcpts);
		session_answer(s, REPLY_RATE_RECIPIENTS);
		return;
	}
	settings_unref(m->settings);
	m->settings = settings_board_get(&s->w->d->settings);
	m->notify = r->notify;
	m->orcpt = arena_dup(m->arena, r->orcpt);
	if (!m->orcpt.at || !path_keep(m->arena, &r->path, &m->rcpt) || !place_postmaster(m)) {
		session_answer(s, REPLY_NO_MEMORY);
		return;
	}
	state_facts(s, m);
	asks_forget(m->asks);
	policy_start(&m->policy);
	decide(s);
}
