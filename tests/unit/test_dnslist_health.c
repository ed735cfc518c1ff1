/* test_dnslist_health: lists are switched off and on again, by a false clock and canned answers.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "policy/dnslist_health.h"

#define EVERY_MS (15 * 60000)

enum world { WELL, WILDCARD, SOLD, EMPTY, REFUSING, DEAD, WELL_BUT_6 };

struct test {
	struct arena *arena;
	struct dnslist_health *h;
	struct dnslist_use rows[DNSLISTS_MAX];
	struct dnslist_uses uses;
	int64_t now_ms;
	unsigned asked, changes;
};

static int set_up(void **state)
{
	struct test *t = mem_alloc(sizeof(*t));

	t->arena = arena_new(1 << 20);
	t->h = dnslist_health_new();
	t->uses.rows = t->rows;
	t->now_ms = 1000;
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct test *t = *state;

	dnslist_health_free(t->h);
	arena_free(t->arena);
	free(t);
	return 0;
}

static void use(struct test *t, const char *value, bool names)
{
	const struct dnslist_set *set;
	struct err e;

	t->uses.n = 0;
	if (value) {
		assert_true(names ? dnslist_parse_names(t->arena, str_of(value), &set, &e) :
				    dnslist_parse_clients(t->arena, str_of(value), &set, &e));
		dnslist_uses_add(&t->uses, set, names);
	}
	assert_true(dnslist_health_use(t->h, &t->uses));
}

/* What a list in this condition answers. */
static struct answer answer_of(enum world world, const char *name, struct dns_record *record)
{
	bool listed = strncmp(name, "2.", 2) == 0 || strncmp(name, "test.", 5) == 0;
	bool six = strstr(name, ".f.f.f.f.") != NULL;
	struct answer found = { .status = ANSWER_FOUND, .records = record, .record_count = 1 };
	struct answer none = { .status = ANSWER_NONE };

	switch (world) {
	case WELL:
		record->data = (struct str){ "\177\0\0\2", 4 };
		return listed ? found : none;
	case WELL_BUT_6:
		record->data = (struct str){ "\177\0\0\2", 4 };
		return listed || six ? found : none;
	case WILDCARD:
		record->data = (struct str){ "\177\0\0\2", 4 };
		return found;
	case SOLD:
		record->data = (struct str){ "\300\0\2\1", 4 };
		return found;
	case REFUSING:
		record->data = (struct str){ "\177\377\377\376", 4 };
		return found;
	case EMPTY:
		return none;
	case DEAD:
		break;
	}
	return (struct answer){ .status = ANSWER_ERROR };
}

/* All that is due is asked and answered. */
static void play(struct test *t, enum world world)
{
	struct dnslist_probe probe;

	while (dnslist_health_next(t->h, t->now_ms, &probe)) {
		struct dns_record record = { .data = STR_NONE };
		struct answer answer = answer_of(world, probe.name, &record);

		t->asked++;
		if (dnslist_health_answer(t->h, t->now_ms, EVERY_MS, &probe, &answer))
			t->changes++;
	}
}

static const char *why(const struct test *t)
{
	struct dnslist_report r;

	assert_true(dnslist_health_report(t->h, 0, &r));
	return r.why;
}

static void a_list_is_not_asked_before_it_was_tested(void **state)
{
	struct test *t = *state;

	assert_true(dnslist_is_well(NULL, "a.test", false));
	assert_false(dnslist_is_well(t->h, "a.test", false));
	use(t, "a.test", false);
	assert_false(dnslist_is_well(t->h, "a.test", false));
	play(t, WELL);
	assert_true(dnslist_is_well(t->h, "a.test", false));
	assert_false(dnslist_is_well(t->h, "a.test", true));
	assert_int_equal(t->changes, 1);
}

