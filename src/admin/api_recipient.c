/* api_recipient: the lists of valid users.
 *
 * There may be a million in one list, so it is shown in pages by the last local part, and a file is
 * taken as it is: the store parses it, so that its errors name the line and nothing is half done.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "admin/api.h"
#include "db/change.h"

#define LIST_DEFAULT 100

static const char *action_name(enum recipient_found action)
{
	if (action == RECIPIENT_ALIAS)
		return "alias";
	return action == RECIPIENT_REJECT ? "reject" : "accept";
}

static json_t *recipient_json(const struct view_recipient *row)
{
	json_t *json = json_object();

	api_put(json, "local", row->local);
	api_put(json, "action", action_name(row->action));
	api_put(json, "target", row->target[0] ? row->target : NULL);
	api_put(json, "source", row->source);
	api_put_time(json, "added", row->added_ms);
	api_put_time(json, "confirmed", row->confirmed_ms);
	api_put_num(json, "confidence", row->confidence);
	return json;
}

json_t *api_recipient_list(struct request *r, struct err *e)
{
	const char *after = target_query(&r->target, "after");
	struct view_recipient *rows;
	int64_t domain;
	unsigned limit;
	size_t n;
	bool more;

	if (!api_limit(r, LIST_DEFAULT, &limit, e) || !api_domain(r, r->args[0], &domain, e) ||
	    !view_recipients(r->view, r->arena, r->args[0], after ? after : "", limit, &rows, &n,
			     &more, e))
		return NULL;

	json_t *answer = json_object(), *array = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array, recipient_json(&rows[i]));
	(void)json_object_set_new(answer, "recipients", array);
	api_put_bool(answer, "more", more);
	api_put(answer, "after", more && n ? rows[n - 1].local : NULL);
	return answer;
}

static bool body_action(const struct request *r, enum recipient_found *ret, struct err *e)
{
	const char *text;

	if (!api_text(r, "action", &text, e))
		return false;
	if (text && strcmp(text, "accept") != 0 && strcmp(text, "reject") != 0)
		return err_set(e, ERR_INPUT, "action must be accept or reject, not '%.64s'", text);
	*ret = text && strcmp(text, "reject") == 0 ? RECIPIENT_REJECT : RECIPIENT_ACCEPT;
	return true;
}

/* {"recipients": [one], "alias": "user@domain"} */
static json_t *add_alias(struct request *r, const char *const *locals, size_t n,
			 const char *target, struct err *e)
{
	uint64_t changed;

	if (n != 1) {
		(void)err_set(e, ERR_INPUT, "an alias is one user or pattern");
		return NULL;
	}
	if (!change_recipient_alias(r->world->store, r->who, r->args[0], locals[0], target,
				    &changed, e))
		return NULL;
	return api_changed(changed);
}

json_t *api_recipient_add(struct request *r, struct err *e)
{
	const char *const *locals, *target;
	enum recipient_found action = RECIPIENT_ACCEPT;
	uint64_t changed;
	size_t n;

	if (!api_texts(r, "recipients", &locals, &n, e) || !body_action(r, &action, e) ||
	    !api_text(r, "alias", &target, e))
		return NULL;
	if (target)
		return add_alias(r, locals, n, target, e);
	if (!change_recipient_add(r->world->store, r->who, r->args[0], locals, n, action, &changed,
				  e))
		return NULL;
	return api_changed(changed);
}

json_t *api_recipient_remove(struct request *r, struct err *e)
{
	const char *const *locals;
	uint64_t changed;
	size_t n;

	if (!api_texts(r, "recipients", &locals, &n, e) ||
	    !change_recipient_remove(r->world->store, r->who, r->args[0], locals, n, &changed, e))
		return NULL;
	return api_changed(changed);
}

/* {"recipients": [...]}, or all=yes: never both, never by omission. */
json_t *api_recipient_forget(struct request *r, struct err *e)
{
	struct change_memory memory = { r->world->forget, r->world->relay, 0 };
	const char *const *locals = NULL;
	uint64_t changed;
	size_t n = 0;
	bool all;

	if (!api_flag(r, "all", &all, e) || !api_domain(r, r->args[0], &memory.domain, e))
		return NULL;
	if (all && json_object_size(r->body)) {
		(void)err_set(e, ERR_INPUT, "give either 'recipients' or all=yes");
		return NULL;
	}
	if (!all && !api_texts(r, "recipients", &locals, &n, e))
		return NULL;
	if (!change_recipient_forget(r->world->store, r->who, r->args[0], locals, n, &memory,
				     &changed, e))
		return NULL;
	return api_changed(changed);
}

static json_t *replace(struct request *r, bool force, struct err *e)
{
	struct change_tally tally;

	if (!change_recipient_replace(r->world->store, r->who, r->args[0], r->file, force, &tally,
				      e))
		return NULL;

	json_t *answer = api_changed(tally.changed);

	api_put_num(answer, "lines", (int64_t)tally.lines);
	api_put_num(answer, "added", (int64_t)tally.added);
	api_put_num(answer, "removed", (int64_t)tally.removed);
	api_put_num(answer, "kept", (int64_t)tally.kept);
	return answer;
}

json_t *api_recipient_import(struct request *r, struct err *e)
{
	uint64_t lines, changed;
	bool whole, force;
	int64_t domain;

	/* Before the file is read: of a domain that is not there no line of it would be right. */
	if (!api_flag(r, "replace", &whole, e) || !api_flag(r, "force", &force, e) ||
	    !api_domain(r, r->args[0], &domain, e))
		return NULL;
	if (whole)
		return replace(r, force, e);
	if (!change_recipient_import(r->world->store, r->who, r->args[0], r->file, &lines, &changed,
				     e))
		return NULL;

	json_t *answer = api_changed(changed);

	api_put_num(answer, "lines", (int64_t)lines);
	return answer;
}
