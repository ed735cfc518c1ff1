/* conf_addr: host names, networks and "HOST:PORT" as operators write them.
 *
 * proto has the grammar of addresses in mail; this is not it: here an IPv6 address stands in
 * brackets without "IPv6:", and a name must be one that DNS can hold.
 * SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <string.h>

#include "base/conf_private.h"
#include "base/idn.h"
#include "base/utf8.h"

#define LABEL_MAX  63
#define DOMAIN_MAX 253

static bool is_label(struct str s)
{
	if (s.n == 0 || s.n > LABEL_MAX || s.at[0] == '-' || s.at[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = str_lower_char(s.at[i]);

		if (!str_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-')
			return false;
	}
	return true;
}

static bool is_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!str_is_digit(s.at[i]))
			return false;
	}
	return true;
}

bool conf_is_domain(struct str s)
{
	struct str label, rest = s;
	bool more;

	if (s.n > DOMAIN_MAX)
		return false;
	do {
		more = str_cut(rest, '.', &label, &rest);
		if (!is_label(label))
			return false;
	} while (more);
	/* "192.0.2.300" is a mistyped address, not a name. */
	return !is_number(label);
}

bool conf_is_network(const char *text, const char **wanted)
{
	struct cidr ignored;

	*wanted = "an address, or a network with no bit set behind its length, such as "
		  "192.0.2.0/24 or 2001:db8::/32";
	return cidr_parse(str_of(text), &ignored);
}

static bool is_literal(int family, const char *text)
{
	unsigned char bytes[16];

	return inet_pton(family, text, bytes) == 1;
}

/* The two sides of the last colon; brackets are taken off. */
static bool split(struct str text, struct str *host, struct str *port, bool *in_brackets)
{
	ptrdiff_t colon = str_rfind(text, ':');

	if (colon < 0)
		return false;
	*host = (struct str){ text.at, (size_t)colon };
	*port = str_from(text, (size_t)colon + 1);
	*in_brackets = host->n >= 2 && host->at[0] == '[' && host->at[host->n - 1] == ']';
	if (*in_brackets)
		*host = (struct str){ host->at + 1, host->n - 2 };
	return host->n > 0 && (*in_brackets || str_find(*host, ':') < 0);
}

bool conf_host_port(const char *text, char *host, size_t host_max, unsigned *port, struct err *e)
{
	char copy[DOMAIN_MAX + 1], form[IDN_DOMAIN_MAX];
	struct str name, digits;
	bool in_brackets;
	uint64_t number;

	if (!split(str_of(text), &name, &digits, &in_brackets))
		return err_set(e, ERR_INPUT,
			       "must be HOST:PORT, an IPv6 address in brackets: [ADDRESS]:PORT");
	if (!str_to_u64(digits, 65535, &number) || number == 0)
		return err_set(e, ERR_INPUT, "the port must be a number from 1 to 65535");
	if (utf8_has_8bit(name) && !idn_domain(name, form, &name))
		return err_set(e, ERR_INPUT, "the host is no name that DNS could hold");
	if (name.n >= sizeof(copy) || name.n >= host_max)
		return err_set(e, ERR_INPUT, "the host's name is too long");
	memcpy(copy, name.at, name.n);
	copy[name.n] = '\0';
	if (in_brackets && !is_literal(AF_INET6, copy))
		return err_set(e, ERR_INPUT, "what stands in brackets is not an IPv6 address");
	if (!in_brackets && !is_literal(AF_INET, copy) && !conf_is_domain(name))
		return err_set(e, ERR_INPUT, "the host is neither an address nor a valid name");
	memcpy(host, copy, name.n + 1);
	*port = (unsigned)number;
	return true;
}

bool conf_ip_port(const char *text, unsigned dflt, char host[CONF_IP_MAX], unsigned *port)
{
	struct str all = str_of(text);
	struct ip ip;
	struct err e;

	if (!ip_parse(all, &ip))
		return conf_host_port(text, host, CONF_IP_MAX, port, &e) &&
		       ip_parse(str_of(host), &ip);
	if (all.n >= CONF_IP_MAX)
		return false;
	memcpy(host, all.at, all.n + 1);
	*port = dflt;
	return true;
}

bool conf_zone_server(const char *text, char zone[CONF_ZONE_MAX], const char **server)
{
	struct str name, rest;
	char host[CONF_IP_MAX];
	unsigned port;

	if (!str_cut(str_of(text), '=', &name, &rest) || !conf_ip_port(rest.at, 1, host, &port))
		return false;
	if (name.n > 1 && name.at[name.n - 1] == '.')
		name.n--;
	if (!str_eq(name, STR(".")) && !conf_is_domain(name))
		return false;
	memcpy(zone, name.at, name.n);
	zone[name.n] = '\0';
	*server = rest.at;
	return true;
}
