/* smtpc_body: the content of a mail on its way out: dot-stuffing and its end (RFC 5321 §4.5.2).
 *
 * A line begins behind CRLF and nowhere else.  Content with a bare CR or LF is refused at our own
 * door; were some here all the same, it would go out unchanged.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpc.h"

#include <assert.h>
#include <string.h>

#include "proto/smtpc_private.h"

#define TAIL_BYTES 64 /* kept free in the output for the end of the content */

/* Bytes of s up to where a dot must be put in, *at being updated over them. */
static size_t plain_n(struct str s, enum content *at)
{
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.at[i];

		if (ch == '.' && *at == LINE_START)
			return i;
		if (*at == IN_LINE && ch != '\r') {
			/* Most bytes are neither: go to the next that may matter. */
			const char *cr = memchr(s.at + i, '\r', s.n - i);

			if (!cr)
				return s.n;
			i = (size_t)(cr - s.at);
			ch = '\r';
		}
		if (ch == '\r')
			*at = AFTER_CR;
		else
			*at = ch == '\n' && *at == AFTER_CR ? LINE_START : IN_LINE;
	}
	return s.n;
}

/* How many dots s needs. */
static size_t dots(struct str s, enum content at)
{
	size_t n = 0, i;

	while ((i = plain_n(s, &at)) < s.n) {
		n++;
		at = IN_LINE;
		s = str_from(s, i + 1);
	}
	return n;
}

bool smtpc_body(struct smtpc *c, struct str bytes)
{
	assert(c->await.state == BODY || c->await.state == BROKEN);
	assert(bytes.n <= SMTPC_OUTPUT_MAX / 2);
	if (c->await.state == BROKEN)
		return true;

	size_t need = bytes.n + dots(bytes, c->content);

	if (buf_len(&c->out) + need + TAIL_BYTES > SMTPC_OUTPUT_MAX)
		return false;

	char *to = need ? buf_reserve(&c->out, need) : NULL;

	while (to && bytes.n > 0) {
		size_t n = plain_n(bytes, &c->content);

		memcpy(to, bytes.at, n);
		to += n;
		if (n < bytes.n) {
			*to++ = '.';
			*to++ = '.';
			c->content = IN_LINE;
			n++;
		}
		bytes = str_from(bytes, n);
	}
	buf_added(&c->out, need);
	return true;
}

void smtpc_body_end(struct smtpc *c)
{
	assert(c->await.state == BODY || c->await.state == BROKEN);
	if (c->await.state == BROKEN)
		return;
	if (smtpc_is_early(c))
		smtpc_break(c, SMTPC_EARLY);
	else if (!buf_add(&c->out, c->content == LINE_START ? STR(".\r\n") : STR("\r\n.\r\n")))
		smtpc_break(c, SMTPC_FULL);
	if (c->await.state == BROKEN)
		return;
	c->await.state = DOT;
	c->outstanding = 1;
	c->dot_sent = true;
}
