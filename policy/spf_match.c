/* spf_match.c: the mechanisms that ask (RFC 7208 §5) and the name of the client for %{p}.
 *
 * All hosts of one mechanism are asked for before any answer is looked at.  That a list is walked
 * to its end each time keeps the count of questions the same in every run.
 * SPDX-License-Identifier: ISC */
#include "policy/spf_private.h"

#include <stdio.h>
#include <string.h>

static const struct answer could_not_ask = { .status = ANSWER_ERROR };

const struct answer *spf_ask(struct spf_run *run, struct str name, enum dns_type type)
{
	if (++run->questions > SPF_QUESTIONS_MAX)
		return &could_not_ask;
	return ask_dns(run->asks, name, type, DNS_OF_NAMES);
}

/* -- addresses -------------------------------------------------------------------------------- */

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned rest = bits % 8;

	return memcmp(a, b, bits / 8) == 0 &&
	       (!rest || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0);
}

/* A mapped address is IPv4 and nothing else (RFC 7208 §5). */
bool spf_match_network(const struct spf_run *run, const struct spf_term *t)
{
	if (run->v4 != (t->kind == SPF_IP4))
		return false;
	return run->v4 ? same_bits(run->query->client.at + 12, t->ip.at + 12, t->v4_bits)
		       : same_bits(run->query->client.at, t->ip.at, t->v6_bits);
}

static enum dns_type address_type(const struct spf_run *run)
{
	return run->v4 ? DNS_A : DNS_AAAA;
}

static bool has_client(const struct spf_run *run, const struct answer *a, unsigned v4_bits,
		       unsigned v6_bits)
{
	size_t wanted = run->v4 ? 4 : 16;
	const unsigned char *client = run->query->client.at + 16 - wanted;

	for (size_t i = 0; a->status == ANSWER_FOUND && i < a->record_count; i++) {
		struct str data = a->records[i].data;

		if (data.n == wanted &&
		    same_bits(client, (const unsigned char *)data.at, run->v4 ? v4_bits : v6_bits))
			return true;
	}
	return false;
}

/* What was asked of the term itself: no, or what ends it; YES: go on.  A name that cannot be asked
 * for is no lookup that came back empty. */
static enum spf_match judge(struct spf_run *run, const struct answer *a, struct str name)
{
	if (!a)
		return SPF_MATCH_WAIT;
	switch (a->status) {
	case ANSWER_FOUND:
		return SPF_MATCH_YES;
	case ANSWER_NONE:
		if (!dns_name_is_valid(name) || ++run->voids <= SPF_VOIDS_MAX)
			return SPF_MATCH_NO;
		(void)spf_because(run, SPF_PERMERROR, "too many lookups came back empty");
		return SPF_MATCH_PERMERROR;
	case ANSWER_ERROR:
		break;
	}
	if (run->questions > SPF_QUESTIONS_MAX) {
		(void)spf_because(run, SPF_PERMERROR, "it takes too many questions");
		return SPF_MATCH_PERMERROR;
	}
	(void)spf_because(run, SPF_TEMPERROR, "a name in the record cannot be looked up");
	return SPF_MATCH_TEMPERROR;
}

enum spf_match spf_match_a(struct spf_run *run, const struct spf_term *t, struct str target)
{
	const struct answer *a = spf_ask(run, target, address_type(run));
	enum spf_match match = judge(run, a, target);

	if (match != SPF_MATCH_YES)
		return match;
	return has_client(run, a, t->v4_bits, t->v6_bits) ? SPF_MATCH_YES : SPF_MATCH_NO;
}

/* RFC 7208 §5.7: A, whatever the client's address is. */
enum spf_match spf_match_exists(struct spf_run *run, const struct spf_term *t UNUSED,
				struct str target)
{
	return judge(run, spf_ask(run, target, DNS_A), target);
}

