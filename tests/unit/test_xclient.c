/* test_xclient: what stands behind XCLIENT.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/xclient.h"

static void each_attribute_is_read(void **state)
{
	struct xclient x;
	struct ip ip;

	(void)state;
	assert_true(xclient_parse(STR("NAME=mail.b.example ADDR=192.0.2.9 PORT=4711 PROTO=ESMTP "
				      "HELO=+5B192.0.2.9] LOGIN=a+2Bb+3Dc "
				      "DESTADDR=IPv6:2001:db8::1 DESTPORT=25"),
				  &x));
	assert_string_equal(x.name, "mail.b.example");
	assert_string_equal(x.helo, "[192.0.2.9]");
	assert_string_equal(x.login, "a+b=c");
	assert_int_equal(x.proto, XCLIENT_PROTO_ESMTP);
	assert_true(x.has_addr && x.has_dest_addr);
	assert_true(ip_parse(STR("192.0.2.9"), &ip) && ip_eq(&ip, &x.addr));
	assert_true(ip_parse(STR("2001:db8::1"), &ip) && ip_eq(&ip, &x.dest_addr));
	assert_int_equal(x.port, 4711);
	assert_int_equal(x.dest_port, 25);
}

static void what_is_not_available_is_not_said(void **state)
{
	struct xclient x;

	(void)state;
	assert_true(xclient_parse(STR("name=[TEMPUNAVAIL] addr=[UNAVAILABLE] port=[UNAVAILABLE] "
				      "proto=[UNAVAILABLE] helo=[unavailable] "
				      "login=[UNAVAILABLE]"),
				  &x));
	assert_string_equal(x.name, "");
	assert_string_equal(x.helo, "");
	assert_string_equal(x.login, "");
	assert_false(x.has_addr || x.port || x.proto);
}

static void the_last_of_a_name_counts(void **state)
{
	struct xclient x;

	(void)state;
	assert_true(xclient_parse(STR(" ADDR=192.0.2.9  ADDR=[UNAVAILABLE] proto=smtp "), &x));
	assert_false(x.has_addr);
	assert_int_equal(x.proto, XCLIENT_PROTO_SMTP);
}

static void what_is_malformed_is_refused_whole(void **state)
{
	static const struct str rows[] = {
		STR(""),
		STR("  "),
		STR("NAME"),
		STR("NAME="),
		STR("COLOUR=red"),
		STR("ADDR=192.0.2.9 COLOUR=red"),
		STR("ADDR=192.0.2.300"),
		STR("ADDR=192.0.2.0/24"),
		STR("ADDR=IPv6:"),
		STR("ADDR=mail.b.example"),
		STR("PORT=65536"),
		STR("PORT=-1"),
		STR("PROTO=LMTP"),
		STR("HELO=a+0Ab"),
		STR("HELO=a+00b"),
		STR("HELO=a+2bb"),
		STR("HELO=a+2"),
		STR("HELO=a+"),
		STR("HELO=a=b"),
		STR("HELO=\xc3\xa9"),
		STR("HELO=a+C3+A9"),
	};
	struct xclient x;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (xclient_parse(rows[i], &x))
			fail_msg("taken: %.*s", STR_ARGS(rows[i]));
}

static void values_are_bounded(void **state)
{
	char text[5 + XCLIENT_TEXT_MAX];
	struct xclient x;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "HELO=", 5);
	assert_true(xclient_parse((struct str){ text, sizeof(text) - 1 }, &x));
	assert_int_equal(strlen(x.helo), XCLIENT_TEXT_MAX - 1);
	assert_false(xclient_parse((struct str){ text, sizeof(text) }, &x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_attribute_is_read),
		cmocka_unit_test(what_is_not_available_is_not_said),
		cmocka_unit_test(the_last_of_a_name_counts),
		cmocka_unit_test(what_is_malformed_is_refused_whole),
		cmocka_unit_test(values_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
