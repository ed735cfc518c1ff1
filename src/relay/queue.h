/* queue.h: one domain's waiting mail, as the forwarder sees it: two lanes into the database.
 *
 * The mail itself stays in the database; here are a window of fetched parcels and a cursor for each
 * lane.  `backlog` holds what had gathered when the primary came up, oldest first; `live` what is
 * due since.  They are served in turn, so live mail is not starved by a backlog of hours.
 *
 * Windows are emptied when the primary goes down, so that what waits out an outage can be held,
 * deleted and expired.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_QUEUE_H
#define RELAY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "db/store.h"
#include "relay/forward.h"
#include "relay/parcel.h"

struct destination;

enum lane_name { LANE_BACKLOG, LANE_LIVE, LANE_COUNT };

struct lane {
	struct queue *queue;
	struct list window;
	unsigned in_window;
	int64_t after_ms; /* cursor: rows behind (after_ms, after_id) are not fetched yet */
	msgid after_id;
	int64_t upto_ms; /* the backlog's end; INT64_MAX for live */
	bool dry;        /* nothing more to fetch, as far as we know */
	bool again;      /* a note came during a fetch: it may not have seen that mail */
	bool fetching;
	uint64_t fetch; /* number of the fetch that is under way */
};

/* Does the primary take a user of any name? */
enum taking { TAKING_UNTESTED, TAKING_ANYBODY, TAKING_SOME };

struct queue {
	struct list hash_link; /* in forward.queues */
	struct list link;      /* in destination.queues, while it may have something to give */
	struct forward *f;
	int64_t domain;
	struct destination *dest; /* where its mail goes now; NULL: it has no route */
	struct lane lanes[LANE_COUNT];
	enum lane_name turn;
	uint64_t fetches;   /* put so far */
	struct list ghosts; /* parcels, in order of their numbers */
	struct timer *timer; /* for the next row that becomes due */
	int64_t due_ms;      /* when that is; 0: none known */
	enum taking taking;
	int64_t taking_tested_ms; /* monotonic */
	uint64_t taking_clearings; /* refused_clearings() by then */
	bool taking_in_test;
	int64_t heard_yes_ms; /* monotonic; when it took a user last, 0: never */
	int64_t resting_until_ms; /* monotonic; no fetch before: one failed or has to wait */
};

/* The domain's queue; made when there is none. */
struct queue *queue_get(struct forward *f, int64_t domain);
void queue_free(struct queue *q);
/* The store says: mail is due at at_ms. */
void queue_note(struct queue *q, int64_t at_ms, bool by_hand);
/* The wall clock was set back: what was planned is looked at now. */
void queue_plan_anew(struct queue *q);
/* Its primary has come up: all that is due by now is backlog. */
void queue_begin_backlog(struct queue *q);
/* Chooses the destination anew: the first of the domain's primaries that is not failing; when all
 * are, the first. */
void queue_route(struct queue *q);
/* The next parcel to deliver, or NULL (more may be on its way from the store). */
struct parcel *queue_next(struct queue *q);
/* A parcel that was not even begun: it is the next. */
void queue_put_back(struct parcel *p);
/* Parcels in the windows. */
unsigned queue_ready(const struct queue *q);
/* False when it surely has nothing to give until a note or its timer. */
bool queue_is_active(const struct queue *q);

/* Its primary went down: what is in the windows goes back. */
void queue_drop_windows(struct queue *q);
/* The number of the oldest fetch that has not answered; UINT64_MAX: none is under way. */
uint64_t queue_oldest_fetch(const struct queue *q);

#endif
