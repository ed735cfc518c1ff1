/* bounce.h: the report to a sender whose mail could not be delivered (RFC 3464), queued in the same
 * transaction as the outcome that it reports.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_BOUNCE_H
#define RELAY_BOUNCE_H

#include <stdbool.h>

#include "db/store.h"
#include "relay/forward.h"
#include "relay/queue.h"

/* Where the recipients' addresses are: in the parcel, or in the rows that expired. */
struct bounce_of {
	struct str sender, envid;
	int64_t received_ms;
	struct outcome *outcomes; /* the job's own */
	const struct parcel *parcel;
	const struct expired_rcpt *expired;
};

/* When the job holds an OUTCOME_BOUNCED, or one that is `relayed`: reads the original's headers,
 * writes the report into the job and gives it to the store: true.  Else false, and the job is still
 * the caller's to give.  `of` is read during the call only. */
bool bounce_compose(struct forward *f, struct job_settle *job, const struct bounce_of *of);

#endif
