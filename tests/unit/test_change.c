/* test_change: domains and recipients as operators change them.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "db/patch.h"

static void bad_domains_are_refused_with_one_clear_line(void **state)
{
	static const struct {
		const char *name;
		struct change_pair pairs[2];
		enum err_kind kind;
		const char *wanted;
	} rows[] = {
		{ "new.test", { { "mode", "backup" } }, ERR_INPUT,
		  "a domain needs at least one primary=HOST:PORT" },
		{ "there.test", { { "primary", "h:1" } }, ERR_CONFLICT,
		  "the domain there.test is there already" },
		{ "no_dots..test", { { "primary", "h:1" } }, ERR_INPUT,
		  "not a domain name: no_dots..test" },
		{ "192.0.2.1", { { "primary", "h:1" } }, ERR_INPUT,
		  "not a domain name: 192.0.2.1" },
		{ "-a.test", { { "primary", "h:1" } }, ERR_INPUT, "not a domain name: -a.test" },
		{ "m\xfcll.test", { { "primary", "h:1" } }, ERR_INPUT,
		  "not a domain name: m\\xfcll.test" },
		{ "there\xe3\x80\x82test", { { "primary", "h:1" } }, ERR_CONFLICT,
		  "the domain there.test is there already" },
		{ "", { { "primary", "h:1" } }, ERR_INPUT, "not a domain name: " },
		{ "new.test", { { "primary", "h:1" }, { "colour", "red" } }, ERR_INPUT,
		  "no such setting: colour (there are mode, enabled, unknown, subaddress, "
		  "lifetime, max_size, rate, primary)" },
		{ "new.test", { { "primary", "h:1" }, { "mode", "front" } }, ERR_INPUT,
		  "mode is backup or reflector" },
		{ "new.test", { { "primary", "h:1" }, { "lifetime", "30" } }, ERR_INPUT,
		  "lifetime is a time from 1s to 366d, such as 30d" },
		{ "new.test", { { "primary", "h:1" }, { "subaddress", "a" } }, ERR_INPUT,
		  "subaddress is none or one of + - = _ . # ! $ % & * / ? ^ ~ |" },
		{ "new.test", { { "enabled", "yes" }, { "enabled", "no" } }, ERR_INPUT,
		  "enabled is given twice" },
		{ "new.test", { { "primary", "h:1" }, { "primary", "H:1" } }, ERR_INPUT,
		  "primary H:1 is named twice" },
	};
	struct store_world *w = world_new();
	struct err e;

	(void)state;
	(void)world_add_domain(w, "there.test");
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = rows[i].pairs[1].key ? 2 : 1;

		assert_false(change_domain_add(w->store, "op", rows[i].name, rows[i].pairs, n, &e));
		assert_string_equal(e.text, rows[i].wanted);
		assert_int_equal(e.kind, rows[i].kind);
	}
	assert_int_equal(world_count(w, "SELECT count(*) FROM domain"), 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM audit"), 1);
	world_free(w);
}

static void both_forms_of_a_name_are_one_domain(void **state)
{
	const struct change_pair primary[] = { { "primary", "h:1" } };
	const struct change_pair mode[] = { { "mode", "reflector" } };
	const char *const locals[] = { "Jos\xc3\x89", "anna@b\xc3\xbc" "cher.test" };
	struct store_world *w = world_new();
	uint64_t changed;
	struct err e;

	(void)state;
	assert_true(change_domain_add(w->store, "op", "B\xc3\x9c" "cher.test", primary, 1, &e));
	assert_false(change_domain_add(w->store, "op", "xn--bcher-kva.test", primary, 1, &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_true(change_domain_set(w->store, "op", "b" "u\xcc\x88" "cher.test", mode, 1, &e));
	assert_true(world_domain(w, "xn--bcher-kva.test") > 0);
	assert_int_equal(world_domain(w, "b\xc3\xbc" "cher.test"),
			 world_domain(w, "xn--bcher-kva.test"));
	assert_true(change_recipient_add(w->store, "op", "xn--bcher-kva.test", locals, 2,
					 RECIPIENT_ACCEPT, &changed, &e));
	assert_int_equal(changed, 2);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient"
					" WHERE local IN ('jos\xc3\xa9', 'anna')"), 2);
	assert_true(change_domain_remove(w->store, "op", "b\xc3\xbc" "cher.test", false, &e));
	world_free(w);
}

static void a_primary_must_be_host_and_port(void **state)
{
	const struct change_pair pairs[] = { { "primary", "mx.example" } };
	struct store_world *w = world_new();
	struct err e;

	(void)state;
	assert_false(change_domain_add(w->store, "op", "new.test", pairs, 1, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.text, "mx.example"));
	world_free(w);
}

static void setting_changes_only_what_is_named(void **state)
{
	const struct change_pair mode[] = { { "mode", "reflector" } };
	const struct change_pair primary[] = { { "primary", "b.example:26" } };
	struct store_world *w = world_new();
	const struct domain *d;
	struct settings *s;
	struct err e;

	(void)state;
	(void)world_add_domain(w, "example.test");
	assert_true(change_domain_set(w->store, "op", "EXAMPLE.test", mode, 1, &e));
	assert_true(change_domain_set(w->store, "op", "example.test", primary, 1, &e));
	assert_false(change_domain_set(w->store, "op", "none.test", mode, 1, &e));
	assert_int_equal(e.kind, ERR_NOTFOUND);
	s = settings_board_get(&w->board);
	d = settings_find(s, STR("example.test"));
	assert_int_equal(d->mode, DOMAIN_REFLECTOR);
	assert_int_equal(d->subaddress, '+');
	assert_int_equal(d->unknown, UNKNOWN_REJECT);
	assert_int_equal(d->route_count, 1);
	assert_int_equal(d->routes[0].port, 26);
	settings_unref(s);
	world_free(w);
}

static void a_domain_with_waiting_mail_goes_only_by_force(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test"), other, again;
	const char *const locals[] = { "anna" };
	uint64_t changed;
	msgid id;
	struct err e;

	(void)state;
	other = world_add_domain(w, "other.test");
	(void)world_accept(w, other, STR("stays"));
	id = world_accept(w, domain, STR("x"));
	assert_true(change_message(w->store, "op", id, QUEUE_HOLD, &changed, &e));
	for (int i = 0; i < 600; i++)
		(void)world_accept(w, domain, STR("x"));
	assert_true(change_recipient_add(w->store, "op", "example.test", locals, 1,
					 RECIPIENT_ACCEPT, &changed, &e));
	assert_false(change_domain_remove(w->store, "op", "example.test", false, &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_string_equal(e.text, "mail for 601 recipients of example.test waits; "
				    "with force it is deleted");
	assert_true(change_domain_remove(w->store, "op", "example.test", true, &e));
	assert_int_equal(world_domain(w, "example.test"), 0);
	world_await_none(w, "SELECT count(*) FROM leaving");
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM delivery"), 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM route"), 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM ledger WHERE state = 6 AND"
					" who = 'op' AND domain_name = 'example.test'"),
			 601);
	/* Ids are never used again: what still says the old one means the old one. */
	again = world_add_domain(w, "example.test");
	assert_true(again > domain && again != other);
	world_free(w);
}

