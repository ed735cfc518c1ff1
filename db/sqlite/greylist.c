/* greylist: first tries and known clients.
 *
 * Both tables are bounded, so that whoever invents clients and senders fills neither disk nor
 * cache: of first tries the oldest go, of known clients those that would be forgotten first.  At
 * worst, all texts as long as they may be, that is some 220 MB; commonly it is a third.
 *
 * First tries are bounded by their seq, which costs nothing; those that came back leave gaps in it,
 * so that somewhat less than the bound are kept.  Known clients are counted: a client that was seen
 * keeps its row.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

#define FIRST_TRIES_MAX   400000
#define KNOWN_CLIENTS_MAX 500000
#define PRUNE_ROWS        1000

struct known {
	bool there;
	int64_t first, seen;
};

struct first_try {
	int64_t seq; /* 0: none */
	int64_t first, tries;
};

static bool find_known(struct backend *b, const struct job_greylist *g, struct known *ret,
		       struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_KNOWN, e,
				     "SELECT first, seen FROM greylist_known"
				     " WHERE domain = ?1 AND what = ?2 AND client = ?3",
				     V_INT(g->domain), V_INT(g->what), V_STR(g->client));
	int got = st ? sql_step(b, st, e) : -1;

	*ret = (struct known){ .there = got > 0 };
	if (got > 0) {
		ret->first = sqlite3_column_int64(st, 0);
		ret->seen = sqlite3_column_int64(st, 1);
		sql_end(st);
	}
	return got >= 0;
}

static struct str key_of(const struct job_greylist *g)
{
	return (struct str){ (const char *)g->key, sizeof(g->key) };
}

static bool find_first(struct backend *b, const struct job_greylist *g, struct first_try *ret,
		       struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_GREYLIST, e,
				     "SELECT seq, first, tries FROM greylist WHERE key = ?1",
				     V_BLOB(key_of(g)));
	int got = st ? sql_step(b, st, e) : -1;

	*ret = (struct first_try){ 0 };
	if (got > 0) {
		ret->seq = sqlite3_column_int64(st, 0);
		ret->first = sqlite3_column_int64(st, 1);
		ret->tries = sqlite3_column_int64(st, 2);
		sql_end(st);
	}
	return got >= 0;
}

/* One that lies in the future, further than a wait, was made by a clock that has been set since. */
static bool is_void(const struct job_greylist *g, const struct first_try *t)
{
	return !t->seq || g->now_ms - t->first > g->window_ms ||
	       t->first - g->now_ms > g->delay_ms;
}

/* The answer, as far as the rows have it.  *ret_write: with it a row changes. */
static bool look(struct backend *b, struct job_greylist *g, struct known *known,
		 struct first_try *t, bool *ret_write)
{
	struct err *e = &g->job.err;

	*ret_write = true;
	if (!find_known(b, g, known, e))
		return false;
	if (known->there && g->now_ms - known->seen <= g->memory_ms) {
		g->found = GREYLIST_KNOWN;
		g->first_ms = known->first;
		g->seen_ms = known->seen;
		*ret_write = g->now_ms - known->seen >= GREYLIST_TOUCH_MS;
		return true;
	}
	if (!find_first(b, g, t, e))
		return false;
	g->found = GREYLIST_FIRST;
	g->first_ms = g->now_ms;
	g->tried = 1;
	if (is_void(g, t))
		return true;
	g->first_ms = t->first;
	g->tried = (unsigned)t->tries + 1;
	if (g->now_ms - t->first >= g->delay_ms && (g->tries <= 2 || g->tried >= g->tries)) {
		g->found = GREYLIST_BACK;
		return true;
	}
	g->found = GREYLIST_EARLY;
	*ret_write = g->tries > 2 && g->tried <= g->tries;
	return true;
}

bool sqlite_greylist_look(struct backend *b, struct job_greylist *g)
{
	struct first_try t;
	struct known known;

	return look(b, g, &known, &t, &g->undecided);
}

/* -- what changes ----------------------------------------------------------------------------- */

static struct str cut(struct str text)
{
	if (text.n > GREYLIST_TEXT_MAX)
		text.n = GREYLIST_TEXT_MAX;
	return text;
}

/* In the place of one that is void, but at the high end; what is past the bound goes. */
static bool put_first(struct backend *b, const struct job_greylist *g, struct err *e)
{
	sqlite3_stmt *st =
		sql_start(b, SQL_GREYLIST_PUT, e,
			  "INSERT OR REPLACE INTO greylist (key, what, domain, first, until,"
			  " tries, client, sender, recipient)"
			  " VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)",
			  V_BLOB(key_of(g)), V_INT(g->what), V_INT(g->domain), V_INT(g->now_ms),
			  V_INT(g->now_ms + g->window_ms), V_STR(g->client),
			  V_STR(cut(g->sender)), V_STR(cut(g->local)));

	if (!sql_run(b, st, e))
		return false;
	return sql_run(b,
		       sql_start(b, SQL_GREYLIST_BOUND, e, "DELETE FROM greylist WHERE seq <= ?1",
				 V_INT(sqlite3_last_insert_rowid(b->db) - FIRST_TRIES_MAX)),
		       e);
}

static bool count_try(struct backend *b, const struct job_greylist *g, const struct first_try *t,
		      struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_GREYLIST_TRIED, e,
				 "UPDATE greylist SET tries = ?2 WHERE seq = ?1", V_INT(t->seq),
				 V_INT(g->tried)),
		       e);
}

