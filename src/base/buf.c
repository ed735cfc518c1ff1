/* buf: bytes in at the end, out at the front, never more than the maximum.
 *
 * The live bytes move to the front of the memory only when at least as many have been consumed,
 * or when there is no more room to grow: so a byte is moved a bounded number of times however
 * small the portions are.
 * Decided against: a ring.  Parsers want what is there as one span.
 * SPDX-License-Identifier: ISC */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define ROOM_FIRST 512
/* What an empty buffer keeps. */
#define ROOM_KEPT 4096

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){ .max = max_bytes };
}

void buf_done(struct buf *b)
{
	free(b->mem);
	buf_init(b, b->max);
}

struct str buf_str(const struct buf *b)
{
	if (b->end == b->start)
		return STR_NONE;
	return (struct str){ b->mem + b->start, b->end - b->start };
}

size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

static void compact(struct buf *b)
{
	size_t n = buf_len(b);

	if (n && b->start)
		memmove(b->mem, b->mem + b->start, n);
	b->start = 0;
	b->end = n;
}

static void grow(struct buf *b, size_t needed)
{
	size_t room = b->room < ROOM_FIRST / 2 ? ROOM_FIRST : b->room * 2;

	if (room > b->max)
		room = b->max;
	if (room < needed)
		room = needed;
	compact(b);
	b->mem = mem_grow(b->mem, room);
	b->room = room;
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t live = buf_len(b);

	if (n > b->max - live)
		return NULL;
	if (b->mem && n <= b->room - b->end)
		return b->mem + b->end;
	if (b->mem && live + n <= b->room && (b->start >= live || b->room >= b->max))
		compact(b);
	else
		grow(b, live + n);
	return b->mem + b->end;
}

void buf_added(struct buf *b, size_t n)
{
	assert(n <= b->room - b->end);
	b->end += n;
}

bool buf_add(struct buf *b, struct str s)
{
	char *to = buf_reserve(b, s.n);

	if (!to)
		return false;
	if (s.n)
		memcpy(to, s.at, s.n);
	buf_added(b, s.n);
	return true;
}

bool buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n > b->max - buf_len(b))
		return false;

	/* vsnprintf writes a NUL, which must find room but does not count as content. */
	size_t kept_max = b->max;

	if (b->max < SIZE_MAX)
		b->max++;

	char *to = buf_reserve(b, (size_t)n + 1);

	b->max = kept_max;
	if (!to)
		return false;
	va_start(args, fmt);
	(void)vsnprintf(to, (size_t)n + 1, fmt, args);
	va_end(args);
	buf_added(b, (size_t)n);
	return true;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->start += n;
	if (b->start == b->end)
		buf_clear(b);
}

void buf_clear(struct buf *b)
{
	b->start = b->end = 0;
	if (b->room > ROOM_KEPT) {
		free(b->mem);
		b->mem = NULL;
		b->room = 0;
	}
}

char *buf_take(struct buf *b, size_t *ret_n)
{
	compact(b);

	char *mem = b->mem ? b->mem : mem_alloc(1);

	*ret_n = b->end;
	buf_init(b, b->max);
	return mem;
}
