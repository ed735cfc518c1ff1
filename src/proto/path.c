/* path: addresses as MAIL and RCPT carry them (RFC 5321 §4.1.2, §4.1.3).
 *
 * Takes what the grammar takes, and in an unquoted local part also dots at its ends and side by
 * side: such mailboxes exist, servers behind us take them, and a relay that refused them
 * would lose mail that its customer wants.  Nothing else is repaired.
 *
 * A byte from 0x80 on is read like a letter (RFC 6531 §3.3); at the end the whole must be UTF-8
 * without control characters, and the domain one that IDNA knows.
 *
 * Decided against: inet_pton for literals.  It needs <sys/socket.h>, and nobody here connects to
 * them: they are recognised, never used.
 * SPDX-License-Identifier: ISC */
#include "proto/path.h"

#include <stdio.h>
#include <string.h>

#include "base/idn.h"
#include "base/utf8.h"

#define ADDRESS_MAX 254 /* 256 with its brackets: RFC 5321 §4.5.3.1.3 */
#define LOCAL_MAX   64
#define DOMAIN_MAX  255
#define LABEL_MAX   63
#define LITERAL_MAX 64

static bool is_8bit(char c)
{
	return (unsigned char)c >= 0x80;
}

static bool is_alnum(char c)
{
	return str_is_digit(c) || str_is_letter(c) || is_8bit(c);
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* atext of RFC 5322 §3.2.3, and the dot between atoms. */
static bool is_local_byte(char c)
{
	return is_alnum(c) || is_one_of(c, "!#$%&'*+-/=?^_`{|}~.");
}

static bool is_label_byte(char c)
{
	return is_alnum(c) || c == '-' || c == '_';
}

/* -- each of these: bytes used at the start of s, 0 when it is not there -------------------- */

static size_t quoted_string(struct str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.at[i] == '"')
			return i + 1;
		if (s.at[i] == '\\')
			i++;
		if (i == s.n || (!is_8bit(s.at[i]) && (s.at[i] < ' ' || s.at[i] == 0x7f)))
			return 0;
	}
	return 0;
}

static size_t local_part(struct str s)
{
	size_t n = 0;

	if (s.n && s.at[0] == '"')
		n = quoted_string(s);
	else
		while (n < s.n && is_local_byte(s.at[n]))
			n++;
	return n <= LOCAL_MAX ? n : 0;
}

/* A U-label may have more octets than its A-label, whose length idn_domain looks at. */
static size_t label(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_label_byte(s.at[n]))
		n++;
	if (!n || s.at[0] == '-' || s.at[n - 1] == '-')
		return 0;
	return n <= LABEL_MAX || utf8_has_8bit((struct str){ s.at, n }) ? n : 0;
}

static size_t domain_name(struct str s)
{
	size_t n = 0;

	for (;;) {
		size_t part = label(str_from(s, n));

		if (!part)
			return 0;
		n += part;
		if (n == s.n || s.at[n] != '.')
			return n <= DOMAIN_MAX ? n : 0;
		n++;
	}
}

static bool is_ipv4(struct str s)
{
	for (int parts = 0; parts < 4; parts++) {
		struct str part;
		uint64_t value;
		bool dot = str_cut(s, '.', &part, &s);

		if (part.n > 3 || !str_to_u64(part, 255, &value) || dot != (parts < 3))
			return false;
	}
	return true;
}

/* Its letters only, see the top. */
static bool is_ipv6(struct str s)
{
	size_t colons = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.at[i] == ':')
			colons++;
		else if (!str_is_digit(s.at[i]) && !is_one_of(s.at[i], "abcdefABCDEF."))
			return false;
	}
	return colons >= 2 && s.n <= 45;
}

/* Standardized-tag ":" 1*dcontent */
static bool is_general_literal(struct str s)
{
	struct str tag, content;

	if (!str_cut(s, ':', &tag, &content) || !content.n || label(tag) != tag.n || !tag.n)
		return false;
	for (size_t i = 0; i < content.n; i++) {
		char c = content.at[i];

		if (c <= ' ' || c >= 0x7f || is_one_of(c, "[\\]"))
			return false;
	}
	return true;
}

static size_t address_literal(struct str s)
{
	ptrdiff_t end = str_find(s, ']');
	struct str in;

	if (end < 2 || end > LITERAL_MAX)
		return 0;
	in = (struct str){ s.at + 1, (size_t)end - 1 };
	if (str_istarts(in, STR("IPv6:")) ? !is_ipv6(str_from(in, 5))
					  : !is_ipv4(in) && !is_general_literal(in))
		return 0;
	return (size_t)end + 1;
}

static size_t domain_part(struct str s)
{
	return s.n && s.at[0] == '[' ? address_literal(s) : domain_name(s);
}

