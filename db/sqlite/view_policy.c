/* view_policy: what has been set of policies.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/arena.h"
#include "db/sqlite/view.h"

/* The domain's rows (0: none but those for all), each name once: the domain's own wins. */
static bool load(struct backend *b, struct arena *a, int64_t domain, struct view_setting **rows,
		 size_t *n, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_VIEW_POLICY, e,
				     "SELECT name, value, domain <> 0, max(domain) FROM policy"
				     " WHERE domain IN (0, ?1) GROUP BY name ORDER BY name",
				     V_INT(domain));
	size_t room = 0;
	bool full = false;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		struct view_setting *row;

		*rows = view_grow(*rows, *n, &room, sizeof(**rows));
		row = &(*rows)[(*n)++];
		row->name = view_text(a, st, 0);
		row->value = view_text(a, st, 1);
		row->own = domain && sqlite3_column_int(st, 2);
		full = full || !row->name || !row->value;
	}
	if (got < 0)
		return false;
	return !full || err_set(e, ERR_TEMP, "the answer is too large");
}

bool view_policy(struct view *v, struct arena *a, const char *domain, struct view_setting **ret,
		 size_t *ret_n, struct err *e)
{
	struct backend *b = view_use(v, e);
	struct view_setting *rows = NULL;
	int64_t id = 0;
	size_t n = 0;

	if (!b || (domain && !view_find_domain(b, domain, &id, e)))
		return false;
	if (!load(b, a, id, &rows, &n, e)) {
		free(rows);
		return false;
	}
	rows = view_answer(a, rows, n, sizeof(*rows), e);
	if (!rows)
		return false;
	*ret = rows;
	*ret_n = n;
	return true;
}
