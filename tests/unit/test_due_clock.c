/* test_due_clock: turns and bounds, with clocks that jump.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/due_clock.h"

#define WALL INT64_C(1800000000000)

static void a_turn_is_above_all_that_has_been_read(void **state)
{
	struct due_clock c;
	int64_t ahead, wanted, turn;
	struct due_look look;

	(void)state;
	due_clock_init(&c);
	look = due_clock_look(&c, WALL, 1000);
	assert_int_equal(due_look_upto(&look, WALL, &wanted), WALL);
	turn = due_clock_open(&c, WALL, 1000, &ahead);
	assert_int_equal(turn, WALL + 1);
	assert_int_equal(ahead, 0);
	due_clock_shut(&c);
	/* Nobody has read in between: the same turn will do. */
	assert_int_equal(due_clock_open(&c, WALL, 1000, &ahead), WALL + 1);
	due_clock_shut(&c);
	due_clock_done(&c);
}

static void while_a_batch_is_open_nothing_from_its_turn_on_is_read(void **state)
{
	struct due_clock c;
	int64_t ahead, wanted, turn;
	struct due_look look;

	(void)state;
	due_clock_init(&c);
	turn = due_clock_open(&c, WALL, 1000, &ahead);
	look = due_clock_look(&c, WALL + 5, 1005);
	assert_int_equal(due_look_upto(&look, WALL + 5, &wanted), turn - 1);
	assert_int_equal(wanted, WALL + 5);
	assert_int_equal(due_look_upto(&look, WALL - 9, &wanted), WALL - 9);
	due_clock_shut(&c);
	look = due_clock_look(&c, WALL + 5, 1005);
	assert_int_equal(due_look_upto(&look, WALL + 5, &wanted), WALL + 5);
	assert_int_equal(due_clock_open(&c, WALL + 5, 1005, &ahead), WALL + 6);
	due_clock_done(&c);
}

static void reading_ahead_of_time_is_not_bounded_and_moves_no_turn(void **state)
{
	struct due_clock c;
	int64_t ahead, wanted;
	struct due_look look;

	(void)state;
	due_clock_init(&c);
	(void)due_clock_open(&c, WALL, 1000, &ahead);
	look = due_clock_look(&c, WALL, 1000);
	assert_int_equal(due_look_upto(&look, WALL + 3600000, &wanted), WALL + 3600000);
	assert_true(due_look_upto(&look, INT64_MAX, &wanted) == INT64_MAX);
	due_clock_shut(&c);
	assert_int_equal(due_clock_open(&c, WALL, 1000, &ahead), WALL);
	due_clock_done(&c);
}

static void a_wall_clock_set_back_is_made_up_for(void **state)
{
	struct due_clock c;
	int64_t ahead, wanted;
	struct due_look look;

	(void)state;
	due_clock_init(&c);
	assert_int_equal(due_clock_open(&c, WALL, 1000, &ahead), WALL);
	due_clock_shut(&c);
	/* An hour back, a second later. */
	assert_int_equal(due_clock_open(&c, WALL - 3599000, 2000, &ahead), WALL + 1000);
	assert_int_equal(ahead, 3600000);
	due_clock_shut(&c);
	look = due_clock_look(&c, WALL - 3599000, 2000);
	assert_int_equal(look.ahead_ms, 3600000);
	assert_int_equal(due_look_upto(&look, WALL - 3599000, &wanted), WALL + 1000);
	/* And forward again. */
	assert_int_equal(due_clock_open(&c, WALL + 9000, 3000, &ahead), WALL + 9000);
	assert_int_equal(ahead, 0);
	due_clock_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_is_above_all_that_has_been_read),
		cmocka_unit_test(while_a_batch_is_open_nothing_from_its_turn_on_is_read),
		cmocka_unit_test(reading_ahead_of_time_is_not_bounded_and_moves_no_turn),
		cmocka_unit_test(a_wall_clock_set_back_is_made_up_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