static void recipients_are_added_changed_and_removed(void **state)
{
	const char *const some[] = { "Anna", "bob@example.test", "\"carl x\"", "anna" };
	const char *const one[] = { "BOB" }, *const bad[] = { "dora", "x@other.test" };
	struct store_world *w = world_new();
	uint64_t changed, version;
	struct settings *s;
	struct err e;

	(void)state;
	(void)world_add_domain(w, "example.test");
	version = atomic_load(&w->board.recipients_version);
	assert_true(change_recipient_add(w->store, "op", "example.test", some, 4,
					 RECIPIENT_ACCEPT, &changed, &e));
	assert_int_equal(changed, 3);
	assert_true(atomic_load(&w->board.recipients_version) > version);
	s = settings_board_get(&w->board);
	assert_true(settings_find(s, STR("example.test"))->has_recipients);
	settings_unref(s);
	assert_true(change_recipient_add(w->store, "op", "example.test", some, 4,
					 RECIPIENT_ACCEPT, &changed, &e));
	assert_int_equal(changed, 0);
	assert_true(change_recipient_add(w->store, "op", "example.test", one, 1,
					 RECIPIENT_REJECT, &changed, &e));
	assert_int_equal(changed, 1);
	assert_false(change_recipient_add(w->store, "op", "example.test", bad, 2,
					  RECIPIENT_ACCEPT, &changed, &e));
	assert_string_equal(e.text, "x@other.test is not in the domain example.test");
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient WHERE local = 'dora'"), 0);
	assert_false(change_recipient_add(w->store, "op", "none.test", one, 1, RECIPIENT_ACCEPT,
					  &changed, &e));
	assert_int_equal(e.kind, ERR_NOTFOUND);
	assert_true(change_recipient_remove(w->store, "op", "example.test", some, 4, &changed,
					    &e));
	assert_int_equal(changed, 3);
	s = settings_board_get(&w->board);
	assert_false(settings_find(s, STR("example.test"))->has_recipients);
	settings_unref(s);
	world_free(w);
}

