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

static void the_smallest_known_limit_counts(void **state)
{
	static const struct {
		uint64_t own, one, two; /* 0: none; one and two: of primaries; 1: not known yet */
		uint64_t wanted;
	} rows[] = {
		{ 0, 0, 0, UINT64_MAX },
		{ 100000, 0, 0, 100000 },
		{ 0, 70000, 70000, 70000 },
		{ 100000, 70000, 90000, 90000 }, /* one that takes it is enough */
		{ 80000, 70000, 90000, 80000 },
		{ 100000, 70000, 0, 100000 },
		{ 0, 70000, 1, UINT64_MAX },
		{ 0, 65536, 65536, 65536 },
		{ 0, 65535, 10, UINT64_MAX }, /* so little no server may take */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const uint64_t sizes[] = { rows[i].one, rows[i].two };
		struct route routes[2] = { { .host = "a" }, { .host = "b" } };
		struct domain d = { .max_size = rows[i].own, .routes = routes, .route_count = 2 };

		for (size_t k = 0; k < 2; k++)
			if (sizes[k] != 1)
				routes[k].offer = (struct offer){ .since_ms = 1, .size = true,
								  .max_size = sizes[k] };
		assert_true(domain_size_limit(&d) == rows[i].wanted);
		d.route_count = 0;
		assert_true(domain_size_limit(&d) == (rows[i].own ? rows[i].own : UINT64_MAX));
	}
}

static void utf8_is_refused_only_when_all_primaries_are_known_to(void **state)
{
	struct route routes[2] = { { .host = "a" }, { .host = "b" } };
	struct domain d = { .routes = routes, .route_count = 2 };

	(void)state;
	assert_true(domain_may_take_utf8(&d));
	routes[0].offer.since_ms = 1;
	assert_true(domain_may_take_utf8(&d));
	routes[1].offer.since_ms = 1;
	assert_false(domain_may_take_utf8(&d));
	routes[1].offer.smtputf8 = true;
	assert_true(domain_may_take_utf8(&d));
	d.route_count = 0;
	assert_true(domain_may_take_utf8(&d));
}

static bool learn(struct store_world *w, const char *host, unsigned port, uint64_t size)
{
	struct job_offer *j = job_new_offer(&w->answers, NULL, NULL);
	bool ok;

	j->host = str_of(host);
	j->port = port;
	j->offer = (struct offer){ .size = true, .max_size = size, .smtputf8 = size == 7,
				   .rcpt_max = 5 };
	ok = world_do(w, &j->job);
	job_free(&j->job);
	return ok;
}

static void what_a_primary_offers_is_kept_while_a_domain_names_it(void **state)
{
	const struct change_pair two[] = { { "primary", "mx.example:25" },
					   { "primary", "mx.example:26" } };
	const struct change_pair one[] = { { "primary", "mx.example:26" } };
	struct store_world *w = world_new();
	struct settings *s;
	uint64_t version;
	struct err e;

	(void)state;
	assert_true(change_domain_add(w->store, "op", "a.test", two, 2, &e));
	assert_true(learn(w, "mx.example", 25, 7));
	assert_true(learn(w, "mx.example", 26, UINT64_MAX));
	assert_true(learn(w, "other.example", 25, 7));
	assert_int_equal(world_count(w, "SELECT count(*) FROM offer"), 2);
	version = atomic_load(&w->board.version);
	assert_true(learn(w, "mx.example", 25, 7)); /* no news */
	assert_true(atomic_load(&w->board.version) == version);
	world_close(w);
	world_open(w);
	s = settings_board_get(&w->board);
	assert_true(settings_find(s, STR("a.test"))->routes[0].offer.smtputf8);
	assert_int_equal(settings_find(s, STR("a.test"))->routes[0].offer.max_size, 7);
	assert_int_equal(settings_find(s, STR("a.test"))->routes[0].offer.rcpt_max, 5);
	assert_true(settings_find(s, STR("a.test"))->routes[0].offer.since_ms > 0);
	assert_true(settings_find(s, STR("a.test"))->routes[1].offer.max_size == INT64_MAX);
	settings_unref(s);
	assert_true(learn(w, "mx.example", 25, 8));
	assert_true(change_domain_set(w->store, "op", "a.test", one, 1, &e));
	assert_int_equal(world_count(w, "SELECT count(*) FROM offer"), 1);
	assert_true(change_domain_remove(w->store, "op", "a.test", false, &e));
	assert_int_equal(world_count(w, "SELECT count(*) FROM offer"), 0);
	world_free(w);
}

static void limits_of_a_domain_are_set_and_taken_away(void **state)
{
	const struct change_pair on[] = { { "max_size", "20M" }, { "rate", "600" } };
	const struct change_pair off[] = { { "max_size", "none" }, { "rate", "none" } };
	static const struct change_pair bad[] = { { "max_size", "20" }, { "max_size", "0" },
						  { "max_size", "x" }, { "rate", "0" },
						  { "rate", "1000001" }, { "rate", "5/s" } };
	struct store_world *w = world_new();
	struct settings *s;
	struct err e;

	(void)state;
	(void)world_add_domain(w, "a.test");
	assert_true(change_domain_set(w->store, "op", "a.test", on, 2, &e));
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(change_domain_set(w->store, "op", "a.test", &bad[i], 1, &e));
		assert_int_equal(e.kind, ERR_INPUT);
	}
	s = settings_board_get(&w->board);
	assert_int_equal(settings_find(s, STR("a.test"))->max_size, 20 << 20);
	assert_int_equal(settings_find(s, STR("a.test"))->rate, 600);
	settings_unref(s);
	assert_true(change_domain_set(w->store, "op", "a.test", off, 2, &e));
	s = settings_board_get(&w->board);
	assert_int_equal(settings_find(s, STR("a.test"))->max_size, 0);
	assert_int_equal(settings_find(s, STR("a.test"))->rate, 0);
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
		cmocka_unit_test(the_smallest_known_limit_counts),
		cmocka_unit_test(utf8_is_refused_only_when_all_primaries_are_known_to),
		cmocka_unit_test(what_a_primary_offers_is_kept_while_a_domain_names_it),
		cmocka_unit_test(limits_of_a_domain_are_set_and_taken_away),
		cmocka_unit_test(an_old_snapshot_stays_whole_while_it_is_held),
		cmocka_unit_test(words_are_known_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
