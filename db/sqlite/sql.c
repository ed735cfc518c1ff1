/* sql: statements and what their failing means.
 *
 * The kinds of failure are told apart here and nowhere else: no space, a damaged database, a disk
 * that does not do what it is told, and all else (busy, no memory), which may go away.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

bool sql_failed(struct backend *b, int rc, struct err *e)
{
	enum err_kind kind = ERR_TEMP;

	switch (rc & 0xff) {
	case SQLITE_FULL:
		kind = ERR_FULL;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		b->health = BACKEND_CORRUPT;
		break;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		if (b->health == BACKEND_WELL)
			b->health = BACKEND_REOPEN;
		break;
	default:
		break;
	}
	return err_set(e, kind, "database: %s (%d)", sqlite3_errmsg(b->db), rc);
}

static int bind(sqlite3_stmt *st, int at, const struct sql_value *v)
{
	const char *bytes = v->str.at ? v->str.at : "";

	switch (v->type) {
	case SQL_INT:
		return sqlite3_bind_int64(st, at, v->num);
	case SQL_BLOB:
		return sqlite3_bind_blob64(st, at, bytes, v->str.n, SQLITE_STATIC);
	case SQL_TEXT:
		break;
	}
	return sqlite3_bind_text64(st, at, bytes, v->str.n, SQLITE_STATIC, SQLITE_UTF8);
}

sqlite3_stmt *sql_start_values(struct backend *b, enum sql_slot slot, const char *text,
			       const struct sql_value *values, size_t n, struct err *e)
{
	sqlite3_stmt *st = b->statements[slot];
	int rc = SQLITE_OK;

	if (!st)
		rc = sqlite3_prepare_v3(b->db, text, -1, SQLITE_PREPARE_PERSISTENT,
					&b->statements[slot], NULL);
	st = b->statements[slot];
	for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
		rc = bind(st, (int)i + 1, &values[i]);
	if (rc == SQLITE_OK)
		return st;
	(void)sql_failed(b, rc, e);
	return NULL;
}

int sql_step(struct backend *b, sqlite3_stmt *st, struct err *e)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		(void)sql_failed(b, sqlite3_extended_errcode(b->db), e);
	(void)sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

void sql_end(sqlite3_stmt *st)
{
	if (st)
		(void)sqlite3_reset(st);
}

bool sql_run(struct backend *b, sqlite3_stmt *st, struct err *e)
{
	int got = st ? sql_step(b, st, e) : -1;

	if (got > 0)
		sql_end(st);
	return got >= 0;
}

bool sql_exec(struct backend *b, const char *text, struct err *e)
{
	int rc = sqlite3_exec(b->db, text, NULL, NULL, NULL);

	return rc == SQLITE_OK || sql_failed(b, sqlite3_extended_errcode(b->db), e);
}

bool sql_int(struct backend *b, sqlite3_stmt *st, int64_t otherwise, int64_t *ret, struct err *e)
{
	int got = st ? sql_step(b, st, e) : -1;

	if (got < 0)
		return false;
	*ret = got ? sqlite3_column_int64(st, 0) : otherwise;
	sql_end(st);
	return true;
}

int64_t sql_changes(struct backend *b)
{
	return sqlite3_changes64(b->db);
}

struct str sql_text(sqlite3_stmt *st, int column)
{
	const unsigned char *at = sqlite3_column_text(st, column);

	return at ? (struct str){ (const char *)at, (size_t)sqlite3_column_bytes(st, column) } :
		    STR_NONE;
}

struct str sql_blob(sqlite3_stmt *st, int column)
{
	const void *at = sqlite3_column_blob(st, column);

	return at ? (struct str){ at, (size_t)sqlite3_column_bytes(st, column) } : STR_NONE;
}
