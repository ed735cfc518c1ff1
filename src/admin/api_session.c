/* api_session: who is connected now.
 * SPDX-License-Identifier: ISC */
#include "admin/api.h"

#define LIST_DEFAULT 100

static json_t *session_json(const struct board_session *s)
{
	json_t *row = json_object();

	api_put_num(row, "id", (int64_t)s->id);
	api_put(row, "client", s->client);
	api_put(row, "helo", s->helo);
	api_put(row, "state", s->state);
	api_put_num(row, "age_ms", s->age_ms);
	api_put_num(row, "idle_ms", s->idle_ms);
	api_put_num(row, "accepted", s->accepted);
	api_put_num(row, "refused", s->refused);
	api_put_num(row, "received", (int64_t)s->received);
	api_put_num(row, "sent", (int64_t)s->sent);
	return row;
}

json_t *api_session_list(struct request *r, struct err *e)
{
	const struct admin_world *world = r->world;
	struct board_session *rows = NULL;
	unsigned limit;
	size_t n = 0;

	if (!api_limit(r, LIST_DEFAULT, &limit, e))
		return NULL;
	if (world->sessions && !world->sessions(world->relay, limit, r->arena, &rows, &n)) {
		err_set(e, ERR_TEMP, "the daemon is too busy to say who is connected");
		return NULL;
	}

	json_t *answer = json_object(), *array = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array, session_json(&rows[i]));
	(void)json_object_set_new(answer, "sessions", array);
	api_put_num(answer, "open", (int64_t)atomic_load(&world->board->sessions));
	return answer;
}
