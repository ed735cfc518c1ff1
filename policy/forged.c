/* forged.c: a sender of the customer's own domain, from outside.
 *
 * The customer's own mail goes by his own server, which has no reason to send it to his backup MX.
 * Who sends for him elsewhere (a newsletter service) passes by SPF or the allow-list.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"
#include "policy/spf_check.h"

static enum verdict forged_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	const struct spf_result *spf;

	if (!m->domain || !str_ieq(m->sender.domain, m->domain->name) || !spf_is_asked(m))
		return PASS;
	spf = spf_of_mail(asks, m);
	if (!spf)
		return WAIT;
	if (spf->code == SPF_PASS) {
		policy_note(r, m, "%.*s passes SPF", STR_ARGS(m->sender.domain));
		return PASS;
	}
	/* What SPF could not find out may yet be right. */
	if (spf->code == SPF_TEMPERROR)
		return PASS;
	policy_note(r, m, "%.*s is the domain's own", STR_ARGS(m->sender.address));
	return policy_refuse(r, REPLY_FORGED);
}

const struct check check_forged = {
	.id = CHECK_forged,
	.stage = AT_RCPT,
	.eager = true,
	.run = forged_run,
	.says = "nobody outside sends in the name of the domain itself",
};
