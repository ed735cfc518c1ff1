/* smtpc_reply: reading what a server answers (RFC 5321 §4.2).
 *
 * Lines end in CRLF and nothing else: a bare LF that a server echoes from somebody's address must
 * not become a second reply.  Text is kept as it came but for CR, LF and NUL, which could forge a
 * line wherever it is shown; making it fit for print is the affair of whoever prints it.
 *
 * Not done: reading a reply whose continuation lines carry another code.  RFC 5321 §4.2.1 forbids
 * it, and a client that guesses which code is meant may lose mail.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpc_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BAD_REPLY      "server's reply is malformed or too long"
#define LINE_MAX_BYTES 2048 /* of a reply's line, with CRLF */
#define LINES_MAX      128  /* of a reply */
#define TEXT_KEPT      480  /* bytes of its text */

/* Classes 2 to 5; SMTP has no reply of class 1 (RFC 5321 §4.2.1). */
static bool code_of(struct str line, short *ret)
{
	if (line.n < 3 || line.at[0] < '2' || line.at[0] > '5' || !str_is_digit(line.at[1]) ||
	    !str_is_digit(line.at[2]))
		return false;
	*ret = (short)((line.at[0] - '0') * 100 + (line.at[1] - '0') * 10 + (line.at[2] - '0'));
	return true;
}

/* One line: "250-text", "250 text" or "250". */
struct line {
	short code;
	bool last;
	struct str text; /* behind the code and its separator */
};

/* The first line of in: bytes used, 0: not complete yet, -1: malformed or too long. */
static ptrdiff_t line_parse(struct str in, struct line *ret)
{
	size_t n = in.n < LINE_MAX_BYTES ? in.n : LINE_MAX_BYTES;
	const char *end = n ? memmem(in.at, n, "\r\n", 2) : NULL;

	if (!end)
		return in.n >= LINE_MAX_BYTES ? -1 : 0;

	struct str line = { in.at, (size_t)(end - in.at) };
	struct line l = { .last = true, .text = str_from(line, 4) };

	if (!code_of(line, &l.code))
		return -1;
	if (line.n > 3) {
		if (line.at[3] != ' ' && line.at[3] != '-')
			return -1;
		l.last = line.at[3] == ' ';
	}
	*ret = l;
	return (ptrdiff_t)line.n + 2;
}

static size_t digits(struct str s, size_t from)
{
	size_t n = 0;

	while (from + n < s.n && str_is_digit(s.at[from + n]))
		n++;
	return n;
}

/* Length of the enhanced code (RFC 2034 §4) at the start of text, or 0.  One whose class is not
 * that of the code means nothing. */
static size_t enhanced_n(short code, struct str text)
{
	if (text.n < 5 || text.at[0] != (char)('0' + code / 100) || text.at[1] != '.')
		return 0;

	size_t subject = digits(text, 2);
	size_t dot = 2 + subject;

	if (subject < 1 || subject > 3 || dot >= text.n || text.at[dot] != '.')
		return 0;

	size_t detail = digits(text, dot + 1);
	size_t n = dot + 1 + detail;

	if (detail < 1 || detail > 3 || (n < text.n && text.at[n] != ' '))
		return 0;
	return n;
}

static void keep(struct smtpc_reading *r, struct str s)
{
	for (size_t i = 0; i < s.n && r->text_n < TEXT_KEPT; i++) {
		char c = s.at[i];

		r->reply.text[r->text_n++] = c == '\r' || c == '\n' || c == '\0' ? '?' : c;
	}
	r->reply.text[r->text_n] = '\0';
}

static void keep_first(struct smtpc_reading *r, const struct line *l)
{
	size_t n = enhanced_n(l->code, l->text);
	char code[4] = { (char)('0' + l->code / 100), (char)('0' + l->code / 10 % 10),
			 (char)('0' + l->code % 10), '\0' };

	r->reply.code = l->code;
	if (n > 0) {
		memcpy(r->reply.enhanced, l->text.at, n);
		r->reply.enhanced[n] = '\0';
	}
	keep(r, str_of(code));
}