static void what_is_not_well_is_off_and_says_why(void **state)
{
	static const struct {
		enum world world;
		bool names;
		const char *why;
	} rows[] = {
		{ WILDCARD, false, "lists everybody" },
		{ WELL_BUT_6, false, "lists everybody" },
		{ SOLD, false, "no list any more" },
		{ EMPTY, false, "lists nobody" },
		{ REFUSING, false, "refuses our questions" },
		{ DEAD, false, "does not answer" },
		{ WILDCARD, true, "lists everybody" },
		{ SOLD, true, "no list any more" },
		{ EMPTY, true, "lists nobody" },
		{ REFUSING, true, "refuses our questions" },
		{ DEAD, true, "does not answer" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct test *t;

		tear_down(state);
		set_up(state);
		t = *state;
		use(t, "a.test", rows[i].names);
		play(t, rows[i].world);
		assert_false(dnslist_is_well(t->h, "a.test", rows[i].names));
		if (!strstr(why(t), rows[i].why))
			fail_msg("row %zu: %s", i, why(t));
		assert_int_equal(t->changes, 1);
	}
}

static void it_is_tested_again_when_its_time_has_come(void **state)
{
	struct test *t = *state;
	unsigned asked;

	use(t, "a.test", false);
	play(t, WELL);
	asked = t->asked;
	t->now_ms += EVERY_MS - 1;
	play(t, DEAD);
	assert_int_equal(t->asked, asked);
	t->now_ms += 1;
	play(t, DEAD);
	assert_int_equal(t->asked, asked * 2);
	assert_false(dnslist_is_well(t->h, "a.test", false));
}

static void one_that_is_off_is_tested_sooner_and_comes_back(void **state)
{
	struct test *t = *state;

	use(t, "a.test", false);
	play(t, WILDCARD);
	t->now_ms += DNSLIST_AGAIN_MS - 1;
	play(t, WELL);
	assert_false(dnslist_is_well(t->h, "a.test", false));
	t->now_ms += 1;
	play(t, WELL);
	assert_true(dnslist_is_well(t->h, "a.test", false));
	assert_string_equal(why(t), "");
	assert_int_equal(t->changes, 2);
}

static void the_same_state_again_is_no_change(void **state)
{
	struct test *t = *state;

	use(t, "a.test", false);
	for (int i = 0; i < 5; i++) {
		play(t, DEAD);
		t->now_ms += EVERY_MS;
	}
	assert_int_equal(t->changes, 1);
}

static void answers_come_in_any_order(void **state)
{
	struct test *t = *state;
	struct dnslist_probe probes[8];
	struct dns_record record = { .data = STR_NONE };
	size_t n = 0;

	use(t, "a.test", false);
	while (dnslist_health_next(t->h, t->now_ms, &probes[n]))
		n++;
	assert_int_equal(n, 3);
	while (n--) {
		struct answer answer = answer_of(WELL, probes[n].name, &record);

		assert_false(dnslist_is_well(t->h, "a.test", false));
		assert_int_equal(dnslist_health_answer(t->h, t->now_ms, EVERY_MS, &probes[n],
						       &answer),
				 n == 0);
	}
	assert_true(dnslist_is_well(t->h, "a.test", false));
}

static void what_nobody_uses_is_not_tested_and_later_is_anew(void **state)
{
	struct test *t = *state;
	struct dnslist_report r;
	unsigned asked;

	use(t, "a.test", false);
	play(t, WELL);
	use(t, NULL, false);
	asked = t->asked;
	t->now_ms += 2 * EVERY_MS;
	play(t, WELL);
	assert_int_equal(t->asked, asked);
	assert_false(dnslist_health_report(t->h, 0, &r));
	use(t, "a.test", false);
	assert_false(dnslist_is_well(t->h, "a.test", false));
	play(t, WELL);
	assert_true(dnslist_is_well(t->h, "a.test", false));
}

static void test_points_of_the_catalogue_are_asked(void **state)
{
	struct test *t = *state;
	struct dnslist_probe probe;

	use(t, "dbl.spamhaus.org", true);
	assert_true(dnslist_health_next(t->h, t->now_ms, &probe));
	assert_string_equal(probe.name, "dbltest.com.dbl.spamhaus.org");
	assert_true(dnslist_health_next(t->h, t->now_ms, &probe));
	assert_string_equal(probe.name, "invalid.dbl.spamhaus.org");
	assert_false(dnslist_health_next(t->h, t->now_ms, &probe));
}

static void past_all_places_lists_are_never_asked(void **state)
{
	struct test *t = *state;
	char value[64];
	bool all = true;

	for (unsigned i = 0; i < 3 * DNSLISTS_MAX && all; i++) {
		const struct dnslist_set *set;
		struct err e;

		(void)snprintf(value, sizeof(value), "l%u.test", i);
		assert_true(dnslist_parse_clients(t->arena, str_of(value), &set, &e));
		t->uses.n = 0;
		dnslist_uses_add(&t->uses, set, false);
		all = dnslist_health_use(t->h, &t->uses);
	}
	assert_false(all);
	play(t, WELL);
	assert_false(dnslist_is_well(t->h, value, false));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_list_is_not_asked_before_it_was_tested),
		TEST(what_is_not_well_is_off_and_says_why),
		TEST(it_is_tested_again_when_its_time_has_come),
		TEST(one_that_is_off_is_tested_sooner_and_comes_back),
		TEST(the_same_state_again_is_no_change),
		TEST(answers_come_in_any_order),
		TEST(what_nobody_uses_is_not_tested_and_later_is_anew),
		TEST(test_points_of_the_catalogue_are_asked),
		TEST(past_all_places_lists_are_never_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
