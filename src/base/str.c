/* str: spans of bytes, and the few parsers of numbers with units that file and API share.
 *
 * No function here looks at the locale: mail is ASCII where it is syntax.  memcmp and friends
 * are never called with a length of 0, since an empty span may have a NULL pointer.
 * Decided against: strtoull, which takes signs, blanks and octal that no RFC grants.
 * SPDX-License-Identifier: ISC */
#include "base/str.h"

#include <string.h>

struct str str_of(const char *cstr)
{
	if (!cstr)
		return STR_NONE;
	return (struct str){ cstr, strlen(cstr) };
}

struct str str_from(struct str s, size_t from)
{
	if (from >= s.n)
		return STR_NONE;
	return (struct str){ s.at + from, s.n - from };
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

bool str_ieq(struct str a, struct str b)
{
	return a.n == b.n && str_istarts(a, b);
}

int str_compare(struct str a, struct str b)
{
	size_t shorter = a.n < b.n ? a.n : b.n;
	int order = shorter ? memcmp(a.at, b.at, shorter) : 0;

	if (order)
		return order;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.at, prefix.at, prefix.n) == 0);
}

bool str_istarts(struct str s, struct str prefix)
{
	if (s.n < prefix.n)
		return false;
	for (size_t i = 0; i < prefix.n; i++) {
		if (str_lower_char(s.at[i]) != str_lower_char(prefix.at[i]))
			return false;
	}
	return true;
}

ptrdiff_t str_find(struct str s, char c)
{
	const char *found = s.n ? memchr(s.at, c, s.n) : NULL;

	return found ? found - s.at : -1;
}

ptrdiff_t str_rfind(struct str s, char c)
{
	for (size_t i = s.n; i > 0; i--) {
		if (s.at[i - 1] == c)
			return (ptrdiff_t)i - 1;
	}
	return -1;
}

bool str_cut(struct str s, char sep, struct str *head, struct str *rest)
{
	ptrdiff_t at = str_find(s, sep);

	if (at < 0) {
		*head = s;
		*rest = STR_NONE;
		return false;
	}
	*head = (struct str){ s.at, (size_t)at };
	*rest = str_from(s, (size_t)at + 1);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && is_blank(s.at[0]))
		s = (struct str){ s.at + 1, s.n - 1 };
	while (s.n > 0 && is_blank(s.at[s.n - 1]))
		s.n--;
	return s;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;

		uint64_t digit = (uint64_t)(s.at[i] - '0');

		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

char str_lower_char(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void str_lower(char *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i] = str_lower_char(at[i]);
}

/* Split "30ms" into its digits and what follows them. */
static struct str split_unit(struct str s, struct str *digits)
{
	size_t n = 0;

	while (n < s.n && s.at[n] >= '0' && s.at[n] <= '9')
		n++;
	*digits = (struct str){ s.at, n };
	return str_from(s, n);
}

struct unit {
	const char *name;
	uint64_t factor;
};

static bool to_number(struct str s, const struct unit *units, uint64_t *ret)
{
	struct str digits, unit = split_unit(s, &digits);
	uint64_t value;

	for (const struct unit *u = units; u->name; u++) {
		if (!str_ieq(unit, str_of(u->name)))
			continue;
		if (!str_to_u64(digits, UINT64_MAX / u->factor, &value))
			return false;
		*ret = value * u->factor;
		return true;
	}
	return false;
}

bool str_to_bytes(struct str s, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "k", UINT64_C(1) << 10 },
		{ "M", UINT64_C(1) << 20 },
		{ "G", UINT64_C(1) << 30 },
		{ "T", UINT64_C(1) << 40 },
		{ NULL, 0 },
	};

	return to_number(s, units, ret);
}

bool str_to_ms(struct str s, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "ms", 1 },
		{ "s", 1000 },
		{ "m", 60 * 1000 },
		{ "h", 3600 * 1000 },
		{ "d", 24 * 3600 * 1000 },
		{ "w", 7 * 24 * 3600 * 1000 },
		{ NULL, 0 },
	};

	if (str_eq(s, STR("0"))) {
		*ret = 0;
		return true;
	}
	return to_number(s, units, ret);
}

uint64_t str_ihash(struct str s)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.n; i++) {
		hash ^= (unsigned char)str_lower_char(s.at[i]);
		hash *= UINT64_C(0x100000001b3);
	}
	return hash;
}
