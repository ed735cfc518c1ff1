/* leaving: what a removed domain leaves behind goes in small steps, which other mail hardly feels.
 *
 * The domain's own row goes at once, and with it everything that takes or hands on its mail: ids
 * are never used again, so nobody finds what it has left, and the name is free.  What is left is
 * noted in the same transaction; the first step is in it too, so that a small domain is gone whole.
 * The others are the writer's, between its batches, also after a restart.
 *
 * Decided against one transaction, which kept the writer for 14 s with 300,000 messages; and
 * against a mark on the domain's row, which everything that looks at domains would have to know.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/arena.h"
#include "db/sqlite/sqlite.h"

/* A step, more or less 10 ms. */
#define MAILS_MAX 256
#define RCPTS_MAX 256
#define BYTES_MAX (INT64_C(8) << 20) /* of bodies, whose pages are read to be freed */
#define USERS_MAX 2000

struct leaver {
	int64_t domain;
	struct str who;
};

struct mail {
	msgid id;
	int64_t size;
};

/* Messages with queued rows of the domain, or with others. */
static sqlite3_stmt *find(struct backend *b, bool queued, int64_t domain, struct err *e)
{
	if (queued)
		return sql_start(b, SQL_LEAVING_QUEUED, e,
				 "SELECT m.id, m.size FROM (SELECT DISTINCT message FROM delivery"
				 " INDEXED BY delivery_due WHERE state = 0 AND domain = ?1"
				 " LIMIT ?2) AS d CROSS JOIN message AS m ON m.id = d.message",
				 V_INT(domain), V_INT(MAILS_MAX));
	return sql_start(b, SQL_LEAVING_PARKED, e,
			 "SELECT m.id, m.size FROM (SELECT DISTINCT message FROM delivery"
			 " INDEXED BY delivery_parked WHERE state <> 0 AND domain = ?1"
			 " LIMIT ?2) AS d CROSS JOIN message AS m ON m.id = d.message",
			 V_INT(domain), V_INT(MAILS_MAX));
}

static bool delete_mail(struct backend *b, const struct leaver *l, struct batch *batch, bool queued,
			bool *ret_more, struct err *e)
{
	struct mail mails[MAILS_MAX];
	sqlite3_stmt *st = find(b, queued, l->domain, e);
	uint64_t rcpts = 0;
	int64_t bytes = 0;
	size_t n = 0, i;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0)
		mails[n++] = (struct mail){ sqlite3_column_int64(st, 0),
					    sqlite3_column_int64(st, 1) };
	if (got < 0)
		return false;
	for (i = 0; i < n && rcpts < RCPTS_MAX && bytes < BYTES_MAX; i++) {
		if (!sqlite_delete_rows(b, l->who, batch, mails[i].id, l->domain, &rcpts, e))
			return false;
		bytes += mails[i].size;
	}
	*ret_more = i < n || n == MAILS_MAX;
	return true;
}

static bool delete_users(struct backend *b, int64_t domain, bool *ret_more, struct err *e)
{
	if (!sql_run(b,
		     sql_start(b, SQL_LEAVING_LISTED, e,
			       "DELETE FROM recipient WHERE domain = ?1 AND local IN"
			       " (SELECT local FROM recipient WHERE domain = ?1 LIMIT ?2)",
			       V_INT(domain), V_INT(USERS_MAX)),
		     e))
		return false;
	*ret_more = sql_changes(b) == USERS_MAX;
	if (*ret_more)
		return true;
	if (!sql_run(b,
		     sql_start(b, SQL_LEAVING_HEARD, e,
			       "DELETE FROM heard WHERE domain = ?1 AND local IN"
			       " (SELECT local FROM heard WHERE domain = ?1 LIMIT ?2)",
			       V_INT(domain), V_INT(USERS_MAX)),
		     e))
		return false;
	*ret_more = sql_changes(b) == USERS_MAX;
	return true;
}

static bool step(struct backend *b, const struct leaver *l, struct batch *batch, bool *ret_more,
		 struct err *e)
{
	if (!delete_mail(b, l, batch, true, ret_more, e))
		return false;
	if (!*ret_more && !delete_mail(b, l, batch, false, ret_more, e))
		return false;
	if (!*ret_more && !delete_users(b, l->domain, ret_more, e))
		return false;
	return *ret_more ||
	       sql_run(b,
		       sql_start(b, SQL_LEAVING_DELETE, e, "DELETE FROM leaving WHERE domain = ?1",
				 V_INT(l->domain)),
		       e);
}

bool sqlite_leave(struct backend *b, const struct job_change *c, struct batch *batch,
		  int64_t domain, struct err *e)
{
	const struct leaver l = { .domain = domain, .who = c->who };
	bool more;

	if (!sql_run(b,
		     sql_start(b, SQL_LEAVING_PUT, e,
			       "INSERT INTO leaving (domain, name, who) VALUES (?1, ?2, ?3)",
			       V_INT(domain), V_STR(c->domain), V_STR(c->who)),
		     e) ||
	    !step(b, &l, batch, &more, e))
		return false;
	batch->leaving = batch->leaving || more;
	/* The forwarder sees at once that it has no primary any more. */
	if (more)
		batch_note(batch, domain, batch->turn_ms, false);
	return true;
}

static bool take_step(struct backend *b, const struct leaver *l, const struct tidy *t,
		      struct err *e)
{
	struct batch batch = { .wall_ms = t->wall_ms };
	bool more, ok;

	if (!sqlite_backend.begin(b, e))
		return false;
	ok = step(b, l, &batch, &more, e) && sqlite_backend.commit(b, e);
	if (!ok)
		sqlite_backend.rollback(b);
	return ok && sqlite_checkpoint(b, false, e);
}

bool sqlite_leaving(struct backend *b, struct tidy *t, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_LEAVING_NEXT, e,
				     "SELECT domain, who FROM leaving ORDER BY domain LIMIT 1");
	int got = st ? sql_step(b, st, e) : -1;
	struct leaver l;
	char *who;
	bool ok;

	t->leaving = got > 0;
	if (got <= 0)
		return got == 0;
	who = mem_str(sql_text(st, 1));
	l = (struct leaver){ .domain = sqlite3_column_int64(st, 0), .who = str_of(who) };
	sql_end(st);
	ok = take_step(b, &l, t, e);
	free(who);
	return ok;
}
