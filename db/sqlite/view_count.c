/* view_count: how much waits for whom, by one walk over each of the two small indexes.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/arena.h"
#include "db/sqlite/view.h"

struct counts {
	struct view_count *at; /* sorted by domain */
	size_t n, room;
	msgid *oldest; /* beside `at` */
	size_t oldest_room;
};

static int compare(const void *a, const void *b)
{
	const struct view_count *x = a, *y = b;

	return x->domain < y->domain ? -1 : x->domain > y->domain;
}

static struct view_count *add(struct counts *c, int64_t domain)
{
	c->at = view_grow(c->at, c->n, &c->room, sizeof(*c->at));
	c->oldest = view_grow(c->oldest, c->n, &c->oldest_room, sizeof(*c->oldest));
	c->at[c->n] = (struct view_count){ .domain = domain };
	c->oldest[c->n] = 0;
	return &c->at[c->n++];
}

static bool count_queued(struct backend *b, struct counts *c, int64_t domain, struct err *e)
{
	sqlite3_stmt *st =
		domain < 0 ?
			sql_start(b, SQL_VIEW_QUEUED, e,
				  "SELECT domain, count(*), min(message) FROM delivery"
				  " INDEXED BY delivery_due WHERE state = 0"
				  " GROUP BY domain ORDER BY domain") :
			sql_start(b, SQL_VIEW_QUEUED_OF, e,
				  "SELECT domain, count(*), min(message) FROM delivery"
				  " INDEXED BY delivery_due WHERE state = 0 AND domain = ?1"
				  " GROUP BY domain",
				  V_INT(domain));
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		add(c, sqlite3_column_int64(st, 0))->queued =
			(uint64_t)sqlite3_column_int64(st, 1);
		c->oldest[c->n - 1] = sqlite3_column_int64(st, 2);
	}
	return got == 0;
}

/* Rows are added behind the sorted ones, and sorted in by the caller. */
static bool count_parked(struct backend *b, struct counts *c, int64_t domain, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_VIEW_COUNT_PARKED, e,
				     "SELECT domain, state, count(*) FROM delivery"
				     " INDEXED BY delivery_parked"
				     " WHERE state <> 0 AND (?1 < 0 OR domain = ?1)"
				     " GROUP BY domain, state ORDER BY domain, state",
				     V_INT(domain));
	size_t sorted = c->n;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		struct view_count key = { .domain = sqlite3_column_int64(st, 0) };
		uint64_t n = (uint64_t)sqlite3_column_int64(st, 2);
		struct view_count *row = NULL;

		if (sorted)
			row = bsearch(&key, c->at, sorted, sizeof(key), compare);
		if (!row && c->n > sorted && c->at[c->n - 1].domain == key.domain)
			row = &c->at[c->n - 1];
		if (!row)
			row = add(c, key.domain);
		if (sqlite3_column_int(st, 1) == STATE_HELD)
			row->held = n;
		else
			row->failed = n;
	}
	return got == 0;
}

/* Name and age of each. */
static bool complete(struct backend *b, struct arena *a, struct counts *c, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		struct view_count *row = &c->at[i];
		sqlite3_stmt *st = sql_start(b, SQL_VIEW_DOMAINS, e,
					     "SELECT coalesce((SELECT name FROM domain"
					     " WHERE id = ?1), ''), coalesce((SELECT received"
					     " FROM message WHERE id = ?2), 0)",
					     V_INT(row->domain), V_INT(c->oldest[i]));

		if (!st || sql_step(b, st, e) < 0)
			return false;
		row->domain_name = view_text(a, st, 0);
		row->oldest_ms = sqlite3_column_int64(st, 1);
		sql_end(st);
		if (!row->domain_name)
			return err_set(e, ERR_TEMP, "the answer is too large");
	}
	return true;
}

static bool count_list(struct backend *b, struct view_count *row, struct err *e)
{
	int64_t n;

	if (!sql_int(b,
		     sql_start(b, SQL_VIEW_LIST_SIZE, e,
			       "SELECT count(*) FROM recipient WHERE domain = ?1",
			       V_INT(row->domain)),
		     0, &n, e))
		return false;
	row->recipients = (uint64_t)n;
	return true;
}

static bool count_heard(struct backend *b, struct view_count *row, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_VIEW_HEARING, e,
				     "SELECT entries, accepts_all, tested FROM hearing"
				     " WHERE domain = ?1",
				     V_INT(row->domain));
	int got = st ? sql_step(b, st, e) : -1;

	if (got <= 0)
		return got == 0;
	row->heard = (uint64_t)sqlite3_column_int64(st, 0);
	row->accepts_all = sqlite3_column_int(st, 1) != 0;
	row->accepts_tested_ms = sqlite3_column_int64(st, 2);
	sql_end(st);
	return true;
}

/* Those whose primaries take anybody have their row too: that is worth a line. */
static bool add_takers(struct backend *b, struct counts *c, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_VIEW_TAKERS, e,
				     "SELECT domain, tested FROM hearing WHERE accepts_all");
	size_t known = c->n;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		int64_t domain = sqlite3_column_int64(st, 0);
		size_t i = 0;

		while (i < known && c->at[i].domain != domain)
			i++;
		if (i == known) {
			(void)add(c, domain);
			i = c->n - 1;
		}
		c->at[i].accepts_all = true;
		c->at[i].accepts_tested_ms = sqlite3_column_int64(st, 1);
	}
	return got == 0;
}

/* A single domain has its row even when nothing waits for it. */
static bool count(struct backend *b, struct arena *a, struct counts *c, int64_t domain,
		  struct err *e)
{
	if (!count_queued(b, c, domain, e) || !count_parked(b, c, domain, e))
		return false;
	if (domain >= 0 && !c->n)
		(void)add(c, domain);
	if (domain < 0 && !add_takers(b, c, e))
		return false;
	return complete(b, a, c, e) &&
	       (domain < 0 ||
		(count_list(b, &c->at[0], e) && count_heard(b, &c->at[0], e)));
}

bool view_counts(struct view *v, struct arena *a, const char *domain, struct view_count **ret,
		 size_t *ret_n, struct err *e)
{
	struct backend *b = view_use(v, e);
	struct counts c = { .at = NULL };
	struct view_count *answer;
	int64_t id = -1;
	bool ok;

	if (!b || (domain && !view_find_domain(b, domain, &id, e)))
		return false;
	ok = count(b, a, &c, id, e);
	free(c.oldest);
	if (!ok) {
		free(c.at);
		return false;
	}
	if (c.n)
		qsort(c.at, c.n, sizeof(*c.at), compare);
	answer = view_answer(a, c.at, c.n, sizeof(*answer), e);
	if (!answer)
		return false;
	*ret = answer;
	*ret_n = c.n;
	return true;
}
