/* quoted: see quoted.h.
 * SPDX-License-Identifier: ISC */
#include "proto/quoted.h"

#define LINE_MAX_OUT 76 /* with the "=" of a soft break */

/* A blank at the end of a line would not survive. */
static bool stands_for_itself(char c, bool last)
{
	if (c == ' ' || c == '\t')
		return !last;
	return c > ' ' && c <= '~' && c != '=';
}

bool quoted_add_line(struct buf *out, struct str line)
{
	size_t column = 0;

	for (size_t i = 0; i < line.n; i++) {
		bool plain = stands_for_itself(line.at[i], i + 1 == line.n);
		size_t n = plain ? 1 : 3;

		if (column + n > LINE_MAX_OUT - 1) {
			if (!buf_add(out, STR("=\r\n")))
				return false;
			column = 0;
		}
		column += n;
		if (!buf_addf(out, plain ? "%c" : "=%02X", (unsigned char)line.at[i]))
			return false;
	}
	return buf_add(out, STR("\r\n"));
}
