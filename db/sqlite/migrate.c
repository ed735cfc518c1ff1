/* migrate: an empty file becomes a database, an old one today's, a newer one is refused.
 *
 * Each step is one transaction with the version it leads to, so a crash in between leaves the
 * database at a step.  The application id keeps us from writing into somebody else's database.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "db/schema.h"
#include "db/sqlite/sqlite.h"

#define APPLICATION_ID 0x6d786b70 /* "mxkp" */

/* Created before SQLite opens it, for its mode: the log of writes gets the same. */
bool sqlite_create(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST || err_errno(e, "cannot create %s", path);
	(void)close(fd);
	return true;
}

static bool pragma(struct backend *b, const char *text, int64_t *ret, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(b->db, text, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return rc == SQLITE_ROW || sql_failed(b, rc, e);
}

static bool apply(struct backend *b, const struct schema_step *step, struct err *e)
{
	char version[80];

	(void)snprintf(version, sizeof(version), "PRAGMA user_version = %d; COMMIT;",
		       step->version);
	if (sql_exec(b, "BEGIN IMMEDIATE", e) && sql_exec(b, step->sql, e) &&
	    sql_exec(b, version, e))
		return true;
	sqlite_backend.rollback(b);
	return err_wrap(e, "schema step %s", step->name);
}

/* The node number is drawn once: two servers that back each other up should differ. */
static bool first(struct backend *b, struct err *e)
{
	unsigned node = 0;
	char text[160];

	if (getrandom(&node, sizeof(node), 0) != (ssize_t)sizeof(node))
		return err_errno(e, "cannot draw a node number");
	(void)snprintf(text, sizeof(text),
		       "PRAGMA application_id = %d;"
		       "INSERT OR IGNORE INTO meta (key, value) VALUES ('node', %u);",
		       APPLICATION_ID, node & 1023);
	return sql_exec(b, text, e);
}

bool sqlite_migrate(struct backend *b, struct err *e)
{
	int64_t version, id, tables, newest = (int64_t)schema_count;

	if (!pragma(b, "PRAGMA user_version", &version, e) ||
	    !pragma(b, "PRAGMA application_id", &id, e) ||
	    !pragma(b, "SELECT count(*) FROM sqlite_schema", &tables, e))
		return false;
	if (version > newest)
		return err_set(e, ERR_PERM,
			       "the database has version %lld, this program knows only %lld: "
			       "it was written by a newer mxkeep",
			       (long long)version, (long long)newest);
	if (id != APPLICATION_ID && tables && !version)
		return err_set(e, ERR_PERM, "this is a database of another program");
	for (int64_t i = version; i < newest; i++)
		if (!apply(b, &schema_steps[i], e))
			return false;
	return id == APPLICATION_ID || first(b, e);
}
