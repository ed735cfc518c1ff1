/* id.h: message ids: 63 bits, time-ordered, unique across nodes.
 *
 *	41 bits milliseconds since 2020-01-01 | 12 bits counter | 10 bits node
 *
 * Shown as 13 characters of Crockford base32, the same in log, Received, queue, API and bounce.
 * A full counter borrows from the next millisecond, so ids of one source strictly rise even when
 * the wall clock steps back.  Positive as int64_t: SQLite's and PostgreSQL's integers.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

#define ID_TEXT_MAX 14 /* 13 characters and NUL */

typedef int64_t msgid;

/* A source of ids that several threads may share. */
struct id_source {
	_Atomic uint64_t last; /* time and counter of the last id, without node */
	unsigned node;         /* 0..1023 */
};

/* Ids will be above `above` (the highest id that the database knows, or 0). */
void id_source_init(struct id_source *s, unsigned node, msgid above);
msgid id_next(struct id_source *s, int64_t wall_ms);
/* When the last id was made, or the one that it began above; 0: there was none. */
int64_t id_source_last_ms(struct id_source *s);
/* Milliseconds since 1970 at which it was made. */
int64_t id_wall_ms(msgid id);
/* The lowest id that can have been made at wall_ms; 0 before 2020. */
msgid id_floor(int64_t wall_ms);
const char *id_text(msgid id, char out[ID_TEXT_MAX]);
/* Takes lower case and the look-alikes I L O of Crockford's alphabet; exactly 13 characters. */
bool id_parse(struct str text, msgid *ret) MUST_CHECK;

#endif
