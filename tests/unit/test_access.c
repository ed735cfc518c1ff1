/* test_access: entries of allow-lists and deny-lists, and which of them counts.
 * SPDX-License-Identifier: ISC */
#include "db/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static struct arena *arena;

static int start(void **state UNUSED)
{
	arena = arena_new(16 << 20);
	return 0;
}

static int stop(void **state UNUSED)
{
	arena_free(arena);
	return 0;
}

static void entries_have_one_form_and_a_kind(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool of_recipients, good;
		enum access_kind kind;
		const char *form;
	} rows[] = {
		{ "192.0.2.1", false, true, ACCESS_CLIENT, "192.0.2.1" },
		{ "192.0.2.0/24", false, true, ACCESS_CLIENT, "192.0.2.0/24" },
		{ "2001:DB8::/32", false, true, ACCESS_CLIENT, "2001:db8::/32" },
		{ "User@B.Example", false, true, ACCESS_SENDER, "user@b.example" },
		{ "B.Example", false, true, ACCESS_SENDER, "b.example" },
		{ ".b.example", false, true, ACCESS_SENDER, ".b.example" },
		{ "abuse@", true, true, ACCESS_RECIPIENT, "abuse@" },
		{ "<>", false, true, ACCESS_SENDER, "<>" },
		{ "Anna@BÜCHER.example", false, true, ACCESS_SENDER, "anna@xn--bcher-kva.example" },
		{ ".bücher.example", false, true, ACCESS_SENDER, ".xn--bcher-kva.example" },
		{ "<>", true, false, 0, NULL },
		{ "192.0.2.1", true, false, 0, NULL },
		{ "192.0.2.1/24", false, false, 0, NULL },
		{ "192.0.2", false, false, 0, NULL },
		{ "300.0.2.1", false, false, 0, NULL },
		{ "a@192.0.2.1", false, false, 0, NULL },
		{ "mx.1and1.example", false, true, ACCESS_SENDER, "mx.1and1.example" },
		{ "", false, false, 0, NULL },
		{ ".", false, false, 0, NULL },
		{ "@", false, false, 0, NULL },
		{ "@b.example", false, false, 0, NULL },
		{ "a b@c.example", false, false, 0, NULL },
		{ "a@b..example", false, false, 0, NULL },
		{ "*@b.example", false, false, 0, NULL },
		{ "a@b@c.example", false, false, 0, NULL },
		{ "a@b.example\n", false, false, 0, NULL },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		enum access_kind kind;
		struct str form;
		struct err e;
		bool good = access_pattern(arena, str_of(rows[i].text), rows[i].of_recipients,
					   &kind, &form, &e);

		if (good != rows[i].good)
			fail_msg("\"%s\" is %s", rows[i].text, good ? "taken" : "refused");
		if (!good)
			continue;
		assert_int_equal(kind, rows[i].kind);
		assert_true(str_eq(form, str_of(rows[i].form)));
	}
}

struct entry {
	enum access_list list;
	bool of_recipients;
	const char *text;
};

static struct access *scope(const struct entry *entries, size_t n)
{
	struct access *x = access_new(arena);

	for (size_t i = 0; i < n; i++) {
		enum access_kind kind;
		struct str form;
		struct err e;

		assert_true(access_pattern(arena, str_of(entries[i].text),
					   entries[i].of_recipients, &kind, &form, &e));
		assert_true(access_add(x, entries[i].list, kind, form));
	}
	access_finish(x);
	return x;
}

