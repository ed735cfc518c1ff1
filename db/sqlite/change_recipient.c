/* change_recipient: the list of valid users of a domain.
 *
 * The settings carry its patterns, and whether there is a list at all.
 *
 * To replace a list is to write what differs: the new one, sorted as the table is, is walked beside
 * the old one, so that a nightly file of a million users costs a reading and not a million writes.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/arena.h"
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
		"INSERT INTO recipient (domain, local, action, source, added, confirmed, target)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT (domain, local) DO UPDATE"
		" SET action = excluded.action, source = excluded.source, added = excluded.added,"
		" confirmed = excluded.confirmed, target = excluded.target"
		" WHERE action <> excluded.action OR target <> excluded.target",
		V_INT(domain), V_STR(l->local), V_INT(l->action), V_STR(str_of(c->source)),
		V_INT(batch->wall_ms), V_STR(l->target));

	return sql_run(b, st, e);
}

static bool remove_one(struct backend *b, int64_t domain, struct str local, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_RECIPIENT_DELETE, e,
				     "DELETE FROM recipient WHERE domain = ?1 AND local = ?2",
				     V_INT(domain), V_STR(local));

	return sql_run(b, st, e);
}

/* -- the whole list ----------------------------------------------------------------- */

/* Who is in the list and not in the new one. */
struct leavers {
	char **locals;
	size_t n, room;
	uint64_t had; /* all that were in the list */
	bool has_pattern;
};

static void add_leaver(struct leavers *l, struct str local)
{
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->locals = mem_grow(l->locals, l->room * sizeof(*l->locals));
	}
	l->locals[l->n++] = mem_str(local);
	l->has_pattern = l->has_pattern || str_find(local, '*') >= 0;
}

static void free_leavers(struct leavers *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->locals[i]);
	free(l->locals);
}

/* Old and new list side by side, both sorted by bytes: who leaves, and what is the same in both. */
static bool walk(struct backend *b, struct job_change *c, int64_t domain, struct leavers *ret)
{
	struct err *e = &c->job.err;
	sqlite3_stmt *st = sql_start(b, SQL_RECIPIENT_ALL, e,
				     "SELECT local, action, target FROM recipient"
				     " WHERE domain = ?1 ORDER BY local",
				     V_INT(domain));
	size_t at = 0;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		struct str local = sql_text(st, 0);

		ret->had++;
		while (at < c->local_count && str_compare(c->locals[at].local, local) < 0)
			at++;
		if (at == c->local_count || str_compare(c->locals[at].local, local) != 0) {
			add_leaver(ret, local);
			continue;
		}
		c->locals[at].same = sqlite3_column_int(st, 1) == (int)c->locals[at].action &&
				     str_eq(sql_text(st, 2), c->locals[at].target);
		c->locals[at].known = true;
	}
	return got == 0;
}

static bool brake(struct job_change *c, const struct leavers *l)
{
	struct err *e = &c->job.err;

	if (c->force || !l->n)
		return true;
	if (!c->local_count)
		return err_set(e, ERR_CONFLICT,
			       "there is no user in the file; with --force (API: force=yes) the "
			       "list of %llu becomes empty",
			       (unsigned long long)l->had);
	if (l->n <= CHANGE_BRAKE_USERS || l->n * 100 <= l->had * CHANGE_BRAKE_PERCENT)
		return true;
	return err_set(e, ERR_CONFLICT,
		       "this would remove %llu %% of the list (%llu of %llu users); with --force "
		       "(API: force=yes) it is done",
		       (unsigned long long)(l->n * 100 / l->had), (unsigned long long)l->n,
		       (unsigned long long)l->had);
}

static bool write_changes(struct backend *b, struct job_change *c, const struct batch *batch,
			  int64_t domain, const struct leavers *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!remove_one(b, domain, str_of(l->locals[i]), &c->job.err))
			return false;
	for (size_t i = 0; i < c->local_count; i++) {
		c->kept += c->locals[i].same;
		c->added += !c->locals[i].known;
		if (!c->locals[i].same && !add_one(b, c, batch, domain, &c->locals[i]))
			return false;
	}
	c->removed = l->n;
	c->changed = l->n + c->local_count - c->kept;
	return true;
}

static enum run_result replace(struct backend *b, struct job_change *c, struct batch *batch,
			       int64_t domain)
{
	struct leavers l = { .locals = NULL };
	enum run_result got = RUN_BROKEN;

	c->added = c->removed = c->kept = 0;
	if (walk(b, c, domain, &l))
		got = brake(c, &l) ? RUN_DONE : RUN_REFUSED;
	if (got == RUN_DONE && !write_changes(b, c, batch, domain, &l))
		got = RUN_BROKEN;
	batch->settings_changed = batch->settings_changed || l.has_pattern;
	free_leavers(&l);
	return got;
}

/* -- some of it ----------------------------------------------------------------------- */

static enum run_result some(struct backend *b, struct job_change *c, const struct batch *batch,
			    int64_t domain)
{
	for (size_t i = 0; i < c->local_count; i++) {
		bool ok = c->what == CHANGE_RECIPIENT_ADD ?
				  add_one(b, c, batch, domain, &c->locals[i]) :
				  remove_one(b, domain, c->locals[i].local, &c->job.err);

		if (!ok)
			return RUN_BROKEN;
		c->changed += (uint64_t)sql_changes(b);
	}
	return RUN_DONE;
}

enum run_result sqlite_change_recipient(struct backend *b, struct job_change *c,
					struct batch *batch)
{
	struct err *e = &c->job.err;
	int64_t domain, had, has;
	enum run_result got = sqlite_domain_id(b, c, &domain);

	if (got != RUN_DONE)
		return got;
	got = sqlite_check_entries(b, c, domain);
	if (got != RUN_DONE)
		return got;
	if (!has_list(b, domain, &had, e))
		return RUN_BROKEN;
	got = c->what == CHANGE_RECIPIENT_REPLACE ? replace(b, c, batch, domain) :
						    some(b, c, batch, domain);
	if (got != RUN_DONE)
		return got;
	if (!has_list(b, domain, &has, e))
		return RUN_BROKEN;
	batch->settings_changed = batch->settings_changed || had != has || sqlite_has_pattern(c);
	batch->recipients_changed = batch->recipients_changed || c->changed;
	return RUN_DONE;
}
