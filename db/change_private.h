/* change_private.h: how a change is begun, carried out and ended, for the files change*.c.
 * SPDX-License-Identifier: ISC */
#ifndef DB_CHANGE_PRIVATE_H
#define DB_CHANGE_PRIVATE_H

#include "base/buf.h"
#include "base/inbox.h"
#include "db/change.h"
#include "db/change_job.h"

#define CHANGE_AUDIT_MAX 2000

struct change {
	struct inbox answers;
	struct job_change *job;
};

/* A job with an arena of at most max_bytes (0: the usual). */
struct job_change *change_begin(struct change *c, enum change_kind what, const char *who,
				size_t max_bytes);
/* Frees all of it; answers ok, so that it can stand in a return. */
bool change_end(struct change *c, bool ok);
/* Gives the job away and waits for it.  ret_changed may be NULL. */
bool change_carry_out(struct change *c, struct store *s, uint64_t *ret_changed, struct err *e)
	MUST_CHECK;
/* Appends to an audit text; what is over the buffer's maximum is left out: an audit row is for
 * reading. */
void change_say(struct buf *text, const char *word, struct str what);
/* Takes the text over into the job. */
bool change_set_audit(struct change *c, struct buf *text) MUST_CHECK;
bool change_too_large(struct err *e); /* always false */

#endif
