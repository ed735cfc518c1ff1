/* test_proxy: PROXY headers, whole and byte by byte.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/proxy.h"

#define V2   "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\x00\x02\x09\xc0\x00\x02\x19\xdc\x04\x00\x19"
#define SIX  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"

static const struct row {
	struct str in;
	ptrdiff_t used;     /* 0: more is wanted */
	const char *client; /* NULL: the proxy speaks for itself */
	unsigned port;
} rows[] = {
	{ STR("PROXY TCP4 192.0.2.9 192.0.2.25 56324 25\r\nEHLO"), 42, "192.0.2.9", 56324 },
	{ STR("PROXY TCP6 2001:db8::9 ::1 0 65535\r\n\0"), 36, "2001:db8::9", 0 },
	{ STR("PROXY TCP6 ::ffff:192.0.2.9 ::1 1 1\r\n"), 37, "192.0.2.9", 1 },
	{ STR("PROXY UNKNOWN\r\n"), 15, NULL, 0 },
	{ STR("PROXY UNKNOWN what ever 1 2 3\r\nx"), 31, NULL, 0 },
	{ STR(V2 "\x21\x11\0\x0c" FOUR "EHLO"), 28, "192.0.2.9", 56324 },
	{ STR(V2 "\x21\x11\0\x10" FOUR "\x04\0\x01xEHLO"), 32, "192.0.2.9", 56324 },
	{ STR(V2 "\x21\x21\0\x24" SIX SIX "\xdc\x04\0\x19"), 52, "2001:db8::9", 56324 },
	{ STR(V2 "\x20\x00\0\0EHLO"), 16, NULL, 0 },
	{ STR(V2 "\x20\x11\0\x0c" FOUR), 28, NULL, 0 },
	{ STR(V2 "\x21\x00\0\x02xxEHLO"), 18, NULL, 0 },

	{ STR(""), 0, NULL, 0 },
	{ STR("PROX"), 0, NULL, 0 },
	{ STR("PROXY TCP4 192.0.2.9 192.0.2.25 56324 25\r"), 0, NULL, 0 },
	{ STR(V2 "\x21\x11\0"), 0, NULL, 0 },
	{ STR(V2 "\x21\x11\0\x0c\xc0\x00\x02"), 0, NULL, 0 },

	{ STR("EHLO a\r\n"), -1, NULL, 0 },
	{ STR("proxy TCP4 192.0.2.9 192.0.2.25 1 25\r\n"), -1, NULL, 0 },
	{ STR("PROXY  TCP4 192.0.2.9 192.0.2.25 1 25\r\n"), -1, NULL, 0 },
	{ STR("PROXY TCP4 192.0.2.9 192.0.2.25 1 25 \r\n"), -1, NULL, 0 },
	{ STR("PROXY TCP4 192.0.2.9 192.0.2.25 1\r\n"), -1, NULL, 0 },
	{ STR("PROXY TCP4 192.0.2.9 192.0.2.25 01 25\r\n"), -1, NULL, 0 },
	{ STR("PROXY TCP4 192.0.2.9 192.0.2.25 65536 25\r\n"), -1, NULL, 0 },
	{ STR("PROXY TCP4 192.0.2.256 192.0.2.25 1 25\r\n"), -1, NULL, 0 },
	{ STR("PROXY TCP4 2001:db8::9 192.0.2.25 1 25\r\n"), -1, NULL, 0 },
	{ STR("PROXY TCP6 192.0.2.9 ::1 1 25\r\n"), -1, NULL, 0 },
	{ STR("PROXY UDP4 192.0.2.9 192.0.2.25 1 25\r\n"), -1, NULL, 0 },
	{ STR("PROXY TCP4 192.0.2.9 192.0.2.25 1 25\n"), -1, NULL, 0 },
	{ STR("PROXY TCP4 192.0.2.9 192.0.2.25 1 25\r\r\n"), -1, NULL, 0 },
	{ STR("PROXY \r\n"), -1, NULL, 0 },
	{ STR(V2 "\x11\x11\0\x0c" FOUR), -1, NULL, 0 },
	{ STR(V2 "\x22\x11\0\x0c" FOUR), -1, NULL, 0 },
	{ STR(V2 "\x21\x12\0\x0c" FOUR), -1, NULL, 0 },
	{ STR(V2 "\x21\x11\0\x0b" FOUR), -1, NULL, 0 },
	{ STR(V2 "\x21\x21\0\x0c" FOUR), -1, NULL, 0 },
	{ STR(V2 "\x21\x31\0\x0c" FOUR), -1, NULL, 0 },
	{ STR(V2 "\x21\x11\xff\xff" FOUR), -1, NULL, 0 },
};

static void check(const struct row *row, ptrdiff_t used, const struct proxy *said)
{
	struct ip wanted;

	if (used != row->used)
		fail_msg("row %td: used %td", row - rows, used);
	if (used <= 0)
		return;
	assert_int_equal(said->named, row->client != NULL);
	if (!row->client)
		return;
	assert_true(ip_parse(str_of(row->client), &wanted));
	assert_true(ip_eq(&said->client, &wanted));
	assert_int_equal(said->port, row->port);
}

static void headers_name_the_client_or_nobody(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct proxy said;

		check(&rows[i], proxy_parse(rows[i].in, &said), &said);
	}
}

static void headers_may_come_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct proxy said;
		ptrdiff_t used = 0;

		for (size_t n = 0; n <= rows[i].in.n && !used; n++)
			used = proxy_parse((struct str){ rows[i].in.at, n }, &said);
		check(&rows[i], used, &said);
	}
}

static void a_line_of_version_1_is_bounded(void **state)
{
	char line[200];
	struct proxy said;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	assert_int_equal(proxy_parse((struct str){ line, 106 }, &said), 0);
	assert_int_equal(proxy_parse((struct str){ line, 107 }, &said), -1);
	memcpy(line + 105, "\r\n", 2);
	assert_int_equal(proxy_parse((struct str){ line, 200 }, &said), 107);
	memcpy(line + 105, "x\r\n", 3);
	assert_int_equal(proxy_parse((struct str){ line, 200 }, &said), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_name_the_client_or_nobody),
		cmocka_unit_test(headers_may_come_byte_by_byte),
		cmocka_unit_test(a_line_of_version_1_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
