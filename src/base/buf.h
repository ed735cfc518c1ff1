/* buf.h: a growable run of bytes with a stated maximum, filled at the end, used up at the front.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct buf {
	char *mem;
	size_t start; /* first byte not yet consumed */
	size_t end;   /* behind the last byte */
	size_t room;  /* bytes allocated */
	size_t max;   /* most bytes it may hold unconsumed */
};

/* Allocates nothing yet. */
void buf_init(struct buf *b, size_t max_bytes);
void buf_done(struct buf *b);
/* What is in it; valid until the next call that changes it. */
struct str buf_str(const struct buf *b);
size_t buf_len(const struct buf *b);
/* False, with nothing added, when it would pass the maximum. */
bool buf_add(struct buf *b, struct str s) MUST_CHECK;
bool buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3) MUST_CHECK;
/* Room for at least n more bytes to be written at the answer, then buf_added; NULL past max. */
char *buf_reserve(struct buf *b, size_t n) MUST_CHECK;
void buf_added(struct buf *b, size_t n);
/* Drop n bytes from the front; an empty buffer gives large memory back, so that idle sessions
 * cost little. */
void buf_consume(struct buf *b, size_t n);
void buf_clear(struct buf *b);
/* The memory moves to the caller (free() it); *ret_n bytes from its start; b is empty. */
char *buf_take(struct buf *b, size_t *ret_n) MUST_CHECK;

#endif
