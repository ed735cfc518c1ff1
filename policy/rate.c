/* rate.c: how many recipients of the domain a client names in a minute.
 *
 * The count is a fact (relay/facts.c): to count is an effect, and a check may be run many times.
 * The limits of conf (rate.*) hold for all domains together and before anybody is asked.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

static enum verdict rate_run(struct asks *asks UNUSED, const struct mail *m, struct ruling *r)
{
	if (!m->too_fast)
		return PASS;
	policy_note(r, m, "more than %lld recipients a minute",
		    (long long)m->policy->client_rate);
	return policy_refuse(r, REPLY_CLIENT_RATE);
}

static bool rate_applies(const struct mail *m)
{
	return m->policy->client_rate > 0;
}

const struct check check_rate = {
	.id = CHECK_rate,
	.stage = AT_RCPT,
	.applies = rate_applies,
	.run = rate_run,
	.says = "the client does not name too many recipients in a minute",
};
