/* change_domain: domains and their routes.
 * SPDX-License-Identifier: ISC */
#include "db/patch.h"
#include "db/sqlite/sqlite.h"

static struct str subaddress_text(const struct domain_patch *p)
{
	return p->subaddress ? (struct str){ &p->subaddress, 1 } : STR_NONE;
}

static bool delete_routes(struct backend *b, int64_t domain, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_ROUTE_DELETE, e, "DELETE FROM route WHERE domain = ?1",
				 V_INT(domain)),
		       e);
}

static bool set_routes(struct backend *b, int64_t domain, const struct domain_patch *p,
		       struct err *e)
{
	if (!delete_routes(b, domain, e))
		return false;
	for (size_t i = 0; i < p->route_count; i++)
		if (!sql_run(b,
			     sql_start(b, SQL_ROUTE_INSERT, e,
				       "INSERT INTO route (domain, position, host, port)"
				       " VALUES (?1, ?2, ?3, ?4)",
				       V_INT(domain), V_INT(i), V_STR(str_of(p->routes[i].host)),
				       V_INT(p->routes[i].port)),
			     e))
			return false;
	return true;
}

static enum run_result add(struct backend *b, struct job_change *c, struct batch *batch)
{
	struct domain_patch p = patch_defaults(), *given = &c->patch;
	struct err *e = &c->job.err;
	int64_t id;
	enum run_result got = sqlite_domain_id(b, c, &id);

	if (got == RUN_BROKEN)
		return got;
	if (got == RUN_DONE) {
		(void)err_set(e, ERR_CONFLICT, "the domain %.*s is there already",
			      STR_ARGS(c->domain));
		return RUN_REFUSED;
	}
	if (given->has & PATCH_MODE)
		p.mode = given->mode;
	if (given->has & PATCH_ENABLED)
		p.enabled = given->enabled;
	if (given->has & PATCH_UNKNOWN)
		p.unknown = given->unknown;
	if (given->has & PATCH_SUBADDRESS)
		p.subaddress = given->subaddress;
	if (given->has & PATCH_LIFETIME)
		p.lifetime_ms = given->lifetime_ms;
	if (given->has & PATCH_MAX_SIZE)
		p.max_size = given->max_size;
	if (given->has & PATCH_RATE)
		p.rate = given->rate;
	if (!sql_run(b,
		     sql_start(b, SQL_DOMAIN_INSERT, e,
			       "INSERT INTO domain (name, mode, enabled, unknown, subaddress,"
			       " lifetime, max_size, rate)"
			       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
			       V_STR(c->domain), V_STR(str_of(domain_mode_name(p.mode))),
			       V_INT(p.enabled), V_STR(str_of(domain_unknown_name(p.unknown))),
			       V_STR(subaddress_text(&p)), V_INT(p.lifetime_ms),
			       V_INT(p.max_size), V_INT(p.rate)),
		     e) ||
	    !set_routes(b, sqlite3_last_insert_rowid(b->db), given, e))
		return RUN_BROKEN;
	c->changed = 1;
	batch->settings_changed = true;
	return RUN_DONE;
}

static enum run_result set(struct backend *b, struct job_change *c, struct batch *batch)
{
	const struct domain_patch *p = &c->patch;
	struct err *e = &c->job.err;
	int64_t id;
	enum run_result got = sqlite_domain_id(b, c, &id);

