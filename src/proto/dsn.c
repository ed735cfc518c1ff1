/* dsn: the report to a sender that mail did not get through (RFC 3464 in RFC 6522's envelope).
 *
 * Three parts: words for people, fields for programs, and the headers of the original so that both
 * can tell which mail it was.  All text from outside is squeezed into printable ASCII: a report
 * must pass any server, and must not carry what a server said or a stranger wrote as anything but
 * text.  What was UTF-8 by right is so again for its reader, by quoted-printable: whether the
 * server on the way back knows SMTPUTF8 is not known here (RFC 6533 §4.5).
 *
 * Not done: the original's body, which would make us a carrier of somebody else's spam; a part in
 * the reader's language; folding of long fields (every line is cut far below 998 octets instead).
 * SPDX-License-Identifier: ISC */
#include "proto/dsn.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "proto/quoted.h"
#include "proto/unitext.h"
#include "proto/xtext.h"

#define HEADERS_MAX  (64 * 1024) /* bytes of the original's header section */
#define LINE_MAX_OUT 900 /* octets of a line that came from outside (RFC 5321 §4.5.3.1.6) */
#define BOUNDARY_MAX 64
#define QUOTED_PRINTABLE "Content-Transfer-Encoding: quoted-printable"
#define XTEXT_MAX    512 /* more than RFC 3461 §4 allows for ENVID and ORCPT */

static const struct {
	unsigned bit;
	const char *word;
} notify_words[] = {
	{ NOTIFY_NEVER, "NEVER" },
	{ NOTIFY_SUCCESS, "SUCCESS" },
	{ NOTIFY_FAILURE, "FAILURE" },
	{ NOTIFY_DELAY, "DELAY" },
};

unsigned dsn_notify_bit(struct str word)
{
	for (size_t i = 0; i < COUNT(notify_words); i++)
		if (str_ieq(word, str_of(notify_words[i].word)))
			return notify_words[i].bit;
	return 0;
}

bool dsn_tells_failure(unsigned notify)
{
	return !notify || (notify & NOTIFY_FAILURE);
}

const char *dsn_notify_text(unsigned notify, char to[32])
{
	size_t n = 0;

	to[0] = '\0';
	for (size_t i = 0; i < COUNT(notify_words); i++)
		if (notify & notify_words[i].bit)
			n += (size_t)snprintf(to + n, 32 - n, "%s%s", n ? "," : "",
					      notify_words[i].word);
	return to;
}

/* What is being written; ok turns false for good when out is full. */
struct report {
	struct buf *out;
	bool ok;
	const struct dsn *dsn;
	char boundary[BOUNDARY_MAX];
};

static void say(struct report *r, const char *text)
{
	r->ok = r->ok && buf_add(r->out, str_of(text));
}

/* Text from outside: one line, printable ASCII, no longer than a line may be. */
static void quote(struct report *r, struct str s)
{
	size_t n = s.n < LINE_MAX_OUT ? s.n : LINE_MAX_OUT;
	char *to = r->ok ? buf_reserve(r->out, n) : NULL;

	if (!to) {
		r->ok = false;
		return;
	}
	for (size_t i = 0; i < n; i++)
		to[i] = (s.at[i] >= ' ' && s.at[i] <= '~') || s.at[i] == '\t' ? s.at[i] : '?';
	buf_added(r->out, n);
}

/* The same, but UTF-8 stays what it is. */
static void quote_wide(struct report *r, struct str s)
{
	for (size_t used = 0; s.n && used < LINE_MAX_OUT;) {
		uint32_t c = 0;
		size_t n = utf8_next(s, &c);
		bool shown = n && (c == '\t' || (c >= ' ' && c < 0x7f) || c >= 0xa0);

		n = n ? n : 1;
		r->ok = r->ok && buf_add(r->out, shown ? (struct str){ s.at, n } : STR("?"));
		s = str_from(s, n);
		used += n;
	}
}

static void say_date(struct report *r, const char *name, int64_t wall_ms)
{
	char date[CLOCK_DATE_MAX];

	say(r, name);
	say(r, clock_rfc5322(wall_ms, date));
	say(r, "\r\n");
}

static void field(struct report *r, const char *name, struct str value)
{
	say(r, name);
	quote(r, value);
	say(r, "\r\n");
}

/* A field whose value came as xtext; none when there is none. */
static void field_xtext(struct report *r, const char *name, struct str xtext)
{
	char room[XTEXT_MAX];
	struct str text;

	if (xtext.n && xtext.n <= sizeof(room) && xtext_decode(xtext, room, &text))
		field(r, name, text);
}

