/* dns.h: what DNS answers, as values (RFC 1035 §3.3, RFC 3596): shared by those who ask (policy)
 * and by the one who knows where (net/dns).
 *
 * Whatever came is bounded here, before anybody looks at it: an answer with more records, or with a
 * record longer than the bounds, is none at all (the asker hears "unknown").
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_DNS_H
#define PROTO_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/cidr.h"
#include "base/str.h"

#define DNS_NAME_MAX    253  /* without the final dot */
#define DNS_RECORDS_MAX 128  /* in one answer */
#define DNS_DATA_MAX    8192 /* bytes of one record, the strings of a TXT joined */
#define DNS_STRINGS_MAX 100  /* in one TXT */

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
};

/* Whose choice the name is that is asked for.  What strangers choose at will leaves room for what
 * they do not. */
enum dns_rank {
	DNS_OF_NAMES,  /* a client's, as many as it likes: its sender, its greeting */
	DNS_OF_CLIENT, /* what its address is called: few, but at servers of its choice */
	DNS_OF_LISTS,  /* ours: an address, at a list that the operator has named */
	DNS_RANKS
};

struct dns_record {
	/* A: 4 bytes; AAAA: 16; PTR, CNAME, MX: the name in lower case without the final dot, ""
	 * for the root (null MX, RFC 7505); TXT: its strings joined (RFC 7208 §3.3).  Of TXT any
	 * byte may come. */
	struct str data;
	unsigned preference; /* MX */
};

/* One record's RDATA as it is on the wire, names uncompressed; the data is copied to the arena.
 * False when it is malformed or too long. */
bool dns_read_record(struct arena *a, enum dns_type type, struct str rdata,
		     struct dns_record *ret) MUST_CHECK;

/* "A", "TXT" …; and back: false when there is no such type here. */
const char *dns_type_name(enum dns_type type);
bool dns_type_parse(struct str name, enum dns_type *ret) MUST_CHECK;

/* The name that may be asked for: labels of 1 to 63 bytes, at most DNS_NAME_MAX in all, a final dot
 * is dropped.  Any printable ASCII but the backslash stands in labels: SPF macros make such names
 * (RFC 7208 §7.1), with blanks too. */
bool dns_name_is_valid(struct str name);

/* "2.0.0.127" or the 32 nibbles of IPv6, reversed (RFC 5782 §2.1, §2.4), with ".zone" behind;
 * false when the name would be too long. */
bool dns_reversed_to(char out[DNS_NAME_MAX + 1], const struct ip *ip, const char *zone) MUST_CHECK;
/* Where its names stand: in in-addr.arpa (RFC 1035 §3.5) or ip6.arpa (RFC 3596 §2.5). */
void dns_reverse_name(char out[DNS_NAME_MAX + 1], const struct ip *ip);

#endif
