/* dnslist_catalogue.c: THE catalogue of well-known lists, one row each.
 *
 * A code's number is its share in percent of what the list weighs: a list that also names the
 * doubtful is not believed as much there.  Weights are what counts in "recommended": none of those
 * reaches the threshold by itself, two of them have to agree.
 *
 * Recommended are lists that are free for small sites without asking anybody, and known for few
 * mistakes.  Zones that are no more stand here too, so that nobody sets one that was taken over by
 * a dealer of names and lists the world.
 * SPDX-License-Identifier: ISC */
#include "db/dnslist.h"

#include <string.h>

/* clang-format off */
#define LAST(from, to, percent, meaning) \
	{ .low = { 0, 0, (from) }, .high = { 0, 0, (to) }, .weight = (percent), .says = (meaning) }
#define THIRD(third, from, to, percent, meaning) \
	{ .low = { 0, (third), (from) }, .high = { 0, (third), (to) }, .weight = (percent), \
	  .says = (meaning) }
#define TRUST(level, percent, meaning) \
	{ .low = { 0, 2, (level) }, .high = { 0, 20, (level) }, .weight = (percent), \
	  .says = (meaning) }
#define BITS(set, percent, meaning) \
	{ .low = { 0, 0, 2 }, .high = { 0, 0, 254 }, .bits = (set), .weight = (percent), \
	  .says = (meaning) }

static const struct dnslist_code plain[] = {
	LAST(2, 2, 100, "sends spam"),
};
static const struct dnslist_code zen[] = {
	LAST(2, 2, 100, "spam source"),
	LAST(3, 3, 100, "spam source, found by machine"),
	LAST(4, 7, 100, "infected or open to abuse"),
	LAST(9, 9, 100, "hijacked network"),
	LAST(10, 11, 85, "end users that send no mail themselves"),
	LAST(30, 30, 100, "controls a botnet"),
};
static const struct dnslist_code mailspike[] = {
	LAST(2, 2, 100, "takes part in an outbreak"),
	LAST(10, 10, 100, "worst reputation"),
	LAST(11, 11, 80, "very bad reputation"),
	LAST(12, 12, 60, "bad reputation"),
};
static const struct dnslist_code dnswl[] = {
	TRUST(3, 100, "high trust"),
	TRUST(2, 50, "medium trust"),
	TRUST(1, 25, "low trust"),
	TRUST(0, 15, "no trust, but much good mail"),
};
static const struct dnslist_code dbl[] = {
	THIRD(1, 2, 2, 100, "spam domain"),
	THIRD(1, 4, 4, 100, "phishing domain"),
	THIRD(1, 5, 5, 100, "malware domain"),
	THIRD(1, 6, 6, 100, "botnet domain"),
	THIRD(1, 102, 106, 30, "good domain that is abused"),
};
static const struct dnslist_code zrd[] = {
	THIRD(2, 2, 24, 100, "seen for the first time today"),
};
static const struct dnslist_code surbl[] = {
	BITS(8, 100, "phishing"),
	BITS(16, 100, "malware"),
	BITS(64, 100, "spam site"),
	BITS(128, 30, "cracked site"),
};
static const struct dnslist_code uribl[] = {
	BITS(2, 100, "belongs to spammers"),
	BITS(4, 20, "in bulk mail"),
	BITS(8, 10, "new"),
};

#define CODES(of) .codes = (of), .code_count = COUNT(of)
#define IP46      (DNSLIST_IP4 | DNSLIST_IP6)

