/* helo.c: the name that the client greets with.
 *
 * Wrong is a name that is certainly not the client's: our own, an address that is not the client's,
 * no full name, or one that DNS says does not exist.  That it resolves to another address than the
 * client's is not wrong: half of the honest world does that.
 *
 * RFC 5321 §4.1.4 has servers not refuse mail for a name that does not match; therefore it marks
 * unless the domain says otherwise.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

#include <string.h>

/* [192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321 §4.1.3): is it the client's own? */
static enum verdict literal(const struct mail *m, struct ruling *r)
{
	struct str inner = { m->helo.at + 1, m->helo.n - 2 };
	struct ip ip;

	if (str_istarts(inner, STR("IPv6:")))
		inner = str_from(inner, 5);
	if (m->helo.at[m->helo.n - 1] == ']' && ip_parse(inner, &ip) && ip_eq(&ip, &m->ip))
		return PASS;
	policy_note(r, m, "%.*s is not its address", STR_ARGS(m->helo));
	return policy_refuse(r, REPLY_BAD_HELO_NAME);
}

/* Neither an address of IPv4 nor one of IPv6: certainly none. */
static enum verdict unresolved(struct asks *asks, const struct mail *m, struct ruling *r)
{
	const struct answer *v4 = ask_dns(asks, m->helo, DNS_A, DNS_OF_NAMES);
	const struct answer *v6 = ask_dns(asks, m->helo, DNS_AAAA, DNS_OF_NAMES);

	if ((v4 && v4->status != ANSWER_NONE) || (v6 && v6->status != ANSWER_NONE))
		return PASS;
	if (!v4 || !v6)
		return WAIT;
	policy_note(r, m, "%.*s is not in DNS", STR_ARGS(m->helo));
	return policy_refuse(r, REPLY_BAD_HELO_NAME);
}

static enum verdict helo_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	if (policy_is_inside(&m->ip))
		return PASS;
	if (m->helo.n > 2 && m->helo.at[0] == '[')
		return literal(m, r);
	if (str_ieq(m->helo, m->hostname) || (m->domain && str_ieq(m->helo, m->domain->name))) {
		policy_note(r, m, "%.*s is our own name", STR_ARGS(m->helo));
		return policy_refuse(r, REPLY_BAD_HELO_NAME);
	}
	if (str_find(m->helo, '.') < 0) {
		policy_note(r, m, "%.*s is no full name", STR_ARGS(m->helo));
		return policy_refuse(r, REPLY_BAD_HELO_NAME);
	}
	return unresolved(asks, m, r);
}

const struct check check_helo = {
	.id = CHECK_helo,
	.stage = AT_RCPT,
	.eager = true,
	.run = helo_run,
	.says = "the name that the client greets with can be its own",
};
