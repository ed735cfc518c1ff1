/* view_queue: recipients in the queue, oldest message first, and what became of those that left it.
 *
 * There is no index (domain, message): every mail would pay for it.  A domain that has few rows is
 * looked up by the indexes that are there and sorted; one that has many is met often enough on a
 * walk over all.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/arena.h"
#include "db/sqlite/view.h"

#define FEW 10000
#define ALL_STATES (1U << STATE_QUEUED | 1U << STATE_HELD | 1U << STATE_FAILED)

#define COLUMNS                                                                                \
	"d.message, d.seq, d.state, d.domain, m.sender, d.recipient, coalesce(n.name, (SELECT" \
	" v.name FROM leaving AS v WHERE v.domain = d.domain), ''),"                           \
	" m.client, m.helo, m.size, m.received, d.changed, d.next_try, d.attempts, d.reply,"   \
	" d.server, '', m.tls, d.findings"
#define JOINS                                                                                  \
	" CROSS JOIN message AS m ON m.id = d.message LEFT JOIN domain AS n ON n.id = d.domain"

struct rows {
	struct arena *arena;
	struct view_delivery *at;
	size_t n, room;
	bool full;
};

static void add(struct rows *r, sqlite3_stmt *st)
{
	struct arena *a = r->arena;
	struct view_delivery *d;

	r->at = view_grow(r->at, r->n, &r->room, sizeof(*r->at));
	d = &r->at[r->n++];
	*d = (struct view_delivery){
		.message = sqlite3_column_int64(st, 0),
		.seq = (unsigned)sqlite3_column_int(st, 1),
		.state = (enum delivery_state)sqlite3_column_int(st, 2),
		.domain = sqlite3_column_int64(st, 3),
		.sender = view_text(a, st, 4),
		.recipient = view_text(a, st, 5),
		.domain_name = view_text(a, st, 6),
		.client = view_text(a, st, 7),
		.helo = view_text(a, st, 8),
		.size = (uint64_t)sqlite3_column_int64(st, 9),
		.received_ms = sqlite3_column_int64(st, 10),
		.changed_ms = sqlite3_column_int64(st, 11),
		.next_try_ms = sqlite3_column_int64(st, 12),
		.attempts = (unsigned)sqlite3_column_int(st, 13),
		.reply = view_text(a, st, 14),
		.primary = view_text(a, st, 15),
		.by = view_text(a, st, 16),
		.tls = view_text(a, st, 17),
		.findings = view_text(a, st, 18),
	};
	r->full = r->full || !d->sender || !d->recipient || !d->domain_name || !d->client ||
		  !d->helo || !d->reply || !d->primary || !d->by || !d->tls ||
		  !d->findings;
}

/* At most max rows of st. */
static bool load(struct backend *b, sqlite3_stmt *st, struct rows *r, size_t max, bool *ret_more,
		 struct err *e)
{
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0 && r->n < max && !r->full)
		add(r, st);
	if (got > 0)
		sql_end(st);
	*ret_more = got > 0;
	if (got < 0)
		return false;
	return !r->full || err_set(e, ERR_TEMP, "the answer is too large");
}

static sqlite3_stmt *walk_all(struct backend *b, const struct view_filter *f, unsigned states,
			      int64_t domain, struct err *e)
{
	return sql_start(b, SQL_VIEW_QUEUE, e,
			 "SELECT " COLUMNS " FROM delivery AS d" JOINS
			 " WHERE d.message > ?1 AND (?2 >> d.state) & 1"
			 " AND (?3 < 0 OR d.domain = ?3) ORDER BY d.message, d.seq",
			 V_INT(f->after), V_INT(states), V_INT(domain));
}

static sqlite3_stmt *look_up_message(struct backend *b, const struct view_filter *f,
				     unsigned states, int64_t domain, struct err *e)
{
	return sql_start(b, SQL_VIEW_MESSAGE, e,
			 "SELECT " COLUMNS " FROM delivery AS d" JOINS
			 " WHERE d.message = ?1 AND (?2 >> d.state) & 1"
			 " AND (?3 < 0 OR d.domain = ?3) ORDER BY d.seq",
			 V_INT(f->message), V_INT(states), V_INT(domain));
}

