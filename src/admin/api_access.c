/* api_access: the allow-lists and deny-lists.
 *
 * Both are the same but for the word in the path.  "domain" in the body or the query narrows to one
 * domain's entries; without it those for all are meant, and a list shows all there are.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "admin/api.h"
#include "db/change.h"

#define LIST_DEFAULT 100

static bool list_of(const struct request *r, enum access_list *ret, struct err *e)
{
	return access_list_parse(str_of(r->args[0]), ret) ||
	       err_set(e, ERR_NOTFOUND, "there are the lists allow and deny");
}

static json_t *entry_json(const struct view_entry *entry)
{
	json_t *row = json_object();

	api_put(row, "entry", entry->pattern);
	api_put(row, "kind", entry->kind);
	api_put(row, "domain", *entry->domain_name ? entry->domain_name : NULL);
	api_put_time(row, "added", entry->added_ms);
	return row;
}

json_t *api_access_list(struct request *r, struct err *e)
{
	const char *skip = target_query(&r->target, "skip");
	struct view_access_filter f = { .domain = target_query(&r->target, "domain") };
	struct view_entry *rows;
	uint64_t skipped = 0;
	bool more;
	size_t n;

	if (!list_of(r, &f.list, e) || !api_limit(r, LIST_DEFAULT, &f.limit, e))
		return NULL;
	if (skip && !str_to_u64(str_of(skip), UINT32_MAX, &skipped)) {
		(void)err_set(e, ERR_INPUT, "skip is a number");
		return NULL;
	}
	f.skip = (unsigned)skipped;
	if (!view_access(r->view, r->arena, &f, &rows, &n, &more, e))
		return NULL;

	json_t *answer = json_object(), *array = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array, entry_json(&rows[i]));
	(void)json_object_set_new(answer, "entries", array);
	api_put_bool(answer, "more", more);
	return answer;
}

static json_t *change(struct request *r, bool remove, struct err *e)
{
	struct change_access what = { .remove = remove };
	const char *kind = NULL;
	uint64_t changed;

	if (!list_of(r, &what.list, e) || !api_texts(r, "entries", &what.patterns, &what.n, e) ||
	    !api_text(r, "domain", &what.domain, e) || !api_text(r, "kind", &kind, e))
		return NULL;
	what.of_recipients = kind && str_eq(str_of(kind), STR("recipient"));
	if (kind && !what.of_recipients) {
		(void)err_set(e, ERR_INPUT, "kind is recipient, or not given");
		return NULL;
	}
	if (!change_access(r->world->store, r->who, &what, &changed, e))
		return NULL;
	return api_changed(changed);
}

json_t *api_access_add(struct request *r, struct err *e)
{
	return change(r, false, e);
}

json_t *api_access_remove(struct request *r, struct err *e)
{
	return change(r, true, e);
}
