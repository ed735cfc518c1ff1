/* arena.h: memory that dies together is allocated together.
 *
 * A mail, a job of the store, a request to the API and a snapshot of the settings have one each,
 * which states its maximum at birth; past it arena_alloc answers NULL and the peer whose data it
 * was gets 421 or 452, the operator an error.  A failing malloc aborts: the queue is durable and
 * the service manager restarts us.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct arena;

struct arena *arena_new(size_t max_bytes);
/* NULL is accepted. */
void arena_free(struct arena *a);
/* Forget all; keeps one block for the next use. */
void arena_reset(struct arena *a);
/* Zeroed and aligned for any type; NULL past the arena's maximum. */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
/* A copy with a NUL behind it; .at is NULL past the maximum. */
struct str arena_dup(struct arena *a, struct str s) MUST_CHECK;
/* The same as a C string (s must not contain NUL); NULL past the maximum. */
char *arena_cstr(struct arena *a, struct str s) MUST_CHECK;
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3) MUST_CHECK;
/* Bytes handed out since birth or reset. */
size_t arena_used(const struct arena *a);

/* malloc and friends that abort when memory is out. */
void *mem_alloc(size_t n) MUST_CHECK; /* zeroed */
void *mem_grow(void *p, size_t n) MUST_CHECK;
char *mem_str(struct str s) MUST_CHECK; /* NUL-terminated copy, to be freed */
char *mem_printf(const char *fmt, ...) PRINTF(1, 2) MUST_CHECK;

#endif
