/* view: ledger, events, bodies, recipients and audit; the queue is in view_queue.c.
 *
 * Rows are gathered outside the arena, because their number is not known before, and copied into
 * it at the end.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/idn.h"

struct view *view_new(const struct conf *conf)
{
	struct view *v = mem_alloc(sizeof(*v));

	v->path = sqlite_path(conf);
	return v;
}

bool view_open(const struct conf *conf, struct view **ret, struct err *e)
{
	struct view *v = view_new(conf);

	if (!view_use(v, e)) {
		view_close(v);
		return false;
	}
	*ret = v;
	return true;
}

void view_close(struct view *v)
{
	if (!v)
		return;
	sqlite_close(v->b);
	free(v->path);
	free(v);
}

struct backend *view_use(struct view *v, struct err *e)
{
	if (v->b && v->b->health != BACKEND_WELL) {
		sqlite_close(v->b);
		v->b = NULL;
	}
	if (!v->b && !sqlite_open(v->path, true, &v->b, e))
		return NULL;
	return v->b;
}

bool view_find_domain(struct backend *b, const char *name, int64_t *ret, struct err *e)
{
	char form[IDN_DOMAIN_MAX];
	struct str text;

	*ret = 0;
	if (idn_domain(str_of(name), form, &text) && !sqlite_find_domain(b, text, ret, e))
		return false;
	return *ret || err_set(e, ERR_NOTFOUND, "no such domain: %s", name);
}

void *view_grow(void *rows, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return rows;
	*room = *room ? *room * 2 : 32;
	return mem_grow(rows, *room * size);
}

void *view_answer(struct arena *a, void *rows, size_t n, size_t size, struct err *e)
{
	void *answer = arena_alloc(a, n * size);

	if (answer && n)
		memcpy(answer, rows, n * size);
	free(rows);
	if (!answer)
		(void)err_set(e, ERR_TEMP, "the answer is too large");
	return answer;
}

void *view_walked(struct arena *a, void *rows, size_t n, size_t size, int got, bool fits,
		  struct err *e)
{
	if (got >= 0 && fits)
		return view_answer(a, rows, n, size, e);
	free(rows);
	if (got >= 0)
		(void)err_set(e, ERR_TEMP, "the answer is too large");
	return NULL;
}

const char *view_text(struct arena *a, sqlite3_stmt *st, int column)
{
	return arena_cstr(a, sql_text(st, column));
}

unsigned view_limit(unsigned limit)
{
	if (limit > VIEW_LIMIT_MAX)
		return VIEW_LIMIT_MAX;
	return limit ? limit : 1;
}

bool view_events(struct view *v, struct arena *a, msgid message, struct view_event **ret,
		 size_t *ret_n, struct err *e)
{
	struct backend *b = view_use(v, e);
	struct view_event *rows = NULL;
	size_t n = 0, room = 0;
	sqlite3_stmt *st = NULL;
	bool fits = true;
	int got;

	if (b)
		st = sql_start(b, SQL_VIEW_EVENTS, e,
			       "SELECT at, kind, detail FROM event WHERE message = ?1"
			       " ORDER BY nr LIMIT ?2",
			       V_INT(message), V_INT(VIEW_LIMIT_MAX));
	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		rows = view_grow(rows, n, &room, sizeof(*rows));
		rows[n] = (struct view_event){
			.at_ms = sqlite3_column_int64(st, 0),
			.kind = view_text(a, st, 1),
			.detail = view_text(a, st, 2),
		};
		fits = fits && rows[n].kind && rows[n].detail;
		n++;
	}
	rows = view_walked(a, rows, n, sizeof(*rows), got, fits, e);
	if (!rows)
		return false;
	*ret = rows;
	*ret_n = n;
	return true;
}

static enum recipient_found view_action(int stored)
{
	if (stored == RECIPIENT_REJECT || stored == RECIPIENT_ALIAS)
		return (enum recipient_found)stored;
	return RECIPIENT_ACCEPT;
}

bool view_recipients(struct view *v, struct arena *a, const char *domain, const char *after,
		     unsigned limit, struct view_recipient **ret, size_t *ret_n, bool *ret_more,
		     struct err *e)
{
	struct backend *b = view_use(v, e);
	struct view_recipient *rows;
	sqlite3_stmt *st;
	int64_t id;
	size_t n = 0;
	int got;

	limit = view_limit(limit);
	if (!b || !view_find_domain(b, domain, &id, e))
		return false;
	rows = arena_alloc(a, limit * sizeof(*rows));
	st = sql_start(b, SQL_VIEW_RECIPIENTS, e,
		       "SELECT local, action, source, added, confirmed, target, trust FROM"
		       " (SELECT local, action, source, added, confirmed, target, 100 AS trust"
		       "  FROM recipient WHERE domain = ?1 AND local > ?2"
		       "  ORDER BY local LIMIT ?3)"
		       " UNION ALL SELECT local, action, source, added, confirmed, '', confidence"
		       " FROM (SELECT * FROM heard WHERE domain = ?1 AND local > ?2"
		       "  ORDER BY local LIMIT ?3)"
		       " ORDER BY 1 LIMIT ?3",
		       V_INT(id), V_STR(str_of(after)), V_INT(limit + 1));
	while ((got = st ? sql_step(b, st, e) : -1) > 0 && n < limit && rows) {
		rows[n] = (struct view_recipient){
			.local = view_text(a, st, 0),
			.action = view_action(sqlite3_column_int(st, 1)),
			.target = view_text(a, st, 5),
			.source = view_text(a, st, 2),
			.added_ms = sqlite3_column_int64(st, 3),
			.confirmed_ms = sqlite3_column_int64(st, 4),
			.confidence = (unsigned)sqlite3_column_int(st, 6),
		};
		if (!rows[n].local || !rows[n].source || !rows[n].target)
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

bool view_audit(struct view *v, struct arena *a, unsigned limit, struct view_audit **ret,
		size_t *ret_n, struct err *e)
{
	struct backend *b = view_use(v, e);
	struct view_audit *rows;
	sqlite3_stmt *st = NULL;
	size_t n = 0;
	int got;

	limit = view_limit(limit);
	rows = arena_alloc(a, limit * sizeof(*rows));
	if (b)
		st = sql_start(b, SQL_VIEW_AUDIT, e,
			       "SELECT at, who, what FROM audit ORDER BY id DESC LIMIT ?1",
			       V_INT(limit));
	while ((got = st ? sql_step(b, st, e) : -1) > 0 && rows) {
		rows[n] = (struct view_audit){
			.at_ms = sqlite3_column_int64(st, 0),
			.who = view_text(a, st, 1),
			.what = view_text(a, st, 2),
		};
		if (!rows[n].who || !rows[n].what)
			rows = NULL;
		n++;
	}
	if (got > 0)
		sql_end(st);
	if (got < 0 || !rows)
		return got < 0 ? false : err_set(e, ERR_TEMP, "the answer is too large");
	*ret = rows;
	*ret_n = n;
	return true;
}

/* -- the first bytes of a body ------------------------------------------------------ */

