/* lookup.h: a loop's own cache of what the lists say of a user, before the store's reader is asked.
 *
 * The cache is void as a whole when any recipient changes (settings_board.recipients_version), so a
 * change is in force at the next command and no entry needs a lifetime (but see lookup.c).
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_LOOKUP_H
#define RELAY_LOOKUP_H

#include <stdbool.h>

#include "db/store.h"
#include "policy/ask.h"

struct lookup_cache;

/* One a loop. */
struct lookup_cache *lookup_cache_new(struct settings_board *board);
void lookup_cache_free(struct lookup_cache *c); /* NULL is accepted */

/* True: *ret is remembered. */
bool lookup_cached(struct lookup_cache *c, const struct question *q, struct answer *ret);
/* The answer of a finished recipient job; remembered when it was asked at the present version, and
 * when it is no alias: those are rare, and their addresses would make each place larger.  An alias
 * is not in the answer: it lives in the job. */
struct answer lookup_learn(struct lookup_cache *c, const struct job_recipient *job,
			   uint64_t asked_at_version);
uint64_t lookup_version(const struct lookup_cache *c);

#endif
