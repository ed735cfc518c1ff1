/* roll.h: the roll of open sessions, for operators.
 *
 * A session belongs to its loop and nobody else may look at it.  So a thread of admin calls the
 * roll: every worker gets an order, copies what there is to tell of its sessions into the roll,
 * and who asked waits for all of them, but not for ever: a roll has several owners and the last
 * one frees it, so a worker that is late writes where nobody reads any more.
 *
 * Decided against a table of all sessions on the board: every command of every session would have
 * to lock it, for a question that is asked once a day.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_ROLL_H
#define RELAY_ROLL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "relay/board.h"

struct roll;

/* For `workers` answers of at most `most` rows; the caller has one reference. */
struct roll *roll_new(unsigned workers, size_t most);
struct roll *roll_ref(struct roll *r);
void roll_unref(struct roll *r); /* NULL is accepted */
/* How many rows a worker may give: enough that the oldest `most` of all are among them. */
size_t roll_most(const struct roll *r);
/* A worker: one row; its strings are copied.  False when the roll is full. */
bool roll_add(struct roll *r, const struct board_session *row) MUST_CHECK;
/* A worker: that was all. */
void roll_answered(struct roll *r);
/* Who asked: waits so long for all; then the oldest, in order, in the arena.  False when an
 * answer is missing. */
bool roll_wait(struct roll *r, int timeout_ms, struct arena *a, struct board_session **ret,
	       size_t *ret_n) MUST_CHECK;

#endif
