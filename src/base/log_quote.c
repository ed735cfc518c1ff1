/* log_quote: bytes from outside made fit for a terminal.
 *
 * Valid UTF-8 is shown, since operators read subjects and names in it.  Everything that could move
 * the cursor or turn the writing direction is shown as \xNN.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/log.h"

static bool is_direction_mark(uint32_t c)
{
	return c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

static size_t sequence_length(unsigned char first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

/* Bytes of the character that s begins with; 0 when it is not valid or not fit to be shown. */
static size_t shown_length(struct str s)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)s.at;
	size_t n = sequence_length(at[0]);
	uint32_t c;

	if (at[0] < 0x80)
		return at[0] >= ' ' && at[0] != 0x7f;
	if (n == 0 || n > s.n)
		return 0;
	c = at[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (c < lowest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return c < 0xa0 || is_direction_mark(c) ? 0 : n;
}

const char *log_quote(struct str s, char *out, size_t max)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0, safe = 0; /* safe: how long it may be when "..." follows */

	if (max == 0)
		return out;
	while (s.n) {
		size_t shown = shown_length(s), step = shown ? shown : 4;
		unsigned char c = (unsigned char)s.at[0];

		if (n + step > max - 1) {
			size_t dots = max - 1 - safe < 3 ? max - 1 - safe : 3;

			memcpy(out + safe, "...", dots);
			n = safe + dots;
			break;
		}
		if (shown)
			memcpy(out + n, s.at, shown);
		else
			memcpy(out + n, (const char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
		n += step;
		if (n + 3 <= max - 1)
			safe = n;
		s = str_from(s, shown ? shown : 1);
	}
	out[n] = '\0';
	return out;
}
