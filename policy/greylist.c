/* greylist.c: a client that nobody knows yet is told to come back (RFC 6647).
 *
 * Those that do not are mostly those that send what nobody wants.  So that nobody else is hurt: a
 * client is the domain that SPF vouches for, with all its hosts, or else a network; one that came
 * back once is known from then on, and so is one that a list of good clients names; postmaster can
 * always be reached; what cannot be found out passes; and while-up lets all pass in an outage, when
 * senders are late enough as it is.
 *
 * It is last in the list and not asked ahead: its question is remembered, and what another check
 * refuses shall cost no row.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

#include "base/clock.h"
#include "base/human.h"
#include "policy/client.h"
#include "policy/dnswl.h"
#include "policy/primary_up.h"

static enum verdict must_wait(const struct mail *m, const struct answer *seen, struct str client,
			      struct ruling *r)
{
	int64_t left = seen->first_ms + m->policy->greylist_delay_ms - m->now_ms;
	long long seconds = left > 0 ? (left + 999) / 1000 : 1; /* rounded up, and never 0 */
	char at[CLOCK_DATE_MAX];

	if (seen->first_ms == m->now_ms)
		policy_note(r, m, "%.*s is new", STR_ARGS(client));
	else
		policy_note(r, m, "%.*s, first at %s, came back too early", STR_ARGS(client),
			    clock_rfc3339(seen->first_ms, at));
	return policy_refuse_in_words(r, m, REPLY_GREYLISTED,
				      "you are not known here yet, try again in %lld second%s",
				      seconds, seconds == 1 ? "" : "s");
}

static enum verdict may_pass(const struct mail *m, const struct answer *seen, struct str client,
			     struct ruling *r)
{
	char at[CLOCK_DATE_MAX], span[HUMAN_MAX];

	if (seen->known)
		policy_note(r, m, "%.*s is known, first seen at %s", STR_ARGS(client),
			    clock_rfc3339(seen->first_ms, at));
	else
		policy_note(r, m, "%.*s, greylisted first at %s, came back after %s",
			    STR_ARGS(client), clock_rfc3339(seen->first_ms, at),
			    human_span(m->now_ms - seen->first_ms, span));
	return PASS;
}

/* Where who comes back often is let pass already, that is enough. */
static bool greylist_applies(const struct mail *m)
{
	return m->policy->greylist != GREYLIST_OFF &&
	       (!primary_up_rules(m) || m->policy->mode[CHECK_primary_up] == MODE_LOG);
}

static bool rests(const struct mail *m, struct ruling *r)
{
	if (m->policy->greylist != GREYLIST_WHILE_UP || m->primary != STANDING_DOWN)
		return client_wants_postmaster(m);
	policy_note(r, m, "the primary is down");
	return true;
}

static enum verdict greylist_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	char key[CLIENT_KEY_MAX];
	const struct answer *seen;
	struct str client;
	const char *by;
	unsigned good;

	if (rests(m, r))
		return PASS;
	if (!dnswl_weight(asks, m, &good, &by)) {
		/* Who it is can be asked in the meantime; whether it came back not. */
		(void)!client_key(asks, m, key, &client);
		return WAIT;
	}
	if (good) {
		policy_note(r, m, "%.*s is named by %s", STR_ARGS(m->client), by);
		return PASS;
	}
	seen = client_ask(asks, m, ASK_GREYLIST, key, &client);
	if (!seen)
		return WAIT;
	switch (seen->status) {
	case ANSWER_FOUND:
		return may_pass(m, seen, client, r);
	case ANSWER_NONE:
		return must_wait(m, seen, client, r);
	case ANSWER_ERROR:
		break;
	}
	policy_note(r, m, "cannot tell now whether %.*s is known", STR_ARGS(client));
	return PASS;
}

const struct check check_greylist = {
	.id = CHECK_greylist,
	.stage = AT_RCPT,
	.applies = greylist_applies,
	.run = greylist_run,
	.says = "a client that nobody knows yet comes back when it is told to",
};