const struct dnslist_row dnslist_catalogue[] = {
	{ .list = { .zone = "zen.spamhaus.org", .kinds = IP46, CODES(zen) },
	  .weight = 7, .recommended = true,
	  .terms = "free for small non-commercial sites with a resolver of their own" },
	{ .list = { .zone = "zen.dq.spamhaus.net", .kinds = IP46, CODES(zen) },
	  .weight = 7, .keyed = true, .terms = "KEY.zen.dq.spamhaus.net, with an account" },
	{ .list = { .zone = "bl.spamcop.net", .kinds = DNSLIST_IP4, CODES(plain) },
	  .weight = 5, .recommended = true, .terms = "free" },
	{ .list = { .zone = "psbl.surriel.com", .kinds = DNSLIST_IP4, CODES(plain) },
	  .weight = 4, .recommended = true, .terms = "free" },
	{ .list = { .zone = "bl.mailspike.net", .kinds = DNSLIST_IP4, CODES(mailspike) },
	  .weight = 4, .terms = "free up to 100,000 questions a day" },
	{ .list = { .zone = "b.barracudacentral.org", .kinds = DNSLIST_IP4, CODES(plain) },
	  .weight = 4, .terms = "free, the resolver's address has to be registered" },
	{ .list = { .zone = "truncate.gbudb.net", .kinds = DNSLIST_IP4, CODES(plain) },
	  .weight = 4, .terms = "free" },
	{ .list = { .zone = "dnsbl-1.uceprotect.net", .kinds = DNSLIST_IP4, CODES(plain) },
	  .weight = 3, .terms = "free" },
	{ .list = { .zone = "list.dnswl.org", .kinds = IP46, CODES(dnswl) },
	  .weight = 40, .good = true, .recommended = true,
	  .terms = "free up to 100,000 questions a day" },
	{ .list = { .zone = "dbl.spamhaus.org", .kinds = DNSLIST_NAMES, CODES(dbl),
		    .listed_point = "dbltest.com" },
	  .weight = 7, .recommended = true,
	  .terms = "free for small non-commercial sites with a resolver of their own" },
	{ .list = { .zone = "dbl.dq.spamhaus.net", .kinds = DNSLIST_NAMES, CODES(dbl),
		    .listed_point = "dbltest.com" },
	  .weight = 7, .keyed = true, .terms = "KEY.dbl.dq.spamhaus.net, with an account" },
	{ .list = { .zone = "zrd.dq.spamhaus.net", .kinds = DNSLIST_NAMES, CODES(zrd) },
	  .weight = 3, .keyed = true, .terms = "KEY.zrd.dq.spamhaus.net, with an account" },
	{ .list = { .zone = "multi.uribl.com", .kinds = DNSLIST_NAMES, CODES(uribl),
		    .registered = true, .listed_point = "2.0.0.127" },
	  .weight = 6, .recommended = true, .terms = "free for small sites" },
	{ .list = { .zone = "multi.surbl.org", .kinds = DNSLIST_NAMES, CODES(surbl),
		    .registered = true,
		    .listed_point = "surbl-org-permanent-test-point.com" },
	  .weight = 6, .terms = "free for small sites" },
	{ .list = { .zone = "dnsbl.sorbs.net" }, .closed = "2024" },
	{ .list = { .zone = "ix.dnsbl.manitu.net" }, .closed = "2025" },
	{ .list = { .zone = "list.dsbl.org" }, .closed = "2008" },
	{ .list = { .zone = "dnsbl.njabl.org" }, .closed = "2013" },
	{ .list = { .zone = "dnsbl.ahbl.org" }, .closed = "2015" },
	{ .list = { .zone = "rhsbl.ahbl.org" }, .closed = "2015" },
	{ .list = { .zone = "bl.spamcannibal.org" }, .closed = "2018" },
};
/* clang-format on */
const size_t dnslist_catalogue_count = COUNT(dnslist_catalogue);

/* Is zone "KEY.row"?  The key is one label. */
static bool is_keyed(struct str zone, struct str row)
{
	struct str key, rest;

	return str_cut(zone, '.', &key, &rest) && key.n && str_ieq(rest, row);
}

const struct dnslist_row *dnslist_find(struct str zone)
{
	for (size_t i = 0; i < dnslist_catalogue_count; i++) {
		const struct dnslist_row *row = &dnslist_catalogue[i];
		struct str name = str_of(row->list.zone);

		if (str_ieq(zone, name) || (row->keyed && is_keyed(zone, name)))
			return row;
	}
	return NULL;
}
