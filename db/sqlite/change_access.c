/* change_access: entries of the allow-lists and deny-lists.
 *
 * An entry stands in one of the lists only: who adds it to the other one has changed his mind.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

static bool put(struct backend *b, const struct job_change *c, const struct batch *batch,
		int64_t domain, const struct change_entry *entry, struct err *e)
{
	struct str kind = str_of(access_kind_name(entry->kind));
	struct str list = str_of(access_list_name(c->list));

	if (c->remove)
		return sql_run(b,
			       sql_start(b, SQL_ACCESS_DELETE, e,
					 "DELETE FROM access WHERE domain = ?1 AND kind = ?2"
					 " AND pattern = ?3 AND list = ?4",
					 V_INT(domain), V_STR(kind), V_STR(entry->pattern),
					 V_STR(list)),
			       e);
	return sql_run(b,
		       sql_start(b, SQL_ACCESS_PUT, e,
				 "INSERT INTO access (domain, kind, pattern, list, added)"
				 " VALUES (?1, ?2, ?3, ?4, ?5)"
				 " ON CONFLICT (domain, kind, pattern) DO UPDATE"
				 " SET list = excluded.list, added = excluded.added"
				 " WHERE list <> excluded.list",
				 V_INT(domain), V_STR(kind), V_STR(entry->pattern), V_STR(list),
				 V_INT(batch->wall_ms)),
		       e);
}

enum run_result sqlite_change_access(struct backend *b, struct job_change *c, struct batch *batch)
{
	int64_t domain = 0;

	if (c->domain.at) {
		enum run_result got = sqlite_domain_id(b, c, &domain);

		if (got != RUN_DONE)
			return got;
	}
	for (size_t i = 0; i < c->entry_count; i++) {
		if (!put(b, c, batch, domain, &c->entries[i], &c->job.err))
			return RUN_BROKEN;
		c->changed += (uint64_t)sql_changes(b);
	}
	batch->settings_changed = batch->settings_changed || c->changed;
	return RUN_DONE;
}
