/* spf_record.c: the syntax of an SPF record (RFC 7208 §4.6.1, §5, §6, §12).
 *
 * A record is read whole before any of it counts: a fault anywhere is a permerror.  Walking it
 * again afterwards costs less than keeping a list of what was read.
 * SPDX-License-Identifier: ISC */
#include "policy/spf_private.h"

#include <string.h>

enum { NEVER, MAY, MUST }; /* have a domain-spec */

static const struct mechanism {
	const char *name;
	enum spf_kind kind;
	int domain;
	bool dual_cidr;
} mechanisms[] = {
	{ "all", SPF_ALL, NEVER, false }, { "include", SPF_INCLUDE, MUST, false },
	{ "a", SPF_A, MAY, true },        { "mx", SPF_MX, MAY, true },
	{ "ptr", SPF_PTR, MAY, false },   { "ip4", SPF_IP4, NEVER, false },
	{ "ip6", SPF_IP6, NEVER, false }, { "exists", SPF_EXISTS, MUST, false },
};

bool spf_record_is(struct str txt)
{
	struct str version = STR("v=spf1");

	return str_istarts(txt, version) && (txt.n == version.n || txt.at[version.n] == ' ');
}

/* -- numbers and networks ------------------------------------------------------------------- */

/* RFC 7208 §12: without leading zeros. */
static bool read_bits(struct str digits, unsigned max, unsigned *ret)
{
	uint64_t bits;

	if (digits.n > 3 || (digits.n > 1 && digits.at[0] == '0') ||
	    !str_to_u64(digits, max, &bits))
		return false;
	*ret = (unsigned)bits;
	return true;
}

/* Where "/DIGITS" begins at the end of s, or -1.  "/" without digits is none: it is left, and then
 * is a fault of what stands before. */
static ptrdiff_t find_bits(struct str s)
{
	size_t at = s.n;

	while (at && str_is_digit(s.at[at - 1]))
		at--;
	return at && at < s.n && s.at[at - 1] == '/' ? (ptrdiff_t)at - 1 : -1;
}

/* Takes [ "/" v4 ] [ "//" v6 ] off the end of *s. */
static bool cut_dual_cidr(struct str *s, struct spf_term *t)
{
	ptrdiff_t at = find_bits(*s);

	if (at > 0 && s->at[at - 1] == '/') {
		if (!read_bits(str_from(*s, (size_t)at + 1), 128, &t->v6_bits))
			return false;
		s->n = (size_t)at - 1;
		at = find_bits(*s);
	}
	if (at < 0)
		return true;
	if (!read_bits(str_from(*s, (size_t)at + 1), 32, &t->v4_bits))
		return false;
	s->n = (size_t)at;
	return true;
}

/* ip4 and ip6: ":" address [ "/" bits ] */
static bool read_network(struct str s, struct spf_term *t)
{
	bool v4 = t->kind == SPF_IP4;
	struct str address, bits;

	if (!s.n || s.at[0] != ':')
		return false;
	if (str_cut(str_from(s, 1), '/', &address, &bits) &&
	    !read_bits(bits, v4 ? 32 : 128, v4 ? &t->v4_bits : &t->v6_bits))
		return false;
	return (str_find(address, ':') < 0) == v4 && ip_parse(address, &t->ip);
}

/* -- terms ------------------------------------------------------------------------------------ */

/* What follows a mechanism's name. */
static bool read_arguments(const struct mechanism *m, struct str s, struct spf_term *t)
{
	if (t->kind == SPF_IP4 || t->kind == SPF_IP6)
		return read_network(s, t);
	if (m->dual_cidr && !cut_dual_cidr(&s, t))
		return false;
	if (!s.n)
		return m->domain != MUST;
	if (s.at[0] != ':' || m->domain == NEVER)
		return false;
	t->domain = str_from(s, 1);
	return spf_text_is_valid(t->domain, SPF_TEXT_DOMAIN);
}

static bool read_mechanism(struct str s, struct spf_term *t)
{
	static const char signs[] = "+-~?";
	static const enum spf codes[] = { SPF_PASS, SPF_FAIL, SPF_SOFTFAIL, SPF_NEUTRAL };
	const char *sign = s.n && s.at[0] ? strchr(signs, s.at[0]) : NULL;
	struct str name = sign ? str_from(s, 1) : s;
	size_t n = 0;

	t->code = sign ? codes[sign - signs] : SPF_PASS;
	t->v4_bits = 32;
	t->v6_bits = 128;
	while (n < name.n && name.at[n] != ':' && name.at[n] != '/')
		n++;
	for (size_t i = 0; i < COUNT(mechanisms); i++) {
		if (!str_ieq((struct str){ name.at, n }, str_of(mechanisms[i].name)))
			continue;
		t->kind = mechanisms[i].kind;
		return read_arguments(&mechanisms[i], str_from(name, n), t);
	}
	return false;
}

/* Length of a modifier's name when s is one (RFC 7208 §4.6.1), or 0. */
static size_t modifier_name(struct str s)
{
	size_t n = 0;

	while (n < s.n && (str_is_letter(s.at[n]) ||
			   (n && (str_is_digit(s.at[n]) || (s.at[n] && strchr("-_.", s.at[n]))))))
		n++;
	return n < s.n && s.at[n] == '=' ? n : 0;
}

static bool read_term(struct str s, struct spf_term *t)
{
	size_t n = modifier_name(s);
	struct str name = { s.at, n };

	*t = (struct spf_term){ .text = s, .domain = STR_NONE };
	if (!n)
		return read_mechanism(s, t);
	t->kind = str_ieq(name, STR("redirect")) ? SPF_REDIRECT
		  : str_ieq(name, STR("exp"))    ? SPF_EXP
						 : SPF_MODIFIER;
	t->domain = str_from(s, n + 1);
	return spf_text_is_valid(t->domain,
				 t->kind == SPF_MODIFIER ? SPF_TEXT_MODIFIER : SPF_TEXT_DOMAIN);
}

/* -- the record -------------------------------------------------------------------------------- */

/* Only blanks are between terms. */
static bool cut_term(struct str *terms, struct str *ret)
{
	while (terms->n && terms->at[0] == ' ')
		*terms = str_from(*terms, 1);
	if (!terms->n)
		return false;
	str_cut(*terms, ' ', ret, terms);
	return true;
}

bool spf_term_next(struct str *terms, struct spf_term *ret)
{
	struct str text;

	return cut_term(terms, &text) && read_term(text, ret);
}

/* RFC 7208 §6: neither of them twice. */
static bool take_once(struct str *place, struct str domain)
{
	if (place->n)
		return false;
	*place = domain;
	return true;
}

bool spf_record_read(struct str txt, struct spf_record *ret)
{
	struct str terms, text;
	struct spf_term t;

	if (!spf_record_is(txt))
		return false;
	terms = str_from(txt, strlen("v=spf1"));
	*ret = (struct spf_record){ .terms = terms, .redirect = STR_NONE, .exp = STR_NONE };
	while (cut_term(&terms, &text)) {
		if (!read_term(text, &t))
			return false;
		if (t.kind == SPF_REDIRECT && !take_once(&ret->redirect, t.domain))
			return false;
		if (t.kind == SPF_EXP && !take_once(&ret->exp, t.domain))
			return false;
	}
	return true;
}
