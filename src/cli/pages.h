/* pages.h: lists longer than the daemon gives at once, and single messages.
 * SPDX-License-Identifier: ISC */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

struct pages_list {
	const char *key; /* of the array in the answer */
	const char *const *headings;
	show_row_fn *row;
};
/* Shows such a list as a table: --limit rows, 100 unless it says more, from behind --after on, and
 * on stderr where it goes on.  The path is used up. */
int pages_list(struct cli *c, const struct args *a, struct buf *path, const struct pages_list *l);

/* One message with its recipients, for queue and failed. */
int pages_show_message(struct cli *c, const struct args *a, const char *where);
/* A POST without body whose answer is {"changed": n}; of: "recipient", done: "deleted". */
int pages_change(struct cli *c, struct buf *path, const char *of, const char *done);

#endif
