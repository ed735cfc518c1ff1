/* log: a bounded ring between those who log and the thread that writes.
 *
 * The writer gathers for GATHER_MS, or until there is much, and hands it all to the kernel in
 * one call: a wake-up and a write for each line would cost more than all else that a line costs.
 * An error is not held back.  The lock is held for a copy into the ring, never for a write.
 *
 * Where the fd fails (a closed pipe, a full disk) its lines are lost and counted like those that
 * found the ring full; there is nobody to tell until a write succeeds again.
 * SPDX-License-Identifier: ISC */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log_line.h"

#define RING_SIZE    (1U << 20)
#define GATHER_BYTES (RING_SIZE / 8)
#define GATHER_MS    5
/* How long log_free waits for a file descriptor that takes nothing. */
#define FREE_WAIT_S 5

struct log {
	int fd;
	enum log_format format;
	bool prefix;
	_Atomic int level;
	pthread_t writer;

	pthread_mutex_t lock;    /* for all below */
	pthread_cond_t more;     /* the writer waits for lines, or for hurry */
	pthread_cond_t less;     /* log_flush waits for the writer */
	uint64_t added, written; /* bytes since the start; their difference is in the ring */
	uint64_t lost;           /* lines, not yet told */
	bool writer_idle;        /* waits without a timeout */
	bool hurry;
	bool closing;
	bool broken; /* the last write failed */
	char ring[RING_SIZE];
};

/* -- under the lock ------------------------------------------------------------------------- */

static bool ring_put(struct log *l, const struct log_line *line)
{
	size_t at = (size_t)(l->added % RING_SIZE);
	size_t first = line->n < RING_SIZE - at ? line->n : RING_SIZE - at;

	if (line->n > RING_SIZE - (size_t)(l->added - l->written))
		return false;
	memcpy(l->ring + at, line->text, first);
	memcpy(l->ring, line->text + first, line->n - first);
	l->added += line->n;
	return true;
}

/* Say how many lines were lost, as soon as there is room and hope that it is read. */
static bool tell_lost(struct log *l)
{
	struct log_field fields[] = { F_INT("lines", l->lost) };
	struct log_event event = { LOG_WARNING, "log_lost", fields, COUNT(fields) };
	struct log_line line;

	if (l->lost == 0 || l->broken)
		return true;
	log_line_make(&line, l->format, l->prefix, clock_wall_ms(), &event);
	if (!ring_put(l, &line))
		return false;
	l->lost = 0;
	return true;
}

static void wake_writer(struct log *l, bool hurry)
{
	bool signal = l->writer_idle || (hurry && !l->hurry);

	l->hurry = l->hurry || hurry;
	l->writer_idle = false;
	if (signal)
		pthread_cond_signal(&l->more);
}

/* -- the writer ----------------------------------------------------------------------------- */

static struct timespec gather_until(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += GATHER_MS * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

/* Until there is something to write; false when there will be nothing more.  Under the lock. */
static bool gather(struct log *l)
{
	if (l->added == l->written)
		(void)tell_lost(l);
	while (l->added == l->written && !l->closing) {
		l->writer_idle = true;
		pthread_cond_wait(&l->more, &l->lock);
	}
	l->writer_idle = false;

	struct timespec until = gather_until();
	int waited = 0;

	while (!l->hurry && !l->closing && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&l->more, &l->lock, &until);
	l->hurry = false;
	return l->added != l->written;
}

/* Write what lies between two positions in the ring, which nobody else touches meanwhile.
 * Answers the position reached; short of `to` the fd has failed. */
static uint64_t write_span(struct log *l, uint64_t from, uint64_t to)
{
	while (from < to) {
		size_t at = (size_t)(from % RING_SIZE), n = (size_t)(to - from);
		size_t first = n < RING_SIZE - at ? n : RING_SIZE - at;
		struct iovec parts[] = { { l->ring + at, first }, { l->ring, n - first } };
		ssize_t done = writev(l->fd, parts, first < n ? 2 : 1);

		if (done > 0) {
			from += (uint64_t)done;
		} else if (done < 0 && errno == EAGAIN) {
			struct pollfd writable = { .fd = l->fd, .events = POLLOUT };

			(void)poll(&writable, 1, -1);
		} else if (done == 0 || errno != EINTR) {
			return from;
		}
	}
	return from;
}

static uint64_t count_lines(const struct log *l, uint64_t from, uint64_t to)
{
	uint64_t lines = 0;

	for (; from < to; from++)
		lines += l->ring[from % RING_SIZE] == '\n';
	return lines;
}

static void *write_all(void *arg)
{
	struct log *l = arg;

	pthread_mutex_lock(&l->lock);
	while (gather(l)) {
		uint64_t from = l->written, to = l->added, reached;

		pthread_mutex_unlock(&l->lock);
		reached = write_span(l, from, to);
		pthread_mutex_lock(&l->lock);

		l->broken = reached < to;
		l->lost += count_lines(l, reached, to);
		l->written = to;
		pthread_cond_broadcast(&l->less);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* -- the public story ----------------------------------------------------------------------- */

static bool start_writer(struct log *l)
{
	sigset_t all, before;
	int failed;

	/* Signals are for main's threads; and SIGPIPE must become EPIPE here. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	failed = pthread_create(&l->writer, NULL, write_all, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !failed;
}

static void destroy(struct log *l)
{
	pthread_cond_destroy(&l->less);
	pthread_cond_destroy(&l->more);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

struct log *log_new(int fd, enum log_format format, enum log_level level, bool prefix)
{
	struct log *l = mem_alloc(sizeof(*l));
	pthread_condattr_t attr;

	l->fd = fd;
	l->format = format;
	l->prefix = prefix;
	atomic_init(&l->level, (int)level);
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->more, &attr);
	pthread_cond_init(&l->less, &attr);
	pthread_condattr_destroy(&attr);
	if (start_writer(l))
		return l;
	destroy(l);
	return NULL;
}

void log_free(struct log *l)
{
	struct timespec until;

	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->closing = true;
	pthread_cond_signal(&l->more);
	pthread_mutex_unlock(&l->lock);

	/* A reader that has stalled must not keep the daemon from ending.  Then the thread still
	 * stands in its write, so its memory is left to it; the process is about to go. */
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FREE_WAIT_S;
	if (pthread_timedjoin_np(l->writer, NULL, &until) == 0)
		destroy(l);
	else
		pthread_detach(l->writer);
}

void log_flush(struct log *l)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);

	uint64_t target = l->added;

	while (l->written < target) {
		wake_writer(l, true);
		pthread_cond_wait(&l->less, &l->lock);
	}
	pthread_mutex_unlock(&l->lock);
}

void log_set_level(struct log *l, enum log_level level)
{
	if (l)
		atomic_store_explicit(&l->level, (int)level, memory_order_relaxed);
}

bool log_is_on(const struct log *l, enum log_level level)
{
	return l && (int)level <= atomic_load_explicit(&l->level, memory_order_relaxed);
}

void log_write(struct log *l, enum log_level level, const char *event,
	       const struct log_field *fields, size_t n)
{
	struct log_event what = { level, event, fields, n };
	struct log_line line;

	if (!log_is_on(l, level))
		return;
	log_line_make(&line, l->format, l->prefix, clock_wall_ms(), &what);

	pthread_mutex_lock(&l->lock);
	if (!tell_lost(l) || !ring_put(l, &line))
		l->lost++;
	wake_writer(l, level == LOG_ERROR || l->added - l->written >= GATHER_BYTES);
	pthread_mutex_unlock(&l->lock);
}