/* "rfc822;xtext" (RFC 3461 §4.2, RFC 3464 §2.3.1) */
static void field_orcpt(struct report *r, struct str orcpt)
{
	char room[XTEXT_MAX];
	struct str type, xtext, text;

	if (!str_cut(orcpt, ';', &type, &xtext) || xtext.n > sizeof(room))
		return;
	if (str_ieq(type, STR("utf-8")) && unitext_is(xtext, true)) {
		say(r, "Original-Recipient: utf-8; ");
		r->ok = r->ok && unitext_add_7bit(r->out, xtext);
		say(r, "\r\n");
		return;
	}
	if (!xtext_decode(xtext, room, &text))
		return;
	say(r, "Original-Recipient: ");
	quote(r, type);
	field(r, "; ", text);
}

static void field_final(struct report *r, struct str address)
{
	if (!utf8_has_8bit(address)) {
		field(r, "Final-Recipient: rfc822; ", address);
		return;
	}
	say(r, "Final-Recipient: utf-8; ");
	r->ok = r->ok && unitext_add(r->out, address);
	say(r, "\r\n");
}

/* The header section without the empty line behind it; when it was cut, up to its last whole line.
 */
static struct str header_section(struct str headers)
{
	struct str s = { headers.at, headers.n < HEADERS_MAX ? headers.n : HEADERS_MAX };
	const char *end = s.n ? memmem(s.at, s.n, "\r\n\r\n", 4) : NULL;

	if (str_starts(s, STR("\r\n")))
		return STR_NONE;
	if (end)
		return (struct str){ s.at, (size_t)(end - s.at) + 2 };

	ptrdiff_t last = str_rfind(s, '\n');

	return (struct str){ s.at, (size_t)(last + 1) };
}

/* A boundary that no line of the original's headers can be taken for. */
static void choose_boundary(struct report *r, struct str headers)
{
	char id[ID_TEXT_MAX];
	struct str b;
	unsigned n = 0;

	do {
		snprintf(r->boundary, sizeof(r->boundary), "=_report_%s_%u",
			 id_text(r->dsn->id, id), n++);
		b = str_of(r->boundary);
	} while (headers.n >= b.n && memmem(headers.at, headers.n, b.at, b.n));
}

static void begin_part(struct report *r, const char *type)
{
	say(r, "\r\n--");
	say(r, r->boundary);
	say(r, "\r\nContent-Type: ");
	say(r, type);
	say(r, "\r\n\r\n");
}

/* Nothing of it failed. */
static bool all_relayed(const struct dsn *d)
{
	for (size_t i = 0; i < d->rcpt_count; i++)
		if (!d->rcpts[i].relayed)
			return false;
	return true;
}

