/* api_domain: domains: what is asked of the store is checked there, once; here JSON becomes pairs.
 *
 * What is shown comes from the settings snapshot that the loops use, not from the tables: after a
 * change one sees what is in force.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "admin/api.h"
#include "admin/rows.h"
#include "db/change.h"

#define PAIRS_MAX (DOMAIN_ROUTES_MAX + 16)

struct pairs {
	struct change_pair rows[PAIRS_MAX];
	size_t n;
};

static bool add_pair(struct pairs *p, const char *key, const char *value, struct err *e)
{
	if (p->n == PAIRS_MAX)
		return err_set(e, ERR_INPUT, "too many settings; a domain has %d primaries at most",
			       DOMAIN_ROUTES_MAX);
	p->rows[p->n++] = (struct change_pair){ key, value };
	return true;
}

/* "primaries": ["a:25", "b:25"] and "primary": "a:25" mean the same. */
static bool add_member(const struct request *r, struct pairs *p, const char *key,
		       const json_t *value, struct err *e)
{
	bool is_primary = strcmp(key, "primaries") == 0 || strcmp(key, "primary") == 0;
	const char *name = is_primary ? "primary" : key, *one;

	if (!is_primary || !json_is_array(value))
		return api_setting(r, key, value, &one, e) && add_pair(p, name, one, e);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *text = json_string_value(json_array_get(value, i));

		if (!text)
			return err_set(e, ERR_INPUT, "'%.64s' must have strings only", key);
		if (!add_pair(p, name, text, e))
			return false;
	}
	return true;
}

/* All members of the body but one that is no setting. */
static bool body_pairs(const struct request *r, const char *but, struct pairs *ret, struct err *e)
{
	const char *key;
	json_t *value;

	ret->n = 0;
	json_object_foreach(r->body, key, value)
	{
		if (strcmp(key, but) != 0 && !add_member(r, ret, key, value, e))
			return false;
	}
	return true;
}

static void unref_settings(struct settings **s)
{
	settings_unref(*s);
}

/* Everything about one domain. */
static json_t *domain_json(const struct request *r, const char *name, struct err *e)
{
	CLEANUP(unref_settings) struct settings *s = settings_board_get(r->world->settings);
	const struct domain *d = s ? settings_find(s, str_of(name)) : NULL;
	struct view_count *counts;
	size_t n;

	if (!d) {
		err_set(e, ERR_NOTFOUND, "no such domain: %.255s", name);
		return NULL;
	}
	if (!view_counts(r->view, r->arena, d->name.at, &counts, &n, e))
		return NULL;

	json_t *row = rows_domain(d, r->world->conf->hostname);

	api_put_num(row, "recipients", n ? (int64_t)counts[0].recipients : 0);
	api_put_num(row, "heard", n ? (int64_t)counts[0].heard : 0);
	api_put_bool(row, "accepts_all", n && counts[0].accepts_all);
	api_put_time(row, "accepts_tested", n ? counts[0].accepts_tested_ms : 0);
	rows_put_count(row, n ? &counts[0] : NULL);
	return row;
}

json_t *api_domain_list(struct request *r, struct err *e)
{
	CLEANUP(unref_settings) struct settings *s = settings_board_get(r->world->settings);
	json_t *answer, *array;

	(void)e;
	answer = json_object();
	array = json_array();
	for (size_t i = 0; s && i < s->domain_count; i++)
		(void)json_array_append_new(array,
					    rows_domain(&s->domains[i], r->world->conf->hostname));
	(void)json_object_set_new(answer, "domains", array);
	return answer;
}

json_t *api_domain_add(struct request *r, struct err *e)
{
	const char *name;
	struct pairs p;

	if (!api_text(r, "name", &name, e) || !body_pairs(r, "name", &p, e))
		return NULL;
	if (!name) {
		err_set(e, ERR_INPUT, "'name' is missing");
		return NULL;
	}
	if (!change_domain_add(r->world->store, r->who, name, p.rows, p.n, e))
		return NULL;
	return domain_json(r, name, e);
}

json_t *api_domain_show(struct request *r, struct err *e)
{
	return domain_json(r, r->args[0], e);
}

json_t *api_domain_set(struct request *r, struct err *e)
{
	struct pairs p;

	if (!body_pairs(r, "", &p, e))
		return NULL;
	if (p.n == 0) {
		err_set(e, ERR_INPUT, "nothing to set");
		return NULL;
	}
	if (!change_domain_set(r->world->store, r->who, r->args[0], p.rows, p.n, e))
		return NULL;
	return domain_json(r, r->args[0], e);
}

json_t *api_domain_remove(struct request *r, struct err *e)
{
	bool force;

	if (!api_flag(r, "force", &force, e) ||
	    !change_domain_remove(r->world->store, r->who, r->args[0], force, e))
		return NULL;
	return api_changed(1);
}
