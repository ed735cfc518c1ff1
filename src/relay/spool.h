/* spool.h: content on its way in: memory up to a bound, then an unlinked temporary file.
 *
 * Every message has SPOOL_MEMORY_OWN for itself; more memory, up to SPOOL_MEMORY_MAX, comes from a
 * budget that all sessions share, and who finds it used up writes to the file.  Memory saves two
 * copies through the page cache, which is half of what a large message costs.
 *
 * Nothing of it outlives a crash, and nothing needs to: the client still has the message until our
 * 250.  Decided against writing large bodies into the database as they arrive: a crash would leave
 * orphans to sweep, and a client that hangs up would have cost a transaction.
 *
 * Writing to the file is done on the loop: it goes to the page cache.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_SPOOL_H
#define RELAY_SPOOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "db/store.h"

#define SPOOL_MEMORY_OWN (256 * 1024)
#define SPOOL_MEMORY_MAX (16 * 1024 * 1024)
#define SPOOL_BUDGET     ((int64_t)48 * 1024 * 1024)

/* What all of the process has left, and has. */
struct spool_budget {
	_Atomic int64_t left;
	_Atomic int64_t held; /* bytes of memory that mails have, until stored or dropped */
	_Atomic int64_t most; /* past it memory does not grow, all goes to files; 0: no such mark */
	_Atomic int64_t files, most_files; /* open; 0: no such mark */
};

struct spool {
	const char *dir; /* for the temporary file; outlives the spool, as does the budget */
	struct spool_budget *budget;
	char *mem;
	size_t used, room;
	int fd;
	uint64_t size;
	bool failed; /* what could not be written is lost; the rest is only counted */
};

/* Memory or files are at their mark: no new mail should be begun. */
bool spool_is_crowded(struct spool_budget *budget);
/* A mail has so much more memory, or less, beside its content. */
void spool_hold(struct spool_budget *budget, int64_t bytes);
void spool_init(struct spool *s, const char *dir, struct spool_budget *budget);
void spool_done(struct spool *s);
/* After a failure it goes on counting and keeps nothing: the content is read to its end. */
void spool_write(struct spool *s, struct str bytes);
/* The body moves to *ret; false when writing failed: nothing is moved.  What it borrowed and holds
 * is still owed: spool_body_gone gives it back, before the body is freed. */
bool spool_take(struct spool *s, struct body *ret);
void spool_body_gone(struct spool_budget *budget, const struct body *body);

#endif
