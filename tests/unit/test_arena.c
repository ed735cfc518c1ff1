/* test_arena: limits, alignment and reuse of arenas.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
	struct arena *a = arena_new(1 << 20);

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t n = 0; n < 400; n++) {
			unsigned char *p = arena_alloc(a, n);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xff, n);
		}
		arena_reset(a);
		assert_int_equal(arena_used(a), 0);
	}
	arena_free(a);
	arena_free(NULL);
}

static void past_the_maximum_there_is_nothing(void **state)
{
	struct arena *a = arena_new(256);

	(void)state;
	assert_null(arena_alloc(a, 257));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_non_null(arena_alloc(a, 200));
	assert_null(arena_alloc(a, 64));
	assert_null(arena_dup(a, STR("a string that is longer than what is left of the room")).at);
	assert_null(arena_printf(a, "%064d", 1));
	assert_non_null(arena_alloc(a, 40));
	assert_null(arena_alloc(a, 1));
	arena_reset(a);
	assert_non_null(arena_alloc(a, 256));
	arena_free(a);
}

static void allocations_never_overlap(void **state)
{
	static const size_t sizes[] = { 1, 3000, 16, 200000, 24, 1024, 70000, 8, 40000, 2 };
	unsigned char *at[100];
	struct arena *a = arena_new(16 << 20);

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		at[i] = arena_alloc(a, sizes[i % 10]);
		assert_non_null(at[i]);
		memset(at[i], (int)i, sizes[i % 10]);
	}
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(at[i][0], i);
		assert_int_equal(at[i][sizes[i % 10] - 1], i);
	}
	arena_free(a);
}

static void copies_end_in_nul_and_keep_inner_ones(void **state)
{
	struct arena *a = arena_new(4096);
	struct str copy = arena_dup(a, STR("a\0b"));

	(void)state;
	assert_int_equal(copy.n, 3);
	assert_memory_equal(copy.at, "a\0b", 4);
	assert_non_null(arena_dup(a, STR_NONE).at);
	assert_string_equal(arena_cstr(a, STR("name")), "name");
	assert_string_equal(arena_printf(a, "%s:%d", "mx", 25), "mx:25");
	arena_free(a);
}

static void heap_helpers_zero_copy_and_format(void **state)
{
	char *text = mem_printf("%s-%u", "a", 7U);
	unsigned char *zero = mem_alloc(64);

	(void)state;
	assert_string_equal(text, "a-7");
	free(text);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(zero[i], 0);
	zero = mem_grow(zero, 4096);
	assert_int_equal(zero[63], 0);
	free(zero);
	text = mem_str(STR("xyz"));
	assert_string_equal(text, "xyz");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(past_the_maximum_there_is_nothing),
		cmocka_unit_test(allocations_never_overlap),
		cmocka_unit_test(copies_end_in_nul_and_keep_inner_ones),
		cmocka_unit_test(heap_helpers_zero_copy_and_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