static sqlite3_stmt *sort_parked(struct backend *b, const struct view_filter *f, unsigned states,
				 int64_t domain, struct err *e)
{
	return sql_start(b, SQL_VIEW_PARKED, e,
			 "SELECT " COLUMNS " FROM"
			 " (SELECT message, seq FROM delivery INDEXED BY delivery_parked"
			 "  WHERE state <> 0 AND message > ?1 AND (?2 >> state) & 1"
			 "  AND (?3 < 0 OR domain = ?3) ORDER BY message, seq LIMIT ?4) AS k"
			 " CROSS JOIN delivery AS d USING (message, seq)" JOINS
			 " ORDER BY d.message, d.seq",
			 V_INT(f->after), V_INT(states), V_INT(domain),
			 V_INT(view_limit(f->limit) + 1));
}

static sqlite3_stmt *sort_few(struct backend *b, const struct view_filter *f, unsigned states,
			      int64_t domain, struct err *e)
{
	return sql_start(b, SQL_VIEW_FEW, e,
			 "SELECT " COLUMNS " FROM (SELECT message, seq FROM"
			 " (SELECT message, seq FROM delivery INDEXED BY delivery_due"
			 "  WHERE state = 0 AND domain = ?3 AND message > ?1"
			 "  UNION ALL"
			 "  SELECT message, seq FROM delivery INDEXED BY delivery_parked"
			 "  WHERE state <> 0 AND domain = ?3 AND message > ?1"
			 "  AND (?2 >> state) & 1)"
			 " ORDER BY message, seq LIMIT ?4) AS k"
			 " CROSS JOIN delivery AS d USING (message, seq)" JOINS
			 " ORDER BY d.message, d.seq",
			 V_INT(f->after), V_INT(states), V_INT(domain),
			 V_INT(view_limit(f->limit) + 1));
}

static bool has_few(struct backend *b, int64_t domain, bool *ret, struct err *e)
{
	int64_t queued;

	if (!sql_int(b,
		     sql_start(b, SQL_VIEW_OF_DOMAIN, e,
			       "SELECT count(*) FROM (SELECT 1 FROM delivery"
			       " INDEXED BY delivery_due WHERE state = 0 AND domain = ?1 LIMIT ?2)",
			       V_INT(domain), V_INT(FEW)),
		     0, &queued, e))
		return false;
	*ret = queued < FEW;
	return true;
}

/* The way to these rows that reads least. */
static sqlite3_stmt *choose(struct backend *b, const struct view_filter *f, int64_t domain,
			    struct err *e)
{
	unsigned states = f->states & ALL_STATES ? f->states & ALL_STATES : ALL_STATES;
	bool few = false;

	if (f->message)
		return look_up_message(b, f, states, domain, e);
	if (!(states & 1U << STATE_QUEUED))
		return sort_parked(b, f, states, domain, e);
	if (domain >= 0 && !has_few(b, domain, &few, e))
		return NULL;
	return few ? sort_few(b, f, states, domain, e) : walk_all(b, f, states, domain, e);
}

bool view_queue(struct view *v, struct arena *a, const struct view_filter *f,
		struct view_delivery **ret, size_t *ret_n, bool *ret_more, struct err *e)
{
	struct backend *b = view_use(v, e);
	struct rows r = { .arena = a };
	struct view_delivery *answer;
	int64_t domain = -1;
	bool more;

	if (!b || (f->domain && !view_find_domain(b, f->domain, &domain, e)))
		return false;
	if (!load(b, choose(b, f, domain, e), &r, view_limit(f->limit), &more, e)) {
		free(r.at);
		return false;
	}
	answer = view_answer(a, r.at, r.n, sizeof(*answer), e);
	if (!answer)
		return false;
	*ret = answer;
	*ret_n = r.n;
	*ret_more = more;
	return true;
}

bool view_ledger(struct view *v, struct arena *a, msgid message, struct view_delivery **ret,
		 size_t *ret_n, struct err *e)
{
	struct backend *b = view_use(v, e);
	struct rows r = { .arena = a };
	struct view_delivery *answer;
	sqlite3_stmt *st;
	bool more;

	if (!b)
		return false;
	st = sql_start(b, SQL_VIEW_LEDGER, e,
		       "SELECT message, seq, state, domain, sender, recipient, domain_name, client,"
		       " helo, size, received, at, 0, attempts, reply, server, who, tls,"
		       " findings FROM ledger"
		       " WHERE message = ?1 ORDER BY seq",
		       V_INT(message));
	if (!load(b, st, &r, VIEW_LIMIT_MAX, &more, e)) {
		free(r.at);
		return false;
	}
	answer = view_answer(a, r.at, r.n, sizeof(*answer), e);
	if (!answer)
		return false;
	*ret = answer;
	*ret_n = r.n;
	return true;
}
