/* tally.h: what the checks found, counted by domain: what `policy report` sums.
 *
 * One a loop, in memory; what has gathered goes to the store a second later, with thousands of
 * domains within minutes.  A crash loses it: the counts are for people, who decide by them whether
 * a check may leave its shadow mode.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_TALLY_H
#define RELAY_TALLY_H

#include <stdint.h>

#include "policy/policy.h"

struct tally;
struct worker;

struct tally *tally_new(struct worker *w);
void tally_free(struct tally *t); /* NULL is accepted */
/* What was found of one recipient of the domain. */
void tally_count(struct tally *t, int64_t domain, const struct policy *p);
/* Now: the loop has ended. */
void tally_flush(struct tally *t);

#endif
