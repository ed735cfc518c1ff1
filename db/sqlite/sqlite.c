/* sqlite: connections.
 *
 * Exactly one connection writes and checkpoints: Debian's SQLite can lose committed pages when a
 * commit of one connection meets a checkpoint of another (fixed in 3.51.3).  All others are opened
 * read-only and do not checkpoint when they close.  The writer's own automatic checkpoint is off:
 * tidy.c decides when.
 *
 * Pages are of 16 KiB: with 4 KiB bodies that is as fast as 4 KiB pages, with 60 KB bodies more
 * than twice as fast, and 8 KiB pages are worst, since only one such body fits into each.
 * No mmap: an I/O error would be a SIGBUS.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"

static const char reader_pragmas[] = "PRAGMA query_only = ON;"
				     "PRAGMA mmap_size = 0;"
				     "PRAGMA temp_store = MEMORY;"
				     "PRAGMA cache_size = -4096;";

/* page_size and auto_vacuum count only before the first table is there. */
static const char writer_pragmas[] = "PRAGMA page_size = 16384;"
				     "PRAGMA auto_vacuum = INCREMENTAL;"
				     "PRAGMA journal_mode = WAL;"
				     "PRAGMA synchronous = FULL;"
				     "PRAGMA wal_autocheckpoint = 0;"
				     "PRAGMA journal_size_limit = 67108864;"
				     "PRAGMA foreign_keys = OFF;"
				     "PRAGMA mmap_size = 0;"
				     "PRAGMA temp_store = MEMORY;"
				     "PRAGMA cache_size = -8192;";

char *sqlite_path(const struct conf *conf)
{
	return mem_printf("%s/mxkeep.db", conf->state_dir);
}

static int on_committed(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct backend *b = arg;

	(void)db;
	(void)name;
	b->log_frames = frames;
	return SQLITE_OK;
}

