/* test_census: connections are counted, in all and by client, and the table never loses one.
 * SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "relay/census.h"

#define CLIENTS 3000

static struct address client(unsigned i)
{
	struct address a = { .port = 1000 };

	snprintf(a.text, sizeof(a.text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
	return a;
}

static enum census_answer enter(struct census *c, unsigned i, unsigned max_all, unsigned max_client)
{
	struct address a = client(i);

	return census_enter(c, &a, 0, &(struct census_limits){ max_all, max_all, max_client });
}

static void leave(struct census *c, unsigned i)
{
	struct address a = client(i);

	census_leave(c, &a, 0);
}

static void a_client_may_have_so_many_and_no_more(void **state UNUSED)
{
	struct census *c = census_new();

	assert_int_equal(enter(c, 1, 100, 2), CENSUS_OK);
	assert_int_equal(enter(c, 1, 100, 2), CENSUS_OK);
	assert_int_equal(enter(c, 1, 100, 2), CENSUS_CLIENT_FULL);
	assert_int_equal(enter(c, 2, 100, 2), CENSUS_OK);
	leave(c, 1);
	assert_int_equal(enter(c, 1, 100, 2), CENSUS_OK);
	assert_int_equal(enter(c, 1, 100, 2), CENSUS_CLIENT_FULL);
	census_free(c);
}

static void groups_count_by_themselves_and_all_together(void **state UNUSED)
{
	struct census *c = census_new();
	const struct census_limits few = { 5, 2, 10 }, many = { 5, 10, 2 };
	struct address a = client(1), b = client(2);

	assert_int_equal(census_enter(c, &a, 1, &few), CENSUS_OK);
	assert_int_equal(census_enter(c, &a, 1, &few), CENSUS_OK);
	assert_int_equal(census_enter(c, &b, 1, &few), CENSUS_FULL);
	assert_int_equal(census_enter(c, &a, 0, &many), CENSUS_OK);
	assert_int_equal(census_enter(c, &a, 0, &many), CENSUS_OK);
	assert_int_equal(census_enter(c, &a, 0, &many), CENSUS_CLIENT_FULL);
	assert_int_equal(census_enter(c, &b, 0, &many), CENSUS_OK);
	assert_int_equal(census_enter(c, &b, 0, &many), CENSUS_FULL);
	census_leave(c, &a, 1);
	assert_int_equal(census_enter(c, &b, 1, &few), CENSUS_OK);
	census_leave(c, &a, 0);
	assert_int_equal(census_enter(c, &a, 0, &many), CENSUS_OK);
	census_free(c);
}

static void all_together_may_have_so_many_and_no_more(void **state UNUSED)
{
	struct census *c = census_new();

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(enter(c, i, 10, 5), CENSUS_OK);
	assert_int_equal(enter(c, 99, 10, 5), CENSUS_FULL);
	assert_int_equal(enter(c, 1, 10, 5), CENSUS_FULL);
	leave(c, 3);
	assert_int_equal(enter(c, 99, 10, 5), CENSUS_OK);
	census_free(c);
}

static void who_is_refused_is_not_counted(void **state UNUSED)
{
	struct census *c = census_new();

	assert_int_equal(enter(c, 1, 2, 1), CENSUS_OK);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(enter(c, 1, 2, 1), CENSUS_CLIENT_FULL);
	assert_int_equal(enter(c, 2, 2, 1), CENSUS_OK);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(enter(c, 3, 2, 1), CENSUS_FULL);
	leave(c, 1);
	leave(c, 2);
	assert_int_equal(enter(c, 3, 2, 1), CENSUS_OK);
	assert_int_equal(enter(c, 1, 2, 1), CENSUS_OK);
	census_free(c);
}

static void the_port_does_not_make_another_client(void **state UNUSED)
{
	struct census *c = census_new();
	const struct census_limits one = { 10, 10, 1 };
	struct address a = client(1), b = client(1);

	b.port = 2000;
	assert_int_equal(census_enter(c, &a, 0, &one), CENSUS_OK);
	assert_int_equal(census_enter(c, &b, 0, &one), CENSUS_CLIENT_FULL);
	census_leave(c, &b, 0);
	assert_int_equal(census_enter(c, &a, 0, &one), CENSUS_OK);
	census_free(c);
}

/* Against a plain array: come and go at random, with the table growing and runs being shifted. */
static void the_table_agrees_with_an_array(void **state UNUSED)
{
	struct census *c = census_new();
	unsigned count[CLIENTS] = { 0 };
	uint32_t dice = 1;

	for (unsigned n = 0; n < 200000; n++) {
		dice ^= dice << 13;
		dice ^= dice >> 17;
		dice ^= dice << 5;

		unsigned i = dice % CLIENTS;

		if (dice >> 16 & 1 && count[i]) {
			leave(c, i);
			count[i]--;
			continue;
		}

		enum census_answer wanted = count[i] < 3 ? CENSUS_OK : CENSUS_CLIENT_FULL;

		assert_int_equal(enter(c, i, 1000000, 3), wanted);
		count[i] += wanted == CENSUS_OK;
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		while (count[i]--)
			leave(c, i);
	/* All gone: the same number may come again. */
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(enter(c, i, CLIENTS, 1), CENSUS_OK);
	assert_int_equal(enter(c, CLIENTS, CLIENTS, 1), CENSUS_FULL);
	census_free(c);
}

struct crowd {
	struct census *census;
	unsigned first;
};

static void *come_and_go(void *arg)
{
	const struct crowd *crowd = arg;

	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 200; i++)
			if (enter(crowd->census, crowd->first + i, 1000, 5) != CENSUS_OK)
				abort();
		for (unsigned i = 0; i < 200; i++)
			leave(crowd->census, crowd->first + i);
	}
	return NULL;
}

static void threads_share_it(void **state UNUSED)
{
	struct census *c = census_new();
	struct crowd crowds[4];
	pthread_t threads[4];

	for (unsigned i = 0; i < COUNT(threads); i++) {
		crowds[i] = (struct crowd){ .census = c, .first = i * 100 }; /* they overlap */
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowds[i]), 0);
	}
	for (unsigned i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(enter(c, i, 10, 1), CENSUS_OK);
	assert_int_equal(enter(c, 10, 10, 1), CENSUS_FULL);
	census_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_may_have_so_many_and_no_more),
		cmocka_unit_test(groups_count_by_themselves_and_all_together),
		cmocka_unit_test(all_together_may_have_so_many_and_no_more),
		cmocka_unit_test(who_is_refused_is_not_counted),
		cmocka_unit_test(the_port_does_not_make_another_client),
		cmocka_unit_test(the_table_agrees_with_an_array),
		cmocka_unit_test(threads_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
