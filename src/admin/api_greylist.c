/* api_greylist: clients that were told to come back, those that did, and how they are forgotten.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "admin/api.h"
#include "db/change.h"

#define LIMIT_DEFAULT 100

static bool which(const struct request *r, bool *ret_known, struct err *e)
{
	const char *state = target_query(&r->target, "state");

	*ret_known = state && strcmp(state, "known") == 0;
	if (!state || *ret_known || strcmp(state, "waiting") == 0)
		return true;
	return err_set(e, ERR_INPUT, "state is waiting or known");
}

static json_t *row_json(const struct view_greylist *g)
{
	json_t *row = json_object();

	api_put(row, "domain", g->domain_name);
	api_put(row, "check", g->what);
	api_put(row, "client", g->client);
	api_put(row, "state", g->known ? "known" : "waiting");
	api_put_time(row, "first", g->first_ms);
	if (g->known) {
		api_put_time(row, "since", g->since_ms);
		api_put_time(row, "seen", g->seen_ms);
	} else {
		api_put(row, "sender", g->sender);
		api_put(row, "recipient", g->recipient);
		api_put_num(row, "tries", g->tries);
	}
	api_put_time(row, "until", g->until_ms);
	return row;
}

json_t *api_greylist_list(struct request *r, struct err *e)
{
	struct view_greylist *rows;
	unsigned limit;
	bool known, more;
	size_t n;

	if (!api_limit(r, LIMIT_DEFAULT, &limit, e) || !which(r, &known, e) ||
	    !view_greylist(r->view, r->arena, target_query(&r->target, "domain"), known, limit,
			   &rows, &n, &more, e))
		return NULL;

	json_t *answer = json_object(), *array = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array, row_json(&rows[i]));
	(void)json_object_set_new(answer, "clients", array);
	api_put_bool(answer, "more", more);
	return answer;
}

json_t *api_greylist_forget(struct request *r, struct err *e)
{
	uint64_t changed;

	if (!change_greylist_forget(r->world->store, r->who, target_query(&r->target, "domain"),
				    target_query(&r->target, "client"), &changed, e))
		return NULL;
	return api_changed(changed);
}
