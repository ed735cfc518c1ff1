/* api: reading arguments and writing JSON, the same way in every handler.
 *
 * Decided against json_pack and json_unpack: their format strings are checked at run time only,
 * and their messages name our types, not the user's member.
 * SPDX-License-Identifier: ISC */
#include "admin/api.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

bool api_id(const struct request *r, msgid *ret, struct err *e)
{
	if (!id_parse(str_of(r->args[0]), ret))
		return err_set(e, ERR_INPUT, "'%.64s' is not a message id", r->args[0]);
	return true;
}

bool api_domain(const struct request *r, const char *name, int64_t *ret_id, struct err *e)
{
	struct settings *s = settings_board_get(r->world->settings);
	const struct domain *d = s ? settings_find(s, str_of(name)) : NULL;

	if (d)
		*ret_id = d->id;
	settings_unref(s);
	return d || err_set(e, ERR_NOTFOUND, "no such domain: %.255s", name);
}

bool api_limit(const struct request *r, unsigned fallback, unsigned *ret, struct err *e)
{
	const char *text = target_query(&r->target, "limit");
	uint64_t n = fallback;

	if (text && (!str_to_u64(str_of(text), UINT32_MAX, &n) || n == 0))
		return err_set(e, ERR_INPUT, "limit must be a number from 1 on, not '%.64s'", text);
	*ret = n < VIEW_LIMIT_MAX ? (unsigned)n : VIEW_LIMIT_MAX - 1;
	return true;
}

bool api_flag(const struct request *r, const char *key, bool *ret, struct err *e)
{
	const char *text = target_query(&r->target, key);

	if (text && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return err_set(e, ERR_INPUT, "%s must be yes or no, not '%.64s'", key, text);
	*ret = text && strcmp(text, "yes") == 0;
	return true;
}

bool api_text(const struct request *r, const char *key, const char **ret, struct err *e)
{
	json_t *member = json_object_get(r->body, key);

	if (member && !json_is_string(member))
		return err_set(e, ERR_INPUT, "'%s' must be a string", key);
	*ret = json_string_value(member);
	return true;
}

bool api_setting(const struct request *r, const char *key, const json_t *value, const char **ret,
		 struct err *e)
{
	if (json_is_array(value))
		return err_set(e, ERR_INPUT, "'%.64s' is set more than once", key);
	if (json_is_integer(value))
		*ret = arena_printf(r->arena, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		*ret = json_is_true(value) ? "yes" : "no";
	else if (json_is_string(value))
		*ret = json_string_value(value);
	else
		return err_set(e, ERR_INPUT, "'%.64s' must be a string or a number", key);
	return *ret || err_set(e, ERR_INPUT, "the request is too large");
}

bool api_texts(const struct request *r, const char *key, const char *const **ret, size_t *ret_n,
	       struct err *e)
{
	json_t *array = json_object_get(r->body, key);
	size_t n = json_array_size(array);

	if (n == 0)
		return err_set(e, ERR_INPUT, "'%s' must be an array of strings, not empty", key);

	const char **texts = arena_alloc(r->arena, n * sizeof(*texts));

	if (!texts)
		return err_set(e, ERR_INPUT, "'%s' is too long", key);
	for (size_t i = 0; i < n; i++) {
		texts[i] = json_string_value(json_array_get(array, i));
		if (!texts[i])
			return err_set(e, ERR_INPUT, "'%s' must have strings only", key);
	}
	*ret = texts;
	*ret_n = n;
	return true;
}

static json_t *escaped_string(const char *text)
{
	struct buf out;
	json_t *json = NULL;
	bool fits = true;

	buf_init(&out, 4 * strlen(text) + 1);
	for (const char *p = text; *p && fits; p++) {
		unsigned char c = (unsigned char)*p;

		fits = c < 0x80 ? buf_add(&out, (struct str){ p, 1 })
				: buf_addf(&out, "\\x%02x", c);
	}
	if (fits)
		json = json_stringn(buf_str(&out).at, buf_len(&out));
	buf_done(&out);
	return json;
}

json_t *api_string(const char *text)
{
	json_t *json = text ? json_string(text) : json_null();

	return json ? json : escaped_string(text);
}

void api_put(json_t *object, const char *key, const char *text)
{
	(void)json_object_set_new(object, key, api_string(text));
}

void api_put_num(json_t *object, const char *key, int64_t number)
{
	(void)json_object_set_new(object, key, json_integer(number));
}

void api_put_bool(json_t *object, const char *key, bool value)
{
	(void)json_object_set_new(object, key, json_boolean(value));
}

void api_put_time(json_t *object, const char *key, int64_t wall_ms)
{
	char name[32], date[CLOCK_DATE_MAX];

	(void)snprintf(name, sizeof(name), "%s_ms", key);
	(void)json_object_set_new(object, name, wall_ms ? json_integer(wall_ms) : json_null());
	api_put(object, key, wall_ms ? clock_rfc3339(wall_ms, date) : NULL);
}

void api_put_id(json_t *object, const char *key, msgid id)
{
	char text[ID_TEXT_MAX];

	api_put(object, key, id_text(id, text));
}

json_t *api_changed(uint64_t n)
{
	json_t *answer = json_object();

	api_put_num(answer, "changed", (int64_t)n);
	return answer;
}

void api_unref(json_t **json)
{
	json_decref(*json);
}
