/* test_idn: names of other scripts, and what is UTF-8.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/idn.h"
#include "base/utf8.h"

#define BUECHER   "b\xc3\xbc" "cher.example"
#define BUECHER_A "xn--bcher-kva.example"

static void both_forms_of_a_domain_are_one(void **state)
{
	static const struct {
		const char *name, *wanted;
	} rows[] = {
		{ "example.test", "example.test" },
		{ "Example.TEST", "example.test" },
		{ "a_b.test", "a_b.test" },
		{ BUECHER, BUECHER_A },
		{ "B\xc3\x9c" "CHER.Example", BUECHER_A },
		{ "b" "u\xcc\x88" "cher.example", BUECHER_A }, /* u and an accent of its own */
		{ "XN--BCHER-KVA.example", BUECHER_A },
		{ "stra\xc3\x9f" "e.test", "xn--strae-oqa.test" },
		{ "\xc3\xbc\xe3\x80\x82" "a_b", "xn--tda.a_b" }, /* an ideographic full stop */
		{ "\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
		  "xn--r8jz45g.xn--zckzah" },
	};
	char out[IDN_DOMAIN_MAX];
	struct str got;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(idn_domain(str_of(rows[i].name), out, &got));
		assert_string_equal(out, rows[i].wanted);
		assert_int_equal(got.n, strlen(rows[i].wanted));
	}
}

static void what_dns_cannot_hold_is_no_domain(void **state)
{
	static const char *const rows[] = {
		"b\xfc" "cher.example",         /* Latin-1 */
		"b\xc3.example",                /* cut */
		"\xc3\xbc..example",            /* an empty label */
		"a\xef\xbc\xa0" "b.example",    /* a wide @ */
		"\xc3\xbc _.example",
		"\xc3\xbc.example.",
		".\xc3\xbc.example",
		"\xe2\x80\xae\xc3\xbc.example", /* right to left, all of a sudden */
		"\xc2\x9b\xc3\xbc.example",     /* a control character */
		"-\xc3\xbc.example",
	};
	char out[IDN_DOMAIN_MAX], many[600];
	struct str got;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_false(idn_domain(str_of(rows[i]), out, &got));
	memset(many, 'a', sizeof(many));
	assert_false(idn_domain((struct str){ many, 256 }, out, &got));
	for (size_t i = 0; i + 1 < sizeof(many); i += 2)
		memcpy(many + i, "\xc3\xbc", 2);
	assert_false(idn_domain((struct str){ many, sizeof(many) }, out, &got));
}

static void people_read_u_labels(void **state)
{
	static const struct {
		const char *name, *wanted;
	} rows[] = {
		{ "example.test", "example.test" },
		{ BUECHER_A, BUECHER },
		{ "a.xn--bcher-kva.b.example", "a.b\xc3\xbc" "cher.b.example" },
		{ "xn--zzzzzz-.example", "xn--zzzzzz-.example" },
		{ "xn--a.example", "xn--a.example" },
		{ "xn--", "xn--" },
	};
	char out[IDN_READABLE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(idn_readable(str_of(rows[i].name), out), rows[i].wanted);
}

static void local_parts_are_folded_as_it_says(void **state)
{
	static const struct {
		const char *local, *wanted;
	} rows[] = {
		{ "", "" },
		{ "User+Tag", "user+tag" },
		{ "Jos\xc3\x89", "jos\xc3\xa9" },
		{ "JOSE\xcc\x81", "jos\xc3\xa9" },
		{ "\xce\xa3\xcf\x82", "\xcf\x83\xcf\x82" },     /* a sigma, and one at the end */
		{ "STRA\xe1\xba\x9e" "E", "stra\xc3\x9f" "e" }, /* not "strasse" */
		{ "\xef\xbc\xa1", "\xef\xbd\x81" },             /* wide stays wide */
		{ "\xc4\xb0", "i" },                            /* no language's own rule */
		{ "\xe0\xa5\x98", "\xe0\xa4\x95\xe0\xa4\xbc" }, /* NFC makes it longer */
		{ "\xe7\x94\xa8\xe6\x88\xb7", "\xe7\x94\xa8\xe6\x88\xb7" },
	};
	char out[IDN_LOCAL_MAX], many[IDN_LOCAL_MAX];
	struct str got;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(idn_local(str_of(rows[i].local), out, &got));
		assert_string_equal(out, rows[i].wanted);
	}
	assert_false(idn_local(STR("jos\xe9"), out, &got));
	assert_false(idn_local(STR("a\xc2\x80"), out, &got));
	for (size_t i = 0; i + 2 < sizeof(many); i += 3)
		memcpy(many + i, "\xe0\xa5\x98", 3);
	assert_true(idn_local((struct str){ many, 63 }, out, &got));
	assert_false(idn_local((struct str){ many, sizeof(many) - 2 }, out, &got));
}

static void utf8_is_told_from_garbage(void **state)
{
	static const char *const good[] = { "", "a~ ", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80",
					    "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
					    "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf",
					   "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xc3(", "\xff",
					   "a\tb", "\x7f", "\xc2\x9f" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(utf8_is_text(str_of(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(utf8_is_text(str_of(bad[i])));
	assert_true(utf8_has_8bit(STR("abc\xff")));
	assert_false(utf8_has_8bit(STR("abc\x7f")));
	assert_false(utf8_has_8bit(STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_of_a_domain_are_one),
		cmocka_unit_test(what_dns_cannot_hold_is_no_domain),
		cmocka_unit_test(people_read_u_labels),
		cmocka_unit_test(local_parts_are_folded_as_it_says),
		cmocka_unit_test(utf8_is_told_from_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
