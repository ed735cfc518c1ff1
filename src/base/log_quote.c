/* log_quote: bytes from outside made fit for a terminal.
 *
 * Valid UTF-8 is shown, since operators read subjects and names in it.  Everything that could move
 * the cursor or turn the writing direction is shown as \xNN.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"

static bool is_direction_mark(uint32_t c)
{
	return c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* Bytes of the character that s begins with; 0 when it is not valid or not fit to be shown. */
static size_t shown_length(struct str s)
{
	uint32_t c;
	size_t n = utf8_next(s, &c);

	if (n == 0 || c < ' ' || (c >= 0x7f && c < 0xa0))
		return 0;
	return is_direction_mark(c) ? 0 : n;
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
