/* sender.c: can the sender's domain receive the bounce that it might get?
 *
 * Wrong is a domain that says itself that it takes no mail (null MX, RFC 7505), and one that is
 * certainly not there: no MX, and no address that would stand for one (RFC 5321 §5.1).  Whether the
 * MX hosts exist is not looked at: honest domains have broken ones among them.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

static bool is_null_mx(const struct answer *mx)
{
	return mx->record_count == 1 && !mx->records[0].data.n;
}

static enum verdict without_mx(struct asks *asks, const struct mail *m, struct ruling *r)
{
	const struct answer *v4 = ask_dns(asks, m->sender.domain, DNS_A, DNS_OF_NAMES);
	const struct answer *v6 = ask_dns(asks, m->sender.domain, DNS_AAAA, DNS_OF_NAMES);

	if ((v4 && v4->status != ANSWER_NONE) || (v6 && v6->status != ANSWER_NONE))
		return PASS;
	if (!v4 || !v6)
		return WAIT;
	policy_note(r, m, "%.*s is not in DNS", STR_ARGS(m->sender.domain));
	return policy_refuse(r, REPLY_SENDER_NOWHERE);
}

static enum verdict sender_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	const struct answer *mx;

	if (!m->sender.domain.n || m->sender.domain.at[0] == '[' || policy_is_inside(&m->ip))
		return PASS;
	mx = ask_dns(asks, m->sender.domain, DNS_MX, DNS_OF_NAMES);
	if (!mx)
		return WAIT;
	if (mx->status == ANSWER_ERROR)
		return PASS;
	if (mx->status == ANSWER_NONE)
		return without_mx(asks, m, r);
	if (!is_null_mx(mx))
		return PASS;
	policy_note(r, m, "%.*s takes no mail", STR_ARGS(m->sender.domain));
	return policy_refuse(r, REPLY_SENDER_NULL_MX);
}

const struct check check_sender = {
	.id = CHECK_sender,
	.stage = AT_RCPT,
	.eager = true,
	.run = sender_run,
	.says = "the sender's domain is there and takes mail",
};
