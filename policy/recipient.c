/* recipient.c: the valid-user list: is the domain ours, and does its server know the user?
 *
 * Refusing here what the primary would refuse later is what keeps a backup MX from being a source
 * of backscatter.  The list is our own table, because asking the primary fails exactly when the
 * primary is down.
 *
 * What cannot be told now is 4xx, never 5xx: settings that could not be read, a lookup that failed,
 * and a domain whose list has not been loaded yet.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

#include "base/idn.h"

/* The list has no entry. */
static enum verdict unknown_user(const struct domain *d, struct ruling *r)
{
	switch (d->unknown) {
	case UNKNOWN_ACCEPT:
		return PASS;
	case UNKNOWN_DEFER:
		return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
	case UNKNOWN_REJECT:
		break;
	}
	return policy_refuse(r, d->has_recipients ? REPLY_NO_SUCH_USER : REPLY_RCPT_UNKNOWN_NOW);
}

/* "User+tag" gives "user"; "" without a delimiter, or when nothing stands before it. */
static struct str without_subaddress(const struct domain *d, struct str folded)
{
	ptrdiff_t at = d->subaddress ? str_find(folded, d->subaddress) : -1;

	return at > 0 ? (struct str){ folded.at, (size_t)at } : STR_NONE;
}

static enum verdict recipient_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	const struct domain *d = m->domain;

	if (!m->settings || (!d && m->settings_stale))
		return policy_refuse(r, REPLY_SETTINGS_UNREAD);
	if (!d)
		return policy_refuse(r, REPLY_NOT_OURS);
	if (!d->enabled)
		return policy_refuse(r, REPLY_DOMAIN_OFF);

	char unquoted[65], folded[IDN_LOCAL_MAX];
	struct str local = path_unquote(m->rcpt.local, unquoted);

	if (!idn_local(local, folded, &local))
		return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
	if (str_eq(local, STR("postmaster"))) /* RFC 5321 §4.5.1 */
		return PASS;

	const struct answer *listed = ask(asks, &(struct question){
						  .kind = ASK_RECIPIENT,
						  .domain = d->id,
						  .name = local,
						  .base = without_subaddress(d, local),
					  });

	if (!listed)
		return WAIT;
	if (listed->status == ANSWER_ERROR)
		return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
	if (listed->status == ANSWER_NONE)
		return unknown_user(d, r);
	return listed->accept ? PASS : policy_refuse(r, REPLY_NO_SUCH_USER);
}

const struct check check_recipient = {
	.id = CHECK_recipient,
	.stage = AT_RCPT,
	.always = true,
	.run = recipient_run,
	.says = "the domain is ours and the user is in its list",
};
