/* spool.c: see spool.h.
 * SPDX-License-Identifier: ISC */
#include "relay/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

#define FIRST_ROOM 8192
#define STEP       ((size_t)1024 * 1024) /* by which large room grows */

static bool is_at(_Atomic int64_t *now, _Atomic int64_t *mark)
{
	int64_t most = atomic_load_explicit(mark, memory_order_relaxed);

	return most && atomic_load_explicit(now, memory_order_relaxed) >= most;
}

bool spool_is_crowded(struct spool_budget *b)
{
	return is_at(&b->held, &b->most) || is_at(&b->files, &b->most_files);
}

void spool_hold(struct spool_budget *b, int64_t bytes)
{
	atomic_fetch_add_explicit(&b->held, bytes, memory_order_relaxed);
}

void spool_init(struct spool *s, const char *dir, struct spool_budget *budget)
{
	*s = (struct spool){ .dir = dir, .budget = budget, .fd = -1 };
}

/* The room that n bytes have: twice as much each time, from STEP on one STEP more. */
static size_t room_for(size_t n)
{
	size_t room = FIRST_ROOM;

	while (room < n && room < STEP)
		room *= 2;
	return n <= room ? room : (n + STEP - 1) / STEP * STEP;
}

static int64_t debt(size_t room)
{
	return room > SPOOL_MEMORY_OWN ? (int64_t)(room - SPOOL_MEMORY_OWN) : 0;
}

static bool borrow(struct spool_budget *b, int64_t bytes)
{
	if (atomic_fetch_sub(&b->left, bytes) >= bytes)
		return true;
	atomic_fetch_add(&b->left, bytes);
	return false;
}

void spool_body_gone(struct spool_budget *b, const struct body *body)
{
	size_t room = room_for((size_t)body->size);

	if (body->fd >= 0)
		atomic_fetch_sub(&b->files, 1);
	if (!body->mem)
		return;
	atomic_fetch_add(&b->left, debt(room));
	spool_hold(b, -(int64_t)room);
}

static void drop_memory(struct spool *s)
{
	atomic_fetch_add(&s->budget->left, debt(s->room));
	spool_hold(s->budget, -(int64_t)s->room);
	free(s->mem);
	s->mem = NULL;
	s->room = 0;
}

void spool_done(struct spool *s)
{
	drop_memory(s);
	if (s->fd >= 0) {
		close(s->fd);
		atomic_fetch_sub(&s->budget->files, 1);
	}
	spool_init(s, s->dir, s->budget);
}

/* A file that has no name, on the file system of the state: O_TMPFILE where it is known. */
static int open_nameless(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;

	char *path = mem_printf("%s/spool.XXXXXX", dir);

	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

/* One of most_files, or -1: the descriptors behind them are not for mail that comes. */
static int open_counted(struct spool *s)
{
	int64_t most = atomic_load(&s->budget->most_files);
	int fd = -1;

	if (atomic_fetch_add(&s->budget->files, 1) < most || !most)
		fd = open_nameless(s->dir);
	if (fd < 0)
		atomic_fetch_sub(&s->budget->files, 1);
	return fd;
}

/* The memory's content goes to the file; false: lost. */
static bool flush(struct spool *s)
{
	size_t done = 0;

	if (s->fd < 0)
		s->fd = open_counted(s);
	while (s->fd >= 0 && done < s->used) {
		ssize_t n = write(s->fd, s->mem + done, s->used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	s->used = 0;
	return s->fd >= 0;
}

/* Room for more, or for as much of it as may be had; none is left when the memory is full. */
static size_t make_room(struct spool *s, size_t wanted)
{
	size_t room = room_for(s->used + wanted);

	if (room > SPOOL_MEMORY_MAX || s->fd >= 0)
		room = SPOOL_MEMORY_OWN;
	if (room > s->room && room > FIRST_ROOM && is_at(&s->budget->held, &s->budget->most))
		room = s->room > FIRST_ROOM ? s->room : FIRST_ROOM;
	if (room > s->room && room > SPOOL_MEMORY_OWN &&
	    !borrow(s->budget, debt(room) - debt(s->room)))
		room = SPOOL_MEMORY_OWN;
	if (room > s->room) {
		s->mem = mem_grow(s->mem, room);
		spool_hold(s->budget, (int64_t)(room - s->room));
		s->room = room;
	}
	return s->room - s->used < wanted ? s->room - s->used : wanted;
}

void spool_write(struct spool *s, struct str bytes)
{
	s->size += bytes.n;
	while (bytes.n && !s->failed) {
		size_t fits = make_room(s, bytes.n);

		memcpy(s->mem + s->used, bytes.at, fits);
		s->used += fits;
		bytes = str_from(bytes, fits);
		if (!bytes.n)
			break;
		if (!flush(s))
			s->failed = true;
		else if (s->room > SPOOL_MEMORY_OWN)
			drop_memory(s); /* from now on it only gathers for the file */
	}
}

bool spool_take(struct spool *s, struct body *ret)
{
	if (s->fd >= 0 && s->used && !flush(s))
		s->failed = true;
	if (s->failed)
		return false;
	if (s->fd >= 0)
		drop_memory(s);
	*ret = (struct body){ .mem = s->mem, .fd = s->fd, .size = s->size };
	spool_init(s, s->dir, s->budget);
	return true;
}
