/* test_guard: rates hold for clients and networks, and the table forgets rather than grows.
 * SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "relay/guard.h"

#define MINUTE 60000

static struct ip ip(const char *text)
{
	struct ip a;

	assert_true(ip_parse(str_of(text), &a));
	return a;
}

static bool connects(struct guard *g, const char *from, unsigned client, unsigned network,
		     int64_t now_ms)
{
	struct ip a = ip(from);

	return guard_spend(g, &a, GUARD_CONNECTIONS, client, network, now_ms);
}

static void a_minutes_worth_may_come_at_once_and_then_the_rate_holds(void **state UNUSED)
{
	struct guard *g = guard_new(100, 7);

	for (unsigned i = 0; i < 6; i++)
		assert_true(connects(g, "192.0.2.1", 6, 0, 1000));
	assert_false(connects(g, "192.0.2.1", 6, 0, 1000));
	assert_false(connects(g, "192.0.2.1", 6, 0, 10999));
	assert_true(connects(g, "192.0.2.1", 6, 0, 11000)); /* one every ten seconds */
	assert_false(connects(g, "192.0.2.1", 6, 0, 11001));
	assert_true(connects(g, "192.0.2.2", 6, 0, 11001));
	for (unsigned i = 0; i < 6; i++)
		assert_true(connects(g, "192.0.2.1", 6, 0, 1000 + 10 * MINUTE));
	assert_false(connects(g, "192.0.2.1", 6, 0, 1000 + 10 * MINUTE));
	guard_free(g);
}

static void asking_often_does_not_stop_the_bucket_from_running(void **state UNUSED)
{
	struct guard *g = guard_new(100, 7);
	unsigned may = 0;

	for (int64_t now = 0; now < 10 * MINUTE; now++)
		may += connects(g, "2001:db8::1", 7, 0, now);
	assert_in_range(may, 7 + 68, 7 + 70);
	guard_free(g);
}

static void a_network_has_a_rate_of_its_own(void **state UNUSED)
{
	static const struct {
		const char *same[3], *other;
	} rows[] = {
		{ { "192.0.2.1", "192.0.2.77", "192.0.2.255" }, "192.0.3.1" },
		{ { "2001:db8::1", "2001:db8::9:1", "2001:db8::ffff:0:0:1" }, "2001:db8:0:1::1" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct guard *g = guard_new(100, 7);

		assert_true(connects(g, rows[i].same[0], 2, 3, 0));
		assert_true(connects(g, rows[i].same[0], 2, 3, 0));
		assert_false(connects(g, rows[i].same[0], 2, 3, 0)); /* it costs the others none */
		assert_true(connects(g, rows[i].same[1], 2, 3, 0));
		assert_false(connects(g, rows[i].same[2], 2, 3, 0));
		assert_true(connects(g, rows[i].other, 2, 3, 0));
		guard_free(g);
	}
}

static void kinds_are_counted_apart(void **state UNUSED)
{
	struct guard *g = guard_new(100, 7);
	struct ip a = ip("192.0.2.1");

	for (unsigned what = 0; what < GUARD_RATES; what++) {
		assert_true(guard_spend(g, &a, (enum guard_rate)what, 1, 0, 0));
		assert_false(guard_spend(g, &a, (enum guard_rate)what, 1, 0, 0));
		assert_true(guard_spend(g, &a, (enum guard_rate)what, 0, 0, 0));
	}
	guard_free(g);
}

static void a_clock_that_goes_back_takes_nothing(void **state UNUSED)
{
	struct guard *g = guard_new(100, 7);

	assert_true(connects(g, "192.0.2.1", 1, 0, 5 * MINUTE));
	assert_false(connects(g, "192.0.2.1", 1, 0, 4 * MINUTE));
	assert_true(connects(g, "192.0.2.1", 1, 0, 6 * MINUTE));
	guard_free(g);
}

static void who_is_locked_out_comes_in_again_when_it_is_over(void **state UNUSED)
{
	struct guard *g = guard_new(100, 7);
	struct ip bad = ip("192.0.2.1"), good = ip("192.0.2.2");

	assert_false(guard_is_locked_out(g, &bad, 0));
	guard_lock_out(g, &bad, MINUTE, 1000);
	assert_true(guard_is_locked_out(g, &bad, 1000));
	assert_true(guard_is_locked_out(g, &bad, MINUTE + 999));
	assert_false(guard_is_locked_out(g, &good, 1000));
	assert_false(guard_is_locked_out(g, &bad, MINUTE + 1000));
	guard_free(g);
}

static void the_table_forgets_what_was_seen_longest_ago(void **state UNUSED)
{
	struct guard *g = guard_new(1000, 7);
	char text[32];

	assert_true(connects(g, "192.0.2.1", 1, 0, 0));
	for (unsigned i = 0; i < 100000; i++) {
		(void)snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255,
			       i & 255);
		assert_true(connects(g, text, 1, 0, 0));
		assert_false(connects(g, text, 1, 0, 0));
		if (i % 500 == 0) /* who keeps coming is not forgotten */
			assert_false(connects(g, "192.0.2.1", 1, 0, 0));
	}
	assert_true(connects(g, "10.0.0.1", 1, 0, 0)); /* long forgotten */
	guard_free(g);
}

static void the_smallest_table_works(void **state UNUSED)
{
	static const char *const clients[] = { "192.0.2.1", "192.0.2.2", "198.51.100.1" };
	struct guard *g = guard_new(1, 7); /* it has room for a client and its network */

	for (unsigned i = 0; i < 30; i++) {
		assert_true(connects(g, clients[i % 3], 1, 0, 0));
		assert_false(connects(g, clients[i % 3], 1, 0, 0));
		assert_true(connects(g, clients[(i + 1) % 3], 2, 9, 0));
		assert_true(connects(g, clients[(i + 2) % 3], 2, 9, 0));
	}
	guard_free(g);
}

static void *hammer(void *arg)
{
	struct guard *g = arg;
	struct ip a = ip("192.0.2.1"), b = ip("198.51.100.1");
	uintptr_t may = 0;

	for (unsigned i = 0; i < 20000; i++) {
		may += guard_spend(g, &a, GUARD_MESSAGES, 1000, 0, 0);
		guard_lock_out(g, &b, 1, i);
		(void)guard_is_locked_out(g, &b, i);
	}
	return (void *)may;
}

static void threads_share_one_rate(void **state UNUSED)
{
	struct guard *g = guard_new(100, 7);
	pthread_t threads[4];
	uintptr_t all = 0;

	for (unsigned i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, g), 0);
	for (unsigned i = 0; i < COUNT(threads); i++) {
		void *may;

		pthread_join(threads[i], &may);
		all += (uintptr_t)may;
	}
	assert_int_equal(all, 1000);
	guard_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minutes_worth_may_come_at_once_and_then_the_rate_holds),
		cmocka_unit_test(asking_often_does_not_stop_the_bucket_from_running),
		cmocka_unit_test(a_network_has_a_rate_of_its_own),
		cmocka_unit_test(kinds_are_counted_apart),
		cmocka_unit_test(a_clock_that_goes_back_takes_nothing),
		cmocka_unit_test(who_is_locked_out_comes_in_again_when_it_is_over),
		cmocka_unit_test(the_table_forgets_what_was_seen_longest_ago),
		cmocka_unit_test(the_smallest_table_works),
		cmocka_unit_test(threads_share_one_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
