/* view_policy: what has been set of policies.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "db/sqlite/view.h"

/* Each name once: the domain's own wins. */
static sqlite3_stmt *start(struct backend *b, int64_t domain, struct err *e)
{
	return sql_start(b, SQL_VIEW_POLICY, e,
			 "SELECT name, value, domain <> 0, max(domain) FROM policy"
			 " WHERE domain IN (0, ?1) GROUP BY name ORDER BY name",
			 V_INT(domain));
}

bool view_policy(struct view *v, struct arena *a, const char *domain, struct view_setting **ret,
		 size_t *ret_n, struct err *e)
{
	struct backend *b = view_use(v, e);
	struct view_setting *rows = NULL;
	size_t n = 0, room = 0;
	bool fits = true;
	sqlite3_stmt *st;
	int64_t id = 0;
	int got;

	if (!b || (domain && !view_find_domain(b, domain, &id, e)))
		return false;
	st = start(b, id, e);
	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		rows = view_grow(rows, n, &room, sizeof(*rows));
		rows[n] = (struct view_setting){
			.name = view_text(a, st, 0),
			.value = view_text(a, st, 1),
			.own = id && sqlite3_column_int(st, 2),
		};
		fits = fits && rows[n].name && rows[n].value;
		n++;
	}
	rows = view_walked(a, rows, n, sizeof(*rows), got, fits, e);
	if (!rows)
		return false;
	*ret = rows;
	*ret_n = n;
	return true;
}
