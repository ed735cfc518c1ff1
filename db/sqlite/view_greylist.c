/* view_greylist: who was told to come back, and who did.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "db/greylist.h"
#include "db/sqlite/view.h"

/* Rows of a domain that is gone are not shown: they end by themselves. */
static sqlite3_stmt *start(struct backend *b, int64_t domain, bool known, struct err *e)
{
	if (known)
		return sql_start(b, SQL_VIEW_KNOWN, e,
				 "SELECT n.name, g.what, g.client, '', '', g.first, g.since,"
				 " g.seen, g.until, 0 FROM greylist_known AS g"
				 " JOIN domain AS n ON n.id = g.domain"
				 " WHERE ?1 = 0 OR g.domain = ?1"
				 " ORDER BY g.domain, g.what, g.client",
				 V_INT(domain));
	return sql_start(b, SQL_VIEW_GREYLIST, e,
			 "SELECT n.name, g.what, g.client, g.sender, g.recipient, g.first, 0, 0,"
			 " g.until, g.tries FROM greylist AS g JOIN domain AS n ON n.id = g.domain"
			 " WHERE ?1 = 0 OR g.domain = ?1 ORDER BY g.seq DESC",
			 V_INT(domain));
}

static bool fill(struct arena *a, sqlite3_stmt *st, bool known, struct view_greylist *row)
{
	*row = (struct view_greylist){
		.domain_name = view_text(a, st, 0),
		.what = greylist_what_name((enum greylist_what)sqlite3_column_int(st, 1)),
		.client = view_text(a, st, 2),
		.known = known,
		.sender = view_text(a, st, 3),
		.recipient = view_text(a, st, 4),
		.first_ms = sqlite3_column_int64(st, 5),
		.since_ms = sqlite3_column_int64(st, 6),
		.seen_ms = sqlite3_column_int64(st, 7),
		.until_ms = sqlite3_column_int64(st, 8),
		.tries = (unsigned)sqlite3_column_int(st, 9),
	};
	return row->domain_name && row->client && row->sender && row->recipient;
}

bool view_greylist(struct view *v, struct arena *a, const char *domain, bool known,
		   unsigned limit, struct view_greylist **ret, size_t *ret_n, bool *ret_more,
		   struct err *e)
{
	struct backend *b = view_use(v, e);
	struct view_greylist *rows = NULL;
	size_t n = 0, room = 0, max = view_limit(limit);
	sqlite3_stmt *st;
	int64_t id = 0;
	bool fits = true;
	int got;

	if (!b || (domain && !view_find_domain(b, domain, &id, e)))
		return false;
	st = start(b, id, known, e);
	while ((got = st ? sql_step(b, st, e) : -1) > 0 && n < max && fits) {
		rows = view_grow(rows, n, &room, sizeof(*rows));
		fits = fill(a, st, known, &rows[n++]);
	}
	if (got > 0)
		sql_end(st);
	*ret_more = got > 0;
	rows = view_walked(a, rows, n, sizeof(*rows), got, fits, e);
	if (!rows)
		return false;
	*ret = rows;
	*ret_n = n;
	return true;
}
