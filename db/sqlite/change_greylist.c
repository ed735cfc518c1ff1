/* change_greylist: what is remembered of clients goes, by hand.
 *
 * There is no index for it: it is rare, and each index is paid for by every first try.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

/* Names are compared without case: they are domains. */
#define OF_WHOM " WHERE (?1 = 0 OR domain = ?1) AND (?2 = '' OR client = ?2 COLLATE NOCASE)"

enum run_result sqlite_change_greylist(struct backend *b, struct job_change *c,
				       struct batch *batch)
{
	struct str client = c->client.at ? c->client : STR_NONE;
	struct err *e = &c->job.err;
	int64_t domain = 0;

	if (c->domain.at) {
		enum run_result got = sqlite_domain_id(b, c, &domain);

		if (got != RUN_DONE)
			return got;
	}
	if (!sql_run(b,
		     sql_start(b, SQL_GREYLIST_FORGET, e, "DELETE FROM greylist" OF_WHOM,
			       V_INT(domain), V_STR(client)),
		     e))
		return RUN_BROKEN;
	c->changed = (uint64_t)sql_changes(b);
	if (!sql_run(b,
		     sql_start(b, SQL_KNOWN_FORGET, e, "DELETE FROM greylist_known" OF_WHOM,
			       V_INT(domain), V_STR(client)),
		     e))
		return RUN_BROKEN;
	c->changed += (uint64_t)sql_changes(b);
	b->greylist_known = -1;
	batch->greylist_changed = true;
	return RUN_DONE;
}
