/* refused.h: users whom primaries refused lately when they were asked (probe.h).
 *
 * In memory only and of a fixed size: a guesser of names must not make us write.  Whole names are
 * compared, so that nobody can make two users one.
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
bool refused_is(const struct refused *r, int64_t domain, struct str local, int64_t now_ms);

#endif
