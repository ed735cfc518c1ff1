/* tidy: the log of writes goes back into the file, free pages go back to the disk, old rows of
 * ledger, audit and what is remembered go, each in steps so small that no mail waits for them.
 *
 * A checkpoint after a commit is PASSIVE, which waits for nobody.  If a reader has kept the log
 * from beginning anew for so long that it is LOG_LARGE, the writer waits for the reader once.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

#define LOG_FRAMES  1024 /* of 16 KiB: checkpoint when the log has so many */
#define LOG_LARGE   (8 * LOG_FRAMES)
#define FREE_LARGE  ((int64_t)(4 << 20) / SQLITE_PAGE_BYTES) /* pages that are worth giving back */
#define FREE_SMALL  ((int64_t)(1 << 20) / SQLITE_PAGE_BYTES)
#define PRUNE_STEP  500
#define AUDIT_MAX   1000000

static bool checkpoint(struct backend *b, int mode, struct err *e)
{
	int frames = 0, done = 0;
	int rc = sqlite3_wal_checkpoint_v2(b->db, NULL, mode, &frames, &done);

	if (rc == SQLITE_OK && mode == SQLITE_CHECKPOINT_TRUNCATE)
		b->log_frames = 0;
	/* Somebody is reading: later. */
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY || sql_failed(b, rc, e);
}

bool sqlite_checkpoint(struct backend *b, bool now, struct err *e)
{
	if (b->log_frames < LOG_FRAMES && !now)
		return true;
	return checkpoint(b,
			  b->log_frames < LOG_LARGE ? SQLITE_CHECKPOINT_PASSIVE :
						      SQLITE_CHECKPOINT_RESTART,
			  e);
}

static bool pragma(struct backend *b, enum sql_slot slot, const char *text, int64_t *ret,
		   struct err *e)
{
	return sql_int(b, sql_start(b, slot, e, text), 0, ret, e);
}

/* Gives pages back when a quarter of the file is free, until hardly any are. */
static bool shrink(struct backend *b, bool *ret_more, struct err *e)
{
	int64_t pages, unused;

	if (!pragma(b, SQL_PRAGMA_PAGES, "PRAGMA page_count", &pages, e) ||
	    !pragma(b, SQL_PRAGMA_FREE, "PRAGMA freelist_count", &unused, e))
		return false;
	if (unused > FREE_LARGE && unused > pages / 4)
		b->shrinking = true;
	else if (unused <= FREE_SMALL)
		b->shrinking = false;
	if (!b->shrinking)
		return true;
	*ret_more = true;

	sqlite3_stmt *st = sql_start(b, SQL_VACUUM, e, "PRAGMA incremental_vacuum(128)");
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0)
		;
	return got == 0 && sqlite_checkpoint(b, false, e);
}

/* The key PRUNE_STEP messages on from where pruning is; 0 at its end. */
static bool prune_end(struct backend *b, msgid floor, msgid *ret, struct err *e)
{
	bool events = b->pruning == PRUNING_EVENTS;
	const char *text = events ? "SELECT max(message) FROM (SELECT message FROM event"
				    " WHERE message > ?1 AND message < ?2"
				    " ORDER BY message LIMIT ?3)" :
				    "SELECT max(message) FROM (SELECT message FROM ledger"
				    " WHERE message > ?1 AND message < ?2"
				    " ORDER BY message LIMIT ?3)";
	sqlite3_stmt *st = sql_start(b, events ? SQL_PRUNE_EVENT_END : SQL_PRUNE_END, e, text,
				     V_INT(b->prune_at), V_INT(floor), V_INT(PRUNE_STEP));

	return sql_int(b, st, 0, ret, e);
}

