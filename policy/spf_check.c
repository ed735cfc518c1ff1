/* spf_check.c: what the sender's domain says of the client (RFC 7208), as a verdict.
 *
 * A result is a refusal only where the domain's settings make it one; neutral is treated as none,
 * as RFC 7208 §8.2 has it.  What cannot be found out (temperror) is never refused for good.
 *
 * Words of the sender's domain (exp=) stand in the reply as its own, in quotes.
 * SPDX-License-Identifier: ISC */
#include "policy/spf_check.h"

#include "base/idn.h"
#include "base/utf8.h"
#include "policy/checks.h"

/* RFC 8616 §4: what DNS is asked for has A-labels.  The sender's domain has them in struct mail. */
static struct str asked_for(struct str name, char out[IDN_DOMAIN_MAX])
{
	struct str ascii;

	return utf8_has_8bit(name) && idn_domain(name, out, &ascii) ? ascii : name;
}

const struct spf_result *spf_of_mail(struct asks *asks, const struct mail *m)
{
	char local[65], helo[IDN_DOMAIN_MAX];

	if (m->spf->code != SPF_WAIT)
		return m->spf;

	const struct spf_query query = {
		.client = m->ip,
		.helo = asked_for(m->helo, helo),
		.local = path_unquote(m->sender.local, local),
		.domain = m->sender.domain,
		.receiver = m->hostname,
		.now_ms = m->now_ms,
	};

	return spf_check(asks, &query, m->spf) == SPF_WAIT ? NULL : m->spf;
}

bool spf_is_asked(const struct mail *m)
{
	return !policy_is_inside(&m->ip);
}

/* -- the verdict ------------------------------------------------------------------------------- */

static enum policy_action action_for(enum spf code, const struct policy_settings *p)
{
	switch (code) {
	case SPF_FAIL:
		return (enum policy_action)p->spf.fail;
	case SPF_SOFTFAIL:
		return (enum policy_action)p->spf.softfail;
	case SPF_NONE:
	case SPF_NEUTRAL:
		return (enum policy_action)p->spf.none;
	case SPF_PERMERROR:
		return (enum policy_action)p->spf.permerror;
	case SPF_TEMPERROR:
		return (enum policy_action)p->spf.temperror;
	case SPF_PASS:
	case SPF_WAIT:
		break;
	}
	return ACTION_PASS;
}

static void note(struct ruling *r, const struct mail *m, const struct spf_result *spf)
{
	const char *of = spf->of_helo ? " (HELO)" : "";

	if (spf->mechanism[0])
		policy_note(r, m, "%s for %s%s by %s", spf_name(spf->code), spf->domain, of,
			    spf->mechanism);
	else
		policy_note(r, m, "%s for %s%s: %s", spf_name(spf->code), spf->domain, of,
			    spf->reason);
}

/* RFC 7372 §3.2 */
static enum verdict refuse(struct ruling *r, const struct mail *m, const struct spf_result *spf,
			   bool later)
{
	const char *d = spf->domain;

	switch (spf->code) {
	case SPF_FAIL:
		if (spf->explanation[0])
			return policy_refuse_in_words(r, m,
						      later ? REPLY_SPF_FAIL_LATER : REPLY_SPF_FAIL,
						      "SPF: %s says of %.*s: \"%s\"", d,
						      STR_ARGS(m->client), spf->explanation);
		return policy_refuse_in_words(r, m, later ? REPLY_SPF_FAIL_LATER : REPLY_SPF_FAIL,
					      "SPF: %s does not let %.*s send for it", d,
					      STR_ARGS(m->client));
	case SPF_SOFTFAIL:
		return policy_refuse_in_words(r, m, later ? REPLY_SPF_FAIL_LATER : REPLY_SPF_FAIL,
					      "SPF: %s does not name %.*s as its sender", d,
					      STR_ARGS(m->client));
	case SPF_PERMERROR:
		return policy_refuse_in_words(r, m, later ? REPLY_SPF_ERROR_LATER : REPLY_SPF_ERROR,
					      "SPF: what %s says is wrong: %s", d, spf->reason);
	case SPF_TEMPERROR:
		return policy_refuse_in_words(r, m, REPLY_SPF_ERROR_LATER,
					      "SPF: what %s says cannot be found out, try later",
					      d);
	case SPF_NONE:
	case SPF_NEUTRAL:
	case SPF_PASS:
	case SPF_WAIT:
		break;
	}
	return policy_refuse_in_words(r, m, later ? REPLY_POLICY_LATER : REPLY_SPF_NONE,
				      "SPF: %s does not say who may send for it", d);
}

static enum verdict spf_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	const struct spf_result *spf;
	enum policy_action action;

	if (!spf_is_asked(m))
		return PASS;
	spf = spf_of_mail(asks, m);
	if (!spf)
		return WAIT;
	note(r, m, spf);
	action = action_for(spf->code, m->policy);
	if (action == ACTION_PASS)
		return PASS;
	return refuse(r, m, spf, action == ACTION_DEFER);
}

const struct check check_spf = {
	.id = CHECK_spf,
	.stage = AT_RCPT,
	.eager = true,
	.run = spf_run,
	.says = "the sender's domain names the client as one that may send for it",
};
