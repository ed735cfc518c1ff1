/* test_id: ids rise, whatever clock and threads do, and survive being typed.
 * SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/id.h"

#define NOW INT64_C(1795360812345)

static void ids_rise_when_the_clock_stands_or_steps_back(void **state)
{
	static const int64_t clock[] = { NOW, NOW, NOW + 1, NOW - 100000, 0, INT64_MIN, NOW };
	struct id_source s;
	msgid last = 0;

	(void)state;
	id_source_init(&s, 7, 0);
	for (size_t i = 0; i < COUNT(clock); i++) {
		for (int k = 0; k < 5000; k++) {
			msgid id = id_next(&s, clock[i]);

			assert_true(id > last);
			assert_int_equal(id & 1023, 7);
			last = id;
		}
	}
}

static void ids_begin_above_what_the_database_knows(void **state)
{
	struct id_source a, b;
	msgid known;

	(void)state;
	id_source_init(&a, 1023, 0);
	known = id_next(&a, NOW);
	id_source_init(&b, 0, known);
	assert_true(id_next(&b, NOW - 1) > known);
}

static void an_id_tells_its_time(void **state)
{
	struct id_source s;
	msgid id;

	(void)state;
	id_source_init(&s, 1023, 0);
	id = id_next(&s, NOW);
	assert_true(id_wall_ms(id) == NOW);
	assert_true(id_floor(NOW) <= id);
	assert_true(id_floor(NOW + 1) > id);
	assert_true(id_floor(0) == 0);
	assert_true(id_floor(INT64_MAX) > 0);
	assert_true(id_next(&s, INT64_MAX) > 0);
}

static void text_has_13_characters_and_parses_back(void **state)
{
	static const struct {
		msgid id;
		const char *text;
	} rows[] = {
		{ 0, "0000000000000" },     { 1, "0000000000001" },         { 31, "000000000000Z" },
		{ 12345, "0000000000C1S" }, { INT64_MAX, "7ZZZZZZZZZZZZ" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[ID_TEXT_MAX];
		msgid back = -1;

		assert_string_equal(id_text(rows[i].id, out), rows[i].text);
		assert_true(id_parse(str_of(out), &back));
		assert_true(back == rows[i].id);
	}
}

static void typed_ids_may_be_lower_case_and_misread(void **state)
{
	static const struct {
		const char *text;
		msgid wanted; /* -1: refused */
	} rows[] = {
		{ "0000000000c1s", 12345 },
		{ "OoO0000000ClS", 12345 },
		{ "000000000000I", 1 },
		{ "000000000000u", -1 },
		{ "000000000000U", -1 },
		{ "8000000000000", -1 },
		{ "Z000000000000", -1 },
		{ "000000000000", -1 },
		{ "00000000000000", -1 },
		{ "000000 000000", -1 },
		{ "", -1 },
	};
	msgid id = 5;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(id_parse(str_of(rows[i].text), &id), rows[i].wanted >= 0);
		if (rows[i].wanted >= 0)
			assert_true(id == rows[i].wanted);
	}
	assert_false(id_parse((struct str){ "000000\0"
					    "000000",
					    13 },
			      &id));
}

enum { THREADS = 4, EACH = 20000 };

struct drawer {
	struct id_source *source;
	msgid drawn[EACH];
};

static void *draw(void *arg)
{
	struct drawer *d = arg;

	for (int i = 0; i < EACH; i++)
		d->drawn[i] = id_next(d->source, NOW + i / 100);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const msgid *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void threads_never_draw_the_same_id(void **state)
{
	static struct drawer drawers[THREADS];
	static msgid all[THREADS * EACH];
	pthread_t threads[THREADS];
	struct id_source s;

	(void)state;
	id_source_init(&s, 3, 0);
	for (int t = 0; t < THREADS; t++) {
		drawers[t].source = &s;
		assert_int_equal(pthread_create(&threads[t], NULL, draw, &drawers[t]), 0);
	}
	for (int t = 0; t < THREADS; t++) {
		assert_int_equal(pthread_join(threads[t], NULL), 0);
		for (int i = 0; i < EACH; i++)
			all[t * EACH + i] = drawers[t].drawn[i];
	}
	qsort(all, COUNT(all), sizeof(all[0]), compare);
	for (size_t i = 1; i < COUNT(all); i++)
		assert_true(all[i] > all[i - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_rise_when_the_clock_stands_or_steps_back),
		cmocka_unit_test(ids_begin_above_what_the_database_knows),
		cmocka_unit_test(an_id_tells_its_time),
		cmocka_unit_test(text_has_13_characters_and_parses_back),
		cmocka_unit_test(typed_ids_may_be_lower_case_and_misread),
		cmocka_unit_test(threads_never_draw_the_same_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
