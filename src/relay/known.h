/* known.h: clients that are known to have come back (db/greylist.h), for an hour from their last
 * mail on, so that most mail of known clients asks nobody.
 *
 * The cache is void as a whole when an operator has clients forgotten, as lookup's is.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_KNOWN_H
#define RELAY_KNOWN_H

#include <stdbool.h>

#include "db/greylist.h"

struct known_cache;

/* One a loop. */
struct known_cache *known_cache_new(struct settings_board *board);
void known_cache_free(struct known_cache *c); /* NULL is accepted */

/* True: the client is known, *ret_first_ms is when it was first seen. */
bool known_cached(struct known_cache *c, const struct job_greylist *g, int64_t *ret_first_ms);
/* The answer of a job that was asked at this version. */
void known_learn(struct known_cache *c, const struct job_greylist *g, uint64_t asked_at_version);
uint64_t known_version(const struct known_cache *c);

#endif
