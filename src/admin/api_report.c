/* api_report: what each check of a domain refused, would have refused, and passed.
 *
 * Every check there is has its row, also one that found nothing: that it is off, or idle, is news
 * too.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "admin/api.h"
#include "db/policy_settings.h"

struct kind {
	const char *finding, *key;
};

/* As the findings are called (policy_findings), and the members they become. */
static const struct kind kinds[] = {
	{ "passed", "passed" },	  { "would-refuse", "would_refuse" }, { "deferred", "deferred" },
	{ "rejected", "rejected" }, { "allowed", "allowed" },
};

struct report {
	const struct view_finding *rows;
	size_t n;
};

static json_t *counts_json(const struct report *rep, const char *check, bool day)
{
	json_t *counts = json_object();

	for (size_t k = 0; k < COUNT(kinds); k++) {
		uint64_t n = 0;

		for (size_t i = 0; i < rep->n; i++)
			if (strcmp(rep->rows[i].check, check) == 0 &&
			    strcmp(rep->rows[i].finding, kinds[k].finding) == 0)
				n = day ? rep->rows[i].day : rep->rows[i].week;
		api_put_num(counts, kinds[k].key, (int64_t)n);
	}
	return counts;
}

static json_t *checks_json(const struct report *rep, const struct policy_settings *p)
{
	json_t *checks = json_array();

	for (enum check_id id = 0; id < CHECK_COUNT; id++) {
		json_t *row = json_object();

		api_put(row, "check", check_name(id));
		api_put(row, "mode", check_mode_name(p->mode[id]));
		(void)json_object_set_new(row, "day", counts_json(rep, check_name(id), true));
		(void)json_object_set_new(row, "week", counts_json(rep, check_name(id), false));
		(void)json_array_append_new(checks, row);
	}
	return checks;
}

static json_t *report(struct request *r, const char *domain, const struct policy_settings *p,
		      struct err *e)
{
	struct view_finding *rows;
	struct report rep;
	json_t *answer;

	if (!view_report(r->view, r->arena, domain, r->now_ms, &rows, &rep.n, e))
		return NULL;
	rep.rows = rows;
	answer = json_object();
	api_put(answer, "domain", domain);
	(void)json_object_set_new(answer, "checks", checks_json(&rep, p));
	return answer;
}

json_t *api_policy_report(struct request *r, struct err *e)
{
	struct settings *s = settings_board_get(r->world->settings);
	const struct domain *d = s ? settings_find(s, str_of(r->args[0])) : NULL;
	json_t *answer = NULL;

	if (d)
		answer = report(r, d->name.at, d->policy, e);
	else
		(void)err_set(e, ERR_NOTFOUND, "no such domain: %.255s", r->args[0]);
	settings_unref(s);
	return answer;
}

/* The modes are those for all: a domain may have others. */
json_t *api_policy_report_all(struct request *r, struct err *e)
{
	struct settings *s = settings_board_get(r->world->settings);
	json_t *answer = NULL;

	if (s)
		answer = report(r, NULL, s->policy, e);
	else
		(void)err_set(e, ERR_TEMP, "the settings are not read yet");
	settings_unref(s);
	return answer;
}
