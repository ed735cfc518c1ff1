/* test_quoted: quoted-printable.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/quoted.h"

#define A70 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void any_line_becomes_ascii_that_survives(void **state)
{
	static const struct {
		const char *line, *wanted;
	} rows[] = {
		{ "", "\r\n" },
		{ "a b", "a b\r\n" },
		{ "a ", "a=20\r\n" },
		{ "\t", "=09\r\n" },
		{ "1=2", "1=3D2\r\n" },
		{ "caf\xc3\xa9", "caf=C3=A9\r\n" },
		{ A70 "12345", A70 "12345\r\n" },
		{ A70 "123456", A70 "12345=\r\n6\r\n" },
		{ A70 "12\xc3\xa9", A70 "12=C3=\r\n=A9\r\n" },
		{ A70 "123\xc3\xa9", A70 "123=\r\n=C3=A9\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;

		buf_init(&out, 1000);
		assert_true(quoted_add_line(&out, str_of(rows[i].line)));
		assert_true(str_eq(buf_str(&out), str_of(rows[i].wanted)));
		buf_done(&out);
	}
}

static void a_full_buffer_is_told(void **state)
{
	(void)state;
	for (size_t room = 0; room < 10; room++) {
		struct buf out;

		buf_init(&out, room);
		assert_false(quoted_add_line(&out, STR("a\xc3\xa9" "bc")));
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_line_becomes_ascii_that_survives),
		cmocka_unit_test(a_full_buffer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