/* Ledger rows by when they were made; events with the last ledger row of their message. */
static bool prune_messages(struct backend *b, struct tidy *t, bool *ret_end, struct err *e)
{
	int64_t before = t->wall_ms - t->ledger_keep_ms;
	msgid end;

	if (!prune_end(b, id_floor(before), &end, e))
		return false;
	*ret_end = !end;
	if (!end) {
		b->prune_at = 0;
		return true;
	}

	sqlite3_stmt *st =
		b->pruning == PRUNING_EVENTS ?
			sql_start(b, SQL_PRUNE_EVENT, e,
				  "DELETE FROM event WHERE message > ?1 AND message <= ?2"
				  " AND NOT EXISTS (SELECT 1 FROM message AS m"
				  "  WHERE m.id = event.message)"
				  " AND NOT EXISTS (SELECT 1 FROM ledger AS l"
				  "  WHERE l.message = event.message)",
				  V_INT(b->prune_at), V_INT(end)) :
			sql_start(b, SQL_PRUNE_LEDGER, e,
				  "DELETE FROM ledger WHERE message > ?1 AND message <= ?2"
				  " AND at < ?3",
				  V_INT(b->prune_at), V_INT(end), V_INT(before));

	b->prune_at = end;
	return sql_run(b, st, e);
}

static bool prune_greylist(struct backend *b, struct tidy *t, bool *ret_end, struct err *e)
{
	bool more;

	if (!sqlite_greylist_prune(b, t->wall_ms, &more, e))
		return false;
	*ret_end = !more;
	return true;
}

/* What primaries said of users, where its time is over. */
static bool prune_heard(struct backend *b, struct tidy *t, bool *ret_end, struct err *e)
{
	bool more, changed = false;

	if (!sqlite_prune_heard(b, t->wall_ms, &more, &changed, e))
		return false;
	t->recipients_changed = t->recipients_changed || changed;
	*ret_end = !more;
	return true;
}

/* The oldest first, so the table's own order does.  A script that changes something all day must
 * not fill the disk within the time that changes are kept: there is a number of them too. */
static bool prune_audit(struct backend *b, struct tidy *t, bool *ret_end, struct err *e)
{
	if (!sql_run(b,
		     sql_start(b, SQL_PRUNE_AUDIT, e,
			       "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id"
			       " LIMIT ?1) AND (at < ?2"
			       " OR id <= (SELECT max(id) FROM audit) - ?3)",
			       V_INT(PRUNE_STEP), V_INT(t->wall_ms - t->audit_keep_ms),
			       V_INT(AUDIT_MAX)),
		     e))
		return false;
	*ret_end = !sql_changes(b);
	return true;
}

/* One step of the table whose turn it is; behind the last table it is over for this time. */
static bool prune(struct backend *b, struct tidy *t, bool *ret_more, struct err *e)
{
	typedef bool prune_fn(struct backend *b, struct tidy *t, bool *ret_end, struct err *e);
	static prune_fn *const tables[] = {
		[PRUNING_LEDGER] = prune_messages, [PRUNING_EVENTS] = prune_messages,
		[PRUNING_GREYLIST] = prune_greylist, [PRUNING_HEARD] = prune_heard,
		[PRUNING_AUDIT] = prune_audit,
	};
	bool end;

	if (!tables[b->pruning](b, t, &end, e))
		return false;
	if (end && b->pruning == PRUNING_AUDIT)
		t->prune = false;
	if (end)
		b->pruning = b->pruning == PRUNING_AUDIT ? PRUNING_LEDGER : b->pruning + 1;
	*ret_more = t->prune;
	return true;
}

/* The file gets smaller, and the log with it, only when the log has been written back whole. */
static bool cut_log(struct backend *b, struct err *e)
{
	bool ok;

	if (!b->log_frames)
		return true;
	(void)sqlite3_busy_timeout(b->db, 0);
	ok = checkpoint(b, SQLITE_CHECKPOINT_TRUNCATE, e);
	(void)sqlite3_busy_timeout(b->db, SQLITE_BUSY_MS);
	return ok;
}

bool sqlite_tidy(struct backend *b, struct tidy *t, bool *ret_more, struct err *e)
{
	*ret_more = false;
	if (t->leaving) {
		*ret_more = sqlite_leaving(b, t, e);
		return *ret_more;
	}
	if (t->prune)
		return prune(b, t, ret_more, e);
	if (!shrink(b, ret_more, e))
		return false;
	return *ret_more || !t->idle || cut_log(b, e);
}
