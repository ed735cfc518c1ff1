/* smtpd_data: message content, from 354 to the final dot (RFC 5321 §4.1.1.4, §4.5.2), or chunk by
 * chunk (BDAT, RFC 3030 §2).
 *
 * Only CRLF "." CRLF ends it.  Whatever other mail servers may take for an end (LF.LF, CR.CR,
 * CRLF.LF …) is a bare CR or LF: the message is refused at its true end, so nothing behind a
 * false end is ever run as a command here, nor handed on to a server that would run it.
 *
 * Speed: two memchr a line and one for NUL a span.  Content is never copied; the caller is given
 * spans of the input buffer, cut only where a stuffed dot is left out.  No byte whose meaning
 * hangs on the next one (CR, a dot at the start of a line) is used up before that one has come,
 * so the whole state is "does the next byte begin a line", and the result does not depend on
 * how the bytes were cut into reads.
 *
 * Chunks are held to the same lines: what is kept will go out by DATA, where a bare CR or LF means
 * what the next server takes it for.  A CRLF may be cut by the border of two chunks, so there is
 * one more bit of state for them.  The last line is completed, since DATA cannot say otherwise.
 *
 * Decided against: turning bare CR or LF into CRLF.  It breaks DKIM signatures and makes two
 * servers disagree on what the message is.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpd_private.h"

#include <string.h>

enum stop {
	STOP_MORE, /* content up to here; the rest hangs on bytes to come */
	STOP_DOT,  /* a line begins with a dot */
	STOP_BARE,
	STOP_NUL,
	STOP_TOO_BIG,
};

enum dot { DOT_STUFFED, DOT_END, DOT_MORE };

void smtpd_data_begin(struct smtpd *s)
{
	s->size = 0;
	s->refuse = NULL;
	s->line_start = true; /* the CRLF of the DATA line itself: RFC 5321 §4.1.1.4 */
	s->after_cr = false;
}

/* in begins with a dot that begins a line. */
static enum dot dot_kind(struct str in)
{
	if (in.n >= 2 && in.at[1] != '\r')
		return DOT_STUFFED;
	if (in.n < 3)
		return DOT_MORE;
	return in.at[2] == '\n' ? DOT_END : DOT_STUFFED;
}

/* How many bytes at the front are well-formed content, and why it stops there.  line_start is NULL
 * where dots mean nothing. */
static size_t scan(struct str in, bool *line_start, enum stop *why)
{
	size_t at = 0;

	while (at < in.n) {
		const char *line = in.at + at;

		if (line_start && *line_start && *line == '.') {
			*why = STOP_DOT;
			return at;
		}

		const char *lf = memchr(line, '\n', in.n - at);
		const char *end = lf ? lf : in.at + in.n;
		const char *cr = memchr(line, '\r', (size_t)(end - line));

		if (lf && cr && cr + 1 == lf) {
			at = (size_t)(lf - in.at) + 1;
			if (line_start)
				*line_start = true;
			continue;
		}
		*why = STOP_MORE;
		if (lf || (cr && cr + 1 != end))
			*why = STOP_BARE;

		size_t stop = (size_t)((cr ? cr : end) - in.at);

		if (line_start && stop > at)
			*line_start = false;
		return stop;
	}
	*why = STOP_MORE;
	return at;
}

/* Content that is refused already: only lines count.  Bytes that may be used up. */
static size_t skip(struct str in, bool *line_start)
{
	size_t at = 0;

	while (at < in.n && !(*line_start && in.at[at] == '.')) {
		const char *lf = memchr(in.at + at, '\n', in.n - at);

		if (!lf) {
			size_t stop = in.at[in.n - 1] == '\r' ? in.n - 1 : in.n;

			if (stop > at)
				*line_start = false;
			return stop;
		}
		*line_start = lf > in.at && lf[-1] == '\r';
		at = (size_t)(lf - in.at) + 1;
	}
	return at;
}

static const struct reply *refusal(enum stop why)
{
	switch (why) {
	case STOP_BARE:
		return reply_get(REPLY_BARE_CR_LF);
	case STOP_NUL:
		return reply_get(REPLY_CONTENT_NUL);
	case STOP_TOO_BIG:
		return reply_get(REPLY_TOO_BIG);
	case STOP_MORE:
	case STOP_DOT:
		break;
	}
	return NULL;
}

