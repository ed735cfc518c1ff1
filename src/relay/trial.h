/* trial.h: `policy test`: what the checks would say of a mail that nobody sends.
 *
 * A thread of admin asks and waits; a worker runs the checks as it does for a RCPT, with the same
 * caches and the same questions, but all of them, whatever the first says, and leaves nothing
 * behind.  A trial has two owners, as a roll has (roll.h), and the last one frees it: an answer
 * that comes too late is for nobody.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_TRIAL_H
#define RELAY_TRIAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "relay/board.h"

struct receipt;
struct trial;
struct worker;

/* Copies the question; false and why when it is malformed. */
bool trial_new(const struct board_trial *question, struct trial **ret, struct err *e) MUST_CHECK;
struct trial *trial_ref(struct trial *t);
void trial_unref(struct trial *t); /* NULL is accepted */
/* Who asked: waits so long, then the answer, in the arena; false when there is none. */
bool trial_wait(struct trial *t, int timeout_ms, struct arena *a, struct board_trial_answer *ret)
	MUST_CHECK;

/* A worker's thread: takes the reference over and runs the checks. */
void trial_begin(struct worker *w, struct trial *t);
/* One of its questions has been answered. */
void trial_answered(struct receipt *m);
/* The loop has ended: its trials have no answer. */
void trial_drop_all(struct worker *w);

#endif