static void a_file_is_imported_whole_or_not_at_all(void **state)
{
	struct store_world *w = world_new();
	uint64_t lines = 77, changed = 77;
	struct err e;

	(void)state;
	(void)world_add_domain(w, "example.test");
	assert_false(change_recipient_import(w->store, "op", "example.test",
					     STR("anna\nbob\nthis is wrong\n"), &lines, &changed,
					     &e));
	assert_string_equal(e.text, "line 3: not a local part: this is wrong");
	assert_int_equal(lines, 77);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient"), 0);
	assert_true(change_recipient_import(w->store, "op", "example.test",
					    STR("email,action\nanna,\nbob,reject\nanna,reject\n"),
					    &lines, &changed, &e));
	assert_int_equal(lines, 3);
	assert_int_equal(changed, 2);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient WHERE action = 2 AND"
					" source = 'import'"),
			 2);
	world_free(w);
}

/* The names bN…b(M-1), one a line. */
static struct str names(struct buf *to, unsigned n, unsigned m)
{
	buf_init(to, 1 << 20);
	for (; n < m; n++)
		assert_true(buf_addf(to, "b%u\n", n));
	return buf_str(to);
}

static void a_file_replaces_the_list(void **state)
{
	const char *const by_hand[] = { "anna", "b1", "zoe" };
	struct store_world *w = world_new();
	struct change_tally t;
	uint64_t changed, version;
	struct buf file;
	struct err e;

	(void)state;
	(void)world_add_domain(w, "example.test");
	assert_true(change_recipient_add(w->store, "op", "example.test", by_hand, 3,
					 RECIPIENT_ACCEPT, &changed, &e));
	assert_true(change_recipient_replace(w->store, "op", "example.test",
					     STR("b1\nb2,reject\nzoe,reject\nb2,accept\nb\n"),
					     false, &t, &e));
	assert_int_equal(t.lines, 5);
	assert_int_equal(t.added, 2); /* b b2 */
	assert_int_equal(t.removed, 1); /* anna */
	assert_int_equal(t.kept, 1); /* b1; zoe is another now */
	assert_int_equal(t.changed, 4);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient"), 4);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient WHERE local = 'zoe' AND"
					" action = 2 AND source = 'import'"),
			 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient WHERE source = 'list'"), 1);
	version = atomic_load(&w->board.recipients_version);
	assert_true(change_recipient_replace(w->store, "op", "example.test",
					     STR("zoe,reject\nb1\nb\nb2"), false, &t, &e));
	assert_int_equal(t.changed, 0);
	assert_int_equal(t.kept, 4);
	assert_int_equal(atomic_load(&w->board.recipients_version), version);
	assert_false(change_recipient_replace(w->store, "op", "none.test", names(&file, 0, 9), true,
					      &t, &e));
	assert_int_equal(e.kind, ERR_NOTFOUND);
	buf_done(&file);
	world_free(w);
}

