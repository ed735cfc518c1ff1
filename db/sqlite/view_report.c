/* view_report: what the checks found of a domain's recipients in the last day and week.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "db/sqlite/view.h"

#define DAY_MS INT64_C(86400000)

/* The key begins with the slot, for pruning: the domain's rows are looked up slot by slot. */
static sqlite3_stmt *start(struct backend *b, int64_t domain, int64_t now_ms, struct err *e)
{
	return sql_start(b, SQL_VIEW_REPORT, e,
			 "WITH RECURSIVE s (slot) AS (VALUES (?1) UNION ALL"
			 " SELECT slot + 1 FROM s WHERE slot < ?3)"
			 " SELECT v.check_name, v.finding, sum(v.n),"
			 " sum(CASE WHEN v.slot >= ?2 THEN v.n ELSE 0 END)"
			 " FROM s CROSS JOIN verdict AS v ON v.slot = s.slot AND v.domain = ?4"
			 " GROUP BY 1, 2 ORDER BY 1, 2",
			 V_INT((now_ms - 7 * DAY_MS) / STORE_SLOT_MS),
			 V_INT((now_ms - DAY_MS) / STORE_SLOT_MS), V_INT(now_ms / STORE_SLOT_MS),
			 V_INT(domain));
}

/* Of all domains, those too that are there no more. */
static sqlite3_stmt *start_all(struct backend *b, int64_t now_ms, struct err *e)
{
	return sql_start(b, SQL_VIEW_REPORT_ALL, e,
			 "SELECT check_name, finding, sum(n),"
			 " sum(CASE WHEN slot >= ?2 THEN n ELSE 0 END)"
			 " FROM verdict WHERE slot BETWEEN ?1 AND ?3 GROUP BY 1, 2 ORDER BY 1, 2",
			 V_INT((now_ms - 7 * DAY_MS) / STORE_SLOT_MS),
			 V_INT((now_ms - DAY_MS) / STORE_SLOT_MS), V_INT(now_ms / STORE_SLOT_MS));
}

bool view_report(struct view *v, struct arena *a, const char *domain, int64_t now_ms,
		 struct view_finding **ret, size_t *ret_n, struct err *e)
{
	struct backend *b = view_use(v, e);
	struct view_finding *rows = NULL;
	size_t n = 0, room = 0;
	bool fits = true;
	sqlite3_stmt *st;
	int64_t id = 0;
	int got;

	if (!b || (domain && !view_find_domain(b, domain, &id, e)))
		return false;
	st = domain ? start(b, id, now_ms, e) : start_all(b, now_ms, e);
	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		rows = view_grow(rows, n, &room, sizeof(*rows));
		rows[n] = (struct view_finding){
			.check = view_text(a, st, 0),
			.finding = view_text(a, st, 1),
			.week = (uint64_t)sqlite3_column_int64(st, 2),
			.day = (uint64_t)sqlite3_column_int64(st, 3),
		};
		fits = fits && rows[n].check && rows[n].finding;
		n++;
	}
	rows = view_walked(a, rows, n, sizeof(*rows), got, fits, e);
	if (!rows)
		return false;
	*ret = rows;
	*ret_n = n;
	return true;
}
