/* change_policy: settings of a domain's policy, or of all (domain 0).
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

static bool put(struct backend *b, int64_t domain, const struct change_setting *set, struct err *e)
{
	sqlite3_stmt *st =
		set->value.at ? sql_start(b, SQL_POLICY_PUT, e,
					  "INSERT OR REPLACE INTO policy (domain, name, value)"
					  " VALUES (?1, ?2, ?3)",
					  V_INT(domain), V_STR(set->name), V_STR(set->value)) :
				sql_start(b, SQL_POLICY_DELETE, e,
					  "DELETE FROM policy WHERE domain = ?1 AND name = ?2",
					  V_INT(domain), V_STR(set->name));

	return sql_run(b, st, e);
}

/* What the rows forbid: a reflector is the only server that senders have. */
static enum run_result check_mode(struct backend *b, struct job_change *c, int64_t domain)
{
	struct err *e = &c->job.err;
	int64_t reflector = 0;
	bool defers = false;

	for (size_t i = 0; i < c->setting_count; i++) {
		const struct change_setting *set = &c->settings[i];

		if (str_eq(set->name, STR("primary_up")))
			defers = set->value.at && str_ieq(set->value, STR("defer"));
	}
	if (!defers || !domain)
		return RUN_DONE;
	if (!sql_int(b,
		     sql_start(b, SQL_DOMAIN_MODE, e,
			       "SELECT mode = 'reflector' FROM domain WHERE id = ?1",
			       V_INT(domain)),
		     0, &reflector, e))
		return RUN_BROKEN;
	if (!reflector)
		return RUN_DONE;
	(void)err_set(e, ERR_CONFLICT,
		      "primary_up=defer is not for a reflector: senders have no other server");
	return RUN_REFUSED;
}

enum run_result sqlite_change_policy(struct backend *b, struct job_change *c, struct batch *batch)
{
	int64_t domain = 0;

	if (c->domain.at) {
		enum run_result got = sqlite_domain_id(b, c, &domain);

		if (got != RUN_DONE)
			return got;
		got = check_mode(b, c, domain);
		if (got != RUN_DONE)
			return got;
	}
	for (size_t i = 0; i < c->setting_count; i++)
		if (!put(b, domain, &c->settings[i], &c->job.err))
			return RUN_BROKEN;
	c->changed = c->setting_count;
	batch->settings_changed = true;
	return RUN_DONE;
}
