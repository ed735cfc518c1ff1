/* change_heard: what primaries said of users goes, by hand: a primary that was broken has taught
 * what is not so.
 *
 * The domain's clock stays as it is: it is of the outage, not of users.
 *
 * All at once: as many as a domain can have are gone within a tenth of a second.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

static enum run_result unheard(struct job_change *c, struct str local)
{
	char shown[400];

	(void)log_quote(local, shown, sizeof(shown));
	(void)err_set(&c->job.err, ERR_NOTFOUND, "nothing was learned of %s in %.*s", shown,
		      STR_ARGS(c->domain));
	return RUN_REFUSED;
}

static enum run_result check(struct backend *b, struct job_change *c, int64_t domain)
{
	for (size_t i = 0; i < c->local_count; i++) {
		struct change_local *l = &c->locals[i];

		if (!sqlite_is_heard(b, domain, l->local, &l->known, &c->job.err))
			return RUN_BROKEN;
		if (!l->known && !l->remembered)
			return unheard(c, l->local);
	}
	return RUN_DONE;
}

static enum run_result some(struct backend *b, struct job_change *c, int64_t domain)
{
	enum run_result got = check(b, c, domain);

	for (size_t i = 0; i < c->local_count && got == RUN_DONE; i++)
		if (c->locals[i].known &&
		    !sqlite_forget_heard(b, domain, c->locals[i].local, &c->job.err))
			got = RUN_BROKEN;
	c->changed = c->local_count;
	return got;
}

static enum run_result all(struct backend *b, struct job_change *c, int64_t domain)
{
	struct err *e = &c->job.err;

	if (!sqlite_forget_all_heard(b, domain, &c->changed, e) ||
	    !sql_run(b,
		     sql_start(b, SQL_HEARING_CLEAR, e,
			       "UPDATE hearing SET accepts_all = 0, tested = 0, entries = 0"
			       " WHERE domain = ?1",
			       V_INT(domain)),
		     e))
		return RUN_BROKEN;
	c->changed += c->remembered;
	return RUN_DONE;
}

enum run_result sqlite_change_heard(struct backend *b, struct job_change *c, struct batch *batch)
{
	int64_t domain;
	enum run_result got = sqlite_domain_id(b, c, &domain);

	if (got == RUN_DONE)
		got = c->all ? all(b, c, domain) : some(b, c, domain);
	if (got == RUN_DONE)
		batch->recipients_changed = true;
	return got;
}
