/* test_doubt: time that nobody saw pass makes no mail old at once.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/doubt.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)
#define NOW  (INT64_C(20000) * DAY)

static void assert_look(struct doubt *d, int64_t wall, int64_t mono, bool wanted, int64_t skipped)
{
	int64_t got;

	assert_int_equal(doubt_look(d, wall, mono, &got), wanted);
	assert_int_equal(got, skipped);
}

/* How long mail had not come for when the daemon started, and for how long nothing expires. */
static void a_relay_that_was_off_waits_as_long_but_three_days_at_most(void **state)
{
	static const struct {
		int64_t off, doubt;
	} rows[] = {
		{ 0, 0 }, { HOUR - 1, 0 }, { HOUR, HOUR }, { 5 * HOUR, 5 * HOUR },
		{ 3 * DAY, 3 * DAY }, { 40 * DAY, 3 * DAY }, { -DAY, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct doubt d;

		doubt_begin(&d, NOW - rows[i].off, NOW, 7);
		if (rows[i].doubt)
			assert_look(&d, NOW + rows[i].doubt - 1, 7 + rows[i].doubt - 1, true, 0);
		assert_look(&d, NOW + rows[i].doubt, 7 + rows[i].doubt, false, 0);
	}
}

static void a_new_relay_has_no_doubt(void **state)
{
	struct doubt d;

	(void)state;
	doubt_begin(&d, 0, NOW, 7);
	assert_look(&d, NOW, 7, false, 0);
}

static void a_clock_that_skips_a_year_expires_nothing_for_three_days(void **state)
{
	struct doubt d;
	int64_t year = 365 * DAY;

	(void)state;
	doubt_begin(&d, NOW, NOW, 0);
	assert_look(&d, NOW + HOUR, HOUR, false, 0);
	assert_look(&d, NOW + HOUR + year, HOUR, true, year);
	assert_look(&d, NOW + HOUR + year + DAY, HOUR + DAY, true, 0);
	assert_look(&d, NOW + HOUR + year + 3 * DAY, HOUR + 3 * DAY, false, 0);
}

/* Mended: set back, it is not believed any sooner; and a skip within a doubt makes none shorter. */
static void a_clock_that_is_set_back_ends_no_doubt(void **state)
{
	struct doubt d;

	(void)state;
	doubt_begin(&d, NOW, NOW, 0);
	assert_look(&d, NOW + 2 * DAY, 0, true, 2 * DAY);
	assert_look(&d, NOW + HOUR, HOUR, true, 0);
	assert_look(&d, NOW + 3 * HOUR, HOUR, true, 2 * HOUR);
	assert_look(&d, NOW + 2 * DAY + HOUR, 2 * DAY - 1 * HOUR, true, 0);
	assert_look(&d, NOW + 2 * DAY + 2 * HOUR, 2 * DAY, false, 0);
}

/* As clocks do that are put right little by little. */
static void a_clock_that_drifts_makes_no_doubt(void **state)
{
	struct doubt d;

	(void)state;
	doubt_begin(&d, NOW, NOW, 0);
	for (int64_t i = 1; i <= 1000; i++)
		assert_look(&d, NOW + i * (10000 + HOUR / 2), i * 10000, false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_relay_that_was_off_waits_as_long_but_three_days_at_most),
		cmocka_unit_test(a_new_relay_has_no_doubt),
		cmocka_unit_test(a_clock_that_skips_a_year_expires_nothing_for_three_days),
		cmocka_unit_test(a_clock_that_is_set_back_ends_no_doubt),
		cmocka_unit_test(a_clock_that_drifts_makes_no_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
