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

void spool_init(struct spool *s, const char *dir)
{
	*s = (struct spool){ .dir = dir, .fd = -1 };
}

void spool_done(struct spool *s)
{
	free(s->mem);
	if (s->fd >= 0)
		close(s->fd);
	spool_init(s, s->dir);
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

/* The memory's content goes to the file; false: lost. */
static bool flush(struct spool *s)
{
	size_t done = 0;

	if (s->fd < 0)
		s->fd = open_nameless(s->dir);
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

static void make_room(struct spool *s, size_t wanted)
{
	size_t room = s->room ? s->room : FIRST_ROOM;

	while (room < s->used + wanted && room < SPOOL_MEMORY_MAX)
		room *= 2;
	if (room != s->room) {
		s->mem = mem_grow(s->mem, room);
		s->room = room;
	}
}

void spool_write(struct spool *s, struct str bytes)
{
	s->size += bytes.n;
	while (bytes.n && !s->failed) {
		make_room(s, bytes.n);

		size_t fits = s->room - s->used < bytes.n ? s->room - s->used : bytes.n;

		memcpy(s->mem + s->used, bytes.at, fits);
		s->used += fits;
		bytes = str_from(bytes, fits);
		if (bytes.n && !flush(s))
			s->failed = true;
	}
}

bool spool_take(struct spool *s, struct body *ret)
{
	if (s->fd >= 0 && s->used && !flush(s))
		s->failed = true;
	if (s->failed)
		return false;
	*ret = (struct body){ .mem = s->fd < 0 ? s->mem : NULL, .fd = s->fd, .size = s->size };
	if (s->fd >= 0)
		free(s->mem);
	spool_init(s, s->dir);
	return true;
}
