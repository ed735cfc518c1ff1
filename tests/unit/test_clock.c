/* test_clock: dates as text, held against the C library's own calendar.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"

static void dates_have_the_form_of_the_rfcs(void **state)
{
	static const struct {
		int64_t ms;
		const char *mail, *log;
	} rows[] = {
		{ 0, "Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z" },
		{ 1795360812345, "Sun, 22 Nov 2026 15:20:12 +0000", "2026-11-22T15:20:12.345Z" },
		{ 951782399999, "Mon, 28 Feb 2000 23:59:59 +0000", "2000-02-28T23:59:59.999Z" },
		{ 951868799000, "Tue, 29 Feb 2000 23:59:59 +0000", "2000-02-29T23:59:59.000Z" },
		{ -1, "Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59.999Z" },
		{ INT64_MAX, "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59.999Z" },
		{ INT64_MIN, "Sat, 1 Jan 0000 00:00:00 +0000", "0000-01-01T00:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[CLOCK_DATE_MAX];

		assert_string_equal(clock_rfc5322(rows[i].ms, out), rows[i].mail);
		assert_string_equal(clock_rfc3339(rows[i].ms, out), rows[i].log);
	}
}

static void every_day_of_six_centuries_is_the_c_librarys(void **state)
{
	(void)state;
	for (int64_t day = -135140; day < 84007; day++) {
		char ours[CLOCK_DATE_MAX], theirs[CLOCK_DATE_MAX];
		time_t when = (time_t)(day * 86400 + (day & 0xffff));
		struct tm tm;

		assert_non_null(gmtime_r(&when, &tm));
		assert_true(strftime(theirs, sizeof(theirs), "%a, %e %b %Y %H:%M:%S +0000", &tm));
		if (theirs[5] == ' ')
			(void)strftime(theirs, sizeof(theirs), "%a,%e %b %Y %H:%M:%S +0000", &tm);
		assert_string_equal(clock_rfc5322(when * 1000, ours), theirs);
	}
}

static void the_clocks_run_and_the_monotonic_one_never_back(void **state)
{
	int64_t before = clock_mono_ms();

	(void)state;
	assert_true(clock_wall_ms() > INT64_C(1577836800000));
	assert_true(clock_mono_ms() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_have_the_form_of_the_rfcs),
		cmocka_unit_test(every_day_of_six_centuries_is_the_c_librarys),
		cmocka_unit_test(the_clocks_run_and_the_monotonic_one_never_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
