/* destination.h: a primary, HOST:PORT, shared by all domains that name it: is it up?
 *
 *	          a connection is READY               no connection can be made
 *	PROBING ─────────────────────▶ UP ─────────────────────────────────▶ DOWN
 *	   ▲  one connection, no mail                                          │
 *	   └───────────────────── the probe's time has come ◀──────────────────┘
 *
 * No message is tried against a primary that is known to be down; one connection probes it, with
 * jittered backoff.  The probing connection itself carries the first mail on recovery.  The backoff
 * is forgotten only when a mail has got through the dialogue: a primary that greets and then breaks
 * is as good as down.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_DESTINATION_H
#define RELAY_DESTINATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "relay/board.h"
#include "relay/forward.h"
#include "relay/queue.h"

struct destination {
	struct list hash_link; /* in forward.destinations */
	struct forward *f;
	char *host;
	unsigned port;
	char *name; /* "host:port", "[v6]:port" */
	enum primary_state state;
	bool failing; /* the last word was bad: other primaries are preferred until it is up */
	int64_t since_ms;
	char why[256], greeting[128];
	struct list connections; /* struct connection */
	unsigned connection_count, opening;
	unsigned limit; /* connections allowed now: one at first, one more for each mail done */
	struct list queues; /* whose mail goes here, served in turn */
	struct timer *probe, *work;
	int64_t backoff_ms;    /* 0: none yet */
	int64_t next_probe_ms; /* wall clock, for people; 0: none planned */
	unsigned in_flight;    /* parcels in dialogue */
	struct offer offer;    /* that was last given to the store */
	int64_t offer_at_ms;   /* when, monotonic; 0: never */
	struct prober *prober; /* asks it for users; NULL: not yet */
	uint64_t named_in;     /* version of the settings that last named it */
};

struct destination *destination_get(struct forward *f, const char *host, unsigned port);
/* NULL when no domain has named it. */
struct destination *destination_find(struct forward *f, const char *host, unsigned port);
void destination_free(struct destination *d);
/* Soon, from the loop: gives work to idle connections and opens more where there is more work.
 * Never at once: whoever calls may be in the middle of a walk over connections. */
void destination_pump(struct destination *d);
/* Opens one more connection when there is ready mail for it. */
void destination_grow(struct destination *d);
/* Somebody else found it silent: one connection of ours finds out how it is. */
void destination_check(struct destination *d);
/* Mail waits for it: a probe that is far off comes nearer. */
void destination_want(struct destination *d);
/* An operator asks: probe at once when it is down. */
void destination_probe_now(struct destination *d);
/* The next parcel for a connection that is ready, or NULL. */
struct parcel *destination_next(struct destination *d);

/* -- what connections report ------------------------------------------------------ */
void destination_is_ready(struct destination *d, const char *greeting);
void destination_mail_done(struct destination *d);
/* A connection (already closed and not counted any more) could not be made or broke. */
void destination_trouble(struct destination *d, bool was_ready, const char *why);

#endif
