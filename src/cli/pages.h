/* pages.h: lists longer than the daemon gives at once, and single messages.
 * SPDX-License-Identifier: ISC */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/client.h"

/* GETs path again and again, following "after", until `limit` rows of the array `key` are there or
 * it ends.  The answer has all rows, and the last page's "more" and "after"; NULL when it failed.
 * The path is used up. */
json_t *pages_get(struct cli *c, struct buf *path, const char *key, size_t limit,
		  const char *after) MUST_CHECK;
/* "More: --after X" on stderr when there is more. */
void pages_hint(const json_t *answer);

/* One message with its recipients, for queue and failed. */
int pages_show_message(struct cli *c, const struct args *a, const char *where);
/* A POST without body whose answer is {"changed": n}; of: "recipient", done: "deleted". */
int pages_change(struct cli *c, struct buf *path, const char *of, const char *done);

#endif
