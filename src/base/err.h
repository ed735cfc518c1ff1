/* err.h: what went wrong inside, as a value on the caller's stack.  What we tell a peer is another
 * type (proto/reply.h); one is mapped to the other in one place each.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/attr.h"

enum err_kind {
	ERR_NONE,
	ERR_TEMP,     /* may go away by itself: disk full, busy, connection lost */
	ERR_PERM,     /* will not: corrupt file, no permission, programming error of a peer */
	ERR_INPUT,    /* what the user or peer gave is wrong; text says what and where */
	ERR_NOTFOUND, /* the thing named does not exist */
	ERR_CONFLICT, /* it exists already, or its state forbids the change */
	ERR_FULL,     /* no space left to store */
};

struct err {
	enum err_kind kind;
	char text[240];
};

/* Always false, so that `return err_set(...)` ends a function. */
bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);
/* Put "what: " in front of the text that is there; always false. */
bool err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/* The same with ": strerror(errno)" appended; kind by errno (ENOSPC, EDQUOT: ERR_FULL). */
bool err_errno(struct err *e, const char *fmt, ...) PRINTF(2, 3);

#endif
