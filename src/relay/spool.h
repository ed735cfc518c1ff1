/* spool.h: content on its way in: memory up to a bound, then an unlinked temporary file.
 *
 * Nothing of it outlives a crash, and nothing needs to: the client still has the message until our
 * 250.  Decided against writing large bodies into the database as they arrive: a crash would leave
 * orphans to sweep, and a client that hangs up would have cost a transaction.
 *
 * Writing to the file is done on the loop: it goes to the page cache.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_SPOOL_H
#define RELAY_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "db/store.h"

#define SPOOL_MEMORY_MAX (256 * 1024)

struct spool {
	const char *dir; /* for the temporary file; outlives the spool */
	char *mem;
	size_t used, room;
	int fd;
	uint64_t size;
	bool failed; /* what could not be written is lost; the rest is only counted */
};

void spool_init(struct spool *s, const char *dir);
void spool_done(struct spool *s);
/* After a failure it goes on counting and keeps nothing: the client's content is read to its end. */
void spool_write(struct spool *s, struct str bytes);
/* The body moves to *ret; false when writing failed: nothing is moved. */
bool spool_take(struct spool *s, struct body *ret);

#endif
