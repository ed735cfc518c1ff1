/* test_unitext: addresses of the type utf-8.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/unitext.h"

static void only_what_rfc_6533_names_is_taken(void **state)
{
	static const struct {
		const char *text;
		bool narrow, wide;
	} rows[] = {
		{ "a@b.example", true, true },
		{ "\\x{E9}@b", true, true },
		{ "\\x{1F600}@b", true, true },
		{ "\\x{10FFFF}@b", true, true },
		{ "\\x{20}\\x{2B}\\x{3D}\\x{5C}", true, true },
		{ "\xc3\xa9@b", false, true },
		{ "\xe9@b", false, false },
		{ "\xc2\x85@b", false, false },
		{ "a+b", false, false },
		{ "a=b", false, false },
		{ "a b", false, false },
		{ "a\\b", false, false },
		{ "\\x{}", false, false },
		{ "\\x{E}", false, false },
		{ "\\x{e9}", false, false },
		{ "\\x{0E9}", false, false },
		{ "\\x{41}", false, false },
		{ "\\x{0A}", false, false },
		{ "\\x{85}", false, false },
		{ "\\x{D800}", false, false },
		{ "\\x{110000}", false, false },
		{ "\\x{1000000}", false, false },
		{ "\\x{E9", false, false },
		{ "\\x{", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (unitext_is(str_of(rows[i].text), false) != rows[i].narrow ||
		    unitext_is(str_of(rows[i].text), true) != rows[i].wide)
			fail_msg("%s", rows[i].text);
}

static void every_address_has_a_form_in_ascii(void **state)
{
	static const struct {
		const char *text, *of_address, *of_unitext;
	} rows[] = {
		{ "a@b.example", "a@b.example", "a@b.example" },
		{ "jos\xc3\xa9@b", "jos\\x{E9}@b", "jos\\x{E9}@b" },
		{ "\xf0\x9f\x98\x80", "\\x{1F600}", "\\x{1F600}" },
		{ "\"a b\"+=@b", "\"a\\x{20}b\"\\x{2B}\\x{3D}@b", NULL },
		{ "\\x{E9}", "\\x{5C}x{E9}", "\\x{E9}" },
		{ "a\xff", "a?", NULL },
		{ "a\a\xc2\x80", "a??", NULL },
	};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_init(&out, 1000);
		assert_true(unitext_add(&out, str_of(rows[i].text)));
		assert_true(str_eq(buf_str(&out), str_of(rows[i].of_address)));
		assert_true(unitext_is(buf_str(&out), false));
		buf_clear(&out);
		assert_true(unitext_add_7bit(&out, str_of(rows[i].text)));
		if (rows[i].of_unitext)
			assert_true(str_eq(buf_str(&out), str_of(rows[i].of_unitext)));
		buf_done(&out);
	}
	buf_init(&out, 4);
	assert_false(unitext_add(&out, STR("\xc3\xa9")));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_rfc_6533_names_is_taken),
		cmocka_unit_test(every_address_has_a_form_in_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
