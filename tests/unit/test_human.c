/* test_human: sizes and spans of time.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/human.h"
#include "base/str.h"

static void sizes_have_two_digits_at_least(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 1023, "1023" },
		{ 1024, "1.0K" },
		{ 4200, "4.1K" },
		{ 10239, "9.9K" },
		{ 10240, "10K" },
		{ 1048575, "1023K" },
		{ 1048576, "1.0M" },
		{ UINT64_C(1395864372), "1.3G" },
		{ UINT64_MAX, "15E" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[HUMAN_MAX];

		assert_string_equal(human_size(rows[i].bytes, out), rows[i].text);
	}
}

static void spans_have_the_largest_fitting_unit(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ -5, "0s" },
		{ 0, "0s" },
		{ 999, "0s" },
		{ 59999, "59s" },
		{ 60000, "1m" },
		{ 3599999, "59m" },
		{ 3600000, "1h" },
		{ INT64_C(172799999), "47h" },
		{ INT64_C(172800000), "2d" },
		{ INT64_C(2592000000), "30d" },
		{ INT64_MAX, "106751991167d" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[HUMAN_MAX];

		assert_string_equal(human_span(rows[i].ms, out), rows[i].text);
	}
}

static void a_time_that_was_set_is_shown_as_it_could_be_set(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 1500, "1500ms" },
		{ 90000, "90s" },
		{ 3600000, "1h" },
		{ 50 * 3600000, "50h" },
		{ INT64_C(2592000000), "30d" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[HUMAN_MAX];
		uint64_t back;

		assert_string_equal(human_time(rows[i].ms, out), rows[i].text);
		assert_true(str_to_ms(str_of(out), &back));
		assert_int_equal(back, rows[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_have_two_digits_at_least),
		cmocka_unit_test(spans_have_the_largest_fitting_unit),
		cmocka_unit_test(a_time_that_was_set_is_shown_as_it_could_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
