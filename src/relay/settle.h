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

/* The dialogue about the parcel is over.  smtpc has the results (NULL: it never began); words say
 * why it broke, for recipients that got no answer.  The parcel is freed when the outcome is
 * committed. */
void settle_parcel(struct parcel *p, struct destination *d, const struct smtpc *smtpc,
		   const char *words);
/* Recipients of one message whose lifetime is over: rcpts[0..n-1], all of the same message. */
void settle_expired(struct forward *f, const struct expired_rcpt *rcpts, size_t n);
/* Gives the unsettled jobs to the store again. */
void settle_again(void *forward);

#endif
