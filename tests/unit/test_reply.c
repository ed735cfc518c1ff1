/* test_reply: the table holds together, and nothing from outside can break a reply in two.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/reply.h"

static const char *const ids[] = {
#define REPLY(id, code, enhanced, text) #id,
#include "proto/reply_table.h"
#undef REPLY
};

static void a_name_is_the_id_in_lower_case(void **state)
{
	char wanted[64];

	(void)state;
	for (unsigned i = 0; i < REPLY_COUNT; i++) {
		(void)snprintf(wanted, sizeof(wanted), "%s", ids[i]);
		str_lower(wanted, strlen(wanted));
		assert_string_equal(reply_name((enum reply_id)i), wanted);
	}
}

static void every_fixed_reply_has_codes_of_one_class_and_one_short_line(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REPLY_COUNT; i++) {
		const struct reply *r = reply_get((enum reply_id)i);

		assert_in_range(r->code, 200, 599);
		if (*r->enhanced)
			assert_int_equal(r->enhanced[0] - '0', r->code / 100);
		assert_in_range(strlen(r->text), 1, 200);
		for (const char *c = r->text; *c; c++)
			assert_in_range(*c, ' ', '~');
		assert_int_equal(reply_is_ok(r), r->code / 100 == 2);
		assert_int_equal(reply_is_temp(r), r->code / 100 == 4);
		assert_int_equal(reply_is_perm(r), r->code / 100 == 5);
	}
}

static void the_wire_form_is_crlf_lines_of_printable_text(void **state)
{
	static const struct {
		struct reply r;
		const char *wanted;
	} rows[] = {
		{ { 250, "2.0.0", "ok" }, "250 2.0.0 ok\r\n" },
		{ { 354, "", "go" }, "354 go\r\n" },
		{ { 550, "5.7.1", "one\ntwo\nthree" },
		  "550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three\r\n" },
		{ { 250, "", "a\nb" }, "250-a\r\n250 b\r\n" },
		{ { 550, "5.0.0", "a\r\n250 ok" }, "550-5.0.0 a?\r\n550 5.0.0 250 ok\r\n" },
		{ { 550, "5.0.0", "tab\there, \xc3\xa9, \x1b[31m" },
		  "550 5.0.0 tab?here, ??, ?[31m\r\n" },
		{ { 550, "5.0.0", "" }, "550 5.0.0\r\n" },
		{ { 550, "5.0.0", NULL }, "550 5.0.0\r\n" },
		{ { 550, NULL, "x" }, "550 x\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;

		buf_init(&out, 4096);
		assert_true(reply_write(&out, &rows[i].r));
		assert_int_equal(buf_len(&out), strlen(rows[i].wanted));
		assert_memory_equal(buf_str(&out).at, rows[i].wanted, buf_len(&out));
		buf_done(&out);
	}
}

static void no_line_is_longer_than_512_octets(void **state)
{
	char text[2000];
	struct buf out;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	buf_init(&out, 4096);
	assert_true(reply_write(&out, &(struct reply){ 550, "5.7.123", text }));
	assert_in_range(buf_len(&out), 400, 512);
	buf_done(&out);
}

static void a_reply_that_does_not_fit_leaves_nothing(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 30);
	assert_true(buf_add(&out, STR("before")));
	assert_false(reply_write(&out, &(struct reply){ 550, "", "one line\nand another one" }));
	assert_true(str_eq(buf_str(&out), STR("before")));
	assert_true(reply_write(&out, &(struct reply){ 250, "", "ok" }));
	assert_true(str_eq(buf_str(&out), STR("before250 ok\r\n")));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_the_id_in_lower_case),
		cmocka_unit_test(every_fixed_reply_has_codes_of_one_class_and_one_short_line),
		cmocka_unit_test(the_wire_form_is_crlf_lines_of_printable_text),
		cmocka_unit_test(no_line_is_longer_than_512_octets),
		cmocka_unit_test(a_reply_that_does_not_fit_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
