/* accept: a new message, envelope and body.
 *
 * The domain of each recipient is looked up again: it may have been removed since its RCPT was
 * answered, and mail that waits for nobody must not be taken.
 *
 * The same id may be there already: a COMMIT whose outcome was not known may have happened.
 * Then the old rows go and all is written again, so that what is answered is what was synced.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <unistd.h>

#include "base/arena.h"
#include "db/sqlite/sqlite.h"

/* Bytes of body row seq, at most STORE_CHUNK_BYTES. */
static bool body_part(struct backend *b, const struct body *body, uint64_t seq, struct str *ret,
		      struct err *e)
{
	uint64_t from = seq * STORE_CHUNK_BYTES;
	size_t n = STORE_CHUNK_BYTES, have = 0;

	if (body->size - from < n)
		n = (size_t)(body->size - from);
	if (body->fd < 0) {
		*ret = n ? (struct str){ body->mem + from, n } : STR_NONE;
		return true;
	}
	if (!b->chunk)
		b->chunk = mem_grow(NULL, STORE_CHUNK_BYTES);
	while (have < n) {
		ssize_t got = pread(body->fd, b->chunk + have, n - have, (off_t)(from + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(e, "cannot read the spooled message");
		if (got == 0)
			return err_set(e, ERR_TEMP, "the spooled message is too short");
		have += (size_t)got;
	}
	*ret = (struct str){ b->chunk, n };
	return true;
}

/* Answers SQLite's code: a constraint is a message that is there already. */
static int insert_message(struct backend *b, const struct envelope *env, struct str head,
			  uint64_t size, struct err *e)
{
	int flags = (env->esmtp ? FLAG_ESMTP : 0) | (env->body_8bit ? FLAG_8BIT : 0) |
		    (env->smtputf8 ? FLAG_SMTPUTF8 : 0) |
		    (env->utf8_header ? FLAG_UTF8_HEADER : 0) | (int)(env->ret << FLAG_RET);
	sqlite3_stmt *st = sql_start(
		b, SQL_MESSAGE_INSERT, e,
		"INSERT INTO message (id, received, size, flags, sender, client, helo, tls, head)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		V_INT(env->id), V_INT(env->received_ms), V_INT(size), V_INT(flags),
		V_STR(env->sender), V_STR(env->client), V_STR(env->helo),
		V_STR(env->tls), V_BLOB(head));
	int rc = st ? sqlite3_step(st) : SQLITE_ERROR;

	if (st && rc != SQLITE_DONE && (rc & 0xff) != SQLITE_CONSTRAINT)
		(void)sql_failed(b, rc, e);
	sql_end(st);
	return rc;
}

static bool insert_head(struct backend *b, const struct envelope *env, const struct body *body,
			struct err *e)
{
	struct str head;
	int rc;

	if (!body_part(b, body, 0, &head, e))
		return false;
	rc = insert_message(b, env, head, body->size, e);
	if ((rc & 0xff) == SQLITE_CONSTRAINT && sqlite_drop_message(b, env->id, e))
		rc = insert_message(b, env, head, body->size, e);
	if ((rc & 0xff) == SQLITE_CONSTRAINT)
		return sql_failed(b, rc, e);
	return rc == SQLITE_DONE;
}

static bool insert_rest(struct backend *b, msgid id, const struct body *body, struct err *e)
{
	for (uint64_t seq = 1; seq * STORE_CHUNK_BYTES < body->size; seq++) {
		struct str part;

		if (!body_part(b, body, seq, &part, e))
			return false;

		sqlite3_stmt *st = sql_start(b, SQL_CHUNK_INSERT, e,
					     "INSERT INTO chunk (message, seq, bytes)"
					     " VALUES (?1, ?2, ?3)",
					     V_INT(id), V_INT(seq), V_BLOB(part));

		if (!sql_run(b, st, e))
			return false;
	}
	return true;
}

static bool insert_rcpts(struct backend *b, const struct envelope *env, struct batch *batch,
			 struct err *e)
{
	for (size_t i = 0; i < env->rcpt_count; i++) {
		const struct envelope_rcpt *r = &env->rcpts[i];
		sqlite3_stmt *st =
			sql_start(b, SQL_DELIVERY_INSERT, e,
				  "INSERT INTO delivery (message, seq, domain, state, next_try,"
				  " changed, attempts, recipient, reply, server, notify, orcpt,"
				  " envid, findings, unverified)"
				  " VALUES (?1, ?2, ?3, 0, ?4, ?5, 0, ?6, '',"
				  " '', ?7, ?8, ?9, ?10, ?11)",
				  V_INT(env->id), V_INT(i), V_INT(r->domain),
				  V_INT(batch->turn_ms), V_INT(batch->wall_ms), V_STR(r->address),
				  V_INT(r->notify), V_STR(r->orcpt), V_STR(env->envid),
				  V_STR(r->findings.at ? r->findings : STR_NONE),
				  V_INT(r->unverified));

		if (!sql_run(b, st, e))
			return false;
		batch_note(batch, r->domain, batch->turn_ms, false);
	}
	return true;
}

/* RUN_REFUSED when a recipient's domain is not there any more. */
static enum run_result look_at_domains(struct backend *b, const struct envelope *env,
				       struct err *e)
{
	int64_t seen = DOMAIN_BOUNCES, there;

	if (!env->rcpt_count) {
		(void)err_set(e, ERR_PERM, "a message without recipients");
		return RUN_REFUSED;
	}
	for (size_t i = 0; i < env->rcpt_count; i++) {
		int64_t domain = env->rcpts[i].domain;

		if (domain == seen || domain == DOMAIN_BOUNCES)
			continue;
		if (!sql_int(b,
			     sql_start(b, SQL_DOMAIN_IS, e, "SELECT 1 FROM domain WHERE id = ?1",
				       V_INT(domain)),
			     0, &there, e))
			return RUN_BROKEN;
		if (!there) {
			(void)err_set(e, ERR_TEMP, "the domain was removed");
			return RUN_REFUSED;
		}
		seen = domain;
	}
	return RUN_DONE;
}

enum run_result sqlite_insert_mail(struct backend *b, const struct envelope *env,
				   const struct body *body, struct batch *batch, struct err *e)
{
	enum run_result domains = look_at_domains(b, env, e);

	if (domains != RUN_DONE)
		return domains;
	if (!insert_head(b, env, body, e) || !insert_rest(b, env->id, body, e) ||
	    !insert_rcpts(b, env, batch, e))
		return RUN_BROKEN;
	return RUN_DONE;
}

enum run_result sqlite_accept(struct backend *b, struct job_accept *a, struct batch *batch)
{
	return sqlite_insert_mail(b, &a->env, &a->body, batch, &a->job.err);
}
