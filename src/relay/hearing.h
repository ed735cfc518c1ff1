/* hearing.h: what the forwarder hears of users and of primaries, told to the store, which remembers
 * it (db/sqlite/heard.c).
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_HEARING_H
#define RELAY_HEARING_H

#include <stdbool.h>

#include "db/store.h"
#include "relay/destination.h"
#include "relay/queue.h"
#include "relay/settle.h"

/* It has gone up or down: the clocks of its domains run or stand still. */
void hearing_standing(const struct destination *d);
/* The dialogue about the parcel is over: what its last RCPTs taught goes with its outcome. */
void hearing_learn(const struct parcel *p, const struct dialogue *t, struct job_settle *job);
/* The primary took this user when it was asked. */
void hearing_probed(struct queue *q, struct str local, int64_t keep_ms);
/* It takes a user of any name, or does not. */
void hearing_taking(struct queue *q, bool anybody);

#endif