static void the_most_special_entry_counts(void **state UNUSED)
{
	static const struct entry entries[] = {
		{ ACCESS_DENY, false, "0.0.0.0/0" },	  { ACCESS_ALLOW, false, "192.0.2.0/24" },
		{ ACCESS_ALLOW, false, "192.0.2.128/25" }, { ACCESS_ALLOW, false, "2001:db8::/32" },
		{ ACCESS_ALLOW, false, "friend@c.example" }, { ACCESS_ALLOW, false, ".d.example" },
		{ ACCESS_ALLOW, false, "e.example" },	   { ACCESS_ALLOW, false, "news@" },
		{ ACCESS_ALLOW, false, "<>" },		   { ACCESS_ALLOW, true, "abuse@" },
		{ ACCESS_ALLOW, true, "open@a.test" },
		{ ACCESS_ALLOW, false, "xn--bcher-kva.example" },
	};
	static const struct {
		const char *ip, *sender, *rcpt, *entry;
	} rows[] = {
		{ "192.0.2.200", "a@b.example", "x@a.test", "192.0.2.128/25" },
		{ "192.0.2.100", "a@b.example", "x@a.test", "192.0.2.0/24" },
		{ "192.0.3.1", "a@b.example", "x@a.test", "0.0.0.0/0" },
		{ "2001:db8::9", "a@b.example", "x@a.test", "2001:db8::/32" },
		{ "2001:db9::9", "a@b.example", "x@a.test", NULL },
		{ "2001:db9::9", "Friend@C.Example", "x@a.test", "friend@c.example" },
		{ "2001:db9::9", "foe@c.example", "x@a.test", NULL },
		{ "2001:db9::9", "a@d.example", "x@a.test", ".d.example" },
		{ "2001:db9::9", "a@sub.D.example", "x@a.test", ".d.example" },
		{ "2001:db9::9", "a@bücher.example", "x@a.test", "xn--bcher-kva.example" },
		{ "2001:db9::9", "a@xn--BCHER-kva.example", "x@a.test", "xn--bcher-kva.example" },
		{ "2001:db9::9", "a@notd.example", "x@a.test", NULL },
		{ "2001:db9::9", "a@sub.e.example", "x@a.test", NULL },
		{ "2001:db9::9", "a@e.example", "x@a.test", "e.example" },
		{ "2001:db9::9", "news@any.example", "x@a.test", "news@" },
		{ "2001:db9::9", "", "x@a.test", "<>" },
		{ "2001:db9::9", "a@b.example", "Abuse@a.test", "abuse@" },
		{ "2001:db9::9", "a@b.example", "open@a.test", "open@a.test" },
		{ "2001:db9::9", "open@a.test", "x@a.test", NULL },
	};
	const struct access *scopes[] = { NULL, scope(entries, COUNT(entries)) };

	for (unsigned i = 0; i < COUNT(rows); i++) {
		enum access_list list;
		struct ip ip;
		struct access_guest guest = { .ip = &ip,
					      .sender = str_of(rows[i].sender),
					      .rcpt = str_of(rows[i].rcpt) };
		struct str found;

		assert_true(ip_parse(str_of(rows[i].ip), &ip));
		found = access_find(scopes, COUNT(scopes), &guest, &list);
		if (!!found.at != !!rows[i].entry ||
		    (found.at && !str_eq(found, str_of(rows[i].entry))))
			fail_msg("row %u: %.*s", i, STR_ARGS(found.at ? found : STR("(none)")));
	}
}

static void the_domain_counts_before_all_and_allow_before_deny(void **state UNUSED)
{
	static const struct entry own[] = { { ACCESS_DENY, false, "b.example" },
					    { ACCESS_ALLOW, false, "good@b.example" } };
	static const struct entry all[] = { { ACCESS_ALLOW, false, "192.0.2.0/24" } };
	const struct access *scopes[] = { scope(own, COUNT(own)), scope(all, COUNT(all)) };
	enum access_list list;
	struct ip ip;
	struct access_guest guest = { .ip = &ip, .sender = STR("a@b.example"), .rcpt = STR("x@y") };

	assert_true(ip_parse(STR("192.0.2.9"), &ip));
	assert_true(str_eq(access_find(scopes, 2, &guest, &list), STR("b.example")));
	assert_int_equal(list, ACCESS_DENY);
	guest.sender = STR("good@b.example");
	assert_true(str_eq(access_find(scopes, 2, &guest, &list), STR("good@b.example")));
	assert_int_equal(list, ACCESS_ALLOW);
	guest.sender = STR("a@c.example");
	assert_true(str_eq(access_find(scopes, 2, &guest, &list), STR("192.0.2.0/24")));
	assert_int_equal(list, ACCESS_ALLOW);
}

/* Among 100,000 networks of many lengths each address finds the longest that holds it. */
static void many_networks_are_searched_rightly(void **state UNUSED)
{
	struct access *x = access_new(arena);
	const struct access *scopes[1];
	struct access_guest guest = { .sender = STR("a@b.example"), .rcpt = STR("x@y") };
	enum access_list list;

	for (unsigned i = 0; i < 100000; i++) {
		unsigned a = i >> 8 & 255, b = i & 255, bits = 24 + (i >> 16) * 4;
		char *text = arena_printf(arena, "10.%u.%u.0/%u", a, b, bits);

		assert_true(access_add(x, ACCESS_ALLOW, ACCESS_CLIENT, str_of(text)));
	}
	access_finish(x);
	scopes[0] = x;
	for (unsigned i = 0; i < 65536; i += 37) {
		char *text = arena_printf(arena, "10.%u.%u.15", i >> 8, i & 255);
		char *want = arena_printf(arena, "10.%u.%u.0/%u", i >> 8, i & 255,
					  i < 100000 - 65536 ? 28 : 24);
		struct ip ip;

		assert_true(ip_parse(str_of(text), &ip));
		guest.ip = &ip;
		assert_true(str_eq(access_find(scopes, 1, &guest, &list), str_of(want)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_have_one_form_and_a_kind),
		cmocka_unit_test(the_most_special_entry_counts),
		cmocka_unit_test(the_domain_counts_before_all_and_allow_before_deny),
		cmocka_unit_test(many_networks_are_searched_rightly),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
