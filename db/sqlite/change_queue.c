/* change_queue: hold, release, retry, delete, flush.
 *
 * Many messages are gone through in blocks of ids: a statement that still walks rows must not meet
 * the changes of those rows.  Each round finds what the last one has left, so it comes to an end.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "db/sqlite/sqlite.h"

#define BLOCK     256
#define ALL       (-1) /* domains */

struct act {
	const char *event;
	unsigned from; /* states that it fits, as bits */
	enum delivery_state to;
};

static const struct act acts[] = {
	[QUEUE_HOLD] = { "held", 1 << STATE_QUEUED, STATE_HELD },
	[QUEUE_RELEASE] = { "released", 1 << STATE_HELD, STATE_QUEUED },
	[QUEUE_DELETE] = { "deleted", 1 << STATE_QUEUED | 1 << STATE_HELD | 1 << STATE_FAILED,
			   STATE_DELETED },
	[QUEUE_RETRY] = { "retried", 1 << STATE_FAILED, STATE_QUEUED },
	[QUEUE_GIVE_UP] = { "deleted", 1 << STATE_FAILED, STATE_DELETED },
};

struct row {
	unsigned seq;
	int64_t domain;
	enum delivery_state state;
};

/* Rows of the message with seq above `after`; a message may have more than fit. */
static bool load_rows(struct backend *b, msgid message, int64_t after, struct row *rows,
		      size_t max, size_t *ret_n, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_MESSAGE_ROWS, e,
				     "SELECT seq, domain, state FROM delivery"
				     " WHERE message = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
				     V_INT(message), V_INT(after), V_INT(max));
	int got;

	*ret_n = 0;
	while ((got = st ? sql_step(b, st, e) : -1) > 0)
		rows[(*ret_n)++] = (struct row){
			.seq = (unsigned)sqlite3_column_int(st, 0),
			.domain = sqlite3_column_int64(st, 1),
			.state = (enum delivery_state)sqlite3_column_int(st, 2),
		};
	return got == 0;
}

static bool change_row(struct backend *b, struct job_change *c, struct batch *batch, msgid message,
		       const struct row *row, const struct act *act)
{
	struct err *e = &c->job.err;
	bool there;

	if (act->to == STATE_DELETED)
		return sqlite_finish(b, batch, message, row->seq, STATE_DELETED, NULL, c->who,
				     &there, e);
	if (act->to == STATE_QUEUED)
		batch_note(batch, row->domain, batch->turn_ms, true);
	return sql_run(b,
		       sql_start(b, SQL_ROW_SET, e,
				 "UPDATE delivery SET state = ?3, next_try = ?4, changed = ?5"
				 " WHERE message = ?1 AND seq = ?2",
				 V_INT(message), V_INT(row->seq), V_INT(act->to),
				 V_INT(act->to == STATE_QUEUED ? batch->turn_ms : 0),
				 V_INT(batch->wall_ms)),
		       e);
}

static bool told(struct backend *b, struct job_change *c, const struct batch *batch,
		 msgid message, const struct act *act)
{
	char detail[200];
	int n = snprintf(detail, sizeof(detail), "by %.*s", STR_ARGS(c->who));

	if (n < 0)
		return err_set(&c->job.err, ERR_PERM, "cannot format an event");
	if ((size_t)n >= sizeof(detail))
		n = (int)sizeof(detail) - 1;
	return sqlite_event(b, batch, message, act->event, (struct str){ detail, (size_t)n },
			    &c->job.err);
}

/* All recipients of the message in the domain (ALL) that are in one of the states. */
static bool change_rows(struct backend *b, struct job_change *c, struct batch *batch,
			msgid message, int64_t domain, const struct act *act, bool *ret_there)
{
	struct row rows[BLOCK];
	uint64_t changed = c->changed;
	int64_t after = -1;
	size_t n;

	*ret_there = false;
	do {
		if (!load_rows(b, message, after, rows, BLOCK, &n, &c->job.err))
			return false;
		for (size_t i = 0; i < n; i++) {
			*ret_there = true;
			after = rows[i].seq;
			if (!(act->from & 1U << rows[i].state) ||
			    (domain != ALL && rows[i].domain != domain))
				continue;
			if (!change_row(b, c, batch, message, &rows[i], act))
				return false;
			c->changed++;
		}
	} while (n == BLOCK);
	if (c->changed == changed)
		return true;
	return told(b, c, batch, message, act) &&
	       (act->to != STATE_DELETED || sqlite_drop_if_settled(b, message, &c->job.err));
}

static enum run_result change_one(struct backend *b, struct job_change *c, struct batch *batch)
{
	const struct act *act = &acts[c->act];
	char text[ID_TEXT_MAX];
	bool there;

