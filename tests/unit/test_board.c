/* test_board: what operators see of the running daemon is a copy, and never stands in mail's way.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "relay/board.h"

static struct board board;
static struct arena *mine;

static int set_up(void **state UNUSED)
{
	board_init(&board, 12345);
	mine = arena_new(1024 * 1024);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	board_done(&board);
	arena_free(mine);
	return 0;
}

static void every_counter_counts_and_has_a_name_of_its_own(void **state UNUSED)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		const char *name = board_counter_name((enum board_counter)i);

		assert_true(strlen(name) > 0);
		assert_true(strlen(board_counter_says((enum board_counter)i)) > 0);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(name, board_counter_name((enum board_counter)j));
		assert_int_equal(atomic_load(&board.counters[i]), 0);
		board_count(&board, (enum board_counter)i, i + 1);
		board_count(&board, (enum board_counter)i, 1);
	}
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		assert_int_equal(atomic_load(&board.counters[i]), i + 2);
	assert_string_equal(board_counter_name(COUNTER_accepted), "accepted");
	assert_int_equal(board.started_ms, 12345);
}

static void counters_of_dns_have_names_and_bounds(void **state UNUSED)
{
	for (unsigned i = 0; i < DNS_COUNTER_COUNT; i++)
		assert_true(board_dns_name(i)[0] && board_dns_says(i)[0]);
	assert_string_equal(board_dns_name(DNS_COUNT_timeouts), "timeouts");
	for (unsigned i = 1; i < DNS_TOOK_MORE; i++)
		assert_true(board_dns_took_ms(i) > board_dns_took_ms(i - 1));
	assert_int_equal(board_dns_took_ms(DNS_TOOK_MORE), 0);
}

static void states_have_names(void **state UNUSED)
{
	assert_string_equal(primary_state_name(PRIMARY_UP), "up");
	assert_string_equal(primary_state_name(PRIMARY_DOWN), "down");
	assert_string_equal(primary_state_name(PRIMARY_PROBING), "probing");
}

static void there_are_no_primaries_at_first(void **state UNUSED)
{
	size_t n = 99;

	board_get_primaries(&board, mine, &n);
	assert_int_equal(n, 0);
}

static void primaries_are_copied_in_and_out(void **state UNUSED)
{
	char host[] = "mail.example", why[] = "refused";
	struct board_primary rows[] = {
		{ .host = host,
		  .port = 2525,
		  .state = PRIMARY_DOWN,
		  .since_ms = 7,
		  .next_probe_ms = 8,
		  .connections = 3,
		  .in_flight = 4,
		  .why = why,
		  .greeting = "" },
		{ .host = "192.0.2.1",
		  .port = 25,
		  .state = PRIMARY_UP,
		  .why = "",
		  .greeting = "220 hello" },
	};
	struct board_primary *got;
	size_t n;

	board_set_primaries(&board, rows, COUNT(rows));
	memset(host, 'x', strlen(host));
	memset(why, 'x', strlen(why));
	memset(rows, 0, sizeof(rows));
	got = board_get_primaries(&board, mine, &n);
	board_set_primaries(&board, NULL, 0); /* what was copied out stays */
	assert_int_equal(n, 2);
	assert_string_equal(got[0].host, "mail.example");
	assert_string_equal(got[0].why, "refused");
	assert_int_equal(got[0].port, 2525);
	assert_int_equal(got[0].state, PRIMARY_DOWN);
	assert_int_equal(got[0].since_ms, 7);
	assert_int_equal(got[0].next_probe_ms, 8);
	assert_int_equal(got[0].connections, 3);
	assert_int_equal(got[0].in_flight, 4);
	assert_string_equal(got[1].host, "192.0.2.1");
	assert_string_equal(got[1].greeting, "220 hello");
	board_get_primaries(&board, mine, &n);
	assert_int_equal(n, 0);
}

static void a_reader_without_room_gets_none(void **state UNUSED)
{
	struct board_primary row = { .host = "mail.example", .why = "", .greeting = "" };
	struct arena *tiny = arena_new(sizeof(row));
	size_t n = 99;

	board_set_primaries(&board, &row, 1);
	assert_null(board_get_primaries(&board, tiny, &n));
	assert_int_equal(n, 0);
	arena_free(tiny);
	assert_non_null(board_get_primaries(&board, mine, &n));
	assert_int_equal(n, 1);
}

/* More than the board holds: nobody sees any, and a later, smaller set is seen again. */
static void too_many_primaries_are_none(void **state UNUSED)
{
	size_t n = 200000;
	struct board_primary *rows = mem_alloc(n * sizeof(*rows));

	for (size_t i = 0; i < n; i++)
		rows[i] = (struct board_primary){ .host = "h", .why = "", .greeting = "" };
	board_set_primaries(&board, rows, n);
	board_get_primaries(&board, mine, &n);
	assert_int_equal(n, 0);
	board_set_primaries(&board, rows, 3);
	board_get_primaries(&board, mine, &n);
	assert_int_equal(n, 3);
	free(rows);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_counter_counts_and_has_a_name_of_its_own),
		T(counters_of_dns_have_names_and_bounds),
		T(states_have_names),
		T(there_are_no_primaries_at_first),
		T(primaries_are_copied_in_and_out),
		T(a_reader_without_room_gets_none),
		T(too_many_primaries_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
