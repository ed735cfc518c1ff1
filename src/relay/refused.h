/* refused.h: users whom primaries refused lately when they were asked (probe.h).
 *
 * In memory only and of a fixed size: a guesser of names must not make us write.  Whole names are
 * compared, so that nobody can make two users one.
 *
 * It guards itself: the forwarder notes and looks, an operator has users forgotten on the admin
 * thread, and when that has returned they are.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_REFUSED_H
#define RELAY_REFUSED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct refused;

struct refused *refused_new(void);
void refused_free(struct refused *r); /* NULL is accepted */
void refused_note(struct refused *r, int64_t domain, struct str local, int64_t until_ms);
bool refused_is(struct refused *r, int64_t domain, struct str local, int64_t now_ms);

/* The user, or (local.at NULL) all of the domain.  How many were still remembered. */
uint64_t refused_forget(struct refused *r, int64_t domain, struct str local, int64_t now_ms);
/* How often all of some domain has been forgotten: what was found out of a primary as such is to be
 * found out again. */
uint64_t refused_clearings(struct refused *r);

#endif
