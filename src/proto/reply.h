/* reply.h: what we say to an SMTP client, as a value (RFC 5321 §4.2, RFC 3463).
 *
 * Every fixed reply stands in one table, reply_table.h, so that wording and codes are reviewed on
 * one screen.  A reply with text of its own (a primary's words, a list's name) is a struct reply
 * whose text lives in the mail's arena.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_REPLY_H
#define PROTO_REPLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct reply {
	short code;
	const char *enhanced; /* "5.1.1"; "" for none (greeting, EHLO, 354) */
	const char *text;     /* one line; may hold "\n" between lines of a multi-line reply */
};

enum reply_id {
#define REPLY(id, code, enhanced, text) REPLY_##id,
#include "proto/reply_table.h"
#undef REPLY
	REPLY_COUNT
};

const struct reply *reply_get(enum reply_id id);
/* Its name without REPLY_, for logs and counters: "no_such_user". */
const char *reply_name(enum reply_id id);
/* Which fixed reply r is; REPLY_COUNT when its words are its own. */
enum reply_id reply_find(const struct reply *r) MUST_CHECK;
/* How often each refusal (4xx and 5xx) was said, the last for those with words of their own.
 * Any thread writes and reads. */
struct reply_tally {
	_Atomic uint64_t said[REPLY_COUNT + 1];
};
void reply_count(struct reply_tally *t, const struct reply *r); /* NULL is accepted */
/* The wire form with CRLF, "250-" lines for multi-line; bytes outside printable ASCII become '?'.
 * False when out is at its maximum. */
bool reply_write(struct buf *out, const struct reply *r) MUST_CHECK;
/* code / 100 == 2, 4, 5 */
bool reply_is_ok(const struct reply *r);
bool reply_is_temp(const struct reply *r);
bool reply_is_perm(const struct reply *r);

#endif