/* The part of n well-formed bytes that may be given out. */
static size_t bound(const struct smtpd *s, const char *at, size_t n, enum stop *why)
{
	const char *nul = n ? memchr(at, '\0', n) : NULL;
	uint64_t left = s->max_size - s->size;

	if (nul) {
		n = (size_t)(nul - at);
		*why = STOP_NUL;
	}
	if (n > left) {
		n = (size_t)left;
		*why = STOP_TOO_BIG;
		/* CRLF is never cut in two, or skip() would not see that a line begins. */
		if (n && at[n] == '\n')
			n--;
	}
	return n;
}

/* Looks at what is there; true when something can be said, false when more must come or when it
 * was all skipped. */
static bool take_span(struct smtpd *s, struct str in, struct smtpd_request *r)
{
	enum stop why;
	size_t n = scan(in, &s->line_start, &why);

	n = bound(s, in.at, n, &why);
	s->refuse = refusal(why);
	if (s->refuse)
		s->line_start = false;
	if (!n)
		return false;
	s->size += n;
	s->used = n;
	r->want = WANT_CHUNK;
	r->bytes = (struct str){ in.at, n };
	return true;
}

bool smtpd_data_next(struct smtpd *s, struct smtpd_request *r)
{
	for (;;) {
		struct str in = buf_str(&s->in);

		if (s->line_start && in.n && in.at[0] == '.') {
			switch (dot_kind(in)) {
			case DOT_MORE:
				return false;
			case DOT_STUFFED:
				buf_consume(&s->in, 1);
				s->line_start = false;
				continue;
			case DOT_END:
				s->used = 3;
				r->want = s->refuse ? WANT_DROP : WANT_END;
				r->refuse = s->refuse;
				r->size = s->size;
				return true;
			}
		}
		if (!s->refuse) {
			if (take_span(s, in, r) || !s->refuse)
				return false;
			continue;
		}

		size_t n = skip(in, &s->line_start);

		buf_consume(&s->in, n);
		if (!n || n == in.n || !s->line_start)
			return false;
	}
}

/* -- chunks -------------------------------------------------------------------------------- */

static void give_octets(struct smtpd *s, struct str bytes, struct smtpd_request *r)
{
	s->size += bytes.n;
	s->line_start = bytes.at[bytes.n - 1] == '\n';
	r->want = WANT_CHUNK;
	r->bytes = bytes;
}

/* in is what is there of the chunk, `all` when that is all of it.  True when some can be given. */
static bool take_octets(struct smtpd *s, struct str in, bool all, struct smtpd_request *r)
{
	size_t lead = s->after_cr, n;
	enum stop why;

	if (lead && in.at[0] != '\n') {
		s->refuse = refusal(STOP_BARE);
		return false;
	}
	s->after_cr = false;
	n = lead + scan(str_from(in, lead), NULL, &why);
	if (why == STOP_MORE && n < in.n && all) {
		s->after_cr = true; /* its LF may begin the next chunk */
		n++;
	}
	n = bound(s, in.at, n, &why);
	s->refuse = refusal(why);
	if (!n)
		return false;
	s->used = n;
	s->chunk.left -= n;
	give_octets(s, (struct str){ in.at, n }, r);
	return true;
}

/* All of the message is there: true when its last line had to be completed. */
static bool complete_line(struct smtpd *s, struct smtpd_request *r)
{
	if (s->refuse)
		return false;
	if (s->after_cr)
		s->refuse = refusal(STOP_BARE);
	else if (!s->line_start)
		give_octets(s, STR("\r\n"), r);
	return r->want == WANT_CHUNK;
}

bool smtpd_bdat_next(struct smtpd *s, struct smtpd_request *r)
{
	bool wanted = s->state == CHUNKS;

	if (wanted && !s->refuse && s->chunk.left > s->max_size - s->size)
		s->refuse = refusal(STOP_TOO_BIG);
	while (s->chunk.left) {
		struct str in = buf_str(&s->in);
		bool all = in.n >= s->chunk.left;

		if (all)
			in.n = (size_t)s->chunk.left;
		if (!in.n)
			return false;
		if (wanted && !s->refuse) {
			if (take_octets(s, in, all, r) || !s->refuse)
				return false;
			continue;
		}
		buf_consume(&s->in, in.n);
		s->chunk.left -= in.n;
	}
	return !(wanted && s->chunk.last && complete_line(s, r));
}
