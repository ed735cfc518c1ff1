/* test_xtext: what is xtext, and what it means (RFC 3461 §4).
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/xtext.h"

static const struct {
	const char *input, *wanted; /* NULL: no xtext */
} rows[] = {
	{ "", "" },
	{ "abc", "abc" },
	{ "a+2Bb", "a+b" },
	{ "+3D", "=" },
	{ "+C3+BC", "\xc3\xbc" },
	{ "a+2bb", NULL }, /* lower case */
	{ "a=b", NULL },
	{ "a b", NULL },
	{ "a+", NULL },
	{ "a+2", NULL },
	{ "+GG", NULL },
	{ "\xc3\xbc", NULL },
	{ "a\x7f", NULL },
};

static void xtext_is_decoded_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[64];
		struct str got = STR("untouched");
		bool ok = xtext_decode(str_of(rows[i].input), room, &got);

		assert_int_equal(ok, rows[i].wanted != NULL);
		assert_int_equal(xtext_is(str_of(rows[i].input)), ok);
		assert_true(str_eq(got, ok ? str_of(rows[i].wanted) : STR("untouched")));
	}
}

static void a_nul_can_be_said(void **state)
{
	char room[3];
	struct str got;

	(void)state;
	assert_true(xtext_decode(STR("+00"), room, &got));
	assert_int_equal(got.n, 1);
	assert_int_equal(got.at[0], 0);
}

static void what_is_encoded_is_decoded(void **state)
{
	const struct str text = STR("a+b=c d\x7f\xc3\xbc<x@y.test>");
	char to[128], back[128];
	struct str got;
	size_t n = xtext_encode(text, to);

	(void)state;
	assert_true(str_eq((struct str){ to, n }, STR("a+2Bb+3Dc+20d+7F+C3+BC<x@y.test>")));
	assert_true(xtext_decode((struct str){ to, n }, back, &got));
	assert_true(str_eq(got, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xtext_is_decoded_or_refused),
		cmocka_unit_test(a_nul_can_be_said),
		cmocka_unit_test(what_is_encoded_is_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