/* Body row seq to the end of text: 1 added, 0 there is none, -1 failed. */
static int add_part(struct backend *b, msgid message, unsigned seq, char *text, size_t max,
		    size_t *n, struct err *e)
{
	sqlite3_stmt *st = sqlite_select_content(b, message, seq, e);
	int got = st ? sql_step(b, st, e) : -1;

	if (got > 0) {
		struct str part = sql_blob(st, 0);
		size_t take = part.n < max - *n ? part.n : max - *n;

		memcpy(text + *n, part.at, take);
		*n += take;
		sql_end(st);
	}
	return got;
}

bool view_body_head(struct view *v, struct arena *a, msgid message, size_t max, struct str *ret,
		    struct err *e)
{
	struct backend *b = view_use(v, e);
	size_t n = 0;
	int64_t size;
	char *text;
	int got = 1;

	if (!b || !sql_int(b,
			   sql_start(b, SQL_VIEW_SIZE, e, "SELECT size FROM message WHERE id = ?1",
				     V_INT(message)),
			   -1, &size, e))
		return false;
	if (size < 0)
		return err_set(e, ERR_NOTFOUND, "no such message in the queue");
	max = (uint64_t)size < max ? (size_t)size : max;
	text = arena_alloc(a, max + 1);
	if (!text)
		return err_set(e, ERR_TEMP, "the answer is too large");
	for (unsigned seq = 0; got > 0 && n < max; seq++)
		got = add_part(b, message, seq, text, max, &n, e);
	*ret = (struct str){ text, n };
	return got >= 0;
}
