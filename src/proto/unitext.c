/* unitext: see unitext.h.
 * SPDX-License-Identifier: ISC */
#include "proto/unitext.h"

#include "base/utf8.h"
#include "proto/xtext.h"

/* What stands for itself: printable ASCII but "\", "+" and "=". */
static bool is_plain(char c)
{
	return c > ' ' && c <= '~' && c != '\\' && c != '+' && c != '=';
}

/* HEXPOINT but for the control characters, which no address has. */
static bool may_be_embedded(uint32_t c, size_t digits, bool leading_zero)
{
	if (leading_zero || digits < 2 || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return false;
	return c >= 0xa0 || c == ' ' || c == '+' || c == '=' || c == '\\';
}

/* "\x{HEX}" at the front of s: its length, or 0. */
static size_t embedded(struct str s)
{
	uint32_t c = 0;
	size_t n = 3;

	if (!str_starts(s, STR("\\x{")))
		return 0;
	while (n < s.n && n < 9 && xtext_digit(s.at[n]) >= 0)
		c = c << 4 | (uint32_t)xtext_digit(s.at[n++]);
	if (n == s.n || s.at[n] != '}' || !may_be_embedded(c, n - 3, s.at[3] == '0'))
		return 0;
	return n + 1;
}

bool unitext_is(struct str s, bool wide)
{
	if (utf8_has_8bit(s) && (!wide || !utf8_is_text(s)))
		return false;
	while (s.n) {
		size_t n = is_plain(s.at[0]) || (unsigned char)s.at[0] >= 0x80 ? 1 : embedded(s);

		if (!n)
			return false;
		s = str_from(s, n);
	}
	return true;
}

/* Each character for which `plain` does not hold is written \x{HEX}. */
static bool add(struct buf *out, struct str s, bool (*plain)(char c))
{
	while (s.n) {
		uint32_t c = '?';
		size_t n = utf8_next(s, &c);
		bool as_it_is;

		if (c < ' ' || (c >= 0x7f && c < 0xa0))
			c = '?';
		as_it_is = c < 0x80 && plain((char)c);
		if (!buf_addf(out, as_it_is ? "%c" : "\\x{%02X}", c))
			return false;
		s = str_from(s, n ? n : 1);
	}
	return true;
}

bool unitext_add(struct buf *out, struct str address)
{
	return add(out, address, is_plain);
}

static bool is_ascii(char c)
{
	return (unsigned char)c < 0x80;
}

bool unitext_add_7bit(struct buf *out, struct str unitext)
{
	return add(out, unitext, is_ascii);
}
