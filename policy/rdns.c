/* rdns.c: see rdns.h; and the check of it.
 *
 * All names are asked about at once.  One that is confirmed is enough, whatever the others are.
 * SPDX-License-Identifier: ISC */
#include "policy/rdns.h"

#include <string.h>

#include "policy/checks.h"

/* Does an A or AAAA answer hold the client's address? */
static bool holds(const struct answer *answer, const struct ip *ip)
{
	bool v4 = ip_is_v4(ip);

	for (size_t i = 0; i < answer->record_count; i++) {
		struct str data = answer->records[i].data;

		if (data.n == (v4 ? 4 : 16) &&
		    memcmp(data.at, v4 ? ip->at + 12 : ip->at, data.n) == 0)
			return true;
	}
	return false;
}

enum rdns rdns_look_up(struct asks *asks, const struct mail *m, struct str *ret_name)
{
	enum dns_type type = ip_is_v4(&m->ip) ? DNS_A : DNS_AAAA;
	char reversed[DNS_NAME_MAX + 1];
	const struct answer *names;
	enum rdns all = RDNS_STRANGE;

	dns_reverse_name(reversed, &m->ip);
	names = ask_dns(asks, str_of(reversed), DNS_PTR, DNS_OF_CLIENT);
	if (!names)
		return RDNS_WAIT;
	if (names->status != ANSWER_FOUND)
		return names->status == ANSWER_NONE ? RDNS_NONE : RDNS_UNKNOWN;
	*ret_name = names->records[0].data;
	for (size_t i = 0; i < names->record_count && i < RDNS_NAMES_MAX; i++) {
		const struct answer *back =
			ask_dns(asks, names->records[i].data, type, DNS_OF_CLIENT);

		if (back && back->status == ANSWER_FOUND && holds(back, &m->ip)) {
			*ret_name = names->records[i].data;
			return RDNS_CONFIRMED;
		}
		if (!back)
			all = RDNS_WAIT;
		else if (back->status == ANSWER_ERROR && all != RDNS_WAIT)
			all = RDNS_UNKNOWN;
	}
	return all;
}

static enum verdict rdns_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	struct str name = STR_NONE;

	if (policy_is_inside(&m->ip))
		return PASS;
	switch (rdns_look_up(asks, m, &name)) {
	case RDNS_WAIT:
		return WAIT;
	case RDNS_CONFIRMED:
		policy_note(r, m, "%.*s", STR_ARGS(name));
		return PASS;
	case RDNS_UNKNOWN:
		policy_note(r, m, "DNS did not tell");
		return PASS;
	case RDNS_NONE:
		policy_note(r, m, "%.*s has no name in DNS", STR_ARGS(m->client));
		break;
	case RDNS_STRANGE:
		policy_note(r, m, "%.*s does not have the address %.*s", STR_ARGS(name),
			    STR_ARGS(m->client));
		break;
	}
	return policy_refuse(r, REPLY_NO_REVERSE_NAME);
}

const struct check check_rdns = {
	.id = CHECK_rdns,
	.stage = AT_RCPT,
	.eager = true,
	.run = rdns_run,
	.says = "the client's address has a name, and the name that address",
};
