/* spf_macro.c: domain-specs and explanations: their syntax and what they expand to (RFC 7208 §7).
 *
 * A text is cut into pieces: bytes that stand for themselves, and macros.  A name is made in a
 * buffer of which only the end is kept: what a name has too much goes from its left anyway.
 * Hostile records have thousands of macros, so all they become together is bounded.
 * SPDX-License-Identifier: ISC */
#include "policy/spf_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The longest values are %{s} and %{h}. */
#define VALUE_MAX 600

struct piece {
	char letter;     /* of a macro, in lower case; 0: `literal` is meant */
	bool is_percent; /* "%{…}", "%%", "%_" or "%-" (RFC 7208 §7.1 macro-expand) */
	struct str literal;
	bool url, reverse;
	unsigned keep; /* parts to be kept; 0: all */
	struct str delimiters;
};

static bool is_in(char c, struct str set)
{
	return str_find(set, c) >= 0;
}

/* -- syntax ----------------------------------------------------------------------------------- */

/* "{letter digits r delimiters}", behind the "%". */
static bool read_macro(struct str *text, struct piece *p)
{
	ptrdiff_t end = str_find(*text, '}');
	size_t at = 2;
	struct str in;

	if (end < 2)
		return false;
	in = (struct str){ text->at, (size_t)end };
	p->letter = str_lower_char(in.at[1]);
	p->url = p->letter != in.at[1]; /* RFC 7208 §7.3: upper case is URL-escaped */
	for (; at < in.n && str_is_digit(in.at[at]); at++)
		p->keep = p->keep < 1000 ? p->keep * 10 + (unsigned)(in.at[at] - '0') : p->keep;
	if (at > 2 && !p->keep)
		return false;
	p->reverse = at < in.n && str_lower_char(in.at[at]) == 'r';
	p->delimiters = str_from(in, at + p->reverse);
	for (size_t i = 0; i < p->delimiters.n; i++)
		if (!is_in(p->delimiters.at[i], STR(".-+,/_=")))
			return false;
	*text = str_from(*text, (size_t)end + 1);
	return is_in(p->letter, STR("slodiphvcrt"));
}

static bool read_percent(struct str *text, struct piece *p)
{
	static const struct {
		char sign;
		struct str literal;
	} signs[] = { { '%', { "%", 1 } }, { '_', { " ", 1 } }, { '-', { "%20", 3 } } };

	p->is_percent = true;
	*text = str_from(*text, 1);
	if (text->n && text->at[0] == '{')
		return read_macro(text, p);
	for (size_t i = 0; i < COUNT(signs); i++) {
		if (!text->n || text->at[0] != signs[i].sign)
			continue;
		p->literal = signs[i].literal;
		*text = str_from(*text, 1);
		return true;
	}
	return false;
}

/* Cuts the first piece off a text that is not empty. */
static bool next_piece(struct str *text, struct piece *p)
{
	size_t n = 0;

	*p = (struct piece){ .literal = STR_NONE, .delimiters = STR_NONE };
	if (text->at[0] == '%')
		return read_percent(text, p);
	while (n < text->n && text->at[n] != '%')
		n++;
	p->literal = (struct str){ text->at, n };
	*text = str_from(*text, n);
	return true;
}

static bool is_piece_of(const struct piece *p, enum spf_text kind)
{
	if (p->letter)
		return kind != SPF_TEXT_DOMAIN || !is_in(p->letter, STR("crt"));
	if (p->is_percent)
		return true;
	for (size_t i = 0; i < p->literal.n; i++) {
		char c = p->literal.at[i];

		if ((c < '!' || c > '~') && (c != ' ' || kind != SPF_TEXT_EXPLAIN))
			return false;
	}
	return true;
}

/* RFC 7208 §7.1 domain-end: "." toplabel [ "." ]; a name of one label is none. */
static bool ends_in_toplabel(struct str text)
{
	struct str label;
	ptrdiff_t dot;
	bool is_number = true;

	if (text.n && text.at[text.n - 1] == '.')
		text.n--;
	dot = str_rfind(text, '.');
	label = str_from(text, (size_t)(dot + 1));
	if (dot < 0 || !label.n || label.at[0] == '-' || label.at[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++) {
		if (!str_is_letter(label.at[i]) && !str_is_digit(label.at[i]) && label.at[i] != '-')
			return false;
		is_number = is_number && str_is_digit(label.at[i]);
	}
	return !is_number;
}

bool spf_text_is_valid(struct str text, enum spf_text kind)
{
	struct str rest = text;
	struct piece p = { .is_percent = false };

	while (rest.n)
		if (!next_piece(&rest, &p) || !is_piece_of(&p, kind))
			return false;
	return kind != SPF_TEXT_DOMAIN || (text.n && (p.is_percent || ends_in_toplabel(text)));
}

/* -- values ----------------------------------------------------------------------------------- */

static struct str format(char *out, const char *fmt, ...) PRINTF(2, 3);

static struct str format(char *out, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(out, VALUE_MAX, fmt, args);
	va_end(args);
	return (struct str){ out, n < 0 ? 0 : n < VALUE_MAX ? (size_t)n : VALUE_MAX - 1 };
}

/* What a letter stands for (RFC 7208 §7.2).  False: WAIT. */
static bool value_of(struct spf_run *run, char letter, struct str domain, char *memory,
		     struct str *ret)
{
	switch (letter) {
	case 's':
		*ret = format(memory, "%.*s@%.*s", STR_ARGS(run->local),
			      STR_ARGS(run->sender_domain));
		break;
	case 'l':
		*ret = run->local;
		break;
	case 'o':
		*ret = run->sender_domain;
		break;
	case 'd':
		*ret = domain;
		break;
	case 'i':
		*ret = spf_dotted_ip(&run->query->client, memory);
		break;
	case 'p':
		return spf_client_name(run, domain, ret);
	case 'v':
		*ret = run->v4 ? STR("in-addr") : STR("ip6");
		break;
	case 'h':
		*ret = run->helo;
		break;
	case 'c':
		*ret = ip_text(&run->query->client, memory);
		break;
	case 'r':
		*ret = run->query->receiver.n ? run->query->receiver : STR("unknown");
		break;
	default: /* t */
		*ret = format(memory, "%lld", (long long)(run->query->now_ms / 1000));
		break;
	}
	return true;
}

/* -- expansion -------------------------------------------------------------------------------- */

#define OUT_MAX 1024

struct out {
	char at[OUT_MAX];
	size_t n;
	bool is_domain;  /* keep the end rather than the beginning */
	size_t expanded; /* bytes that were added in all */
};

static void add(struct out *out, char c)
{
	out->expanded++;
	if (out->n == OUT_MAX) {
		if (!out->is_domain)
			return;
		memmove(out->at, out->at + OUT_MAX / 2, OUT_MAX / 2);
		out->n = OUT_MAX / 2;
	}
	out->at[out->n++] = c;
}

/* RFC 3986 §2.3: what is not unreserved is escaped. */
static void add_value(struct out *out, struct str s, bool url)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (!url || str_is_letter(s.at[i]) || str_is_digit(s.at[i]) ||
		    is_in(s.at[i], STR("-._~"))) {
			add(out, s.at[i]);
			continue;
		}
		add(out, '%');
		add(out, hex[c >> 4]);
		add(out, hex[c & 15]);
	}
}

