/* api_policy: settings of a domain's policy, and of the policy for all.
 *
 * Every setting there is is answered, with its value and where that comes from, so that nobody has
 * to know the defaults.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "admin/api.h"
#include "base/idn.h"
#include "db/change.h"
#include "db/policy_settings.h"

#define PAIRS_MAX 64

static const struct view_setting *find_set(const struct view_setting *set, size_t n,
					   const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(set[i].name, name) == 0)
			return &set[i];
	return NULL;
}

/* A number is a number in JSON. */
static void put_value(json_t *row, const char *key, const struct policy_option *o,
		      const char *text)
{
	uint64_t n;

	if (o->type == POLICY_NUMBER && str_to_u64(str_of(text), INT64_MAX, &n))
		api_put_num(row, key, (int64_t)n);
	else
		api_put(row, key, text);
}

static json_t *setting_json(const struct policy_option *o, const struct view_setting *set)
{
	json_t *row = json_object();
	const char *value = set ? set->value : o->dflt;
	uint64_t ms;

	api_put(row, "name", o->name);
	put_value(row, "value", o, value);
	if (o->type == POLICY_TIME && str_to_ms(str_of(value), &ms))
		api_put_num(row, "value_ms", (int64_t)ms);
	api_put(row, "from", !set ? "default" : set->own ? "domain" : "all");
	put_value(row, "default", o, o->dflt);
	api_put(row, "says", o->says);
	return row;
}

static json_t *policy_json(const struct request *r, const char *domain, struct err *e)
{
	struct view_setting *set;
	size_t n;

	if (!view_policy(r->view, r->arena, domain, &set, &n, e))
		return NULL;

	json_t *answer = json_object(), *rows = json_array();
	char form[IDN_DOMAIN_MAX];
	struct str name;

	for (size_t i = 0; i < policy_option_count; i++)
		(void)json_array_append_new(
			rows, setting_json(&policy_options[i],
					   find_set(set, n, policy_options[i].name)));
	if (domain && idn_domain(str_of(domain), form, &name))
		domain = arena_cstr(r->arena, name);
	api_put(answer, "domain", domain);
	(void)json_object_set_new(answer, "settings", rows);
	return answer;
}

static json_t *set(struct request *r, const char *domain, struct err *e)
{
	struct change_pair pairs[PAIRS_MAX];
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach(r->body, key, value)
	{
		if (n == PAIRS_MAX) {
			(void)err_set(e, ERR_INPUT, "too many settings in one request");
			return NULL;
		}
		pairs[n].key = key;
		if (!api_setting(r, key, value, &pairs[n].value, e))
			return NULL;
		n++;
	}
	if (n == 0) {
		(void)err_set(e, ERR_INPUT, "nothing to set");
		return NULL;
	}
	if (!change_policy_set(r->world->store, r->who, domain, pairs, n, e))
		return NULL;
	return policy_json(r, domain, e);
}

json_t *api_policy_show(struct request *r, struct err *e)
{
	return policy_json(r, r->args[0], e);
}

json_t *api_policy_set(struct request *r, struct err *e)
{
	return set(r, r->args[0], e);
}

json_t *api_policy_show_all(struct request *r, struct err *e)
{
	return policy_json(r, NULL, e);
}

json_t *api_policy_set_all(struct request *r, struct err *e)
{
	return set(r, NULL, e);
}
