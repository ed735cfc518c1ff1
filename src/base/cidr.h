/* cidr.h: IP addresses as bits, and networks of them: "192.0.2.0/24", "2001:db8::/32", "::1".
 *
 * An IPv4 address is held as IPv6 has it mapped (RFC 4291 §2.5.5.2), so that there is one kind of
 * address and one comparison, and one client is one client whichever socket it came by.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_CIDR_H
#define BASE_CIDR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct ip {
	unsigned char at[16];
};

struct cidr {
	struct ip net; /* no bit is set behind `bits` */
	unsigned bits; /* of 128: those of an IPv4 network are 96 more than are written */
};

/* An address without brackets, prefix or zone; false when it is none. */
bool ip_parse(struct str text, struct ip *ret) MUST_CHECK;
bool ip_is_v4(const struct ip *ip);
/* The network that ip is in: v4_bits long for IPv4 (0 to 32), v6_bits for IPv6 (0 to 128). */
struct ip ip_network(const struct ip *ip, unsigned v4_bits, unsigned v6_bits);
/* As people write it (RFC 5952), IPv4 dotted; a NUL behind it. */
struct str ip_text(const struct ip *ip, char out[46]);
bool ip_eq(const struct ip *a, const struct ip *b);

/* ADDRESS or ADDRESS/BITS; false when it is none, or when bits behind the prefix are set:
 * "192.0.2.1/24" is a slip, and nobody can say which. */
bool cidr_parse(struct str text, struct cidr *ret) MUST_CHECK;
bool cidr_has(const struct cidr *c, const struct ip *ip);
/* Is ip in one of n networks? */
bool cidr_any_has(const struct cidr *all, size_t n, const struct ip *ip);

#endif
