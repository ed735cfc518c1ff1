/* early.c: a client that does not wait for our answers: most that do so are no mail servers.
 *
 * The session has seen it (smtp.early_pipelining sends such clients away for all domains at once);
 * here each domain decides for itself.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

static enum verdict early_run(struct asks *asks UNUSED, const struct mail *m, struct ruling *r)
{
	return m->hurried ? policy_refuse(r, REPLY_HURRIED) : PASS;
}

const struct check check_early = {
	.id = CHECK_early,
	.stage = AT_RCPT,
	.run = early_run,
	.says = "the client waits for our answers where it must",
};
