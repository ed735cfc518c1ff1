/* arena: memory in blocks, handed out from the front, freed together.
 *
 * The first block is small, since most sessions need little; each further one is twice the last
 * up to BLOCK_MAX.  What does not fit a block gets one of its own, put *behind* the current
 * block so that the current one's rest is still used.  The maximum counts what is handed out,
 * not what malloc was asked for: it bounds what a peer can make us keep.
 * Decided against: freeing single allocations.  Whoever needs that has chosen the wrong arena.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FIRST 2048
#define BLOCK_MAX   65536
#define ALIGNMENT   _Alignof(max_align_t)

struct block {
	struct block *next;
	size_t room; /* bytes in mem */
	size_t used;
	_Alignas(max_align_t) char mem[];
};

struct arena {
	struct block *blocks; /* the current one first */
	size_t max_bytes;
	size_t used;
};

static NORETURN void out_of_memory(void)
{
	static const char text[] = "mxkeep: out of memory\n";

	fputs(text, stderr);
	abort();
}

void *mem_alloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *mem_grow(void *p, size_t n)
{
	void *grown = realloc(p, n ? n : 1);

	if (!grown)
		out_of_memory();
	return grown;
}

char *mem_str(struct str s)
{
	char *copy = mem_grow(NULL, s.n + 1);

	if (s.n)
		memcpy(copy, s.at, s.n);
	copy[s.n] = '\0';
	return copy;
}

char *mem_printf(const char *fmt, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		out_of_memory();
	va_end(args);
	return text;
}

struct arena *arena_new(size_t max_bytes)
{
	struct arena *a = mem_alloc(sizeof(*a));

	a->max_bytes = max_bytes;
	return a;
}

static void free_blocks(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	free_blocks(a->blocks);
	free(a);
}

void arena_reset(struct arena *a)
{
	struct block *keep = a->blocks;

	a->used = 0;
	if (!keep)
		return;
	free_blocks(keep->next);
	keep->next = NULL;
	keep->used = 0;
	if (keep->room > BLOCK_MAX) {
		free(keep);
		a->blocks = NULL;
	}
}

static struct block *block_new(size_t room)
{
	struct block *b = mem_grow(NULL, sizeof(*b) + room);

	b->next = NULL;
	b->room = room;
	b->used = 0;
	return b;
}

/* A block with at least n bytes free. */
static struct block *block_for(struct arena *a, size_t n)
{
	struct block *current = a->blocks;
	size_t room = BLOCK_FIRST;

	if (current && current->room - current->used >= n)
		return current;
	if (current)
		room = current->room < BLOCK_MAX / 2 ? current->room * 2 : BLOCK_MAX;

	if (n > room / 2 && current) {
		struct block *own = block_new(n);

		own->next = current->next;
		current->next = own;
		return own;
	}

	struct block *fresh = block_new(n > room ? n : room);

	fresh->next = current;
	a->blocks = fresh;
	return fresh;
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > a->max_bytes - a->used)
		return NULL;

	size_t rounded = n ? (n + ALIGNMENT - 1) & ~(ALIGNMENT - 1) : ALIGNMENT;

	if (rounded < n || rounded > a->max_bytes - a->used)
		return NULL;

	struct block *b = block_for(a, rounded);
	char *at = b->mem + b->used;

	b->used += rounded;
	a->used += rounded;
	memset(at, 0, rounded);
	return at;
}

char *arena_cstr(struct arena *a, struct str s)
{
	char *copy = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;

	if (copy && s.n)
		memcpy(copy, s.at, s.n);
	return copy;
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *copy = arena_cstr(a, s);

	return (struct str){ copy, copy ? s.n : 0 };
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0)
		return NULL;

	char *text = arena_alloc(a, (size_t)n + 1);

	if (!text)
		return NULL;
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)n + 1, fmt, args);
	va_end(args);
	return text;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
