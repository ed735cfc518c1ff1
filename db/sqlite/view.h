/* view.h: what the files behind db/view.h share.
 * SPDX-License-Identifier: ISC */
#ifndef DB_SQLITE_VIEW_H
#define DB_SQLITE_VIEW_H

#include "db/sqlite/sqlite.h"
#include "db/view.h"

struct view {
	char *path;
	struct backend *b; /* NULL: to be opened */
};

/* The connection, opened anew when it has failed before; NULL with e set. */
struct backend *view_use(struct view *v, struct err *e);
bool view_find_domain(struct backend *b, const char *name, int64_t *ret, struct err *e) MUST_CHECK;
/* Room for rows that are not counted yet: doubles, malloc'ed. */
void *view_grow(void *rows, size_t n, size_t *room, size_t size) MUST_CHECK;
/* The n rows as they shall be answered; frees rows.  NULL, with e set, when the arena is full. */
void *view_answer(struct arena *a, void *rows, size_t n, size_t size, struct err *e) MUST_CHECK;
/* The same behind a walk that ended with `got` (sql_step): NULL, too, when that is an error, which
 * is in e already, or when a row's texts did not fit. */
void *view_walked(struct arena *a, void *rows, size_t n, size_t size, int got, bool fits,
		  struct err *e) MUST_CHECK;
/* A column as C string in the arena; NULL when it is full. */
const char *view_text(struct arena *a, sqlite3_stmt *st, int column);
unsigned view_limit(unsigned limit); /* 1..VIEW_LIMIT_MAX */

#endif
