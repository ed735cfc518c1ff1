/* probe.h: a primary is asked whether it takes a user: MAIL FROM:<>, RCPT, RSET, and never DATA.
 *
 * Each primary has one connection for it, apart from those with mail: what goes wrong on it says
 * nothing of mail and counts for nothing but a rest.  Questions have a deadline of seconds, for a
 * client waits; few may wait, and their rate has a limit, so that nobody can use us to hammer a
 * primary: who comes on top is answered "cannot tell".  The same question of several is asked once.
 *
 * First of all a user of a random name is asked for: a primary that takes him takes anybody, and
 * what it says of others is worth nothing.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_PROBE_H
#define RELAY_PROBE_H

#include <stdbool.h>

#include "base/attr.h"
#include "db/store.h"
#include "relay/daemon.h"

struct forward;
struct prober;

/* A worker: the job's answer comes to its inbox.  False: none will, and the job stays the
 * caller's. */
bool probe_put(struct daemon *d, struct job_probe *job) MUST_CHECK;

/* The forwarder's thread: one has come. */
void probe_ask(struct forward *f, struct job_probe *job);
/* The forwarder is stopping: what waits is answered "cannot tell", and nothing more is asked.  NULL
 * is accepted. */
void prober_stop(struct prober *p);
/* NULL is accepted. */
void prober_free(struct prober *p);

#endif