/* What there is from 0x80 on makes sense. */
static bool is_utf8(const struct path *p)
{
	char name[IDN_DOMAIN_MAX];
	struct str found;

	if (utf8_has_8bit(p->local) && !utf8_is_text(p->local))
		return false;
	return !utf8_has_8bit(p->domain) || idn_domain(p->domain, name, &found);
}

static size_t mailbox(struct str s, struct path *ret)
{
	size_t local = local_part(s), domain;

	if (!local || local == s.n || s.at[local] != '@')
		return 0;
	domain = domain_part(str_from(s, local + 1));
	if (!domain || local + 1 + domain > ADDRESS_MAX)
		return 0;
	ret->address = (struct str){ s.at, local + 1 + domain };
	ret->local = (struct str){ s.at, local };
	ret->domain = (struct str){ s.at + local + 1, domain };
	return is_utf8(ret) ? ret->address.n : 0;
}

/* "@one,@two:": must be taken, should be ignored (RFC 5321 §4.1.1.3, appendix C). */
static size_t source_route(struct str s)
{
	size_t n = 0;

	for (;;) {
		size_t host;

		if (n == s.n || s.at[n] != '@')
			return 0;
		host = domain_name(str_from(s, n + 1));
		n += 1 + host;
		if (!utf8_is_text((struct str){ s.at, n }))
			return 0;
		if (!host || n == s.n || !is_one_of(s.at[n], ",:"))
			return 0;
		n++;
		if (s.at[n - 1] == ':')
			return n;
	}
}

/* What stands between the brackets: bytes used, or 0 when it is malformed. */
static size_t inner(struct str s, enum path_kind kind, struct path *ret)
{
	struct str postmaster = STR("postmaster");
	size_t route = 0, used;

	if (kind == PATH_FORWARD && str_istarts(s, postmaster) && s.n > postmaster.n &&
	    s.at[postmaster.n] == '>') {
		ret->address = ret->local = (struct str){ s.at, postmaster.n };
		ret->domain = STR_NONE;
		return postmaster.n;
	}
	if (s.n && s.at[0] == '@') {
		route = source_route(s);
		if (!route)
			return 0;
	}
	used = mailbox(str_from(s, route), ret);
	return used ? route + used : 0;
}

enum path_result path_parse(struct str s, enum path_kind kind, struct path *ret, size_t *ret_used)
{
	struct path p = { STR_NONE, STR_NONE, STR_NONE };
	size_t used;

	if (!s.n || s.at[0] != '<')
		return PATH_BAD;
	used = 1;
	if (kind != PATH_REVERSE || !str_starts(s, STR("<>"))) {
		used = inner(str_from(s, 1), kind, &p);
		if (!used)
			return PATH_BAD;
		used++;
	}
	if (used >= s.n || s.at[used] != '>')
		return PATH_BAD;
	used++;
	*ret = p;
	*ret_used = used;
	return utf8_has_8bit((struct str){ s.at, used }) ? PATH_UTF8 : PATH_OK;
}

bool path_keep(struct arena *a, const struct path *p, struct path *ret)
{
	struct str kept = arena_dup(a, p->address);

	if (!kept.at)
		return false;
	*ret = (struct path){ kept, { kept.at, p->local.n }, STR_NONE };
	if (p->domain.n)
		ret->domain = (struct str){ kept.at + p->local.n + 1, p->domain.n };
	return true;
}

bool path_is_address(struct str address, struct path *ret)
{
	struct path p;

	if (mailbox(address, &p) != address.n || !address.n)
		return false;
	*ret = p;
	return true;
}

bool path_is_domain(struct str s)
{
	return s.n && domain_name(s) == s.n && !utf8_has_8bit(s);
}

bool path_to_ascii(struct str address, char out[PATH_ASCII_MAX], struct str *ret)
{
	ptrdiff_t sign = str_rfind(address, '@');
	char name[IDN_DOMAIN_MAX];
	struct str domain;
	int n;

	if (!utf8_has_8bit(address)) {
		*ret = address;
		return true;
	}
	if (sign < 0 || utf8_has_8bit((struct str){ address.at, (size_t)sign }) ||
	    !idn_domain(str_from(address, (size_t)sign + 1), name, &domain))
		return false;
	n = snprintf(out, PATH_ASCII_MAX, "%.*s@%s", (int)sign, address.at, name);
	if (n < 0 || n >= PATH_ASCII_MAX)
		return false;
	*ret = (struct str){ out, (size_t)n };
	return true;
}

struct str path_unquote(struct str local, char out[65])
{
	bool quoted = local.n >= 2 && local.at[0] == '"' && local.at[local.n - 1] == '"';
	size_t end = quoted ? local.n - 1 : local.n, n = 0;

	for (size_t i = quoted; i < end && n < LOCAL_MAX; i++) {
		if (quoted && local.at[i] == '\\' && i + 1 < end)
			i++;
		out[n++] = local.at[i];
	}
	out[n] = '\0';
	return (struct str){ out, n };
}
