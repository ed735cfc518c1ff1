/* change: operators' changes, each with its audit row in the same transaction.
 *
 * What the rows forbid is refused before the first of them is written, so that a refused change
 * leaves the rest of its batch alone.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "db/sqlite/sqlite.h"

#define WHAT_MAX 2200

enum run_result sqlite_domain_id(struct backend *b, struct job_change *c, int64_t *ret)
{
	struct err *e = &c->job.err;

	if (!sqlite_find_domain(b, c->domain, ret, e))
		return RUN_BROKEN;
	if (*ret)
		return RUN_DONE;
	(void)err_set(e, ERR_NOTFOUND, "no such domain: %.*s", STR_ARGS(c->domain));
	return RUN_REFUSED;
}

static bool has_count(const struct job_change *c)
{
	return c->what != CHANGE_DOMAIN_ADD && c->what != CHANGE_DOMAIN_SET &&
	       c->what != CHANGE_POLICY;
}

static bool audit(struct backend *b, struct job_change *c, const struct batch *batch)
{
	struct err *e = &c->job.err;
	char what[WHAT_MAX];
	int n = has_count(c) ? snprintf(what, sizeof(what), "%.*s: %llu changed",
					STR_ARGS(c->audit), (unsigned long long)c->changed) :
			       snprintf(what, sizeof(what), "%.*s", STR_ARGS(c->audit));

	if (n < 0 || (size_t)n >= sizeof(what))
		return err_set(e, ERR_TEMP, "the audit text is too long");
	return sql_run(b,
		       sql_start(b, SQL_AUDIT, e,
				 "INSERT INTO audit (at, who, what) VALUES (?1, ?2, ?3)",
				 V_INT(batch->wall_ms), V_STR(c->who),
				 V_STR(((struct str){ what, (size_t)n }))),
		       e);
}

static enum run_result carry_out(struct backend *b, struct job_change *c, struct batch *batch)
{
	switch (c->what) {
	case CHANGE_DOMAIN_ADD:
	case CHANGE_DOMAIN_SET:
	case CHANGE_DOMAIN_REMOVE:
		return sqlite_change_domain(b, c, batch);
	case CHANGE_RECIPIENT_ADD:
	case CHANGE_RECIPIENT_REMOVE:
	case CHANGE_RECIPIENT_REPLACE:
		return sqlite_change_recipient(b, c, batch);
	case CHANGE_RECIPIENT_FORGET:
		return sqlite_change_heard(b, c, batch);
	case CHANGE_ACCESS:
		return sqlite_change_access(b, c, batch);
	case CHANGE_POLICY:
		return sqlite_change_policy(b, c, batch);
	case CHANGE_GREYLIST:
		return sqlite_change_greylist(b, c, batch);
	case CHANGE_MESSAGE:
	case CHANGE_FAILED_ALL:
	case CHANGE_FLUSH:
		break;
	}
	return sqlite_change_queue(b, c, batch);
}

enum run_result sqlite_change(struct backend *b, struct job_change *c, struct batch *batch)
{
	enum run_result got;

	c->changed = 0;
	got = carry_out(b, c, batch);
	if (got == RUN_DONE && !audit(b, c, batch))
		return RUN_BROKEN;
	return got;
}
