/* change_policy: settings of a policy, seen to be right before there is a job.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/log.h"
#include "db/change_private.h"
#include "db/patch.h"
#include "db/policy_settings.h"

#define SHOWN_MAX 80

static bool check_setting(struct change *c, const struct change_pair *pair,
			  struct change_setting *ret, struct err *e)
{
	struct arena *a = c->job->job.arena;
	const struct policy_option *o = policy_option_find(str_of(pair->key));
	struct policy_settings *scratch = arena_alloc(a, sizeof(*scratch));
	char shown[SHOWN_MAX], *text;

	if (!o)
		return err_set(e, ERR_INPUT, "no such policy setting: %s (policy show lists them)",
			       log_quote(str_of(pair->key), shown, sizeof(shown)));
	ret->name = str_of(o->name);
	if (strcmp(pair->value, "default") == 0) {
		ret->value = (struct str){ NULL, 0 };
		return true;
	}
	text = arena_cstr(a, str_of(pair->value));
	if (!scratch || !text)
		return change_too_large(e);
	ret->value = str_of(text);
	if (!policy_settings_put(scratch, a, o, ret->value, e))
		return false;
	if (o->type == POLICY_MODE || o->type == POLICY_CHOICE)
		str_lower(text, ret->value.n); /* shown as the settings' rows write it */
	return true;
}

bool change_policy_set(struct store *s, const char *who, const char *domain,
		       const struct change_pair *pairs, size_t n, struct err *e)
{
	struct change c;
	struct job_change *j = change_begin(&c, CHANGE_POLICY, who, 1 << 20);
	struct change_setting *settings = arena_alloc(j->job.arena, (n + 1) * sizeof(*settings));
	struct buf audit;

	buf_init(&audit, CHANGE_AUDIT_MAX);
	if (!settings)
		return change_end(&c, change_too_large(e));
	if (domain && !patch_domain_name(j->job.arena, domain, &j->domain, e))
		return change_end(&c, false);
	for (size_t i = 0; i < n; i++)
		if (!check_setting(&c, &pairs[i], &settings[i], e))
			return change_end(&c, false);
	change_say(&audit, "policy set ", domain ? j->domain : STR("(all domains)"));
	for (size_t i = 0; i < n; i++) {
		change_say(&audit, " ", str_of(pairs[i].key));
		change_say(&audit, "=", str_of(pairs[i].value));
	}
	j->settings = settings;
	j->setting_count = n;
	if (!change_set_audit(&c, &audit))
		return change_end(&c, change_too_large(e));
	return change_end(&c, change_carry_out(&c, s, NULL, e));
}
