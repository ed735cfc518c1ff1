/* change_access: entries of the allow-lists and deny-lists.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "db/change_private.h"
#include "db/patch.h"

/* Enough for the texts and what the arena rounds them up by. */
static size_t texts_size(const char *const *texts, size_t n)
{
	size_t bytes = 64 << 10;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(texts[i]) + 128;
	return bytes;
}

static bool take_entries(struct change *c, const struct change_access *what, struct buf *audit,
			 struct err *e)
{
	struct job_change *j = c->job;
	struct arena *a = j->job.arena;
	struct change_entry *entries = arena_alloc(a, (what->n + 1) * sizeof(*entries));

	for (size_t i = 0; entries && i < what->n; i++) {
		if (!access_pattern(a, str_of(what->patterns[i]), what->of_recipients,
				    &entries[i].kind, &entries[i].pattern, e))
			return false;
		change_say(audit, " ", entries[i].pattern);
	}
	j->entries = entries;
	j->entry_count = what->n;
	j->list = what->list;
	j->remove = what->remove;
	return entries || change_too_large(e);
}

bool change_access(struct store *s, const char *who, const struct change_access *what,
		   uint64_t *ret_changed, struct err *e)
{
	struct change c;
	struct job_change *j =
		change_begin(&c, CHANGE_ACCESS, who, texts_size(what->patterns, what->n));
	struct buf audit;

	buf_init(&audit, CHANGE_AUDIT_MAX);
	if (what->domain && !patch_domain_name(j->job.arena, what->domain, &j->domain, e))
		return change_end(&c, false);
	change_say(&audit, access_list_name(what->list),
		   what->remove ? STR(" remove ") : STR(" add "));
	change_say(&audit, "", what->domain ? j->domain : STR("(all domains)"));
	if (!take_entries(&c, what, &audit, e)) {
		buf_done(&audit);
		return change_end(&c, false);
	}
	if (!change_set_audit(&c, &audit))
		return change_end(&c, change_too_large(e));
	return change_end(&c, change_carry_out(&c, s, ret_changed, e));
}