/* False when the line's code is not that of the lines before, or it is one too many. */
static bool add_line(struct smtpc_reading *r, const struct line *l)
{
	struct str text = l->text;
	struct str enhanced = { text.at, enhanced_n(l->code, text) };

	if (r->lines >= LINES_MAX || (r->lines > 0 && l->code != r->reply.code))
		return false;
	if (r->lines == 0)
		keep_first(r, l);
	else if (enhanced.n > 0 && str_eq(enhanced, str_of(r->reply.enhanced)))
		text = str_trim(str_from(text, enhanced.n)); /* said once is enough */
	if (text.n > 0) {
		keep(r, STR(" "));
		keep(r, text);
	}
	r->lines++;
	return true;
}

/* "RCPTMAX=100 MAILMAX=5" (RFC 9422 §4); what cannot be read, or is 0, is no limit. */
static void learn_limits(struct smtpc_caps *caps, struct str text)
{
	const struct {
		struct str name;
		uint64_t *limit;
	} known[] = {
		{ STR("MAILMAX"), &caps->mail_max },
		{ STR("RCPTMAX"), &caps->rcpt_max },
		{ STR("RCPTDOMAINMAX"), &caps->rcpt_domain_max },
	};

	while (text.n) {
		struct str word, name, value;

		str_cut(text, ' ', &word, &text);
		str_cut(word, '=', &name, &value);
		for (size_t i = 0; i < COUNT(known); i++)
			if (str_ieq(name, known[i].name))
				(void)str_to_u64(value, UINT64_MAX, known[i].limit);
	}
}

/* What a line of the answer to EHLO tells; a keyword counts the first time only. */
static void learn(struct smtpc_caps *caps, struct str text)
{
	struct str word, rest;
	const struct {
		struct str word;
		bool *flag;
	} known[] = {
		{ STR("PIPELINING"), &caps->pipelining },        /* RFC 2920 */
		{ STR("SIZE"), &caps->size },                    /* RFC 1870 */
		{ STR("8BITMIME"), &caps->mime8bit },            /* RFC 6152 */
		{ STR("ENHANCEDSTATUSCODES"), &caps->enhanced }, /* RFC 2034 */
		{ STR("DSN"), &caps->dsn },                      /* RFC 3461 */
		{ STR("SMTPUTF8"), &caps->smtputf8 },            /* RFC 6531 */
	};

	str_cut(str_trim(text), ' ', &word, &rest);
	if (str_ieq(word, STR("LIMITS")))
		learn_limits(caps, rest);
	for (size_t i = 0; i < COUNT(known); i++) {
		if (*known[i].flag || !str_ieq(word, known[i].word))
			continue;
		*known[i].flag = true;
		/* A number that cannot be read is no limit: the server will say so itself. */
		if (known[i].flag == &caps->size &&
		    !str_to_u64(str_trim(rest), UINT64_MAX, &caps->max_size))
			caps->max_size = 0;
	}
}

bool smtpc_reply_read(struct smtpc *c, struct smtpc_reply *ret)
{
	struct line line;
	ptrdiff_t used;

	while ((used = line_parse(buf_str(&c->in), &line)) > 0) {
		if (!add_line(&c->reading, &line)) {
			smtpc_break(c, BAD_REPLY);
			return false;
		}
		if (c->await.state == EHLO && line.code / 100 == 2 && c->reading.lines > 1)
			learn(&c->caps, line.text);
		buf_consume(&c->in, (size_t)used);
		if (line.last) {
			*ret = c->reading.reply;
			memset(&c->reading, 0, sizeof(c->reading));
			return true;
		}
	}
	if (used < 0)
		smtpc_break(c, BAD_REPLY);
	return false;
}

bool smtpc_means_too_many(const struct smtpc_reply *r)
{
	return r->code == 552 && (!r->enhanced[0] || strcmp(r->enhanced, "5.5.3") == 0);
}

void smtpc_reply_own(struct smtpc_reply *ret, short code, const char *enhanced, const char *fmt,
		     ...)
{
	va_list args;

	memset(ret, 0, sizeof(*ret));
	ret->code = code;
	snprintf(ret->enhanced, sizeof(ret->enhanced), "%s", enhanced);
	va_start(args, fmt);
	vsnprintf(ret->text, TEXT_KEPT + 1, fmt, args);
	va_end(args);
}
