/* change_greylist: clients that are to be forgotten.
 * SPDX-License-Identifier: ISC */
#include "db/change_private.h"
#include "db/patch.h"

bool change_greylist_forget(struct store *s, const char *who, const char *domain,
			    const char *client, uint64_t *ret_changed, struct err *e)
{
	struct change c;
	struct job_change *j = change_begin(&c, CHANGE_GREYLIST, who, 0);
	struct buf audit;

	buf_init(&audit, CHANGE_AUDIT_MAX);
	if (domain && !patch_domain_name(j->job.arena, domain, &j->domain, e))
		return change_end(&c, false);
	if (client) {
		j->client = arena_dup(j->job.arena, str_of(client));
		if (!j->client.at)
			return change_end(&c, change_too_large(e));
	}
	change_say(&audit, "greylist forget ", domain ? j->domain : STR("(all domains)"));
	if (client)
		change_say(&audit, " ", j->client);
	if (!change_set_audit(&c, &audit))
		return change_end(&c, change_too_large(e));
	return change_end(&c, change_carry_out(&c, s, ret_changed, e));
}
