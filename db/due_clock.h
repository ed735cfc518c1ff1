/* due_clock.h: the clock by which queued mail becomes due, and why a cursor never misses a row.
 *
 * The forwarder pages through due mail by (next_try, message) and does not look back.  That is
 * right only when each row that becomes visible later sorts behind what has been read already.
 * So the writer's batch gets a time of its own, its turn, that is above every bound with which
 * anybody has read; and who reads while a batch is open reads only up to just before its turn.
 *
 * The clock follows the wall clock forward and never goes back: after the wall clock was set
 * back it is ahead by so much, and all times that cross the store's border are translated.
 * SPDX-License-Identifier: ISC */
#ifndef DB_DUE_CLOCK_H
#define DB_DUE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct due_clock {
	pthread_mutex_t lock;
	bool started;
	int64_t offset_ms; /* this clock less the monotonic one */
	int64_t open_ms;   /* turn of the batch that is being written, 0: none */
	int64_t seen_ms;   /* the highest bound that anybody has read with */
};

/* What a reader must know before its snapshot begins. */
struct due_look {
	int64_t now_ms;
	int64_t ahead_ms; /* of the wall clock */
	int64_t bound_ms; /* nothing above may be read as due */
};

void due_clock_init(struct due_clock *c);
void due_clock_done(struct due_clock *c);
/* The writer, before its transaction: its turn. */
int64_t due_clock_open(struct due_clock *c, int64_t wall_ms, int64_t mono_ms, int64_t *ret_ahead);
/* The writer, after COMMIT or ROLLBACK, before it tells anybody. */
void due_clock_shut(struct due_clock *c);
struct due_look due_clock_look(struct due_clock *c, int64_t wall_ms, int64_t mono_ms);
/* The bound for a question up to the wall clock's upto_ms, and in *ret_wanted what it would be if
 * no batch were open.  One who asks for times to come is not bounded, and must ask from the
 * beginning again when new mail comes. */
int64_t due_look_upto(const struct due_look *look, int64_t upto_ms, int64_t *ret_wanted);

#endif
