/* utf8: see utf8.h.
 * SPDX-License-Identifier: ISC */
#include "base/utf8.h"

static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t utf8_next(struct str s, uint32_t *ret)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)s.at;
	size_t n = s.n ? sequence_length(at[0]) : 0;
	uint32_t c;

	if (n == 0 || n > s.n)
		return 0;
	c = n == 1 ? at[0] : at[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (c < lowest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

bool utf8_is_text(struct str s)
{
	while (s.n) {
		uint32_t c;
		size_t n = utf8_next(s, &c);

		if (n == 0 || c < ' ' || (c >= 0x7f && c < 0xa0))
			return false;
		s = str_from(s, n);
	}
	return true;
}

/* No branch a byte: it runs over whole header sections. */
bool utf8_has_8bit(struct str s)
{
	unsigned char all = 0;

	for (size_t i = 0; i < s.n; i++)
		all |= (unsigned char)s.at[i];
	return all & 0x80;
}
