/* test_path: what is an address, and what is not.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/path.h"

#define L64 "1234567890123456789012345678901234567890123456789012345678901234"
#define D63 "123456789012345678901234567890123456789012345678901234567890abc"

#define U16 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
#define U64 U16 U16 U16 U16
#define U66 U64 "\xc3\xa9" /* 33 letters, whose A-label is shorter than 63 */

struct row {
	const char *input;
	enum path_result result;
	const char *local, *domain;
	size_t used; /* 0: all of it */
};

static bool is(struct str s, const char *wanted)
{
	return str_eq(s, str_of(wanted));
}

static void check_rows(const struct row *rows, size_t count, enum path_kind kind)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct path p;
		size_t used = 0;
		enum path_result got = path_parse(str_of(row->input), kind, &p, &used);

		if (got != row->result)
			fail_msg("%s: result %d", row->input, (int)got);
		if (got == PATH_BAD)
			continue;
		if (!is(p.local, row->local) || !is(p.domain, row->domain) ||
		    used != (row->used ? row->used : strlen(row->input)))
			fail_msg("%s: local '%.*s' domain '%.*s' used %zu", row->input,
				 STR_ARGS(p.local), STR_ARGS(p.domain), used);
	}
}

static const struct row both_kinds[] = {
	{ "<a@b.example>", PATH_OK, "a", "b.example", 0 },
	{ "<A.b+c=d@B.Example> SIZE=1", PATH_OK, "A.b+c=d", "B.Example", 19 },
	{ "<a@b>", PATH_OK, "a", "b", 0 },
	{ "<a@b>c", PATH_OK, "a", "b", 5 },
	{ "<!#$%&'*+-/=?^_`{|}~@b>", PATH_OK, "!#$%&'*+-/=?^_`{|}~", "b", 0 },
	{ "<a..b.@c.example>", PATH_OK, "a..b.", "c.example", 0 },
	{ "<a@x_y.1.example>", PATH_OK, "a", "x_y.1.example", 0 },
	{ "<\"a b\"@c.example>", PATH_OK, "\"a b\"", "c.example", 0 },
	{ "<\"a\\\"b>@\\\\\"@c.example>", PATH_OK, "\"a\\\"b>@\\\\\"", "c.example", 0 },
	{ "<\"\"@c.example>", PATH_OK, "\"\"", "c.example", 0 },
	{ "<a@[192.0.2.1]>", PATH_OK, "a", "[192.0.2.1]", 0 },
	{ "<a@[IPv6:2001:db8::1]>", PATH_OK, "a", "[IPv6:2001:db8::1]", 0 },
	{ "<a@[x-tag:some!thing]>", PATH_OK, "a", "[x-tag:some!thing]", 0 },
	{ "<@one.example,@two.example:a@b.example>", PATH_OK, "a", "b.example", 0 },
	{ "<" L64 "@b>", PATH_OK, L64, "b", 0 },
	{ "<a@" D63 ".example>", PATH_OK, "a", D63 ".example", 0 },

	{ "<\xc3\xa9@b.example>", PATH_UTF8, "\xc3\xa9", "b.example", 0 },
	{ "<a@b\xc3\xa9.example> SMTPUTF8", PATH_UTF8, "a", "b\xc3\xa9.example", 15 },
	{ "<\"\xc3\xa9 \"@b.example>", PATH_UTF8, "\"\xc3\xa9 \"", "b.example", 0 },
	{ "<@b\xc3\xa9.example:a@b>", PATH_UTF8, "a", "b", 0 },
	{ "<@b\xff.example:a@b>", PATH_BAD, 0, 0, 0 },
	{ "<" U64 "@b>", PATH_UTF8, U64, "b", 0 },
	{ "<a@" U66 ".example>", PATH_UTF8, "a", U66 ".example", 0 },
	{ "<\xc3\xa9 b.example>", PATH_BAD, 0, 0, 0 },
	{ "<" U64 "a@b>", PATH_BAD, 0, 0, 0 },
	{ "<a@" U64 U64 ".example>", PATH_BAD, 0, 0, 0 },
	{ "<a@b\xc3\xa9-.example>", PATH_BAD, 0, 0, 0 },
	{ "<a@b\xc3\xa9..example>", PATH_BAD, 0, 0, 0 },
	{ "<\xe9@b.example>", PATH_BAD, 0, 0, 0 },         /* Latin-1 */
	{ "<a@b\xe9.example>", PATH_BAD, 0, 0, 0 },
	{ "<\xc0\xa0@b.example>", PATH_BAD, 0, 0, 0 },     /* overlong */
	{ "<\xed\xa0\x80@b.example>", PATH_BAD, 0, 0, 0 }, /* a surrogate */
	{ "<\xc2\x85@b.example>", PATH_BAD, 0, 0, 0 },     /* a control character */
	{ "<a@\xe2\x80\xae.example>", PATH_BAD, 0, 0, 0 }, /* right to left from here on */

	{ "", PATH_BAD, 0, 0, 0 },
	{ "<", PATH_BAD, 0, 0, 0 },
	{ ">", PATH_BAD, 0, 0, 0 },
	{ "a@b.example", PATH_BAD, 0, 0, 0 },
	{ "<a@b.example", PATH_BAD, 0, 0, 0 },
	{ "< a@b.example>", PATH_BAD, 0, 0, 0 },
	{ "<a@b.example >", PATH_BAD, 0, 0, 0 },
	{ "<<a@b.example>>", PATH_BAD, 0, 0, 0 },
	{ "<a>", PATH_BAD, 0, 0, 0 },
	{ "<a@>", PATH_BAD, 0, 0, 0 },
	{ "<@b.example>", PATH_BAD, 0, 0, 0 },
	{ "<a@b@c.example>", PATH_BAD, 0, 0, 0 },
	{ "<a b@c.example>", PATH_BAD, 0, 0, 0 },
	{ "<a\\b@c.example>", PATH_BAD, 0, 0, 0 },
	{ "<a\t@c.example>", PATH_BAD, 0, 0, 0 },
	{ "<a(c)@c.example>", PATH_BAD, 0, 0, 0 },
	{ "<a@.example>", PATH_BAD, 0, 0, 0 },
	{ "<a@b..example>", PATH_BAD, 0, 0, 0 },
	{ "<a@b.example.>", PATH_BAD, 0, 0, 0 },
	{ "<a@-b.example>", PATH_BAD, 0, 0, 0 },
	{ "<a@b-.example>", PATH_BAD, 0, 0, 0 },
	{ "<a@b!.example>", PATH_BAD, 0, 0, 0 },
	{ "<a@" D63 "d.example>", PATH_BAD, 0, 0, 0 },
	{ "<" L64 "5@b>", PATH_BAD, 0, 0, 0 },
	{ "<a@" D63 "." D63 "." D63 "." D63 ">", PATH_BAD, 0, 0, 0 },
	{ "<\"a@c.example>", PATH_BAD, 0, 0, 0 },
	{ "<\"a\\", PATH_BAD, 0, 0, 0 },
	{ "<\"a\\\"@c.example>", PATH_BAD, 0, 0, 0 },
	{ "<\"a\"b@c.example>", PATH_BAD, 0, 0, 0 },
	{ "<\"a\x01\"@c.example>", PATH_BAD, 0, 0, 0 },
	{ "<a@[192.0.2.256]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[192.0.2]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[192.0.2.1.5]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[0192.0.2.1]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[192.0.2.1>", PATH_BAD, 0, 0, 0 },
	{ "<a@[]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[IPv6:]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[IPv6:::1]]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[IPv6:2001:db8::1%eth0]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[tag:]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[:x]>", PATH_BAD, 0, 0, 0 },
	{ "<a@[tag:a b]>", PATH_BAD, 0, 0, 0 },
	{ "<@one.example:>", PATH_BAD, 0, 0, 0 },
	{ "<@one.example,a@b.example>", PATH_BAD, 0, 0, 0 },
	{ "<@:a@b.example>", PATH_BAD, 0, 0, 0 },
	{ "<@one.example;@two:a@b.example>", PATH_BAD, 0, 0, 0 },
};