static void write_head(struct report *r)
{
	const struct dsn *d = r->dsn;
	char id[ID_TEXT_MAX];

	say_date(r, "Date: ", d->now_ms);
	say(r, "From: Mail Delivery System <MAILER-DAEMON@");
	say(r, d->hostname);
	say(r, ">\r\nTo: <");
	quote_wide(r, d->to);
	say(r, ">\r\nSubject: ");
	say(r, all_relayed(d) ? "Mail was handed on" : "Undelivered mail, returned to its sender");
	say(r, "\r\nMessage-ID: <");
	say(r, id_text(d->id, id));
	say(r, "@");
	say(r, d->hostname);
	say(r, ">\r\nAuto-Submitted: auto-replied\r\n" /* RFC 3834 §5 */
	       "MIME-Version: 1.0\r\n"
	       "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"");
	say(r, r->boundary);
	say(r, "\"\r\n\r\nThis is a delivery report in MIME format.\r\n");
}

static void say_words(struct report *r)
{
	const struct dsn *d = r->dsn;
	char id[ID_TEXT_MAX];

	say(r, "This is the mail system at ");
	say(r, d->hostname);
	say(r, ".\r\n\r\n");
	say(r, all_relayed(d) ? "You asked to be told what became of your message to:\r\n" :
				"Your message could not be delivered to:\r\n");
	for (size_t i = 0; i < d->rcpt_count; i++) {
		const struct dsn_rcpt *rcpt = &d->rcpts[i];

		say(r, "\r\n  <");
		quote_wide(r, rcpt->address);
		say(r, ">\r\n    ");
		quote(r, str_of(rcpt->reason));
		say(r, "\r\n");
		if (rcpt->diagnostic.n > 0 && !rcpt->relayed) {
			say(r, "    The receiving server said:\r\n    ");
			quote(r, rcpt->diagnostic);
			say(r, "\r\n");
		}
	}
	say(r, "\r\nNothing more will be tried for these recipients.  The message came in as\r\n");
	say(r, id_text(d->original, id));
	say_date(r, " on ", d->arrived_ms);
	say(r, "and its headers are below; its content is not returned.\r\n");
}

/* What `text` says, in quoted-printable. */
static void say_quoted(struct report *r, const struct report *text)
{
	struct str rest = buf_str(text->out), line;

	r->ok = r->ok && text->ok;
	while (rest.n > 0) {
		str_cut(rest, '\n', &line, &rest);
		if (line.n > 0 && line.at[line.n - 1] == '\r')
			line.n--;
		r->ok = r->ok && quoted_add_line(r->out, line);
	}
}

static void write_words(struct report *r)
{
	struct report words = *r;
	struct buf text;
	bool wide = false;

	for (size_t i = 0; i < r->dsn->rcpt_count; i++)
		wide = wide || utf8_has_8bit(r->dsn->rcpts[i].address);
	if (!wide) {
		begin_part(r, "text/plain; charset=us-ascii");
		say_words(r);
		return;
	}
	begin_part(r, "text/plain; charset=utf-8\r\n" QUOTED_PRINTABLE);
	buf_init(&text, r->out->max);
	words.out = &text;
	say_words(&words);
	say_quoted(r, &words);
	buf_done(&text);
}

/* "host:port" is told to the operator; the field names a host (RFC 3464 §2.3.5). */
static struct str host_of(struct str remote)
{
	ptrdiff_t colon = str_rfind(remote, ':');
	ptrdiff_t bracket = str_rfind(remote, ']');

	return colon > bracket ? (struct str){ remote.at, (size_t)colon } : remote;
}

/* RFC 3464 §2.2 and §2.3 */
static void write_fields(struct report *r)
{
	const struct dsn *d = r->dsn;

	begin_part(r, "message/delivery-status");
	field_xtext(r, "Original-Envelope-Id: ", d->envid);
	field(r, "Reporting-MTA: dns; ", str_of(d->hostname));
	say_date(r, "Arrival-Date: ", d->arrived_ms);
	for (size_t i = 0; i < d->rcpt_count; i++) {
		const struct dsn_rcpt *rcpt = &d->rcpts[i];

		say(r, "\r\n");
		field_orcpt(r, rcpt->orcpt);
		field_final(r, rcpt->address);
		say(r, rcpt->relayed ? "Action: relayed\r\n" : "Action: failed\r\n");
		field(r, "Status: ", str_of(rcpt->status));
		if (rcpt->remote_mta.n > 0)
			field(r, "Remote-MTA: dns; ", host_of(rcpt->remote_mta));
		if (rcpt->diagnostic.n > 0)
			field(r, "Diagnostic-Code: smtp; ", rcpt->diagnostic);
		say_date(r, "Last-Attempt-Date: ", d->now_ms);
	}
}

static void say_headers(struct report *r, struct str headers,
			void (*quoted)(struct report *r, struct str s))
{
	struct str line;

	while (headers.n > 0) {
		str_cut(headers, '\n', &line, &headers);
		if (line.n > 0 && line.at[line.n - 1] == '\r')
			line.n--;
		quoted(r, line);
		say(r, "\r\n");
	}
}

/* Not ASCII, but UTF-8. */
static bool is_wide(struct str s)
{
	uint32_t c;
	size_t n;

	if (!utf8_has_8bit(s))
		return false;
	while ((n = utf8_next(s, &c)))
		s = str_from(s, n);
	return !s.n;
}

static void write_headers(struct report *r, struct str headers)
{
	struct report words = *r;
	struct buf text;

	if (!is_wide(headers)) {
		begin_part(r, "text/rfc822-headers; charset=us-ascii");
		say_headers(r, headers, quote);
		return;
	}
	begin_part(r, "message/global-headers\r\n" QUOTED_PRINTABLE);
	buf_init(&text, r->out->max);
	words.out = &text;
	say_headers(&words, headers, quote_wide);
	say_quoted(r, &words);
	buf_done(&text);
}

bool dsn_write(struct buf *out, const struct dsn *d)
{
	struct report r = { .out = out, .ok = true, .dsn = d };
	struct str headers = header_section(d->headers);

	choose_boundary(&r, headers);
	write_head(&r);
	write_words(&r);
	write_fields(&r);
	write_headers(&r, headers);
	say(&r, "\r\n--");
	say(&r, r.boundary);
	say(&r, "--\r\n");
	return r.ok;
}
