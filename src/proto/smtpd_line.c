/* smtpd_line: lines of commands.  They end in CRLF and nothing else: a bare LF is where SMTP
 * smuggling begins.
 *
 * An overlong line is skipped to its end and refused once.  But a BDAT that cannot be read is told
 * as one without a size: what follows it is content, and smtpd_args_bdat knows what to do then.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpd_private.h"

#include <string.h>

/* Where CRLF begins in s, or -1.  A bare LF ends nothing. */
static ptrdiff_t find_crlf(struct str s)
{
	const char *lf = s.n ? memchr(s.at, '\n', s.n) : NULL;

	while (lf) {
		if (lf > s.at && lf[-1] == '\r')
			return lf - s.at - 1;
		lf = memchr(lf + 1, '\n', (size_t)(s.at + s.n - lf - 1));
	}
	return -1;
}

/* The rest of an overlong line; true when its end has come.  A CR at the end is kept: it may be
 * half of a CRLF. */
static bool skip_line(struct smtpd *s, struct str in)
{
	ptrdiff_t end = find_crlf(in);

	if (end >= 0)
		s->used = (size_t)end + 2;
	else
		buf_consume(&s->in, in.n - (in.n && in.at[in.n - 1] == '\r'));
	s->skipping = end < 0;
	return end >= 0;
}

enum smtpd_line smtpd_line_read(struct smtpd *s, struct str *ret)
{
	struct str in = buf_str(&s->in);

	if (!s->skipping) {
		size_t most = in.n < s->limits.max_line ? in.n : s->limits.max_line;
		ptrdiff_t end = find_crlf((struct str){ in.at, most });

		if (end >= 0) {
			s->used = (size_t)end + 2;
			*ret = (struct str){ in.at, (size_t)end };
			return SMTPD_LINE_HERE;
		}
		if (in.n < s->limits.max_line)
			return SMTPD_LINE_NONE;
		/* A size that cannot be read, see smtpd_args_bdat. */
		if (smtpd_line_is_bdat((struct str){ in.at, s->limits.max_line })) {
			*ret = STR("BDAT");
			return SMTPD_LINE_HERE;
		}
	}
	return skip_line(s, in) ? SMTPD_LINE_TOO_LONG : SMTPD_LINE_NONE;
}

bool smtpd_line_is_bdat(struct str line)
{
	struct str name, args;

	str_cut(str_trim(line), ' ', &name, &args);
	return str_ieq(name, STR("BDAT"));
}

bool smtpd_line_has_control(struct str line)
{
	return memchr(line.at, '\0', line.n) || memchr(line.at, '\r', line.n) ||
	       memchr(line.at, '\n', line.n);
}