/* RFC 7208 §5.4.  An empty answer for one of the hosts is not held against the record: a host that
 * has no IPv6 is nobody's mistake. */
enum spf_match spf_match_mx(struct spf_run *run, const struct spf_term *t, struct str target)
{
	const struct answer *mx = spf_ask(run, target, DNS_MX);
	enum spf_match match = judge(run, mx, target);
	bool waits = false, failed = false, found = false;

	if (match != SPF_MATCH_YES)
		return match;
	if (mx->record_count > SPF_HOSTS_MAX) {
		(void)spf_because(run, SPF_PERMERROR, "too many hosts in an MX");
		return SPF_MATCH_PERMERROR;
	}
	for (size_t i = 0; i < mx->record_count; i++) {
		const struct answer *a = spf_ask(run, mx->records[i].data, address_type(run));

		waits = waits || !a;
		failed = failed || (a && a->status == ANSWER_ERROR);
		found = found || (a && has_client(run, a, t->v4_bits, t->v6_bits));
	}
	if (found)
		return SPF_MATCH_YES;
	if (waits)
		return SPF_MATCH_WAIT;
	return failed ? judge(run, &could_not_ask, target) : SPF_MATCH_NO;
}

/* -- names of the client ---------------------------------------------------------------------- */

struct str spf_dotted_ip(const struct ip *ip, char out[64])
{
	const unsigned char *b = ip->at;
	size_t n = 0;

	if (ip_is_v4(ip)) {
		int used = snprintf(out, 64, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);

		return (struct str){ out, (size_t)used };
	}
	for (unsigned i = 0; i < 16; i++) {
		out[n++] = "0123456789ABCDEF"[b[i] >> 4];
		out[n++] = '.';
		out[n++] = "0123456789ABCDEF"[b[i] & 15];
		out[n++] = '.';
	}
	return (struct str){ out, n - 1 };
}

/* NULL: WAIT. */
static const struct answer *ask_names(struct spf_run *run)
{
	char name[DNS_NAME_MAX + 1];

	dns_reverse_name(name, &run->query->client);
	return spf_ask(run, str_of(name), DNS_PTR);
}

/* 3: the domain itself, 2: below it, 1: another. */
static int closeness(struct str name, struct str domain)
{
	size_t more = name.n - domain.n;

	if (!domain.n || name.n < domain.n || !str_ieq(str_from(name, more), domain))
		return 1;
	if (!more)
		return 3;
	return name.at[more - 1] == '.' ? 2 : 1;
}

/* Of the client's names that lead back to it, the closest to domain, of at least `least`
 * (RFC 7208 §5.5).  What cannot be looked up is skipped.  False: WAIT. */
static bool find_name(struct spf_run *run, struct str domain, int least, struct str *ret)
{
	const struct answer *names = ask_names(run);
	int best = 0;
	bool waits = false;

	if (!names)
		return false;
	*ret = STR_NONE;
	for (size_t i = 0; names->status == ANSWER_FOUND && i < names->record_count; i++) {
		struct str name = names->records[i].data;
		int close = closeness(name, domain);
		const struct answer *a;

		if (i == SPF_HOSTS_MAX)
			break;
		if (close < least)
			continue;
		a = spf_ask(run, name, address_type(run));
		waits = waits || !a;
		if (!a || close <= best || !has_client(run, a, 32, 128))
			continue;
		best = close;
		*ret = name;
	}
	return !waits;
}

enum spf_match spf_match_ptr(struct spf_run *run, const struct spf_term *t UNUSED,
			     struct str target)
{
	struct str name;

	if (!find_name(run, target, 2, &name))
		return SPF_MATCH_WAIT;
	return name.n ? SPF_MATCH_YES : SPF_MATCH_NO;
}

bool spf_client_name(struct spf_run *run, struct str domain, struct str *ret)
{
	if (!find_name(run, domain, 1, ret))
		return false;
	if (!ret->n)
		*ret = STR("unknown");
	return true;
}
