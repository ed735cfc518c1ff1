/* view_access: entries of the allow-lists and deny-lists, by domain and pattern.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "db/sqlite/view.h"

bool view_access(struct view *v, struct arena *a, const struct view_access_filter *f,
		 struct view_entry **ret, size_t *ret_n, bool *ret_more, struct err *e)
{
	struct backend *b = view_use(v, e);
	unsigned limit = view_limit(f->limit);
	struct view_entry *rows;
	int64_t domain = -1;
	sqlite3_stmt *st;
	size_t n = 0;
	int got;

	if (!b || (f->domain && !view_find_domain(b, f->domain, &domain, e)))
		return false;
	rows = arena_alloc(a, limit * sizeof(*rows));
	st = sql_start(b, SQL_VIEW_ACCESS, e,
		       "SELECT coalesce(d.name, ''), x.kind, x.pattern, x.added FROM access AS x"
		       " LEFT JOIN domain AS d ON d.id = x.domain"
		       " WHERE x.list = ?1 AND (?2 < 0 OR x.domain = ?2)"
		       " ORDER BY x.domain, x.kind, x.pattern LIMIT ?3 OFFSET ?4",
		       V_STR(str_of(access_list_name(f->list))), V_INT(domain), V_INT(limit + 1),
		       V_INT(f->skip));
	while ((got = st ? sql_step(b, st, e) : -1) > 0 && n < limit && rows) {
		rows[n] = (struct view_entry){
			.domain_name = view_text(a, st, 0),
			.kind = view_text(a, st, 1),
			.pattern = view_text(a, st, 2),
			.added_ms = sqlite3_column_int64(st, 3),
		};
		if (!rows[n].domain_name || !rows[n].kind || !rows[n].pattern)
			rows = NULL;
		n++;
	}
	if (got > 0)
		sql_end(st);
	if (got < 0 || !rows)
		return got < 0 ? false : err_set(e, ERR_TEMP, "the answer is too large");
	*ret = rows;
	*ret_n = n;
	*ret_more = got > 0;
	return true;
}
