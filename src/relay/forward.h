/* forward.h: the thread that hands the mail to the primaries.
 *
 *	store ─notes─▶ queue (a domain's waiting mail) ─▶ destination (a primary) ─▶ connection
 *	  ▲                                                                              │
 *	  └────────────────────────── settle (what became of it) ◀──────────────────────┘
 *
 * One thread has all of it, so the state of a primary exists once: one probe, one count of
 * connections, no lock.  Connections pull: one that is ready asks its destination for the next
 * parcel, the destination asks its queues in turn, a queue fetches from the store when it runs low.
 * Decided against spreading primaries over the loops: the dialogue with a primary costs a small
 * part of what taking the mail in costs.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_FORWARD_H
#define RELAY_FORWARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/list.h"
#include "db/settings.h"
#include "net/loop.h"
#include "relay/daemon.h"
#include "relay/doubt.h"

#define FORWARD_BUCKETS      4096 /* of each hash table; a power of two */
#define FORWARD_SETTLING_MAX 1000 /* outcomes that wait for their commit: what a crash may deliver
                                   * twice */

struct forward {
	struct daemon *d;
	struct conf *conf;
	struct settings *settings; /* may be NULL before the first tick */
	uint64_t settings_version;
	struct loop *loop;
	struct port *jobs;    /* answers of the store */
	struct port *notes;   /* struct store_note */
	struct port *control; /* reload, stop */
	struct port *asks;    /* struct job_probe of the workers */
	struct timer *tick, *grace, *expire, *resettle;
	struct list queues[FORWARD_BUCKETS];       /* by domain */
	struct list destinations[FORWARD_BUCKETS]; /* by host and port */
	struct list flying[FORWARD_BUCKETS];       /* parcels by message: not yet settled */
	struct list unsettled; /* settle jobs that the store could not do, to be given again */
	unsigned settling;     /* settle jobs given and not answered, unsettled ones included */
	unsigned connections;
	int64_t offset_ms;     /* the wall clock less the monotonic one, at the last tick */
	struct doubt doubt;    /* whether mail may expire now */
	unsigned expiring;     /* settlements of the present round of expiry */
	uint64_t dice;         /* state of the jitter's random numbers */
	bool board_stale;
	bool waiting_unread; /* which domains have mail could not be read at start */
	bool sweeping; /* primaries may be left that no domain names any more */
	bool starved; /* a connection asked for a parcel while forward_is_paused */
	bool stopping;
	pthread_t thread;
};

/* Two steps, since the store wants the inbox for its notes when it opens and the thread needs the
 * store. */
struct forward *forward_new(struct daemon *d, struct conf *conf);
struct inbox *forward_notes(struct forward *f);
struct inbox *forward_asks(struct forward *f); /* struct job_probe */
void forward_start(struct forward *f);
/* Any thread. */
void forward_reload(struct forward *f, struct conf *conf);
/* Any thread: no new parcels; dialogues may finish for DAEMON_GRACE_MS. */
void forward_stop(struct forward *f);
void forward_join(struct forward *f);
/* After store_close. */
void forward_free(struct forward *f);

/* -- for the other files of the forwarder; its own thread ------------------------ */

/* True while no new parcel may be sent: stopping, or outcomes cannot be recorded. */
bool forward_is_paused(const struct forward *f);
/* Something that operators look at has changed: the board is written soon. */
void forward_show(struct forward *f);
/* A settlement was committed: go on if there was a pause for it. */
void forward_settled(struct forward *f);
/* A connection ended: the last one lets a stopping forwarder end. */
void forward_check_end(struct forward *f);
/* ms, more or less a fifth: so that nothing happens everywhere at once. */
int64_t forward_jitter(struct forward *f, int64_t ms);

#endif
