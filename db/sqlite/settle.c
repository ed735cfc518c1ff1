/* settle: what became of the recipients of a message.
 *
 * A recipient that is final moves from the queue to the ledger, with its envelope, in one
 * statement; with the last one the message and its body go.  One that is not there any more was
 * deleted meanwhile and is passed over: the ledger has its row.  A bounce goes with those only that
 * were there, or a sender would hear that his mail failed which another look had delivered.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "db/sqlite/sqlite.h"

#define EVENTS_MAX 100 /* a message */
#define REPLY_MAX  1000

static struct str bounded(struct str s)
{
	return s.n > REPLY_MAX ? (struct str){ s.at, REPLY_MAX } : s;
}

bool sqlite_event(struct backend *b, const struct batch *batch, msgid message, const char *kind,
		  struct str detail, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_EVENT, e,
				 "INSERT INTO event (message, nr, at, kind, detail)"
				 " SELECT ?1, nr, ?2, ?3, ?4 FROM"
				 " (SELECT coalesce(max(nr), 0) + 1 AS nr FROM event"
				 "  WHERE message = ?1) WHERE nr <= ?5",
				 V_INT(message), V_INT(batch->wall_ms), V_STR(str_of(kind)),
				 V_STR(detail), V_INT(EVENTS_MAX)),
		       e);
}

bool sqlite_drop_message(struct backend *b, msgid message, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_DELIVERY_FORGET, e,
				 "DELETE FROM delivery WHERE message = ?1", V_INT(message)),
		       e) &&
	       sql_run(b,
		       sql_start(b, SQL_MESSAGE_DELETE, e, "DELETE FROM message WHERE id = ?1",
				 V_INT(message)),
		       e) &&
	       sql_run(b,
		       sql_start(b, SQL_CHUNK_DELETE, e, "DELETE FROM chunk WHERE message = ?1",
				 V_INT(message)),
		       e);
}

bool sqlite_drop_if_settled(struct backend *b, msgid message, struct err *e)
{
	int64_t left;

	if (!sql_int(b,
		     sql_start(b, SQL_LEFT, e, "SELECT 1 FROM delivery WHERE message = ?1 LIMIT 1",
			       V_INT(message)),
		     0, &left, e))
		return false;
	return left || sqlite_drop_message(b, message, e);
}

bool sqlite_finish(struct backend *b, const struct batch *batch, msgid message, unsigned seq,
		   enum delivery_state state, const struct outcome *o, struct str who,
		   bool *ret_there, struct err *e)
{
	bool tried = state == STATE_DELIVERED || state == STATE_BOUNCED;

	if (!sql_run(b,
		     sql_start(b, SQL_LEDGER_ONE, e,
			       "INSERT OR REPLACE INTO ledger (message, seq, state, at, received,"
			       " size, attempts, domain, domain_name, recipient, sender, client,"
			       " helo, tls, findings, reply, server, who)"
			       " SELECT d.message, d.seq, ?3, ?4, m.received, m.size,"
			       " d.attempts + ?5, d.domain, coalesce(n.name, (SELECT v.name"
			       " FROM leaving AS v WHERE v.domain = d.domain), ''), d.recipient,"
			       " m.sender, m.client, m.helo, m.tls, d.findings,"
			       " CASE WHEN ?9 THEN ?6 ELSE d.reply END,"
			       " CASE WHEN ?9 THEN ?7 ELSE d.server END, ?8"
			       " FROM delivery AS d JOIN message AS m ON m.id = d.message"
			       " LEFT JOIN domain AS n ON n.id = d.domain"
			       " WHERE d.message = ?1 AND d.seq = ?2",
			       V_INT(message), V_INT(seq), V_INT(state), V_INT(batch->wall_ms),
			       V_INT(tried), V_STR(o ? bounded(o->reply) : STR_NONE),
			       V_STR(o ? bounded(o->primary) : STR_NONE), V_STR(who),
			       V_INT(o && (o->reply.n || tried))),
		     e))
		return false;
	*ret_there = sql_changes(b) > 0;
	return !*ret_there ||
	       sql_run(b,
		       sql_start(b, SQL_DELIVERY_DELETE, e,
				 "DELETE FROM delivery WHERE message = ?1 AND seq = ?2",
				 V_INT(message), V_INT(seq)),
		       e);
}

/* "user1@example.test: 451 4.3.0 try later" */
static bool attempt_event(struct backend *b, const struct batch *batch, msgid message,
			  const char *kind, struct str recipient, struct str reply, struct err *e)
{
	char detail[REPLY_MAX + 400];
	int n = snprintf(detail, sizeof(detail), "%.*s: %.*s", STR_ARGS(bounded(recipient)),
			 STR_ARGS(bounded(reply)));

	if (n < 0)
		return err_set(e, ERR_PERM, "cannot format an event");
	if ((size_t)n >= sizeof(detail))
		n = (int)sizeof(detail) - 1;
	return sqlite_event(b, batch, message, kind, (struct str){ detail, (size_t)n }, e);
}

