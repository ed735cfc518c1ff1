/* doubt.h: is it a good moment to give mail up for its age?
 *
 * To expire is the one thing done with mail that cannot be undone, and it hangs on the wall clock.
 * A clock that is set a year ahead by mistake, and a relay that was off or suspended for weeks,
 * would both delete a whole queue within seconds, the second before any primary was tried.  So time
 * that has gone by without our seeing it is seen once more before it counts: for as long again,
 * three days at most, nothing expires.
 *
 * Decided against an age of each message in time that was seen: it would have to be written down
 * all the time.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_DOUBT_H
#define RELAY_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

#define DOUBT_SKIP_MS INT64_C(3600000)   /* less than this is no skip */
#define DOUBT_MOST_MS INT64_C(259200000) /* the longest doubt: by then somebody has seen to it */

struct doubt {
	int64_t offset_ms; /* the wall clock less the monotonic one, at the last look */
	int64_t until_ms;  /* monotonic */
};

/* At start; last_ms: when mail came for the last time, 0: never. */
void doubt_begin(struct doubt *d, int64_t last_ms, int64_t wall_ms, int64_t mono_ms);
/* Looks at the clocks again: true while nothing may be given up.  *ret_skipped: by how much the
 * wall clock has skipped ahead since the last look, 0: not. */
bool doubt_look(struct doubt *d, int64_t wall_ms, int64_t mono_ms, int64_t *ret_skipped);

#endif
