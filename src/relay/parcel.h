/* parcel.h: one message for one domain, under way.
 *
 * From its fetching until its outcome is committed it is in forward.flying, and while it is there
 * it is not fetched again.
 *
 * Why none is sent twice.  A fetch's answer may be older than the commit that settled a parcel.  A
 * settled parcel therefore stays in flying, as a ghost, until every fetch has answered that was
 * under way when it was settled.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_PARCEL_H
#define RELAY_PARCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "db/store.h"
#include "relay/forward.h"

struct queue;

/* Parcels of one fetch live in the fetch's arena; the last one frees it. */
struct batch {
	struct job_due *due;
	unsigned refs;
};

struct parcel {
	struct list link;        /* in a lane's window; in none: with a connection, or settling */
	struct list flying_link; /* in forward.flying */
	struct queue *queue;
	struct batch *batch;
	const struct due_mail *mail;
	int64_t again_ms; /* other recipients of the message became due meanwhile; 0: none */
	uint64_t ghost;   /* settled, but fetches up to this number may still list it */
};

/* Takes over due; has one reference, to be given up with batch_unref. */
struct batch *batch_new(struct job_due *due);
void batch_unref(struct batch *b);

/* In flying from now on; in no window yet. */
struct parcel *parcel_new(struct queue *q, struct batch *batch, const struct due_mail *mail);
/* The parcel of this message and domain that is under way, or NULL. */
struct parcel *parcel_find(struct forward *f, msgid id, int64_t domain);
/* A fetch has found the message again.  If the parcel is not for all of these recipients, the rest
 * is looked at again when it is done. */
void parcel_skip(struct parcel *flying, const struct due_mail *mail);
/* Given up without an outcome: it may be fetched again. */
void parcel_free(struct parcel *p);
/* Its outcome is committed. */
void parcel_settled(struct parcel *p);
/* A fetch has answered: ghosts that no other fetch can list are gone. */
void parcel_free_ghosts(struct queue *q);

#endif
