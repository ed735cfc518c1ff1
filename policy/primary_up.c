/* primary_up.c: while the primary is up, whoever comes to the backup is told to go there.
 *
 * Senders that keep to the rules try the first server first and come here only when they cannot
 * reach it; many that do not come here first, because backups are often softer.  Now and then an
 * honest sender cannot reach a primary that we can (the path between them is broken), and no 4xx
 * may keep its mail away for ever: who has tried so many times over so long a time is taken, and
 * then known for a day.
 *
 * It is up when it was so when we last spoke with it: whoever switches this on has the first mails
 * of an outage wait for the same escape.
 *
 * A reflector is the only server that its domain has; there it is never asked for.
 * SPDX-License-Identifier: ISC */
#include "policy/primary_up.h"

#include "base/clock.h"
#include "base/human.h"
#include "policy/checks.h"
#include "policy/client.h"

bool primary_up_rules(const struct mail *m)
{
	return m->policy->primary_up == PRIMARY_UP_DEFER && m->primary == STANDING_UP &&
	       m->domain && m->domain->mode == DOMAIN_BACKUP &&
	       m->policy->mode[CHECK_primary_up] != MODE_OFF;
}

static enum verdict try_there(const struct mail *m, const struct answer *tried, struct str client,
			      struct ruling *r)
{
	policy_note(r, m, "the primary is up; %.*s has tried %u of %lld times", STR_ARGS(client),
		    tried->tried, (long long)m->policy->primary_up_tries);
	return policy_refuse(r, REPLY_PRIMARY_IS_UP);
}

static enum verdict escaped(const struct mail *m, const struct answer *tried, struct str client,
			    struct ruling *r)
{
	char at[CLOCK_DATE_MAX], span[HUMAN_MAX];

	if (tried->known)
		policy_note(r, m, "the primary is up; %.*s seems not to reach it",
			    STR_ARGS(client));
	else
		policy_note(r, m, "the primary is up; %.*s has tried %u times, first at %s, %s ago",
			    STR_ARGS(client), tried->tried, clock_rfc3339(tried->first_ms, at),
			    human_span(m->now_ms - tried->first_ms, span));
	return PASS;
}

static enum verdict primary_up_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	char key[CLIENT_KEY_MAX];
	const struct answer *tried;
	struct str client;

	if (client_wants_postmaster(m))
		return PASS;
	tried = client_ask(asks, m, ASK_TRIES, key, &client);
	if (!tried)
		return WAIT;
	switch (tried->status) {
	case ANSWER_FOUND:
		return escaped(m, tried, client, r);
	case ANSWER_NONE:
		return try_there(m, tried, client, r);
	case ANSWER_ERROR:
		break;
	}
	policy_note(r, m, "cannot tell now how often %.*s has tried", STR_ARGS(client));
	return PASS;
}

const struct check check_primary_up = {
	.id = CHECK_primary_up,
	.stage = AT_RCPT,
	.applies = primary_up_rules,
	.run = primary_up_run,
	.says = "mail that the primary can take goes there",
};
