/* change_recipient: the list of valid users of a domain.
 *
 * The settings carry one bit of it: whether there is a list at all.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

static bool has_list(struct backend *b, int64_t domain, int64_t *ret, struct err *e)
{
	return sql_int(b,
		       sql_start(b, SQL_RECIPIENT_HAS, e,
				 "SELECT EXISTS (SELECT 1 FROM recipient WHERE domain = ?1)",
				 V_INT(domain)),
		       0, ret, e);
}

static bool add_one(struct backend *b, struct job_change *c, const struct batch *batch,
		    int64_t domain, const struct change_local *l)
{
	struct err *e = &c->job.err;
	sqlite3_stmt *st = sql_start(
		b, SQL_RECIPIENT_UPSERT, e,
		"INSERT INTO recipient (domain, local, action, source, added)"
		" VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (domain, local) DO UPDATE"
		" SET action = excluded.action, source = excluded.source, added = excluded.added"
		" WHERE action <> excluded.action",
		V_INT(domain), V_STR(l->local), V_INT(l->action), V_STR(str_of(c->source)),
		V_INT(batch->wall_ms));

	return sql_run(b, st, e);
}

static bool remove_one(struct backend *b, struct job_change *c, int64_t domain,
		       const struct change_local *l)
{
	struct err *e = &c->job.err;
	sqlite3_stmt *st = sql_start(b, SQL_RECIPIENT_DELETE, e,
				     "DELETE FROM recipient WHERE domain = ?1 AND local = ?2",
				     V_INT(domain), V_STR(l->local));

	return sql_run(b, st, e);
}

enum run_result sqlite_change_recipient(struct backend *b, struct job_change *c,
					struct batch *batch)
{
	struct err *e = &c->job.err;
	int64_t domain, had, has;
	enum run_result got = sqlite_domain_id(b, c, &domain);

	if (got != RUN_DONE)
		return got;
	if (!has_list(b, domain, &had, e))
		return RUN_BROKEN;
	for (size_t i = 0; i < c->local_count; i++) {
		bool ok = c->what == CHANGE_RECIPIENT_ADD ?
				  add_one(b, c, batch, domain, &c->locals[i]) :
				  remove_one(b, c, domain, &c->locals[i]);

		if (!ok)
			return RUN_BROKEN;
		c->changed += (uint64_t)sql_changes(b);
	}
	if (!has_list(b, domain, &has, e))
		return RUN_BROKEN;
	batch->settings_changed = batch->settings_changed || had != has;
	batch->recipients_changed = batch->recipients_changed || c->changed;
	return RUN_DONE;
}
