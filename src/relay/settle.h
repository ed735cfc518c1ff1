/* settle.h: what became of a message, told to the store: outcomes, retries, bounces.
 *
 * An outcome that the store cannot record now (full disk) is kept and given again each second, and
 * until it is recorded no new parcel is sent: better to wait than to deliver what a crash would
 * make us deliver twice.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_SETTLE_H
#define RELAY_SETTLE_H

#include "db/store.h"
#include "proto/smtpc.h"
#include "relay/destination.h"
#include "relay/queue.h"

/* How far the dialogue about a parcel went. */
struct dialogue {
	const struct smtpc *smtpc;         /* has results of `count` recipients from `first` on */
	size_t first, count;               /* none behind them was asked for */
	const struct smtpc_reply *answers; /* those of the recipients before */
	const char *words; /* why it broke, for recipients that got no answer; NULL: it did not */
};

/* It is over.  The parcel is freed when the outcome is committed. */
void settle_parcel(struct parcel *p, struct destination *d, const struct dialogue *t);
/* Recipients of one message whose lifetime is over: rcpts[0..n-1], all of the same message. */
void settle_expired(struct forward *f, const struct expired_rcpt *rcpts, size_t n);
/* Gives the unsettled jobs to the store again. */
void settle_again(void *forward);

#endif
