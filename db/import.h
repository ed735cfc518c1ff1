/* import.h: a list of recipients from a text or CSV file.
 * SPDX-License-Identifier: ISC */
#ifndef DB_IMPORT_H
#define DB_IMPORT_H

#include "base/arena.h"
#include "db/change_job.h"

/* What change.h says of the file, as a function of its bytes.  `text` is overwritten, and the
 * entries point into it (or into the arena, where one became longer than it was); *ret must be
 * freed.  Entries are as in the file, doubles included. */
bool import_parse(struct arena *a, char *text, size_t n, struct str domain,
		  struct change_local **ret, size_t *ret_n, struct err *e) MUST_CHECK;

#endif
