/* test_roll: the roll has every session once, the oldest first, and waits for nobody for ever.
 * SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "relay/roll.h"

static int make_arena(void **state)
{
	*state = arena_new(1024 * 1024);
	return 0;
}

static int free_arena(void **state)
{
	arena_free(*state);
	return 0;
}

static void add(struct roll *r, uint64_t id)
{
	char client[] = "192.0.2.1"; /* copied: it goes away */

	struct board_session row = { .id = id, .client = client, .helo = "h", .state = "mail" };

	assert_true(roll_add(r, &row));
	client[0] = '\0';
}

static void the_oldest_of_all_workers_come_first(void **state)
{
	struct roll *r = roll_new(2, 3);
	struct board_session *rows;
	size_t n;

	assert_int_equal(roll_most(r), 3);
	for (uint64_t id = 5; id < 8; id++)
		add(r, id);
	roll_answered(r);
	add(r, 2);
	add(r, 9);
	roll_answered(r);
	assert_true(roll_wait(r, 0, *state, &rows, &n));
	assert_int_equal(n, 3);
	assert_int_equal(rows[0].id, 2);
	assert_int_equal(rows[1].id, 5);
	assert_int_equal(rows[2].id, 6);
	assert_string_equal(rows[2].client, "192.0.2.1");
	roll_unref(r);
}

static void no_worker_no_session(void **state)
{
	struct roll *r = roll_new(0, 3);
	struct board_session *rows;
	size_t n;

	assert_true(roll_wait(r, 0, *state, &rows, &n));
	assert_int_equal(n, 0);
	roll_unref(r);
}

static void who_does_not_answer_is_not_waited_for(void **state)
{
	struct roll *r = roll_new(2, 3), *late = roll_ref(r);
	struct board_session *rows;
	size_t n;

	roll_answered(r);
	assert_false(roll_wait(r, 0, *state, &rows, &n));
	roll_unref(r);
	add(late, 1); /* for nobody, and no harm */
	roll_answered(late);
	roll_unref(late);
}

static void *answer(void *arg)
{
	struct roll *r = arg;

	for (uint64_t id = 1; id <= 100; id++)
		add(r, id);
	roll_answered(r);
	roll_unref(r);
	return NULL;
}

static void workers_answer_from_their_threads(void **state)
{
	struct roll *r = roll_new(4, 1000);
	struct board_session *rows;
	pthread_t threads[4];
	size_t n;

	for (unsigned i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, answer, roll_ref(r)), 0);
	assert_true(roll_wait(r, 60000, *state, &rows, &n));
	assert_int_equal(n, 400);
	for (unsigned i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	roll_unref(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_arena, free_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_oldest_of_all_workers_come_first),
		TEST(no_worker_no_session),
		TEST(who_does_not_answer_is_not_waited_for),
		TEST(workers_answer_from_their_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
