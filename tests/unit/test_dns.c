/* test_dns: RDATA becomes records, or is refused; names that may be asked for.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/dns.h"

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(65536);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* -- */

#define W(literal) { (literal), sizeof(literal) - 1 }
#define L63 "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789"

static void rdata_becomes_a_record_or_is_refused(void **state)
{
	static const struct {
		enum dns_type type;
		struct str rdata;
		struct str wanted; /* .at NULL: refused */
		unsigned preference;
	} rows[] = {
		{ DNS_A, W("\177\0\0\2"), W("\177\0\0\2"), 0 },
		{ DNS_A, W("\177\0\0"), { NULL, 0 }, 0 },
		{ DNS_A, W("\177\0\0\2\0"), { NULL, 0 }, 0 },
		{ DNS_A, W(""), { NULL, 0 }, 0 },
		{ DNS_AAAA, W("0123456789abcdef"), W("0123456789abcdef"), 0 },
		{ DNS_AAAA, W("0123"), { NULL, 0 }, 0 },
		{ DNS_PTR, W("\4Mail\7EXAMPLE\0"), W("mail.example"), 0 },
		{ DNS_PTR, W("\0"), W(""), 0 },
		{ DNS_PTR, W(""), { NULL, 0 }, 0 },
		{ DNS_PTR, W("\4mail\7example"), { NULL, 0 }, 0 },
		{ DNS_PTR, W("\4mail\7exam"), { NULL, 0 }, 0 },
		{ DNS_PTR, W("\4mail\0x"), { NULL, 0 }, 0 },
		{ DNS_PTR, W("\4ma.l\0"), { NULL, 0 }, 0 },
		{ DNS_PTR, W("\4ma l\0"), { NULL, 0 }, 0 },
		{ DNS_PTR, W("\4ma\0l\0"), { NULL, 0 }, 0 },
		{ DNS_PTR, W("\4ma\\l\0"), { NULL, 0 }, 0 },
		{ DNS_PTR, W("\4ma\xfcl\0"), { NULL, 0 }, 0 },
		{ DNS_CNAME, W("\300\14"), { NULL, 0 }, 0 },
		{ DNS_CNAME, W("\100abc\0"), { NULL, 0 }, 0 },
		{ DNS_MX, W("\1\2\2mx\0"), W("mx"), 258 },
		{ DNS_MX, W("\0\0\0"), W(""), 0 },
		{ DNS_MX, W("\0\12"), { NULL, 0 }, 0 },
		{ DNS_TXT, W("\3abc\0\2de"), W("abcde"), 0 },
		{ DNS_TXT, W("\0"), W(""), 0 },
		{ DNS_TXT, W("\2\0\377"), W("\0\377"), 0 },
		{ DNS_TXT, W(""), { NULL, 0 }, 0 },
		{ DNS_TXT, W("\3ab"), { NULL, 0 }, 0 },
		{ DNS_TXT, W("\2ab\377"), { NULL, 0 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dns_record got;
		bool ok = dns_read_record(arena, rows[i].type, rows[i].rdata, &got);

		if (ok != (rows[i].wanted.at != NULL))
			fail_msg("row %zu: %d", i, ok);
		if (ok && (!str_eq(got.data, rows[i].wanted) ||
			   got.preference != rows[i].preference))
			fail_msg("row %zu: other data", i);
	}
}

static void what_is_too_long_is_refused(void **state)
{
	static char rdata[65536];
	struct dns_record got;
	size_t n = 0;

	(void)state;
	for (; n < 300; n += 64) {
		rdata[n] = 63;
		memset(rdata + n + 1, 'x', 63);
	}
	rdata[n++] = 0;
	assert_false(dns_read_record(arena, DNS_PTR, (struct str){ rdata, n }, &got));

	/* 255 bytes on the wire are 253 in text. */
	memset(rdata, 'x', sizeof(rdata));
	rdata[0] = rdata[64] = rdata[128] = 63;
	rdata[192] = 61;
	rdata[254] = 0;
	assert_true(dns_read_record(arena, DNS_PTR, (struct str){ rdata, 255 }, &got));
	assert_int_equal(got.data.n, DNS_NAME_MAX);
	rdata[192] = 62;
	rdata[255] = 0;
	assert_false(dns_read_record(arena, DNS_PTR, (struct str){ rdata, 256 }, &got));

	memset(rdata, 0, sizeof(rdata));
	assert_true(dns_read_record(arena, DNS_TXT, (struct str){ rdata, DNS_STRINGS_MAX }, &got));
	assert_false(
		dns_read_record(arena, DNS_TXT, (struct str){ rdata, DNS_STRINGS_MAX + 1 }, &got));
	for (n = 0; n + 256 <= sizeof(rdata); n += 256)
		rdata[n] = (char)255;
	assert_true(dns_read_record(arena, DNS_TXT, (struct str){ rdata, DNS_DATA_MAX }, &got));
	assert_false(
		dns_read_record(arena, DNS_TXT, (struct str){ rdata, DNS_DATA_MAX + 256 }, &got));
}

static void a_full_arena_is_a_refusal(void **state)
{
	struct arena *small = arena_new(16);
	struct dns_record got;

	(void)state;
	assert_false(dns_read_record(small, DNS_TXT, STR("\22a text of 18 bytes"), &got));
	assert_false(dns_read_record(small, DNS_PTR, STR("\21a-name-of-17-byte\0"), &got));
	arena_free(small);
}

static void names_that_may_be_asked_for_are_told(void **state)
{
	static const struct {
		struct str name;
		bool wanted;
	} rows[] = {
		{ W("example"), true },
		{ W("example."), true },
		{ W("a.b.example.com"), true },
		{ W("_spf.example.com"), true },
		{ W("a@b=c!d.example.com"), true },
		{ W(L63 ".example"), false },
		{ W("x"), true },
		{ W(""), false },
		{ W("."), false },
		{ W(".."), false },
		{ W("a..b"), false },
		{ W(".a"), false },
		{ W("a.."), false },
		{ W("a b"), true }, /* a macro of SPF may give it */
		{ W("a\\b"), false },
		{ W("a\0b"), false },
		{ W("a\177"), false },
		{ W("\374ber.example"), false },
	};
	char name[300];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (dns_name_is_valid(rows[i].name) != rows[i].wanted)
			fail_msg("row %zu", i);
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 ? '.' : 'a';
	assert_true(dns_name_is_valid((struct str){ name, DNS_NAME_MAX }));
	assert_true(dns_name_is_valid((struct str){ name, DNS_NAME_MAX + 1 }));
	assert_false(dns_name_is_valid((struct str){ name, DNS_NAME_MAX + 2 }));
	memset(name, 'a', sizeof(name));
	assert_true(dns_name_is_valid((struct str){ name, 63 }));
	assert_false(dns_name_is_valid((struct str){ name, 64 }));
}

static void addresses_are_reversed_into_names(void **state)
{
	char name[DNS_NAME_MAX + 1];
	struct ip ip;

	(void)state;
	assert_true(ip_parse(STR("192.0.2.99"), &ip));
	assert_true(dns_reversed_to(name, &ip, "list.example"));
	assert_string_equal(name, "99.2.0.192.list.example");
	dns_reverse_name(name, &ip);
	assert_string_equal(name, "99.2.0.192.in-addr.arpa");
	assert_true(ip_parse(STR("2001:db8:1:2:3:4:567:89ab"), &ip));
	dns_reverse_name(name, &ip);
	assert_string_equal(name,
			    "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2."
			    "ip6.arpa");
	assert_false(dns_reversed_to(name, &ip, "not..a.zone"));
}

static void types_have_names(void **state)
{
	enum dns_type type;

	(void)state;
	assert_string_equal(dns_type_name(DNS_AAAA), "AAAA");
	assert_true(dns_type_parse(STR("txt"), &type));
	assert_int_equal(type, DNS_TXT);
	assert_false(dns_type_parse(STR("ANY"), &type));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rdata_becomes_a_record_or_is_refused),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(a_full_arena_is_a_refusal),
		cmocka_unit_test(names_that_may_be_asked_for_are_told),
		cmocka_unit_test(addresses_are_reversed_into_names),
		cmocka_unit_test(types_have_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
