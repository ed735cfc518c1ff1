/* tally: counts of what the checks found are added to those of their time slot.
 *
 * Slots of three hours are fine enough for "the last day", and keep the table small: 10,000 busy
 * domains with fifteen findings each make some million rows a week.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

static bool add(struct backend *b, int64_t slot, const struct verdict_count *c, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_TALLY_ADD, e,
				 "INSERT INTO verdict (slot, domain, check_name, finding, n)"
				 " VALUES (?1, ?2, ?3, ?4, ?5)"
				 " ON CONFLICT (slot, domain, check_name, finding)"
				 " DO UPDATE SET n = n + excluded.n",
				 V_INT(slot), V_INT(c->domain), V_STR(str_of(c->check)),
				 V_STR(str_of(c->finding)), V_INT(c->n)),
		       e);
}

enum run_result sqlite_tally(struct backend *b, struct job_tally *t)
{
	int64_t slot = t->now_ms / STORE_SLOT_MS;
	struct err *e = &t->job.err;

	for (size_t i = 0; i < t->row_count; i++)
		if (!add(b, slot, &t->rows[i], e))
			return RUN_BROKEN;
	return sql_run(b,
		       sql_start(b, SQL_TALLY_PRUNE, e, "DELETE FROM verdict WHERE slot < ?1",
				 V_INT(slot - STORE_SLOTS_KEPT)),
		       e) ?
		       RUN_DONE :
		       RUN_BROKEN;
}