static void add_reversed(struct out *out, struct str s, struct str delimiters, bool url)
{
	size_t end = s.n;

	for (size_t i = s.n; i-- > 0;) {
		if (!is_in(s.at[i], delimiters))
			continue;
		add_value(out, (struct str){ s.at + i + 1, end - i - 1 }, url);
		add(out, '.');
		end = i;
	}
	add_value(out, (struct str){ s.at, end }, url);
}

static void add_forward(struct out *out, struct str s, struct str delimiters, bool url)
{
	size_t begin = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (!is_in(s.at[i], delimiters))
			continue;
		add_value(out, (struct str){ s.at + begin, i - begin }, url);
		add(out, '.');
		begin = i + 1;
	}
	add_value(out, str_from(s, begin), url);
}

/* RFC 7208 §7.3: split, reverse, keep the right-hand parts, join with dots.  Those are the last of
 * the parts as they stand, the first of them where they are reversed. */
static struct str kept_parts(const struct piece *p, struct str s, struct str delimiters)
{
	unsigned seen = 0;

	if (!p->keep)
		return s;
	for (size_t i = 0; p->reverse && i < s.n; i++)
		if (is_in(s.at[i], delimiters) && ++seen == p->keep)
			return (struct str){ s.at, i };
	for (size_t i = s.n; !p->reverse && i-- > 0;)
		if (is_in(s.at[i], delimiters) && ++seen == p->keep)
			return str_from(s, i + 1);
	return s;
}

static void add_macro(struct out *out, const struct piece *p, struct str value)
{
	struct str delimiters = p->delimiters.n ? p->delimiters : STR(".");
	struct str kept = kept_parts(p, value, delimiters);

	if (p->reverse)
		add_reversed(out, kept, delimiters, p->url);
	else
		add_forward(out, kept, delimiters, p->url);
}

static enum spf_got expand(struct spf_run *run, struct str text, struct str domain, struct out *out)
{
	char memory[VALUE_MAX];
	struct piece p;
	struct str value;

	while (text.n && next_piece(&text, &p)) {
		if (!p.letter) {
			add_value(out, p.literal, false);
			continue;
		}
		if (!value_of(run, p.letter, domain, memory, &value))
			return SPF_GOT_WAIT;
		add_macro(out, &p, value);
		if (run->expanded + out->expanded > SPF_EXPANDED_MAX)
			return SPF_GOT_TOO_MUCH;
	}
	run->expanded += out->expanded;
	return SPF_GOT_IT;
}

enum spf_got spf_expand_domain(struct spf_run *run, struct str spec, struct str domain,
			       struct spf_domain *ret)
{
	struct out out = { .is_domain = true };
	enum spf_got got = expand(run, spec, domain, &out);
	struct str name = { out.at, out.n };
	struct str head;

	if (got != SPF_GOT_IT)
		return got;
	if (name.n && name.at[name.n - 1] == '.')
		name.n--;
	/* RFC 7208 §7.3: whole labels go from the left until it fits. */
	while (name.n > DNS_NAME_MAX)
		str_cut(name, '.', &head, &name);
	memcpy(ret->at, name.n ? name.at : "", name.n);
	str_lower(ret->at, name.n);
	ret->at[name.n] = '\0';
	ret->name = (struct str){ ret->at, name.n };
	return SPF_GOT_IT;
}

enum spf_got spf_expand_explanation(struct spf_run *run, struct str text, struct str domain,
				    char ret[SPF_EXPLANATION_MAX + 1])
{
	struct out out = { .is_domain = false };
	enum spf_got got = expand(run, text, domain, &out);
	size_t n = out.n < SPF_EXPLANATION_MAX ? out.n : SPF_EXPLANATION_MAX;

	if (got != SPF_GOT_IT)
		return got;
	for (size_t i = 0; i < n; i++)
		ret[i] = out.at[i] < ' ' || out.at[i] > '~' ? '?' : out.at[i];
	ret[n] = '\0';
	return SPF_GOT_IT;
}