/* Room for one more; who would be forgotten first goes now. */
static bool bound_known(struct backend *b, struct err *e)
{
	if (b->greylist_known < 0 &&
	    !sql_int(b,
		     sql_start(b, SQL_KNOWN_COUNT, e, "SELECT count(*) FROM greylist_known"), 0,
		     &b->greylist_known, e))
		return false;
	while (b->greylist_known >= KNOWN_CLIENTS_MAX) {
		if (!sql_run(b,
			     sql_start(b, SQL_KNOWN_BOUND, e,
				       "DELETE FROM greylist_known"
				       " WHERE (domain, what, client) IN (SELECT domain, what,"
				       "  client FROM greylist_known ORDER BY until LIMIT ?1)",
				       V_INT(b->greylist_known - KNOWN_CLIENTS_MAX + 1)),
			     e))
			return false;
		b->greylist_known -= sql_changes(b);
	}
	b->greylist_known++;
	return true;
}

static bool put_known(struct backend *b, const struct job_greylist *g, const struct known *before,
		      struct err *e)
{
	if (!before->there && !bound_known(b, e))
		return false;
	return sql_run(b,
		       sql_start(b, SQL_KNOWN_PUT, e,
				 "INSERT OR REPLACE INTO greylist_known (domain, what, client,"
				 " first, since, seen, until) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
				 V_INT(g->domain), V_INT(g->what), V_STR(g->client),
				 V_INT(g->first_ms), V_INT(g->now_ms),
				 V_INT(g->now_ms + g->memory_ms)),
		       e);
}

static bool touch(struct backend *b, const struct job_greylist *g, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_KNOWN_TOUCH, e,
				 "UPDATE greylist_known SET seen = ?4, until = ?5"
				 " WHERE domain = ?1 AND what = ?2 AND client = ?3",
				 V_INT(g->domain), V_INT(g->what), V_STR(g->client),
				 V_INT(g->now_ms), V_INT(g->now_ms + g->memory_ms)),
		       e);
}

static bool came_back(struct backend *b, const struct job_greylist *g, const struct first_try *t,
		      const struct known *before, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_GREYLIST_DELETE, e, "DELETE FROM greylist WHERE seq = ?1",
				 V_INT(t->seq)),
		       e) &&
	       put_known(b, g, before, e);
}

static bool change(struct backend *b, struct job_greylist *g, const struct first_try *t,
		   const struct known *known, struct err *e)
{
	switch (g->found) {
	case GREYLIST_FIRST:
		return put_first(b, g, e);
	case GREYLIST_EARLY:
		return count_try(b, g, t, e);
	case GREYLIST_BACK:
		return came_back(b, g, t, known, e);
	case GREYLIST_KNOWN:
		break;
	}
	g->seen_ms = g->now_ms;
	return touch(b, g, e);
}

enum run_result sqlite_greylist(struct backend *b, struct job_greylist *g)
{
	struct err *e = &g->job.err;
	struct first_try t;
	struct known known;
	bool write;

	if (!look(b, g, &known, &t, &write) || (write && !change(b, g, &t, &known, e)))
		return RUN_BROKEN;
	return RUN_DONE;
}

/* -- what is over ----------------------------------------------------------------------------- */

/* First tries PRUNE_ROWS on from where the last step ended; *ret_end is 0 behind the last. */
static bool prune_first(struct backend *b, int64_t now_ms, int64_t *ret_end, struct err *e)
{
	if (!sql_int(b,
		     sql_start(b, SQL_GREYLIST_END, e,
			       "SELECT max(seq) FROM (SELECT seq FROM greylist WHERE seq > ?1"
			       " ORDER BY seq LIMIT ?2)",
			       V_INT(b->greylist_at), V_INT(PRUNE_ROWS)),
		     0, ret_end, e))
		return false;
	if (!*ret_end)
		return true;
	return sql_run(b,
		       sql_start(b, SQL_GREYLIST_PRUNE, e,
				 "DELETE FROM greylist"
				 " WHERE seq > ?1 AND seq <= ?2 AND until < ?3",
				 V_INT(b->greylist_at), V_INT(*ret_end), V_INT(now_ms)),
		       e);
}

static bool prune_known(struct backend *b, int64_t now_ms, int64_t *ret_gone, struct err *e)
{
	if (!sql_run(b,
		     sql_start(b, SQL_KNOWN_PRUNE, e,
			       "DELETE FROM greylist_known"
			       " WHERE (domain, what, client) IN (SELECT domain, what, client"
			       "  FROM greylist_known WHERE until < ?1 ORDER BY until LIMIT ?2)",
			       V_INT(now_ms), V_INT(PRUNE_ROWS)),
		     e))
		return false;
	*ret_gone = sql_changes(b);
	if (b->greylist_known >= 0)
		b->greylist_known -= *ret_gone;
	return true;
}

bool sqlite_greylist_prune(struct backend *b, int64_t now_ms, bool *ret_more, struct err *e)
{
	int64_t end, gone = 0;

	if (!prune_first(b, now_ms, &end, e))
		return false;
	if (!end && !prune_known(b, now_ms, &gone, e))
		return false;
	*ret_more = end || gone == PRUNE_ROWS;
	b->greylist_at = end || !*ret_more ? end : INT64_MAX; /* only known clients are left */
	return true;
}
