/* xtext: see xtext.h.  Hexadecimal digits are upper case: RFC 3461 §4 knows no other.
 * SPDX-License-Identifier: ISC */
#include "proto/xtext.h"

int xtext_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at the front of s: how many bytes it is written with, 0 when it is none. */
static size_t take(struct str s, char *ret)
{
	if (s.at[0] <= ' ' || s.at[0] > '~' || s.at[0] == '=')
		return 0;
	*ret = s.at[0];
	if (s.at[0] != '+')
		return 1;
	if (s.n < 3 || xtext_digit(s.at[1]) < 0 || xtext_digit(s.at[2]) < 0)
		return 0;
	*ret = (char)(unsigned char)(xtext_digit(s.at[1]) * 16 + xtext_digit(s.at[2]));
	return 3;
}

bool xtext_is(struct str s)
{
	char byte;

	while (s.n) {
		size_t used = take(s, &byte);

		if (!used)
			return false;
		s = str_from(s, used);
	}
	return true;
}

bool xtext_decode(struct str s, char *to, struct str *ret)
{
	size_t n = 0;

	if (!xtext_is(s))
		return false;
	while (s.n)
		s = str_from(s, take(s, &to[n++]));
	*ret = (struct str){ to, n };
	return true;
}

size_t xtext_encode(struct str s, char *to)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c > ' ' && c <= '~' && c != '+' && c != '=') {
			to[n++] = s.at[i];
			continue;
		}
		to[n++] = '+';
		to[n++] = digits[c >> 4];
		to[n++] = digits[c & 15];
	}
	return n;
}