	if (!change_rows(b, c, batch, c->message, ALL, act, &there))
		return RUN_BROKEN;
	if (c->changed)
		return RUN_DONE;
	(void)id_text(c->message, text);
	if (there)
		(void)err_set(&c->job.err, ERR_CONFLICT, "no recipient of %s is %s", text,
			      c->act == QUEUE_HOLD    ? "queued" :
			      c->act == QUEUE_RELEASE ? "held" :
							"on the failed list");
	else
		(void)err_set(&c->job.err, ERR_NOTFOUND, "no such message in the queue: %s", text);
	return RUN_REFUSED;
}

/* -- many messages ------------------------------------------------------------------ */

/* Ids of messages that failed for the domain (ALL). */
static sqlite3_stmt *find_failed(struct backend *b, int64_t domain, struct err *e)
{
	return sql_start(b, SQL_FIND_FAILED, e,
			 "SELECT DISTINCT message FROM delivery INDEXED BY delivery_parked"
			 " WHERE state <> 0 AND state = 2 AND (?1 < 0 OR domain = ?1) LIMIT ?2",
			 V_INT(domain), V_INT(BLOCK));
}

static bool change_all_failed(struct backend *b, struct job_change *c, struct batch *batch,
			      int64_t domain, const struct act *act)
{
	struct err *e = &c->job.err;
	msgid ids[BLOCK];
	size_t n;
	bool there;

	do {
		sqlite3_stmt *st = find_failed(b, domain, e);
		int got;

		n = 0;
		while ((got = st ? sql_step(b, st, e) : -1) > 0)
			ids[n++] = sqlite3_column_int64(st, 0);
		if (got < 0)
			return false;
		for (size_t i = 0; i < n; i++)
			if (!change_rows(b, c, batch, ids[i], domain, act, &there))
				return false;
	} while (n == BLOCK);
	return true;
}

bool sqlite_delete_rows(struct backend *b, struct str who, struct batch *batch, msgid message,
			int64_t domain, uint64_t *n, struct err *e)
{
	struct job_change c = { .what = CHANGE_DOMAIN_REMOVE, .who = who };
	bool ignored;

	if (!change_rows(b, &c, batch, message, domain, &acts[QUEUE_DELETE], &ignored)) {
		*e = c.job.err;
		return false;
	}
	*n += c.changed;
	return true;
}

static enum run_result change_failed(struct backend *b, struct job_change *c, struct batch *batch,
				     int64_t domain)
{
	struct act act = acts[c->act];

	act.from = 1 << STATE_FAILED;
	return change_all_failed(b, c, batch, domain, &act) ? RUN_DONE : RUN_BROKEN;
}

/* Rows that are due already stay as they are: there may be a million of them.  All are counted. */
static bool flush_domain(struct backend *b, struct job_change *c, struct batch *batch,
			 int64_t domain)
{
	struct err *e = &c->job.err;
	int64_t queued;

	if (!sql_run(b,
		     sql_start(b, SQL_FLUSH, e,
			       "UPDATE delivery SET next_try = ?2"
			       " WHERE state = 0 AND domain = ?1 AND next_try > ?2",
			       V_INT(domain), V_INT(batch->turn_ms)),
		     e) ||
	    !sqlite_count_queued(b, domain, &queued, e))
		return false;
	c->changed += (uint64_t)queued;
	if (queued)
		batch_note(batch, domain, batch->turn_ms, true);
	return true;
}

static enum run_result flush_all(struct backend *b, struct job_change *c, struct batch *batch)
{
	struct err *e = &c->job.err;
	int64_t domain = -1;

	for (;;) {
		if (!sql_int(b, sqlite_select_waiting(b, domain, e), -1, &domain, e))
			return RUN_BROKEN;
		if (domain < 0)
			return RUN_DONE;
		if (!flush_domain(b, c, batch, domain))
			return RUN_BROKEN;
	}
}

enum run_result sqlite_change_queue(struct backend *b, struct job_change *c, struct batch *batch)
{
	int64_t domain = ALL;

	if (c->what == CHANGE_MESSAGE)
		return change_one(b, c, batch);
	if (c->domain.at) {
		enum run_result got = sqlite_domain_id(b, c, &domain);

		if (got != RUN_DONE)
			return got;
	}
	if (c->what == CHANGE_FAILED_ALL)
		return change_failed(b, c, batch, domain);
	if (domain == ALL)
		return flush_all(b, c, batch);
	return flush_domain(b, c, batch, domain) ? RUN_DONE : RUN_BROKEN;
}