static void both_paths_take_mailboxes_and_nothing_else(void **state)
{
	(void)state;
	check_rows(both_kinds, COUNT(both_kinds), PATH_REVERSE);
	check_rows(both_kinds, COUNT(both_kinds), PATH_FORWARD);
}

static void only_a_reverse_path_is_null(void **state)
{
	static const struct row reverse[] = { { "<>", PATH_OK, "", "", 0 },
					      { "<> SIZE=1", PATH_OK, "", "", 2 } };
	static const struct row forward[] = { { "<>", PATH_BAD, 0, 0, 0 } };

	(void)state;
	check_rows(reverse, COUNT(reverse), PATH_REVERSE);
	check_rows(forward, COUNT(forward), PATH_FORWARD);
}

static void only_a_forward_path_is_a_bare_postmaster(void **state)
{
	static const struct row reverse[] = { { "<postmaster>", PATH_BAD, 0, 0, 0 } };
	static const struct row forward[] = {
		{ "<postmaster>", PATH_OK, "postmaster", "", 0 },
		{ "<PostMaster>", PATH_OK, "PostMaster", "", 0 },
		{ "<postmaster@b>", PATH_OK, "postmaster", "b", 0 },
		{ "<postmasters>", PATH_BAD, 0, 0, 0 },
		{ "<postmaster", PATH_BAD, 0, 0, 0 },
	};

	(void)state;
	check_rows(reverse, COUNT(reverse), PATH_REVERSE);
	check_rows(forward, COUNT(forward), PATH_FORWARD);
}

