/* target: percent-decoding in one place, for the path and for the query.
 *
 * libmicrohttpd would decode for us, but leniently: "%zz" stays as it is, "%00" ends the text and
 * "+" becomes a blank, so what is checked might not be what was meant.  Its decoder is switched
 * off (http.c) and the raw request target comes here.
 * SPDX-License-Identifier: ISC */
#include "admin/target.h"

#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte at s[*at], decoded; *at moves behind it.  -1: malformed. */
static int decode_one(struct str s, size_t *at)
{
	char c = s.at[*at];

	if (c != '%') {
		++*at;
		return c > ' ' && c < 0x7f ? c : -1;
	}
	if (s.n - *at < 3)
		return -1;

	int high = hex_value(s.at[*at + 1]), low = hex_value(s.at[*at + 2]);

	if (high < 0 || low < 0)
		return -1;
	*at += 3;

	int byte = high * 16 + low;

	return byte >= ' ' && byte != 0x7f ? byte : -1;
}

static bool decode(struct arena *a, struct str s, const char **ret, struct err *e)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	if (!out)
		return err_set(e, ERR_INPUT, "the request target is too long");
	for (size_t at = 0; at < s.n;) {
		int byte = decode_one(s, &at);

		if (byte < 0)
			return err_set(e, ERR_INPUT, "the request target is not a well-formed URI");
		out[n++] = (char)byte;
	}
	*ret = out;
	return true;
}

static bool parse_path(struct arena *a, struct str path, struct target *t, struct err *e)
{
	if (path.n == 0 || path.at[0] != '/')
		return err_set(e, ERR_INPUT, "the request target does not begin with '/'");

	struct str rest = str_from(path, 1), part;

	for (bool more = true; more;) {
		more = str_cut(rest, '/', &part, &rest);
		if (part.n == 0)
			return err_set(e, ERR_INPUT, "the path has an empty part");
		if (t->part_count == TARGET_PARTS_MAX)
			return err_set(e, ERR_INPUT, "the path has too many parts");
		if (!decode(a, part, &t->parts[t->part_count++], e))
			return false;
	}
	return true;
}

static bool parse_query(struct arena *a, struct str text, struct target *t, struct err *e)
{
	struct str rest = text, pair, key, value;

	for (bool more = true; more;) {
		struct target_query q;

		more = str_cut(rest, '&', &pair, &rest);
		str_cut(pair, '=', &key, &value);
		if (key.n == 0)
			return err_set(e, ERR_INPUT, "the query has a value without a name");
		if (!decode(a, key, &q.key, e) || !decode(a, value, &q.value, e))
			return false;
		if (target_query(t, q.key))
			return err_set(e, ERR_INPUT, "'%s' is given twice in the query", q.key);
		if (t->query_count == TARGET_QUERIES_MAX)
			return err_set(e, ERR_INPUT, "the query has too many values");
		t->queries[t->query_count++] = q;
	}
	return true;
}

bool target_parse(struct arena *a, struct str uri, struct target *ret, struct err *e)
{
	struct target t = { 0 };
	struct str path, query;
	bool has_query = str_cut(uri, '?', &path, &query);

	if (!parse_path(a, path, &t, e))
		return false;
	if (has_query && query.n > 0 && !parse_query(a, query, &t, e))
		return false;
	*ret = t;
	return true;
}

const char *target_query(const struct target *t, const char *key)
{
	for (size_t i = 0; i < t->query_count; i++) {
		if (strcmp(t->queries[i].key, key) == 0)
			return t->queries[i].value;
	}
	return NULL;
}
