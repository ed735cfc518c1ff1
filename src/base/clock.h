/* clock.h: milliseconds.  Engines, policy and store are given `now`; only relay, net and the
 * store's own thread ask the clock.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_ms(void); /* since 1970, UTC; may jump */
int64_t clock_mono_ms(void); /* for durations; never jumps */

#define CLOCK_DATE_MAX 40
/* "Sun, 22 Nov 2026 15:20:12 +0000" (RFC 5322 §3.3, always UTC).  Answers out. */
const char *clock_rfc5322(int64_t wall_ms, char out[CLOCK_DATE_MAX]);
/* "2026-11-22T15:20:12.345Z" (RFC 3339). */
const char *clock_rfc3339(int64_t wall_ms, char out[CLOCK_DATE_MAX]);

#endif
