/* xclient: see xclient.h.  To add an attribute is to add a row.
 * SPDX-License-Identifier: ISC */
#include "proto/xclient.h"

#include <stdint.h>
#include <string.h>

#include "base/attr.h"
#include "proto/xtext.h"

/* xtext with its escapes undone and a NUL behind it; only what is printable ASCII then. */
static bool decode(struct str s, char out[XCLIENT_TEXT_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int c = (unsigned char)s.at[i];

		if (c == '+') {
			int high = i + 2 < s.n ? xtext_digit(s.at[i + 1]) : -1;
			int low = i + 2 < s.n ? xtext_digit(s.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = high * 16 + low;
			i += 2;
		} else if (c == '=') {
			return false;
		}
		if (c < ' ' || c >= 0x7f || n == XCLIENT_TEXT_MAX - 1)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0;
}

static bool is_unsaid(const char *text)
{
	return str_ieq(str_of(text), STR("[UNAVAILABLE]")) ||
	       str_ieq(str_of(text), STR("[TEMPUNAVAIL]"));
}

static bool set_text(char to[XCLIENT_TEXT_MAX], const char *text)
{
	memcpy(to, is_unsaid(text) ? "" : text, is_unsaid(text) ? 1 : strlen(text) + 1);
	return true;
}

static bool set_addr(struct ip *to, bool *has, const char *text)
{
	struct str s = str_of(text);

	*has = !is_unsaid(text);
	return !*has || ip_parse(str_istarts(s, STR("IPv6:")) ? str_from(s, 5) : s, to);
}

static bool set_port(unsigned *to, const char *text)
{
	uint64_t port = 0;

	if (!is_unsaid(text) && !str_to_u64(str_of(text), UINT16_MAX, &port))
		return false;
	*to = (unsigned)port;
	return true;
}

static bool set_name(struct xclient *x, const char *text)
{
	return set_text(x->name, text);
}

static bool set_helo(struct xclient *x, const char *text)
{
	return set_text(x->helo, text);
}

static bool set_login(struct xclient *x, const char *text)
{
	return set_text(x->login, text);
}

static bool set_client_addr(struct xclient *x, const char *text)
{
	return set_addr(&x->addr, &x->has_addr, text);
}

static bool set_dest_addr(struct xclient *x, const char *text)
{
	return set_addr(&x->dest_addr, &x->has_dest_addr, text);
}

static bool set_client_port(struct xclient *x, const char *text)
{
	return set_port(&x->port, text);
}

static bool set_dest_port(struct xclient *x, const char *text)
{
	return set_port(&x->dest_port, text);
}

static bool set_proto(struct xclient *x, const char *text)
{
	bool esmtp = str_ieq(str_of(text), STR("ESMTP"));

	x->proto = esmtp ? XCLIENT_PROTO_ESMTP : XCLIENT_PROTO_SMTP;
	if (is_unsaid(text))
		x->proto = XCLIENT_PROTO_UNSAID;
	return esmtp || is_unsaid(text) || str_ieq(str_of(text), STR("SMTP"));
}

static const struct {
	const char *name;
	bool (*set)(struct xclient *x, const char *text);
} attributes[] = {
	{ "NAME", set_name },	       { "ADDR", set_client_addr },
	{ "PORT", set_client_port },   { "PROTO", set_proto },
	{ "HELO", set_helo },	       { "LOGIN", set_login },
	{ "DESTADDR", set_dest_addr }, { "DESTPORT", set_dest_port },
};

static bool take_word(struct xclient *x, struct str word)
{
	char text[XCLIENT_TEXT_MAX];
	struct str name, value;

	if (!str_cut(word, '=', &name, &value) || !decode(value, text))
		return false;
	for (size_t i = 0; i < COUNT(attributes); i++)
		if (str_ieq(name, str_of(attributes[i].name)))
			return attributes[i].set(x, text);
	return false;
}

bool xclient_parse(struct str args, struct xclient *ret)
{
	struct xclient x = { .has_addr = false };
	bool any = false;

	while (args.n) {
		struct str word;

		str_cut(args, ' ', &word, &args);
		if (!word.n)
			continue;
		if (!take_word(&x, word))
			return false;
		any = true;
	}
	if (any)
		*ret = x;
	return any;
}
