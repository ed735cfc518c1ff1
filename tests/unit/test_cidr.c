/* test_cidr: addresses and networks as operators write them.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/cidr.h"

static void a_network_holds_what_begins_with_its_bits(void **state)
{
	static const struct {
		const char *net, *ip;
		bool has;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.9", "192.0.2.9", true },
		{ "192.0.2.9", "192.0.2.8", false },
		{ "192.0.2.9/32", "192.0.2.9", true },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "10.0.0.0/9", "10.127.1.1", true },
		{ "10.0.0.0/9", "10.128.0.0", false },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "2001:db8::1", "2001:db8::2", false },
		{ "2001:db8:8000::/33", "2001:db8:7fff::", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", true },
		{ "192.0.2.0/24", "::ffff:192.0.2.77", true },
		{ "::ffff:192.0.2.0/120", "192.0.2.77", true },
		{ "::ffff:192.0.2.0/120", "192.0.3.77", false },
		{ "::/96", "192.0.2.77", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cidr c;
		struct ip ip;

		assert_true(cidr_parse(str_of(rows[i].net), &c));
		assert_true(ip_parse(str_of(rows[i].ip), &ip));
		if (cidr_has(&c, &ip) != rows[i].has)
			fail_msg("%s in %s", rows[i].ip, rows[i].net);
	}
}

static void what_is_no_network_is_refused(void **state)
{
	static const struct str rows[] = {
		STR(""),
		STR("/"),
		STR("/8"),
		STR("192.0.2"),
		STR("10/8"),
		STR("192.0.2.0/"),
		STR("192.0.2.0/33"),
		STR("192.0.2.0/-1"),
		STR("192.0.2.0/24/8"),
		STR("192.0.2.0/024x"),
		STR("192.0.2.0/00000000024"),
		STR("192.0.2.1/24"),
		STR("192.0.2.0/ 24"),
		STR(" 192.0.2.0/24"),
		STR("192.0.2.256"),
		STR("[2001:db8::]/32"),
		STR("2001:db8::/129"),
		STR("2001:db8::1/64"),
		STR("2001:db8::%eth0"),
		STR("::1\0/8"),
		STR("name.example"),
		STR("1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"),
	};
	struct cidr c;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (cidr_parse(rows[i], &c))
			fail_msg("taken: %.*s", STR_ARGS(rows[i]));
}

static void a_mapped_address_is_the_ipv4_one(void **state)
{
	struct ip mapped, plain, six;

	(void)state;
	assert_true(ip_parse(STR("::ffff:192.0.2.9"), &mapped));
	assert_true(ip_parse(STR("192.0.2.9"), &plain));
	assert_true(ip_parse(STR("::192.0.2.9"), &six));
	assert_true(ip_eq(&mapped, &plain));
	assert_true(ip_is_v4(&mapped));
	assert_false(ip_is_v4(&six));
}

static void a_client_stands_for_its_network(void **state)
{
	static const struct {
		const char *ip, *net;
	} rows[] = {
		{ "192.0.2.201", "192.0.2.0" },
		{ "::ffff:192.0.2.201", "192.0.2.0" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
		{ "::1", "::" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ip ip, wanted, net;

		assert_true(ip_parse(str_of(rows[i].ip), &ip));
		assert_true(ip_parse(str_of(rows[i].net), &wanted));
		net = ip_network(&ip, 24, 64);
		assert_true(ip_eq(&net, &wanted));
	}
}

static void an_address_is_written_as_people_do(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "2001:DB8:0:0::1", "2001:db8::1" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[46];
		struct ip ip;

		assert_true(ip_parse(str_of(rows[i].in), &ip));
		assert_true(str_eq(ip_text(&ip, out), str_of(rows[i].out)));
		assert_string_equal(out, rows[i].out);
	}
}

static void a_list_has_what_one_of_it_has(void **state)
{
	struct cidr all[2];
	struct ip in, out;

	(void)state;
	assert_true(cidr_parse(STR("127.0.0.0/8"), &all[0]));
	assert_true(cidr_parse(STR("::1"), &all[1]));
	assert_true(ip_parse(STR("::1"), &in));
	assert_true(ip_parse(STR("::2"), &out));
	assert_true(cidr_any_has(all, 2, &in));
	assert_false(cidr_any_has(all, 1, &in));
	assert_false(cidr_any_has(all, 2, &out));
	assert_false(cidr_any_has(NULL, 0, &in));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_holds_what_begins_with_its_bits),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(a_mapped_address_is_the_ipv4_one),
		cmocka_unit_test(a_client_stands_for_its_network),
		cmocka_unit_test(an_address_is_written_as_people_do),
		cmocka_unit_test(a_list_has_what_one_of_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
