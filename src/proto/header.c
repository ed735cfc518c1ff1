/* header: see header.h.
 *
 * The section ends at an empty line, or at the first line that can be neither a field nor the rest
 * of one (RFC 5322 §2.2, §2.2.3): much mail has no header at all, and its body must not be taken
 * for one.  A loop is not hidden by that, since every hop puts its Received on top.
 *
 * Bytes are looked at one by one only in names and in Received; all other values are skipped to
 * the end of the line.
 *
 * Not looked at: the headers of parts inside the body.  RFC 6531 §3.2 speaks of them too; but
 * whoever writes UTF-8 there writes it on top as well, and the body would have to be parsed.
 *
 * Decided against: counting Delivered-To, which we do not write, or remembering messages by their
 * Message-ID, which lists keep.
 * SPDX-License-Identifier: ISC */
#include "proto/header.h"

#include <string.h>

#include "base/utf8.h"

#define NAME_MAX_BYTES 998 /* RFC 5322 §2.1.1 */
#define ID_LENGTH      13  /* base/id.h */

void header_init(struct header *h, const char *hostname)
{
	*h = (struct header){ .hostname = hostname };
}

/* -- the words of a Received ------------------------------------------------------------- */

static void begin_word(struct header *h)
{
	h->n = 0;
	h->is_host = h->is_id = true;
}

static bool is_id_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z' && !strchr("ILOU", c));
}

static void add_to_word(struct header *h, char c)
{
	if (h->n < 2)
		h->first[h->n] = str_lower_char(c);
	/* is_host: all before is equal, so n is within the name and its NUL. */
	h->is_host = h->is_host && c && str_lower_char(c) == str_lower_char(h->hostname[h->n]);
	h->is_id = h->is_id && h->n < ID_LENGTH && is_id_char(c);
	h->n++;
}

static void end_word(struct header *h)
{
	if (!h->n)
		return;
	if (h->before == HEADER_BY && h->is_host && !h->hostname[h->n])
		h->by_us = true;
	if (h->before == HEADER_ID && h->is_id && h->n == ID_LENGTH)
		h->id_of_ours = true;
	h->before = HEADER_OTHER;
	if (h->n == 2 && h->first[0] == 'b' && h->first[1] == 'y')
		h->before = HEADER_BY;
	if (h->n == 2 && h->first[0] == 'i' && h->first[1] == 'd')
		h->before = HEADER_ID;
	begin_word(h);
	if (h->by_us && h->id_of_ours) {
		h->passes++;
		h->is_received = false; /* it tells nothing more, on this line or the next */
		h->at = HEADER_SKIP;
	}
}

static void begin_value(struct header *h)
{
	h->at = h->is_received ? HEADER_WORDS : HEADER_SKIP;
	h->received += h->is_received;
	h->comment = 0;
	h->by_us = h->id_of_ours = false;
	h->before = HEADER_OTHER;
	begin_word(h);
}

static void on_word_byte(struct header *h, char c)
{
	if (c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == ';' || c == '(') {
		end_word(h);
		h->comment += c == '(';
		if (c == '\n')
			h->at = HEADER_LINE;
	} else if (h->comment) {
		h->comment -= c == ')';
	} else {
		add_to_word(h, c);
	}
}

/* -- lines ------------------------------------------------------------------------------- */

static void on_name_byte(struct header *h, char c)
{
	static const char received[] = "received";

	if (h->n && (c == ':' || c == ' ' || c == '\t')) {
		h->at = HEADER_COLON; /* blanks: RFC 5322 §4.5, obsolete, but they occur */
		h->is_received = h->is_received && h->n == sizeof(received) - 1;
		if (c == ':')
			begin_value(h);
		return;
	}
	if (c <= ' ' || c >= 0x7f || c == ':' || h->n == NAME_MAX_BYTES) {
		h->at = HEADER_ENDED;
		return;
	}
	h->is_received = h->is_received && h->n < sizeof(received) - 1 &&
			 str_lower_char(c) == received[h->n];
	h->n++;
}

static void on_line_byte(struct header *h, char c)
{
	if (c == ' ' || c == '\t') { /* the field goes on, if there is one */
		h->at = h->is_received ? HEADER_WORDS : HEADER_SKIP;
		if (h->size == 1)
			h->at = HEADER_ENDED;
		return;
	}
	if (c == '\r') {
		h->at = HEADER_CRLF;
		return;
	}
	h->at = HEADER_NAME;
	h->n = 0;
	h->is_received = true;
	on_name_byte(h, c);
}

static void on_byte(struct header *h, char c)
{
	switch (h->at) {
	case HEADER_LINE:
		on_line_byte(h, c);
		break;
	case HEADER_NAME:
		on_name_byte(h, c);
		break;
	case HEADER_COLON:
		if (c == ':')
			begin_value(h);
		else if (c != ' ' && c != '\t')
			h->at = HEADER_ENDED;
		break;
	case HEADER_WORDS:
		on_word_byte(h, c);
		break;
	case HEADER_SKIP:
		if (c == '\n')
			h->at = HEADER_LINE;
		break;
	case HEADER_CRLF:
		h->at = HEADER_ENDED;
		break;
	case HEADER_ENDED:
		break;
	}
}

/* -- the interface ----------------------------------------------------------------------- */

void header_feed(struct header *h, struct str bytes)
{
	size_t at = 0;

	while (at < bytes.n && h->at != HEADER_ENDED) {
		if (h->at == HEADER_SKIP) {
			const char *lf = memchr(bytes.at + at, '\n', bytes.n - at);
			size_t skipped = lf ? (size_t)(lf - bytes.at) - at : bytes.n - at;

			if (!h->has_8bit)
				h->has_8bit = utf8_has_8bit((struct str){ bytes.at + at, skipped });
			h->size += skipped;
			at += skipped;
			if (!lf)
				break;
		}
		h->size++;
		on_byte(h, bytes.at[at]);
		h->has_8bit = h->has_8bit || (h->at != HEADER_ENDED &&
					      (unsigned char)bytes.at[at] >= 0x80);
		at++;
	}
	/* There is no need to know by how much. */
	if (h->size > HEADER_SIZE_MAX)
		h->at = HEADER_ENDED;
}

const struct reply *header_refusal(const struct header *h)
{
	if (h->size > HEADER_SIZE_MAX)
		return reply_get(REPLY_HEADER_TOO_BIG);
	if (h->received > HEADER_HOPS_MAX || h->passes > HEADER_PASSES_MAX)
		return reply_get(REPLY_MAIL_LOOP);
	return NULL;
}
