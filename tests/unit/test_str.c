/* test_str: the span functions and the number parsers.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/str.h"

static const struct str empty = { NULL, 0 };

static void equality_ignores_case_only_where_asked(void **state)
{
	(void)state;
	assert_true(str_eq(STR("abc"), STR("abc")));
	assert_false(str_eq(STR("abc"), STR("abC")));
	assert_false(str_eq(STR("abc"), STR("ab")));
	assert_true(str_ieq(STR("aBc@Z[`{"), STR("AbC@z[`{")));
	assert_false(str_ieq(STR("@[`{"), STR("`{@[")));
	assert_false(str_ieq(STR("\xc4"), STR("\xe4")));
	assert_int_equal(str_compare(STR("abc"), STR("abc")), 0);
	assert_true(str_compare(STR("ab"), STR("abc")) < 0);
	assert_true(str_compare(STR("b"), STR("abc")) > 0);
	assert_true(str_compare(STR("z"), STR("\xc4")) < 0);
	assert_true(str_starts(STR("RCPT TO:"), STR("RCPT")));
	assert_false(str_starts(STR("RC"), STR("RCPT")));
	assert_true(str_istarts(STR("rcpt to:"), STR("RCPT")));
	assert_false(str_istarts(STR("rcp"), STR("RCPT")));
}

static void empty_spans_with_null_are_harmless(void **state)
{
	struct str head, rest;

	(void)state;
	assert_true(str_eq(empty, STR("")));
	assert_true(str_ieq(empty, STR("")));
	assert_int_equal(str_compare(empty, STR("")), 0);
	assert_true(str_starts(STR("x"), empty));
	assert_int_equal(str_find(empty, 'x'), -1);
	assert_int_equal(str_rfind(empty, 'x'), -1);
	assert_int_equal(str_trim(empty).n, 0);
	assert_int_equal(str_from(empty, 3).n, 0);
	assert_int_equal(str_of(NULL).n, 0);
	assert_false(str_cut(empty, ',', &head, &rest));
	assert_int_equal(head.n, 0);
	assert_int_equal(rest.n, 0);
	assert_int_equal(str_ihash(empty), str_ihash(STR("")));
}

static void cut_takes_the_first_separator(void **state)
{
	struct str head, rest;

	(void)state;
	assert_true(str_cut(STR("a,b,c"), ',', &head, &rest));
	assert_true(str_eq(head, STR("a")));
	assert_true(str_eq(rest, STR("b,c")));
	assert_true(str_cut(STR("a,"), ',', &head, &rest));
	assert_true(str_eq(head, STR("a")));
	assert_int_equal(rest.n, 0);
	assert_false(str_cut(STR("abc"), ',', &head, &rest));
	assert_true(str_eq(head, STR("abc")));
	assert_int_equal(str_find(STR("a@b@c"), '@'), 1);
	assert_int_equal(str_rfind(STR("a@b@c"), '@'), 3);
	assert_true(str_eq(str_trim(STR(" \t a b\t ")), STR("a b")));
	assert_int_equal(str_trim(STR(" \t ")).n, 0);
	assert_true(str_eq(str_from(STR("abc"), 1), STR("bc")));
}

static void u64_takes_digits_only_and_keeps_its_maximum(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "0", 0, true, 0 },
		{ "00042", 42, true, 42 },
		{ "43", 42, false, 0 },
		{ "5", 3, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999999", UINT64_MAX, false, 0 },
		{ "", 9, false, 0 },
		{ "-1", 9, false, 0 },
		{ "+1", 9, false, 0 },
		{ " 1", 9, false, 0 },
		{ "1 ", 9, false, 0 },
		{ "0x1", 99, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 77;

		assert_int_equal(str_to_u64(str_of(rows[i].text), rows[i].max, &value),
				 rows[i].good);
		assert_true(value == (rows[i].good ? rows[i].value : 77));
	}
}

static void sizes_have_units_of_1024(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "512", true, 512 },       { "64k", true, 65536 },
		{ "64K", true, 65536 },     { "10M", true, 10485760 },
		{ "1G", true, 1073741824 }, { "2T", true, UINT64_C(2199023255552) },
		{ "16777216T", false, 0 },  { "16777215T", true, UINT64_C(16777215) << 40 },
		{ "", false, 0 },           { "M", false, 0 },
		{ "10MB", false, 0 },       { "10 M", false, 0 },
		{ "1.5M", false, 0 },       { "-1", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 77;

		assert_int_equal(str_to_bytes(str_of(rows[i].text), &value), rows[i].good);
		assert_true(value == (rows[i].good ? rows[i].value : 77));
	}
}

static void durations_need_a_unit(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "500ms", true, 500 },
		{ "30s", true, 30000 },
		{ "5m", true, 300000 },
		{ "1h", true, 3600000 },
		{ "30d", true, UINT64_C(2592000000) },
		{ "2w", true, 1209600000 },
		{ "30", false, 0 },
		{ "s", false, 0 },
		{ "5 m", false, 0 },
		{ "1h30m", false, 0 },
		{ "99999999999999999999d", false, 0 },
		{ "18446744073709551615w", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 77;

		assert_int_equal(str_to_ms(str_of(rows[i].text), &value), rows[i].good);
		assert_true(value == (rows[i].good ? rows[i].value : 77));
	}
}

static void hash_is_fnv_1a_of_the_lower_case(void **state)
{
	(void)state;
	/* Published test values of FNV-1a, 64 bits. */
	assert_true(str_ihash(STR("")) == UINT64_C(0xcbf29ce484222325));
	assert_true(str_ihash(STR("a")) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(str_ihash(STR("foobar")) == UINT64_C(0x85944171f73967e8));
	assert_true(str_ihash(STR("FooBar")) == str_ihash(STR("foobar")));
}

static void lower_touches_ascii_only(void **state)
{
	char text[] = "MiXeD-09_\xc4";

	(void)state;
	str_lower(text, sizeof(text) - 1);
	assert_string_equal(text, "mixed-09_\xc4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_ignores_case_only_where_asked),
		cmocka_unit_test(empty_spans_with_null_are_harmless),
		cmocka_unit_test(cut_takes_the_first_separator),
		cmocka_unit_test(u64_takes_digits_only_and_keeps_its_maximum),
		cmocka_unit_test(sizes_have_units_of_1024),
		cmocka_unit_test(durations_need_a_unit),
		cmocka_unit_test(hash_is_fnv_1a_of_the_lower_case),
		cmocka_unit_test(lower_touches_ascii_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
