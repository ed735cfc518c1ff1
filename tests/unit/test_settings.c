/* test_settings: names found in any case, and snapshots that live as long as somebody looks.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

static void domains_are_found_by_name_in_any_case_and_by_id(void **state)
{
	struct store_world *w = world_new();
	int64_t ids[30];
	char name[40];

	(void)state;
	for (int i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "%cd%d.test", 'a' + i * 7 % 26, i);
		ids[i] = world_add_domain(w, name);
		assert_true(ids[i] > 0);
	}

	struct settings *s = settings_board_get(&w->board);

	assert_int_equal(s->domain_count, 30);
	for (int i = 0; i < 30; i++) {
		const struct domain *d;

		(void)snprintf(name, sizeof(name), "%cD%d.TEST", 'A' + i * 7 % 26, i);
		d = settings_find(s, str_of(name));
		assert_non_null(d);
		assert_true(d->id == ids[i] && settings_by_id(s, ids[i]) == d);
	}
	assert_null(settings_find(s, STR("d.test")));
	assert_null(settings_find(s, STR_NONE));
	assert_null(settings_by_id(s, DOMAIN_BOUNCES));
	settings_unref(s);
	world_free(w);
}

static void all_keys_arrive_in_the_snapshot(void **state)
{
	const struct change_pair pairs[] = {
		{ "mode", "reflector" },  { "enabled", "no" },           { "unknown", "defer" },
		{ "subaddress", "-" },    { "primary", "mx.Example:25" }, { "lifetime", "5d" },
		{ "primary", "[::1]:2525" },
	};
	struct store_world *w = world_new();
	const struct domain *d;
	struct settings *s;
	struct err e;

	(void)state;
	if (!change_domain_add(w->store, "op", "Example.Test", pairs, COUNT(pairs), &e))
		fail_msg("%s", e.text);
	s = settings_board_get(&w->board);
	d = settings_find(s, STR("example.test"));
	assert_non_null(d);
	assert_string_equal(d->name.at, "example.test");
	assert_int_equal(d->mode, DOMAIN_REFLECTOR);
	assert_int_equal(d->unknown, UNKNOWN_DEFER);
	assert_false(d->enabled);
	assert_false(d->has_recipients);
	assert_int_equal(d->subaddress, '-');
	assert_int_equal(d->lifetime_ms, 5 * 86400000);
	assert_int_equal(d->route_count, 2);
	assert_string_equal(d->routes[0].host, "mx.example");
	assert_int_equal(d->routes[0].port, 25);
	assert_string_equal(d->routes[1].host, "::1");
	settings_unref(s);
	world_free(w);
}

static void an_old_snapshot_stays_whole_while_it_is_held(void **state)
{
	const struct change_pair off[] = { { "enabled", "no" } };
	struct store_world *w = world_new();
	struct settings *before, *after;
	uint64_t version;
	struct err e;

	(void)state;
	(void)world_add_domain(w, "example.test");
	before = settings_board_get(&w->board);
	version = atomic_load(&w->board.version);
	assert_true(change_domain_set(w->store, "op", "example.test", off, 1, &e));
	assert_true(atomic_load(&w->board.version) > version);
	after = settings_board_get(&w->board);
	assert_true(settings_find(before, STR("example.test"))->enabled);
	assert_false(settings_find(after, STR("example.test"))->enabled);
	settings_unref(before);
	settings_unref(after);
	world_free(w);
}

static void words_are_known_in_any_case(void **state)
{
	enum domain_mode mode;
	enum domain_unknown unknown;

	(void)state;
	assert_true(domain_mode_parse(STR("Reflector"), &mode) && mode == DOMAIN_REFLECTOR);
	assert_true(domain_mode_parse(STR("backup"), &mode) && mode == DOMAIN_BACKUP);
	assert_false(domain_mode_parse(STR("back"), &mode));
	assert_true(domain_unknown_parse(STR("ACCEPT"), &unknown) && unknown == UNKNOWN_ACCEPT);
	assert_false(domain_unknown_parse(STR_NONE, &unknown));
	for (enum domain_unknown u = UNKNOWN_REJECT; u <= UNKNOWN_ACCEPT; u++)
		assert_true(domain_unknown_parse(str_of(domain_unknown_name(u)), &unknown) &&
			    unknown == u);
}

static void patterns_fit_what_they_say(void **state)
{
	static const struct {
		const char *pattern, *local;
		bool fits;
	} rows[] = {
		{ "*", "", true },
		{ "*", "anna", true },
		{ "sales-*", "sales-", true },
		{ "sales-*", "sales", false },
		{ "*-list", "a-list", true },
		{ "*-list", "-list", true },
		{ "*-list", "list", false },
		{ "a*a", "aa", true },
		{ "a*a", "a", false },
		{ "a*a", "aba", true },
		{ "ab*ba", "aba", false },
		{ "a*", "ba", false },
	};
	struct pattern p;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(pattern_parse(str_of(rows[i].pattern), &p));
		assert_int_equal(pattern_fits(&p, str_of(rows[i].local)), rows[i].fits);
	}
	assert_false(pattern_parse(STR("anna"), &p));
	assert_false(pattern_parse(STR("a*b*"), &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_fit_what_they_say),
		cmocka_unit_test(domains_are_found_by_name_in_any_case_and_by_id),
		cmocka_unit_test(all_keys_arrive_in_the_snapshot),
		cmocka_unit_test(an_old_snapshot_stays_whole_while_it_is_held),
		cmocka_unit_test(words_are_known_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