/* The state of a recipient that stays in the queue, and whether it hears something new. */
struct row_state {
	bool there, news;
	enum delivery_state state;
	int64_t domain;
};

static bool look_at_row(struct backend *b, const struct batch *batch, msgid message,
			const struct outcome *o, struct row_state *ret, struct err *e)
{
	const char *kind = o->kind == OUTCOME_FAILED ? "failed" : "deferred";
	sqlite3_stmt *st = sql_start(b, SQL_ROW_STATE, e,
				     "SELECT state, domain, recipient, reply <> ?3 FROM delivery"
				     " WHERE message = ?1 AND seq = ?2",
				     V_INT(message), V_INT(o->seq), V_STR(bounded(o->reply)));
	int got = st ? sql_step(b, st, e) : -1;
	bool ok = got >= 0;

	ret->there = got > 0;
	if (!ret->there)
		return ok;
	ret->state = (enum delivery_state)sqlite3_column_int(st, 0);
	ret->domain = sqlite3_column_int64(st, 1);
	ret->news = sqlite3_column_int(st, 3) || o->kind == OUTCOME_FAILED;
	if (ret->news)
		ok = attempt_event(b, batch, message, kind, sql_text(st, 2), o->reply, e);
	sql_end(st);
	return ok;
}

static bool defer(struct backend *b, struct batch *batch, msgid message, const struct outcome *o,
		  struct err *e)
{
	struct row_state row;
	int64_t next_try = o->next_try_ms + batch->ahead_ms;

	if (!look_at_row(b, batch, message, o, &row, e))
		return false;
	if (!row.there)
		return true;
	if (next_try < batch->turn_ms)
		next_try = batch->turn_ms;
	if (row.state == STATE_QUEUED)
		batch_note(batch, row.domain, next_try, false);
	return sql_run(b,
		       sql_start(b, SQL_DEFER, e,
				 "UPDATE delivery SET next_try = ?3, changed = ?4,"
				 " attempts = attempts + 1, reply = ?5, server = ?6"
				 " WHERE message = ?1 AND seq = ?2",
				 V_INT(message), V_INT(o->seq), V_INT(next_try),
				 V_INT(batch->wall_ms), V_STR(bounded(o->reply)),
				 V_STR(bounded(o->primary))),
		       e);
}

static bool fail(struct backend *b, struct batch *batch, msgid message, const struct outcome *o,
		 struct err *e)
{
	struct row_state row;

	if (!look_at_row(b, batch, message, o, &row, e))
		return false;
	return !row.there ||
	       sql_run(b,
		       sql_start(b, SQL_FAIL, e,
				 "UPDATE delivery SET state = 2, next_try = 0, changed = ?3,"
				 " attempts = attempts + 1, reply = ?4, server = ?5"
				 " WHERE message = ?1 AND seq = ?2",
				 V_INT(message), V_INT(o->seq), V_INT(batch->wall_ms),
				 V_STR(bounded(o->reply)), V_STR(bounded(o->primary))),
		       e);
}

/* *ret_told: the sender is to be told of it. */
static bool settle_one(struct backend *b, struct batch *batch, msgid message,
		       const struct outcome *o, bool *ret_told, struct err *e)
{
	enum delivery_state state = STATE_DELIVERED;
	bool there = false;

	switch (o->kind) {
	case OUTCOME_DEFERRED:
		return defer(b, batch, message, o, e);
	case OUTCOME_FAILED:
		return fail(b, batch, message, o, e);
	case OUTCOME_BOUNCED:
		state = STATE_BOUNCED;
		break;
	case OUTCOME_EXPIRED:
		state = STATE_EXPIRED;
		break;
	case OUTCOME_DELIVERED:
		break;
	}
	if (!sqlite_finish(b, batch, message, o->seq, state, o, STR_NONE, &there, e))
		return false;
	*ret_told = there && (state == STATE_BOUNCED || o->relayed);
	return true;
}

enum run_result sqlite_settle(struct backend *b, struct job_settle *s, struct batch *batch)
{
	struct err *e = &s->job.err;
	bool told = false;

	for (size_t i = 0; i < s->outcome_count; i++) {
		bool one = false;

		if (!settle_one(b, batch, s->message, &s->outcomes[i], &one, e))
			return RUN_BROKEN;
		told = told || one;
	}
	if (s->bounce_env.id && told &&
	    sqlite_insert_mail(b, &s->bounce_env, &s->bounce_body, batch, e) != RUN_DONE)
		return RUN_BROKEN;
	for (size_t i = 0; i < s->lesson_count; i++)
		if (!sqlite_learn(b, &s->lessons[i], batch, e))
			return RUN_BROKEN;
	return sqlite_drop_if_settled(b, s->message, e) ? RUN_DONE : RUN_BROKEN;
}
