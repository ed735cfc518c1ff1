/* api_queue: what waits.
 *
 * A page never ends inside a message: one row more than asked for is read, and when it belongs to
 * the same message as the last row that message goes to the next page whole.  A message with
 * more recipients than a page is cut; queue/{id} shows it.
 * SPDX-License-Identifier: ISC */
#include "admin/api_queue.h"

#include <stdlib.h>
#include <string.h>

#include "admin/rows.h"
#include "db/change.h"

#define LIST_DEFAULT     100
#define HEADER_BYTES_MAX (64 * 1024)

/* How many of the n rows read are shown, when limit were asked for. */
static size_t whole_messages(const struct view_delivery *rows, size_t n, size_t limit)
{
	size_t kept = n < limit ? n : limit;

	if (n <= limit || rows[limit].message != rows[limit - 1].message)
		return kept;
	while (kept > 0 && rows[kept - 1].message == rows[limit].message)
		kept--;
	return kept ? kept : limit;
}

json_t *api_queue_page(struct request *r, unsigned states, struct err *e)
{
	struct view_filter f = { .domain = target_query(&r->target, "domain"), .states = states };
	const char *after = target_query(&r->target, "after");
	struct view_delivery *rows;
	unsigned limit;
	size_t n;
	bool more;

	if (!api_limit(r, LIST_DEFAULT, &limit, e))
		return NULL;
	if (after && !id_parse(str_of(after), &f.after)) {
		err_set(e, ERR_INPUT, "'%.64s' is not a message id", after);
		return NULL;
	}
	f.limit = limit + 1;
	if (!view_queue(r->view, r->arena, &f, &rows, &n, &more, e))
		return NULL;

	size_t shown = whole_messages(rows, n, limit);
	json_t *answer = json_object(), *array = json_array();

	for (size_t i = 0; i < shown; i++)
		(void)json_array_append_new(array, rows_delivery(&rows[i]));
	more = more || shown < n;
	(void)json_object_set_new(answer, "deliveries", array);
	api_put_bool(answer, "more", more);
	api_put(answer, "after", NULL);
	if (more && shown)
		api_put_id(answer, "after", rows[shown - 1].message);
	return answer;
}

/* The lines of the header section, up to the first empty one. */
static json_t *header_lines(struct str head)
{
	json_t *lines = json_array();
	struct str line;

	while (str_cut(head, '\n', &line, &head)) {
		if (line.n > 0 && line.at[line.n - 1] == '\r')
			line.n--;
		if (line.n == 0)
			break;

		char *text = mem_str(line);

		(void)json_array_append_new(lines, api_string(text));
		free(text);
	}
	return lines;
}

static bool put_headers(struct request *r, msgid id, json_t *message, struct err *e)
{
	struct str head;
	bool wanted;

	if (!api_flag(r, "headers", &wanted, e))
		return false;
	if (!wanted)
		return true;
	if (!view_body_head(r->view, r->arena, id, HEADER_BYTES_MAX, &head, e))
		return false;
	(void)json_object_set_new(message, "headers", header_lines(head));
	return true;
}

json_t *api_queue_message(struct request *r, unsigned states, const char *where, struct err *e)
{
	struct view_filter f = { .states = states, .limit = VIEW_LIMIT_MAX };
	struct view_delivery *rows;
	size_t n;
	bool more;

	if (!api_id(r, &f.message, e) || !view_queue(r->view, r->arena, &f, &rows, &n, &more, e))
		return NULL;
	if (n == 0) {
		err_set(e, ERR_NOTFOUND, "no message %s %s", r->args[0], where);
		return NULL;
	}

	CLEANUP(api_unref) json_t *message = rows_message(&rows[0]);
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array, rows_delivery(&rows[i]));
	(void)json_object_set_new(message, "deliveries", array);
	if (!put_headers(r, f.message, message, e))
		return NULL;
	return json_incref(message);
}

static bool state_filter(const struct request *r, unsigned *ret, struct err *e)
{
	const char *text = target_query(&r->target, "state");
	unsigned states = 0;

	for (unsigned s = STATE_QUEUED; s <= STATE_FAILED; s++) {
		if (!text || strcmp(text, delivery_state_name((enum delivery_state)s)) == 0)
			states |= 1U << s;
	}
	*ret = states;
	return states ||
	       err_set(e, ERR_INPUT, "state must be queued, held or failed, not '%.64s'", text);
}

json_t *api_queue_list(struct request *r, struct err *e)
{
	unsigned states;

	return state_filter(r, &states, e) ? api_queue_page(r, states, e) : NULL;
}

json_t *api_queue_show(struct request *r, struct err *e)
{
	return api_queue_message(r, API_QUEUE_ALL, "in the queue", e);
}

json_t *api_queue_act(struct request *r, enum queue_act act, struct err *e)
{
	uint64_t changed;
	msgid id;

	if (!api_id(r, &id, e) || !change_message(r->world->store, r->who, id, act, &changed, e))
		return NULL;
	return api_changed(changed);
}

json_t *api_queue_hold(struct request *r, struct err *e)
{
	return api_queue_act(r, QUEUE_HOLD, e);
}

json_t *api_queue_release(struct request *r, struct err *e)
{
	return api_queue_act(r, QUEUE_RELEASE, e);
}

json_t *api_queue_delete(struct request *r, struct err *e)
{
	return api_queue_act(r, QUEUE_DELETE, e);
}

json_t *api_queue_flush(struct request *r, struct err *e)
{
	uint64_t changed;

	if (!change_flush(r->world->store, r->who, target_query(&r->target, "domain"), &changed, e))
		return NULL;
	return api_changed(changed);
}
