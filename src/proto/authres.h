/* authres.h: takes forged Authentication-Results out of a header section while it goes by.
 *
 * Who reads that field believes what bears our name: so what bears it and comes from outside is
 * removed (RFC 8601 §5).  All else passes to the byte; only the start of such a field is held back,
 * until it has told whose it is.
 *
 * It looks at every line up to the first empty one, even where a line before was no field: a reader
 * behind us may overlook such a line and go on.
 *
 * Decided against: removing them where they are found at the end (the content is in the spool by
 * then), and renaming them (nobody would look).
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_AUTHRES_H
#define PROTO_AUTHRES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

/* Comments of a length that nobody writes, before the name: the field goes. */
#define AUTHRES_HELD_MAX 2048

enum authres_at {
	AUTHRES_LINE,  /* at the start of a line */
	AUTHRES_NAME,  /* the name may be ours to look at */
	AUTHRES_COLON, /* in blanks behind that name */
	AUTHRES_VALUE, /* before or in the word that says whose it is */
	AUTHRES_KEEP,  /* in a field that stays */
	AUTHRES_DROP,  /* in a field that goes */
	AUTHRES_EMPTY, /* behind a CR that began a line */
	AUTHRES_ENDED,
};

struct authres {
	const char *hostname;
	unsigned removed; /* fields */

	/* where the scan stands */
	enum authres_at at, field; /* field: what a line that begins with a blank goes on with */
	unsigned n;                /* bytes of the name or of the word */
	unsigned comment;          /* depth of parentheses */
	bool quoted, escaped, is_host, flush;
	size_t held_n;
	char held[AUTHRES_HELD_MAX];
};

/* hostname is ours; it must outlive a. */
void authres_init(struct authres *a, const char *hostname);
/* Takes of *bytes, from its front, what can be judged; *ret gets the next run that passes.  False:
 * *bytes is used up.  *ret is valid until the next call and as long as the bytes are. */
bool authres_next(struct authres *a, struct str *bytes, struct str *ret) MUST_CHECK;
/* At the end of the content: what was still held back and passes; or empty. */
struct str authres_end(struct authres *a);
/* Nothing more is looked at. */
static inline bool authres_ended(const struct authres *a)
{
	return a->at == AUTHRES_ENDED && !a->flush;
}

#endif