static void replacing_much_of_a_list_needs_force(void **state)
{
	static const struct {
		unsigned had, from, to;
		bool braked;
	} rows[] = {
		{ 10, 9, 10, false },	  /* 9 of 10: few */
		{ 11, 0, 0, true },	  /* all */
		{ 5, 0, 0, true },	  /* all, though few */
		{ 50, 10, 50, false },	  /* 10 of 50 */
		{ 50, 11, 60, true },	  /* 11 of 50, and ten others come */
		{ 1000, 200, 1000, false }, /* 20 % */
		{ 1000, 201, 1000, true },
		{ 0, 0, 0, false },
	};
	struct store_world *w = world_new();
	struct change_tally t;
	struct buf file;
	struct err e;

	(void)state;
	(void)world_add_domain(w, "example.test");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t before;

		assert_true(change_recipient_replace(w->store, "op", "example.test",
						     names(&file, 0, rows[i].had), true, &t, &e));
		buf_done(&file);
		before = world_count(w, "SELECT count(*) FROM recipient");
		assert_int_equal(before, rows[i].had);
		assert_int_equal(!change_recipient_replace(w->store, "op", "example.test",
							   names(&file, rows[i].from, rows[i].to),
							   false, &t, &e),
				 rows[i].braked);
		buf_done(&file);
		if (!rows[i].braked)
			continue;
		assert_int_equal(e.kind, ERR_CONFLICT);
		assert_int_equal(world_count(w, "SELECT count(*) FROM recipient"), before);
	}
	assert_true(change_recipient_replace(w->store, "op", "example.test", names(&file, 0, 2000),
					     true, &t, &e));
	buf_done(&file);
	assert_false(change_recipient_replace(w->store, "op", "example.test",
					      names(&file, 1234, 2000), false, &t, &e));
	buf_done(&file);
	assert_string_equal(e.text, "this would remove 61 % of the list (1234 of 2000 users); "
				    "with --force (API: force=yes) it is done");
	world_free(w);
}

/* One entry by hand; "" when it was taken, else what was said. */
static const char *alias(struct store_world *w, const char *local, const char *target,
			 struct err *e)
{
	uint64_t changed;
	bool ok = change_recipient_alias(w->store, "op", "a.test", local, target, &changed, e);

	return ok ? "" : e->text;
}

