/* dns.c: see dns.h.
 * SPDX-License-Identifier: ISC */
#include "proto/dns.h"

#include <assert.h>
#include <string.h>

#define LABEL_MAX 63

static const struct {
	enum dns_type type;
	const char *name;
} types[] = {
	{ DNS_A, "A" },     { DNS_CNAME, "CNAME" }, { DNS_PTR, "PTR" },
	{ DNS_MX, "MX" },   { DNS_TXT, "TXT" },     { DNS_AAAA, "AAAA" },
};

const char *dns_type_name(enum dns_type type)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

bool dns_type_parse(struct str name, enum dns_type *ret)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (!str_ieq(name, str_of(types[i].name)))
			continue;
		*ret = types[i].type;
		return true;
	}
	return false;
}

bool dns_name_is_valid(struct str name)
{
	size_t label = 0;

	if (name.n && name.at[name.n - 1] == '.')
		name.n--;
	if (!name.n || name.n > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.at[i];

		if (c < ' ' || c > '~' || c == '\\')
			return false;
		if (c != '.' && ++label > LABEL_MAX)
			return false;
		if (c != '.')
			continue;
		if (!label)
			return false;
		label = 0;
	}
	return label > 0;
}

/* -- RDATA --------------------------------------------------------------------------------- */

/* A name without compression (RFC 1035 §3.1): the resolver has undone that.  A label with a dot or
 * a byte that is no printable ASCII in it makes no name of a host. */
static bool read_name(struct arena *a, struct str wire, struct str *ret)
{
	char text[DNS_NAME_MAX + 1];
	size_t n = 0;

	while (wire.n && wire.at[0]) {
		size_t label = (unsigned char)wire.at[0];

		if (label > LABEL_MAX || label >= wire.n || n + label + (n > 0) > DNS_NAME_MAX)
			return false;
		if (n)
			text[n++] = '.';
		for (size_t i = 1; i <= label; i++) {
			char c = wire.at[i];

			if (c <= ' ' || c > '~' || c == '.' || c == '\\')
				return false;
			text[n++] = str_lower_char(c);
		}
		wire = str_from(wire, label + 1);
	}
	*ret = arena_dup(a, (struct str){ text, n });
	return wire.n == 1 && ret->at;
}

static bool read_txt(struct arena *a, struct str wire, struct str *ret)
{
	char *text;
	size_t n = 0, strings = 0;

	if (!wire.n || wire.n > DNS_DATA_MAX || !(text = arena_alloc(a, wire.n)))
		return false;
	while (wire.n) {
		size_t part = (unsigned char)wire.at[0];

		if (part >= wire.n || ++strings > DNS_STRINGS_MAX)
			return false;
		memcpy(text + n, wire.at + 1, part);
		n += part;
		wire = str_from(wire, part + 1);
	}
	*ret = (struct str){ text, n };
	return true;
}

static bool read_bytes(struct arena *a, struct str wire, size_t n, struct str *ret)
{
	*ret = arena_dup(a, wire);
	return wire.n == n && ret->at;
}

bool dns_read_record(struct arena *a, enum dns_type type, struct str rdata, struct dns_record *ret)
{
	*ret = (struct dns_record){ .data = STR_NONE };
	switch (type) {
	case DNS_A:
		return read_bytes(a, rdata, 4, &ret->data);
	case DNS_AAAA:
		return read_bytes(a, rdata, 16, &ret->data);
	case DNS_CNAME:
	case DNS_PTR:
		return read_name(a, rdata, &ret->data);
	case DNS_TXT:
		return read_txt(a, rdata, &ret->data);
	case DNS_MX:
		if (rdata.n < 3)
			return false;
		ret->preference = (unsigned)(unsigned char)rdata.at[0] << 8 |
				  (unsigned char)rdata.at[1];
		return read_name(a, str_from(rdata, 2), &ret->data);
	}
	return false;
}

/* -- names of addresses ---------------------------------------------------------------------- */

/* "7." or "213." at the end. */
static char *put_octet(char *at, unsigned octet)
{
	if (octet >= 100)
		*at++ = (char)('0' + octet / 100);
	if (octet >= 10)
		*at++ = (char)('0' + octet / 10 % 10);
	*at++ = (char)('0' + octet % 10);
	*at++ = '.';
	return at;
}

bool dns_reversed_to(char out[DNS_NAME_MAX + 1], const struct ip *ip, const char *zone)
{
	const unsigned char *b = ip->at;
	struct str behind = str_of(zone);
	char *at = out;

	if (ip_is_v4(ip)) {
		for (int i = 15; i >= 12; i--)
			at = put_octet(at, b[i]);
	} else {
		for (int i = 15; i >= 0; i--) {
			*at++ = "0123456789abcdef"[b[i] & 15];
			*at++ = '.';
			*at++ = "0123456789abcdef"[b[i] >> 4];
			*at++ = '.';
		}
	}
	if (behind.n > DNS_NAME_MAX - (size_t)(at - out))
		return false;
	memcpy(at, behind.at, behind.n);
	at[behind.n] = '\0';
	return dns_name_is_valid(str_of(out));
}

void dns_reverse_name(char out[DNS_NAME_MAX + 1], const struct ip *ip)
{
	bool fits = dns_reversed_to(out, ip, ip_is_v4(ip) ? "in-addr.arpa" : "ip6.arpa");

	assert(fits);
}