static void a_nul_is_no_part_of_an_address(void **state)
{
	static const struct str rows[] = { STR("<a\0@b.example>"), STR("<\"a\0\"@b.example>"),
					   STR("<a@b\0.example>"), STR("<a@[192.0.2.1\0]>"),
					   STR("<a@[x:y\0]>"), STR("<a@[IPv6:::1\0]>"),
					   STR("<@a\0b:a@b>"), STR("<@a\0:a@b>") };
	struct path p;
	size_t used;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(path_parse(rows[i], PATH_FORWARD, &p, &used), PATH_BAD);
}

static void the_longest_path_is_256_octets(void **state)
{
	char text[300];
	struct path p;
	size_t used;

	(void)state;
	for (size_t n = 250; n < 262; n++) {
		size_t at = (size_t)snprintf(text, sizeof(text), "<a@");

		while (at < n - 1) {
			text[at] = at % 40 == 39 ? '.' : 'x';
			at++;
		}
		text[at++] = '>';
		assert_int_equal(path_parse((struct str){ text, at }, PATH_FORWARD, &p, &used),
				 n <= 256 ? PATH_OK : PATH_BAD);
	}
}

static void a_failed_parse_leaves_its_outputs_alone(void **state)
{
	struct path p = { STR("x"), STR("y"), STR("z") };
	size_t used = 77;

	(void)state;
	assert_int_equal(path_parse(STR("<a@b"), PATH_FORWARD, &p, &used), PATH_BAD);
	assert_int_equal(path_parse(STR("<\xc3@b>"), PATH_FORWARD, &p, &used), PATH_BAD);
	assert_false(path_is_address(STR("a@b c"), &p));
	assert_true(is(p.address, "x") && is(p.local, "y") && is(p.domain, "z"));
	assert_int_equal(used, 77);
}

static void a_kept_path_has_its_own_bytes(void **state)
{
	static const char *const rows[] = { "<a@b.example>", "<>", "<@r:\"x y\"@b.example>" };
	struct arena *a = arena_new(4096);
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct path p, kept, again;
		size_t used;

		(void)snprintf(text, sizeof(text), "%s", rows[i]);
		assert_int_equal(path_parse(str_of(text), PATH_REVERSE, &p, &used), PATH_OK);
		assert_true(path_keep(a, &p, &kept));
		memset(text, 'x', sizeof(text));
		assert_int_equal(path_parse(str_of(rows[i]), PATH_REVERSE, &again, &used), PATH_OK);
		assert_true(str_eq(kept.address, again.address));
		assert_true(str_eq(kept.local, again.local));
		assert_true(str_eq(kept.domain, again.domain));
	}
	arena_free(a);
}

