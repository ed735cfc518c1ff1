/* cidr: see cidr.h.
 *
 * A list is searched one by one: what an operator writes is a handful.  Decided against: reading
 * "10/8" and "192.0.2" as some programs do; inet_pton's strict forms are what all agree on.
 * SPDX-License-Identifier: ISC */
#include "base/cidr.h"

#include <arpa/inet.h>
#include <string.h>

#define V4_AT 12 /* where the IPv4 address begins */

bool ip_parse(struct str text, struct ip *ret)
{
	struct ip ip = { .at = { [10] = 0xff, [11] = 0xff } };
	char literal[INET6_ADDRSTRLEN];

	if (text.n >= sizeof(literal) || str_find(text, '\0') >= 0)
		return false;
	if (text.n)
		memcpy(literal, text.at, text.n);
	literal[text.n] = '\0';
	if (inet_pton(AF_INET, literal, ip.at + V4_AT) != 1 &&
	    inet_pton(AF_INET6, literal, ip.at) != 1)
		return false;
	*ret = ip;
	return true;
}

bool ip_is_v4(const struct ip *ip)
{
	static const unsigned char mapped[V4_AT] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip->at, mapped, sizeof(mapped)) == 0;
}

struct str ip_text(const struct ip *ip, char out[46])
{
	bool v4 = ip_is_v4(ip);
	const char *text =
		inet_ntop(v4 ? AF_INET : AF_INET6, ip->at + (v4 ? V4_AT : 0), out, 46);

	return str_of(text);
}

static struct ip cut(const struct ip *ip, unsigned bits)
{
	struct ip net = { .at = { 0 } };

	memcpy(net.at, ip->at, bits / 8);
	if (bits % 8)
		net.at[bits / 8] = (unsigned char)(ip->at[bits / 8] & (0xff00U >> bits % 8));
	return net;
}

struct ip ip_network(const struct ip *ip, unsigned v4_bits, unsigned v6_bits)
{
	return cut(ip, ip_is_v4(ip) ? V4_AT * 8 + v4_bits : v6_bits);
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
	return memcmp(a->at, b->at, sizeof(a->at)) == 0;
}

bool cidr_parse(struct str text, struct cidr *ret)
{
	struct str address, digits;
	bool has_bits = str_cut(text, '/', &address, &digits);
	struct cidr c;
	uint64_t bits;
	unsigned above;

	if (!ip_parse(address, &c.net))
		return false;
	/* "::ffff:192.0.2.0/120" counts its bits as it is written. */
	above = str_find(address, ':') < 0 ? V4_AT * 8 : 0;
	bits = 128 - above;
	if (has_bits && (digits.n > 3 || !str_to_u64(digits, bits, &bits)))
		return false;
	c.bits = above + (unsigned)bits;
	if (!cidr_has(&c, &c.net))
		return false;
	*ret = c;
	return true;
}

bool cidr_has(const struct cidr *c, const struct ip *ip)
{
	struct ip net = cut(ip, c->bits);

	return ip_eq(&net, &c->net);
}

bool cidr_any_has(const struct cidr *all, size_t n, const struct ip *ip)
{
	for (size_t i = 0; i < n; i++)
		if (cidr_has(&all[i], ip))
			return true;
	return false;
}
