/* test_routes: request targets are decoded strictly, and each finds its row.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin/routes.h"
#include "base/attr.h"

static int make_arena(void **state)
{
	*state = arena_new(64 * 1024);
	return 0;
}

static int free_arena(void **state)
{
	arena_free(*state);
	return 0;
}

static void good_targets_are_taken_apart(void **state)
{
	static const struct {
		const char *uri, *parts, *queries;
	} rows[] = {
		{ "/v1", "v1|", "" },
		{ "/v1/domains/example.com", "v1|domains|example.com|", "" },
		{ "/a%20b/%2F%2f", "a b|//|", "" },
		{ "/v1/queue?domain=a&limit=5", "v1|queue|", "domain=a|limit=5|" },
		{ "/x?a=%3d%26&b", "x|", "a==&|b=|" },
		{ "/x?", "x|", "" },
		{ "/x?a=b=c", "x|", "a=b=c|" },
		{ "/user+tag", "user+tag|", "" },
		{ "/m%c3%bcller", "m\xc3\xbcller|", "" },
		{ "/..", "..|", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char parts[128] = "", queries[128] = "";
		struct target t;
		struct err e;

		assert_true(target_parse(*state, str_of(rows[i].uri), &t, &e));
		for (size_t n = 0; n < t.part_count; n++)
			(void)snprintf(parts + strlen(parts), sizeof(parts) - strlen(parts), "%s|",
				       t.parts[n]);
		for (size_t n = 0; n < t.query_count; n++)
			(void)snprintf(queries + strlen(queries), sizeof(queries) - strlen(queries),
				       "%s=%s|", t.queries[n].key, t.queries[n].value);
		assert_string_equal(parts, rows[i].parts);
		assert_string_equal(queries, rows[i].queries);
	}
}

static void malformed_targets_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"v1",
		"*",
		"http://localhost/v1",
		"/",
		"//",
		"/v1/",
		"/v1//x",
		"/%",
		"/%2",
		"/%zz",
		"/%0g",
		"/%00",
		"/%0a",
		"/%1b[2J",
		"/%7f",
		"/a b",
		"/a\x80",
		"/a\x1b",
		"/x?=1",
		"/x?a=1&a=2",
		"/x?a=1&",
		"/x?a=%",
		"/1/2/3/4/5/6/7/8/9",
		"/x?a&b&c&d&e&f&g&h&i",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t = { .part_count = 77 };
		struct err e = { 0 };

		assert_false(target_parse(*state, str_of(rows[i]), &t, &e));
		assert_int_equal(e.kind, ERR_INPUT);
		assert_true(e.text[0]);
		assert_int_equal(t.part_count, 77);
	}
}

static void each_target_finds_its_row(void **state)
{
	static const struct {
		const char *method, *uri;
		enum routes_match match;
		api_fn *run;
		const char *arg;
	} rows[] = {
		{ "GET", "/v1", ROUTES_FOUND, api_index, NULL },
		{ "GET", "/v1/domains", ROUTES_FOUND, api_domain_list, NULL },
		{ "POST", "/v1/domains", ROUTES_FOUND, api_domain_add, NULL },
		{ "PATCH", "/v1/domains/a.b", ROUTES_FOUND, api_domain_set, "a.b" },
		{ "DELETE", "/v1/domains/a.b", ROUTES_FOUND, api_domain_remove, "a.b" },
		{ "POST", "/v1/domains/a.b/recipients/import", ROUTES_FOUND, api_recipient_import,
		  "a.b" },
		{ "GET", "/v1/domains/recipients", ROUTES_FOUND, api_domain_show, "recipients" },
		{ "POST", "/v1/queue/X/hold", ROUTES_FOUND, api_queue_hold, "X" },
		{ "POST", "/v1/failed/X/retry", ROUTES_FOUND, api_failed_retry, "X" },
		{ "POST", "/v1/failed/retry", ROUTES_FOUND, api_failed_retry_all, NULL },
		{ "POST", "/v1/failed/delete", ROUTES_FOUND, api_failed_delete_all, NULL },
		{ "GET", "/v1/explain/X", ROUTES_FOUND, api_explain, "X" },
		{ "PUT", "/v1/domains", ROUTES_NO_METHOD, NULL, NULL },
		{ "get", "/v1/domains", ROUTES_NO_METHOD, NULL, NULL },
		{ "GET", "/v1/flush", ROUTES_NO_METHOD, NULL, NULL },
		{ "GET", "/v2/domains", ROUTES_NO_PATH, NULL, NULL },
		{ "GET", "/v1/queue/X/hold/now", ROUTES_NO_PATH, NULL, NULL },
		{ "GET", "/v1/%7Bname%7D", ROUTES_NO_PATH, NULL, NULL },
		{ "GET", "/v1/explain", ROUTES_NO_PATH, NULL, NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *args[API_ARGS_MAX] = { 0 };
		const struct api_route *route = NULL;
		struct target t;
		struct err e;

		assert_true(target_parse(*state, str_of(rows[i].uri), &t, &e));
		assert_int_equal(routes_find(rows[i].method, &t, &route, args), rows[i].match);
		assert_true((route ? route->run : NULL) == rows[i].run);
		if (rows[i].arg)
			assert_string_equal(args[0], rows[i].arg);
		else
			assert_null(args[0]);
	}
}

static void only_known_names_may_stand_in_a_query(void **state)
{
	static const struct {
		const char *method, *uri;
		bool good;
	} rows[] = {
		{ "GET", "/v1/queue?domain=a&state=held&limit=1&after=x", true },
		{ "GET", "/v1/queue?doma=a", false },
		{ "GET", "/v1/queue?domain%20state=a", false },
		{ "GET", "/v1/status?x", false },
		{ "DELETE", "/v1/domains/a?force=yes", true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *args[API_ARGS_MAX];
		const struct api_route *route = NULL;
		struct target t;
		struct err e;

		assert_true(target_parse(*state, str_of(rows[i].uri), &t, &e));
		assert_int_equal(routes_find(rows[i].method, &t, &route, args), ROUTES_FOUND);
		assert_int_equal(routes_check_query(route, &t, &e), rows[i].good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(good_targets_are_taken_apart, make_arena,
						free_arena),
		cmocka_unit_test_setup_teardown(malformed_targets_are_refused, make_arena,
						free_arena),
		cmocka_unit_test_setup_teardown(each_target_finds_its_row, make_arena, free_arena),
		cmocka_unit_test_setup_teardown(only_known_names_may_stand_in_a_query, make_arena,
						free_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