static void aliases_lead_to_domains_of_ours_and_not_round(void **state)
{
	const char *const plain[] = { "boss" };
	struct store_world *w = world_new();
	struct change_tally t;
	struct buf chain;
	uint64_t changed;
	struct err e;

	(void)state;
	(void)world_add_domain(w, "a.test");
	(void)world_add_domain(w, "b.test");
	assert_string_equal(alias(w, "info", "Bob@B.test", &e), "");
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient WHERE action = 3 AND"
					" target = 'Bob@b.test'"),
			 1);
	assert_string_equal(alias(w, "out", "x@gmail.example", &e),
			    "we do not relay for the domain of x@gmail.example: an alias goes to a "
			    "domain of ours (domain add)");
	assert_string_equal(alias(w, "out", "nonsense", &e), "not an address: nonsense");
	assert_non_null(strstr(alias(w, "self", "SELF@a.test", &e), "would go round"));
	assert_string_equal(alias(w, "one", "two@a.test", &e), "");
	assert_string_equal(alias(w, "two", "three@a.test", &e), "");
	assert_non_null(strstr(alias(w, "three", "one@a.test", &e), "would go round"));
	/* The other domain's list leads back. */
	assert_true(change_recipient_alias(w->store, "op", "b.test", "x", "y@a.test", &changed,
					   &e));
	assert_non_null(strstr(alias(w, "y", "x@b.test", &e), "would go round"));
	/* A pattern catches its own target unless that is an entry. */
	assert_non_null(strstr(alias(w, "*", "boss@a.test", &e), "would go round"));
	assert_true(change_recipient_add(w->store, "op", "a.test", plain, 1, RECIPIENT_ACCEPT,
					 &changed, &e));
	assert_string_equal(alias(w, "*", "boss@a.test", &e), "");
	/* In a file, which is looked at as it will be. */
	assert_false(change_recipient_replace(w->store, "op", "a.test",
					      STR("p,alias,q@a.test\nq,alias,p@a.test\n"), true, &t,
					      &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_true(change_recipient_replace(w->store, "op", "a.test",
					     STR("two,alias,one@a.test\none\n"), true, &t, &e));
	buf_init(&chain, 4096);
	for (unsigned i = 0; i < 12; i++)
		assert_true(buf_addf(&chain, "c%u,alias,c%u@a.test\n", i, i + 1));
	assert_false(change_recipient_replace(w->store, "op", "a.test", buf_str(&chain), true, &t,
					      &e));
	buf_done(&chain);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient"), 3);
	world_free(w);
}

static void patterns_are_in_the_settings_and_few(void **state)
{
	const char *const more[] = { "z*" }, *const known[] = { "p7-*" };
	struct store_world *w = world_new();
	const struct domain *d;
	struct change_tally t;
	struct settings *s;
	uint64_t changed;
	struct buf file;
	struct err e;

	(void)state;
	(void)world_add_domain(w, "a.test");
	(void)world_add_domain(w, "b.test");
	buf_init(&file, 1 << 16);
	for (unsigned i = 0; i < DOMAIN_PATTERNS_MAX; i++)
		assert_true(buf_addf(&file, "p%u-*,%s\n", i, i == 7 ? "alias,x@b.test" : ""));
	assert_true(change_recipient_replace(w->store, "op", "a.test", buf_str(&file), false, &t,
					     &e));
	s = settings_board_get(&w->board);
	d = settings_find(s, STR("a.test"));
	assert_int_equal(d->pattern_count, DOMAIN_PATTERNS_MAX);
	assert_true(d->has_recipients);
	assert_true(str_eq(domain_pattern(d, STR("p7-x"))->alias, STR("x@b.test")));
	assert_null(domain_pattern(d, STR("p200-x")));
	assert_int_equal(settings_find(s, STR("b.test"))->pattern_count, 0);
	settings_unref(s);
	assert_false(change_recipient_add(w->store, "op", "a.test", more, 1, RECIPIENT_ACCEPT,
					  &changed, &e));
	assert_string_equal(e.text, "a domain has at most 200 patterns, this would make 201");
	assert_true(change_recipient_add(w->store, "op", "a.test", known, 1, RECIPIENT_REJECT,
					 &changed, &e));
	assert_int_equal(changed, 1);
	/* Those that are there already count in a file that replaces them, too. */
	assert_true(buf_add(&file, STR("one-more*\n")));
	assert_false(change_recipient_replace(w->store, "op", "a.test", buf_str(&file), true, &t,
					      &e));
	assert_string_equal(e.text, "a domain has at most 200 patterns, this would make 201");
	assert_true(change_recipient_replace(w->store, "op", "a.test", STR("anna\n"), true, &t,
					     &e));
	s = settings_board_get(&w->board);
	assert_int_equal(settings_find(s, STR("a.test"))->pattern_count, 0);
	settings_unref(s);
	buf_done(&file);
	world_free(w);
}

static void a_large_file_is_one_change(void **state)
{
	struct store_world *w = world_new();
	uint64_t lines, changed;
	struct buf file;
	struct err e;

	(void)state;
	buf_init(&file, 8 << 20);
	(void)world_add_domain(w, "example.test");
	for (unsigned i = 0; i < 20000; i++)
		assert_true(buf_addf(&file, "user%u@example.test\r\n", i * 7919U % 20000));
	assert_true(change_recipient_import(w->store, "op", "example.test", buf_str(&file), &lines,
					    &changed, &e));
	assert_int_equal(lines, 20000);
	assert_int_equal(changed, 20000);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient"), 20000);
	buf_done(&file);
	world_free(w);
}

static void a_locked_database_is_try_again_later(void **state)
{
	const struct change_pair mode[] = { { "mode", "reflector" } };
	struct store_world *w = world_new();
	struct err e;

	(void)state;
	(void)world_add_domain(w, "example.test");
	world_lock(w);
	assert_false(change_domain_set(w->store, "op", "example.test", mode, 1, &e));
	assert_int_equal(e.kind, ERR_TEMP);
	world_unlock(w);
	assert_true(change_domain_set(w->store, "op", "example.test", mode, 1, &e));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_domains_are_refused_with_one_clear_line),
		cmocka_unit_test(both_forms_of_a_name_are_one_domain),
		cmocka_unit_test(a_primary_must_be_host_and_port),
		cmocka_unit_test(setting_changes_only_what_is_named),
		cmocka_unit_test(a_domain_with_waiting_mail_goes_only_by_force),
		cmocka_unit_test(recipients_are_added_changed_and_removed),
		cmocka_unit_test(a_file_is_imported_whole_or_not_at_all),
		cmocka_unit_test(a_file_replaces_the_list),
		cmocka_unit_test(replacing_much_of_a_list_needs_force),
		cmocka_unit_test(aliases_lead_to_domains_of_ours_and_not_round),
		cmocka_unit_test(patterns_are_in_the_settings_and_few),
		cmocka_unit_test(a_large_file_is_one_change),
		cmocka_unit_test(a_locked_database_is_try_again_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