	if (got != RUN_DONE)
		return got;
	if (!sql_run(b,
		     sql_start(b, SQL_DOMAIN_UPDATE, e,
			       "UPDATE domain SET"
			       " mode = CASE WHEN ?2 & ?10 THEN ?3 ELSE mode END,"
			       " enabled = CASE WHEN ?2 & ?11 THEN ?4 ELSE enabled END,"
			       " unknown = CASE WHEN ?2 & ?12 THEN ?5 ELSE unknown END,"
			       " subaddress = CASE WHEN ?2 & ?13 THEN ?6 ELSE subaddress END,"
			       " lifetime = CASE WHEN ?2 & ?14 THEN ?7 ELSE lifetime END,"
			       " max_size = CASE WHEN ?2 & ?15 THEN ?8 ELSE max_size END,"
			       " rate = CASE WHEN ?2 & ?16 THEN ?9 ELSE rate END"
			       " WHERE id = ?1",
			       V_INT(id), V_INT(p->has), V_STR(str_of(domain_mode_name(p->mode))),
			       V_INT(p->enabled), V_STR(str_of(domain_unknown_name(p->unknown))),
			       V_STR(subaddress_text(p)), V_INT(p->lifetime_ms),
			       V_INT(p->max_size), V_INT(p->rate), V_INT(PATCH_MODE),
			       V_INT(PATCH_ENABLED), V_INT(PATCH_UNKNOWN),
			       V_INT(PATCH_SUBADDRESS), V_INT(PATCH_LIFETIME),
			       V_INT(PATCH_MAX_SIZE), V_INT(PATCH_RATE)),
		     e))
		return RUN_BROKEN;
	if ((p->has & PATCH_ROUTES) && !(set_routes(b, id, p, e) && sqlite_forget_offers(b, e)))
		return RUN_BROKEN;
	c->changed = 1;
	batch->settings_changed = true;
	return RUN_DONE;
}

static bool count_waiting(struct backend *b, int64_t domain, int64_t *ret, struct err *e)
{
	int64_t parked;

	if (!sqlite_count_queued(b, domain, ret, e) ||
	    !sql_int(b,
		     sql_start(b, SQL_PARKED_COUNT, e,
			       "SELECT count(*) FROM delivery INDEXED BY delivery_parked"
			       " WHERE state <> 0 AND domain = ?1",
			       V_INT(domain)),
		     0, &parked, e))
		return false;
	*ret += parked;
	return true;
}

/* But what there may be much of. */
static bool forget(struct backend *b, int64_t domain, struct err *e)
{
	return sqlite_forget_hearing(b, domain, e) &&
	       sql_run(b,
		       sql_start(b, SQL_ACCESS_DELETE_ALL, e,
				 "DELETE FROM access WHERE domain = ?1", V_INT(domain)),
		       e) &&
	       sql_run(b,
		       sql_start(b, SQL_POLICIES_DELETE, e, "DELETE FROM policy WHERE domain = ?1",
				 V_INT(domain)),
		       e) &&
	       delete_routes(b, domain, e) &&
	       sql_run(b,
		       sql_start(b, SQL_DOMAIN_DELETE, e, "DELETE FROM domain WHERE id = ?1",
				 V_INT(domain)),
		       e);
}

static enum run_result remove_domain(struct backend *b, struct job_change *c,
				     struct batch *batch)
{
	struct err *e = &c->job.err;
	int64_t id, waiting;
	enum run_result got = sqlite_domain_id(b, c, &id);

	if (got != RUN_DONE)
		return got;
	if (!count_waiting(b, id, &waiting, e))
		return RUN_BROKEN;
	if (waiting && !c->force) {
		(void)err_set(e, ERR_CONFLICT,
			      "mail for %lld recipients of %.*s waits; with force it is deleted",
			      (long long)waiting, STR_ARGS(c->domain));
		return RUN_REFUSED;
	}
	if (!forget(b, id, e) || !sqlite_leave(b, c, batch, id, e) || !sqlite_forget_offers(b, e))
		return RUN_BROKEN;
	c->changed = (uint64_t)waiting;
	batch->settings_changed = true;
	batch->recipients_changed = true;
	return RUN_DONE;
}

enum run_result sqlite_change_domain(struct backend *b, struct job_change *c,
				     struct batch *batch)
{
	if (c->what == CHANGE_DOMAIN_ADD)
		return add(b, c, batch);
	if (c->what == CHANGE_DOMAIN_SET)
		return set(b, c, batch);
	return remove_domain(b, c, batch);
}
