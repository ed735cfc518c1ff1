/* mirror.h: what a primary's EHLO offers is remembered, through outages and restarts.
 *
 * RCPT and the end of content are answered by it while the primary is down: a message too big for
 * it, or one that it could not read, is refused at once instead of bounced after the outage.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_MIRROR_H
#define RELAY_MIRROR_H

#include "proto/smtpc.h"
#include "relay/destination.h"

/* A connection to it is greeted. */
void mirror_learn(struct destination *d, const struct smtpc_caps *caps);
/* The server lacks what a mail for the domain needs, so it was not tried: should it wait for one
 * that the domain prefers, which is down now and may take it?  Or for this one, when it had that
 * before and does not even know EHLO now? */
bool mirror_waits(const struct destination *d, int64_t domain, const struct smtpc *smtpc,
		  const struct smtpc_reply *why, uint64_t size);

#endif