static void keeping_past_the_maximum_fails(void **state)
{
	struct arena *a = arena_new(16);
	struct path p, kept;
	size_t used;

	(void)state;
	assert_int_equal(path_parse(STR("<somebody@somewhere.example>"), PATH_REVERSE, &p, &used),
			 PATH_OK);
	assert_false(path_keep(a, &p, &kept));
	arena_free(a);
}

static void an_address_as_typed_has_no_brackets(void **state)
{
	static const char *const good[] = { "a@b.example", "\"a b\"@b.example", "a@[192.0.2.1]",
					    "\xc3\xa9@b" };
	static const char *const bad[] = { "", "a", "@b", "a@", "<a@b>", "a@b ", " a@b", "a@b,c@d",
					   "@r:a@b", "\xe9@b", "a@b\n", "postmaster" };
	struct path p;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(path_is_address(str_of(good[i]), &p));
		assert_true(is(p.address, good[i]));
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(path_is_address(str_of(bad[i]), &p));
}

static void a_domain_is_labels_and_dots(void **state)
{
	static const char *const good[] = { "b", "b.example", "1.example", "x--y.example",
					    "_spf.b.example", "xn--bcher-kva.example",
					    D63 ".example" };
	static const char *const bad[] = { "", ".", "b.", ".b", "a..b", "-a.b", "a-.b", "a b",
					   "a@b",
					   "[192.0.2.1]", "b\xc3\xa9", "a/b", D63 "x" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(path_is_domain(str_of(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(path_is_domain(str_of(bad[i])));
	assert_false(path_is_domain(STR("a\0b")));
}

static void only_the_domain_of_an_address_has_a_form_in_ascii(void **state)
{
	static const struct {
		const char *address, *wanted;
	} rows[] = {
		{ "a@b.example", "a@b.example" },
		{ "A@b\xc3\xbc" "cher.example", "A@xn--bcher-kva.example" },
		{ "\"a@\"@b\xc3\xbc" "cher.example", "\"a@\"@xn--bcher-kva.example" },
		{ "\xc3\xa9@b.example", NULL },
		{ "\xc3\xa9", NULL },
		{ "a@b\xfc.example", NULL },
		{ "", "" },
	};
	char out[PATH_ASCII_MAX];
	struct str got;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(path_to_ascii(str_of(rows[i].address), out, &got),
				 rows[i].wanted != NULL);
		assert_true(!rows[i].wanted || is(got, rows[i].wanted));
	}
}

static void unquoting_gives_the_name_itself(void **state)
{
	static const struct {
		const char *input, *wanted;
	} rows[] = {
		{ "abc", "abc" },	   { "\"a b\"", "a b" },     { "\"a\\\"b\"", "a\"b" },
		{ "\"a\\\\\"", "a\\" },	   { "\"\"", "" },	     { "", "" },
		{ "\"", "\"" },		   { "\"\\a\\b\"", "ab" },   { L64, L64 },
		{ L64 "more", L64 },
	};
	char out[65];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(is(path_unquote(str_of(rows[i].input), out), rows[i].wanted));
		assert_string_equal(out, rows[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_paths_take_mailboxes_and_nothing_else),
		cmocka_unit_test(only_a_reverse_path_is_null),
		cmocka_unit_test(only_a_forward_path_is_a_bare_postmaster),
		cmocka_unit_test(a_nul_is_no_part_of_an_address),
		cmocka_unit_test(the_longest_path_is_256_octets),
		cmocka_unit_test(a_failed_parse_leaves_its_outputs_alone),
		cmocka_unit_test(a_kept_path_has_its_own_bytes),
		cmocka_unit_test(keeping_past_the_maximum_fails),
		cmocka_unit_test(an_address_as_typed_has_no_brackets),
		cmocka_unit_test(a_domain_is_labels_and_dots),
		cmocka_unit_test(only_the_domain_of_an_address_has_a_form_in_ascii),
		cmocka_unit_test(unquoting_gives_the_name_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
