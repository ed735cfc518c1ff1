/* proxy: see proxy.h.
 *
 * Version 1 is one line, "PROXY TCP4 192.0.2.9 192.0.2.25 56324 25" CRLF.  Version 2 is binary: a
 * signature that no text begins with, command, family, a length, addresses, and then TLVs, which
 * are skipped: none of them changes who the client is.
 *
 * Decided against: UDP and unix sockets, whose addresses cannot be a mail client's; searching for
 * a header behind other bytes.
 * SPDX-License-Identifier: ISC */
#include "proto/proxy.h"

#include <stdint.h>
#include <string.h>

#define V1_MAX 107
#define V1_PREFIX STR("PROXY ")
#define V2_SIGNATURE STR("\r\n\r\n\0\r\nQUIT\n")
#define V2_FIXED 16 /* signature, version and command, family and transport, length */

#define V2_LOCAL  0x20
#define V2_PROXY  0x21
#define V2_UNSPEC 0x00
#define V2_TCP4   0x11
#define V2_TCP6   0x21

/* -- version 1 ----------------------------------------------------------------------------- */

static bool v1_address(struct str text, bool v6, struct ip *ret)
{
	return (str_find(text, ':') >= 0) == v6 && ip_parse(text, ret);
}

static bool v1_port(struct str text, unsigned *ret)
{
	uint64_t port;

	if (!str_to_u64(text, UINT16_MAX, &port) || (text.n > 1 && text.at[0] == '0'))
		return false;
	*ret = (unsigned)port;
	return true;
}

/* What stands behind "PROXY ": exactly one blank between words. */
static bool v1_words(struct str line, struct proxy *ret)
{
	struct str family, source, target, source_port;
	struct proxy p = { .named = true };
	struct ip to;
	unsigned to_port;

	str_cut(line, ' ', &family, &line);
	if (str_eq(family, STR("UNKNOWN"))) { /* the rest of the line says nothing */
		*ret = (struct proxy){ .named = false };
		return true;
	}
	if (!str_eq(family, STR("TCP4")) && !str_eq(family, STR("TCP6")))
		return false;

	bool v6 = family.at[3] == '6';

	if (!str_cut(line, ' ', &source, &line) || !str_cut(line, ' ', &target, &line) ||
	    !str_cut(line, ' ', &source_port, &line) || !v1_address(source, v6, &p.client) ||
	    !v1_address(target, v6, &to) || !v1_port(source_port, &p.port) ||
	    !v1_port(line, &to_port))
		return false;
	*ret = p;
	return true;
}

static ptrdiff_t parse_v1(struct str in, struct proxy *ret)
{
	struct str line = { in.at, in.n < V1_MAX ? in.n : V1_MAX };
	ptrdiff_t cr = str_find(line, '\r'), end = cr + 2;

	if (cr >= 0)
		line.n = (size_t)cr;
	if (str_find(line, '\n') >= 0 || (cr < 0 && in.n >= V1_MAX) || end > V1_MAX)
		return -1;
	if (cr < 0 || (size_t)end > in.n)
		return 0;
	if (in.at[cr + 1] != '\n' || !v1_words(str_from(line, V1_PREFIX.n), ret))
		return -1;
	return end;
}

/* -- version 2 ----------------------------------------------------------------------------- */

static unsigned big_endian(const char *at)
{
	return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

/* n bytes of addresses and TLVs. */
static bool v2_addresses(unsigned char family, const char *at, size_t n, struct proxy *ret)
{
	struct proxy p = { .named = true, .client.at = { [10] = 0xff, [11] = 0xff } };

	if (family == V2_UNSPEC) {
		*ret = (struct proxy){ .named = false };
		return true;
	}
	if (family == V2_TCP4 && n >= 12) {
		memcpy(p.client.at + 12, at, 4);
		p.port = big_endian(at + 8);
	} else if (family == V2_TCP6 && n >= 36) {
		memcpy(p.client.at, at, 16);
		p.port = big_endian(at + 32);
	} else {
		return false;
	}
	*ret = p;
	return true;
}

static ptrdiff_t parse_v2(struct str in, struct proxy *ret)
{
	unsigned char command, family;
	size_t all;

	if (in.n < V2_FIXED)
		return 0;
	command = (unsigned char)in.at[12];
	family = (unsigned char)in.at[13];
	all = V2_FIXED + big_endian(in.at + 14);
	if ((command != V2_LOCAL && command != V2_PROXY) || all > PROXY_HEADER_MAX)
		return -1;
	if (in.n < all)
		return 0;
	if (command == V2_LOCAL)
		*ret = (struct proxy){ .named = false };
	else if (!v2_addresses(family, in.at + V2_FIXED, all - V2_FIXED, ret))
		return -1;
	return (ptrdiff_t)all;
}

/* -- either -------------------------------------------------------------------------------- */

/* 1: in begins with it; 0: it may yet; -1: it does not. */
static int begins(struct str in, struct str with)
{
	size_t n = in.n < with.n ? in.n : with.n;

	if (n && memcmp(in.at, with.at, n) != 0)
		return -1;
	return n == with.n;
}

ptrdiff_t proxy_parse(struct str in, struct proxy *ret)
{
	int v1 = begins(in, V1_PREFIX), v2 = begins(in, V2_SIGNATURE);

	if (v1 > 0)
		return parse_v1(in, ret);
	if (v2 > 0)
		return parse_v2(in, ret);
	return v1 < 0 && v2 < 0 ? -1 : 0;
}
