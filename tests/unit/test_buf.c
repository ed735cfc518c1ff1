/* test_buf: a buffer holds what was added, in order, up to its maximum.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void bytes_come_out_in_the_order_they_went_in(void **state)
{
	unsigned char next_in = 0, next_out = 0;
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	for (size_t step = 1; step < 5000; step++) {
		size_t put = step * 7919 % 997, got = step * 104729 % 991;
		char *to = buf_reserve(&b, put);

		if (to) {
			for (size_t i = 0; i < put; i++)
				to[i] = (char)next_in++;
			buf_added(&b, put);
		} else {
			assert_true(buf_len(&b) + put > 10000);
		}
		if (got > buf_len(&b))
			got = buf_len(&b);
		for (size_t i = 0; i < got; i++)
			assert_int_equal((unsigned char)buf_str(&b).at[i], next_out++);
		buf_consume(&b, got);
	}
	buf_done(&b);
}

static void the_maximum_is_exact_and_a_refusal_adds_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	assert_true(buf_add(&b, STR("12345")));
	assert_false(buf_add(&b, STR("6789")));
	assert_false(buf_addf(&b, "%d", 6789));
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_true(buf_addf(&b, "%d", 678));
	assert_true(str_eq(buf_str(&b), STR("12345678")));
	assert_false(buf_add(&b, STR("9")));
	assert_true(buf_add(&b, STR("")));
	buf_consume(&b, 3);
	assert_true(buf_add(&b, STR("9ab")));
	assert_true(str_eq(buf_str(&b), STR("456789ab")));
	buf_done(&b);
	buf_done(&b);
}

static void an_empty_buffer_gives_large_memory_back(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	assert_int_equal(b.room, 0);
	assert_int_equal(buf_str(&b).n, 0);
	assert_non_null(buf_reserve(&b, 1 << 20));
	buf_added(&b, 1 << 20);
	buf_consume(&b, (1 << 20) - 1);
	assert_true(b.room >= 1 << 20);
	buf_consume(&b, 1);
	assert_int_equal(b.room, 0);
	assert_true(buf_add(&b, STR("small")));
	buf_clear(&b);
	assert_true(b.room > 0);
	buf_done(&b);
}

static void take_moves_what_is_left(void **state)
{
	struct buf b;
	char *mem;
	size_t n;

	(void)state;
	buf_init(&b, 100);
	assert_true(buf_add(&b, STR("hello world")));
	buf_consume(&b, 6);
	mem = buf_take(&b, &n);
	assert_int_equal(n, 5);
	assert_memory_equal(mem, "world", 5);
	free(mem);
	assert_int_equal(buf_len(&b), 0);
	mem = buf_take(&b, &n);
	assert_int_equal(n, 0);
	free(mem);
	assert_true(buf_add(&b, STR("again")));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_in_the_order_they_went_in),
		cmocka_unit_test(the_maximum_is_exact_and_a_refusal_adds_nothing),
		cmocka_unit_test(an_empty_buffer_gives_large_memory_back),
		cmocka_unit_test(take_moves_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