static bool configure(struct backend *b, bool read_only, struct err *e)
{
	(void)sqlite3_extended_result_codes(b->db, 1);
	(void)sqlite3_busy_timeout(b->db, SQLITE_BUSY_MS);
	(void)sqlite3_db_config(b->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(b->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (read_only) {
		(void)sqlite3_db_config(b->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		return sql_exec(b, reader_pragmas, e);
	}
	if (!sql_exec(b, writer_pragmas, e))
		return false;
	/* Behind the pragmas: wal_autocheckpoint takes the place of any hook. */
	(void)sqlite3_wal_hook(b->db, on_committed, b);
	return true;
}

bool sqlite_open(const char *path, bool read_only, struct backend **ret, struct err *e)
{
	struct backend *b = mem_alloc(sizeof(*b));
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		    (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
	int rc = sqlite3_open_v2(path, &b->db, flags, NULL);

	b->greylist_known = -1;
	if (rc != SQLITE_OK) {
		(void)err_set(e, ERR_TEMP, "%s: %s", path,
			      b->db ? sqlite3_errmsg(b->db) : "out of memory");
		sqlite_close(b);
		return false;
	}
	if (!configure(b, read_only, e)) {
		(void)err_wrap(e, "%s", path);
		sqlite_close(b);
		return false;
	}
	*ret = b;
	return true;
}

void sqlite_close(struct backend *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < SQL_SLOTS; i++)
		(void)sqlite3_finalize(b->statements[i]);
	(void)sqlite3_close(b->db);
	free(b->chunk);
	free(b);
}

static bool open_writer(const struct conf *conf, bool create, struct backend **ret,
			struct err *e)
{
	char *path = sqlite_path(conf);
	struct backend *b = NULL;
	bool ok = (!create || sqlite_create(path, e)) && sqlite_open(path, false, &b, e);

	if (ok && !sqlite_migrate(b, e)) {
		sqlite_close(b);
		ok = err_wrap(e, "%s", path);
	}
	if (ok)
		*ret = b;
	free(path);
	return ok;
}

static bool open_reader(const struct conf *conf, struct backend **ret, struct err *e)
{
	char *path = sqlite_path(conf);
	bool ok = sqlite_open(path, true, ret, e);

	free(path);
	return ok;
}

static enum backend_health health(const struct backend *b)
{
	return b->health;
}

static bool start(struct backend *b, struct backend_start *ret, struct err *e)
{
	int64_t node, highest;

	if (!sql_int(b, sql_start(b, SQL_NODE, e, "SELECT value FROM meta WHERE key = 'node'"), 0,
		     &node, e) ||
	    !sql_int(b,
		     sql_start(b, SQL_HIGHEST, e,
			       "SELECT max(coalesce((SELECT max(id) FROM message), 0),"
			       " coalesce((SELECT max(message) FROM ledger), 0),"
			       " coalesce((SELECT max(message) FROM event), 0))"),
		     0, &highest, e))
		return false;
	ret->node = (unsigned)node & 1023;
	ret->highest = highest;
	return true;
}

/* For each domain that has queued mail: rows that a clock set back has put out of reach. */
static bool pull_due(struct backend *b, int64_t now_ms, int64_t limit_ms, struct err *e)
{
	int64_t domain = -1;

	for (;;) {
		if (!sql_int(b, sqlite_select_waiting(b, domain, e), -1, &domain, e))
			return false;
		if (domain < 0)
			return true;

		sqlite3_stmt *pull =
			sql_start(b, SQL_PULL_DUE, e,
				  "UPDATE delivery SET next_try = ?3"
				  " WHERE state = 0 AND domain = ?1 AND next_try > ?2",
				  V_INT(domain), V_INT(limit_ms), V_INT(now_ms));

		if (!sql_run(b, pull, e))
			return false;
	}
}

static bool verify(struct backend *b, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(b->db, "PRAGMA quick_check(1)", -1, &st, NULL);
	bool whole = false;

	if (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		whole = str_eq(sql_text(st, 0), STR("ok"));
	(void)sqlite3_finalize(st);
	return whole || err_set(e, ERR_PERM, "the database is damaged");
}

static bool begin(struct backend *b, struct err *e)
{
	return sql_run(b, sql_start(b, SQL_BEGIN, e, "BEGIN IMMEDIATE"), e);
}

static bool commit(struct backend *b, struct err *e)
{
	return sql_run(b, sql_start(b, SQL_COMMIT, e, "COMMIT"), e);
}

/* A failed statement may have rolled back by itself. */
static void rollback(struct backend *b)
{
	struct err e;

	b->greylist_known = -1;
	if (!sqlite3_get_autocommit(b->db) && !sql_exec(b, "ROLLBACK", &e) &&
	    b->health == BACKEND_WELL)
		b->health = BACKEND_REOPEN;
}

static enum run_result run(struct backend *b, struct job *job, struct batch *batch)
{
	switch (job->kind) {
	case JOB_ACCEPT:
		return sqlite_accept(b, CONTAINER(job, struct job_accept, job), batch);
	case JOB_SETTLE:
		return sqlite_settle(b, CONTAINER(job, struct job_settle, job), batch);
	case JOB_OFFER:
		return sqlite_offer(b, CONTAINER(job, struct job_offer, job), batch);
	case JOB_CHANGE:
		return sqlite_change(b, CONTAINER(job, struct job_change, job), batch);
	case JOB_TALLY:
		return sqlite_tally(b, CONTAINER(job, struct job_tally, job));
	case JOB_GREYLIST:
		return sqlite_greylist(b, CONTAINER(job, struct job_greylist, job));
	case JOB_HEAR:
		return sqlite_hear(b, CONTAINER(job, struct job_hear, job), batch);
	case JOB_DUE:
	case JOB_CHUNK:
	case JOB_RECIPIENT:
	case JOB_EXPIRED:
	case JOB_WAITING:
	case JOB_GREYLIST_LOOK:
	case JOB_PROBE:
		break;
	}
	(void)err_set(&job->err, ERR_PERM, "not a writing job");
	return RUN_REFUSED;
}

static bool read_begin(struct backend *b, struct err *e)
{
	return sql_run(b, sql_start(b, SQL_READ_BEGIN, e, "BEGIN"), e);
}

static uint64_t log_bytes(const struct backend *b)
{
	return (uint64_t)b->log_frames * SQLITE_PAGE_BYTES;
}

const struct backend_ops sqlite_backend = {
	.open_writer = open_writer,
	.open_reader = open_reader,
	.close = sqlite_close,
	.health = health,
	.start = start,
	.pull_due = pull_due,
	.verify = verify,
	.load_settings = sqlite_load_settings,
	.begin = begin,
	.run = run,
	.commit = commit,
	.rollback = rollback,
	.checkpoint = sqlite_checkpoint,
	.log_bytes = log_bytes,
	.tidy = sqlite_tidy,
	.read_begin = read_begin,
	.read = sqlite_read,
	.read_end = rollback,
};
