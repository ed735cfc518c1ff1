/* deny.c: the deny-lists of the domain and of all (db/access.h).
 *
 * The facts say already which entry counts: the runner needs the same look-up for the allow-lists.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

static enum verdict deny_run(struct asks *asks UNUSED, const struct mail *m, struct ruling *r)
{
	if (!m->denied.at)
		return PASS;
	policy_note(r, m, "%.*s", STR_ARGS(m->denied));
	return policy_refuse(r, REPLY_DENIED);
}

const struct check check_deny = {
	.id = CHECK_deny,
	.stage = AT_RCPT,
	.run = deny_run,
	.says = "client, sender and recipient are on no deny-list",
};
