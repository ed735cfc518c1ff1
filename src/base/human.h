/* human.h: sizes and spans of time as people read them, the same in CLI, API and log.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_HUMAN_H
#define BASE_HUMAN_H

#include <stdint.h>

#define HUMAN_MAX 24

/* "512", "4.1K", "12M", "1.3G": powers of 1024, two digits at least.  Answers out. */
const char *human_size(uint64_t bytes, char out[HUMAN_MAX]);
/* "0s", "59s", "3m", "47h", "12d": the largest unit that leaves at least 1, days from 48 hours on;
 * a negative span is "0s".  Answers out. */
const char *human_span(int64_t ms, char out[HUMAN_MAX]);
/* A time as one writes it in a setting (str_to_ms), exactly, in the largest unit that divides it:
 * "30d", "50h", "90s", "0".  Answers out. */
const char *human_time(int64_t ms, char out[HUMAN_MAX]);

#endif
