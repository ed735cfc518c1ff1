/* test_spf: what SPF asks, and when.  What it says stands in the tables of tests/spf.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "policy/spf.h"

#define ASKED_MAX 200

/* A DNS that never answers by itself. */
static struct {
	char asked[ASKED_MAX][300]; /* "TYPE name" */
	unsigned n;
} dns;

static struct arena *arena;
static struct asks *asks;
static struct spf_result result;

static bool put(void *world UNUSED, unsigned index, const struct question *q,
		struct answer *ret UNUSED)
{
	assert_int_equal(q->kind, ASK_DNS);
	assert_int_equal(index, dns.n);
	assert_true(dns.n < ASKED_MAX);
	snprintf(dns.asked[dns.n++], sizeof(dns.asked[0]), "%s %.*s", dns_type_name(q->type),
		 STR_ARGS(q->name));
	return false;
}

static int set_up(void **state UNUSED)
{
	arena = arena_new(1024 * 1024);
	asks = asks_new(arena, &(struct asks_backend){ .put = put });
	dns.n = 0;
	return asks ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	arena_free(arena);
	return 0;
}

static enum spf check(void)
{
	struct spf_query q = {
		.helo = STR("helo.test"),
		.local = STR("a"),
		.domain = STR("B.Test"),
		.receiver = STR("mx.test"),
	};

	assert_true(ip_parse(STR("192.0.2.1"), &q.client));
	return spf_check(asks, &q, &result);
}

static unsigned number_of(const char *question)
{
	for (unsigned i = 0; i < dns.n; i++)
		if (strcmp(dns.asked[i], question) == 0)
			return i;
	print_message("never asked: %s\n", question);
	fail();
	return 0;
}

/* Answers with records of these texts, up to NULL. */
static void answer(const char *question, const char *const texts[])
{
	struct dns_record *records = arena_alloc(arena, 20 * sizeof(*records));
	size_t n = 0;

	assert_non_null(records);
	for (; texts[n]; n++)
		records[n].data = str_of(texts[n]);
	asks_answer(asks, number_of(question),
		    (struct answer){ .status = n ? ANSWER_FOUND : ANSWER_NONE,
				     .records = records,
				     .record_count = n });
}

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void nothing_is_asked_before_the_record_is_there(void **state UNUSED)
{
	assert_int_equal(check(), SPF_WAIT);
	assert_int_equal(check(), SPF_WAIT);
	assert_int_equal(dns.n, 1);
	assert_string_equal(dns.asked[0], "TXT b.test");
}

static void the_terms_of_a_record_are_asked_together(void **state UNUSED)
{
	assert_int_equal(check(), SPF_WAIT);
	answer("TXT b.test", TEXTS("v=spf1 include:One.test. include:two.test a mx:three.test "
				   "ip4:198.51.100.1 exists:four.test -all include:never.test"));
	assert_int_equal(check(), SPF_WAIT);
	assert_int_equal(dns.n, 5);
	(void)number_of("TXT one.test");
	(void)number_of("TXT two.test");
	(void)number_of("A b.test");
	(void)number_of("MX three.test");
}

static void what_stands_behind_a_match_is_not_asked(void **state UNUSED)
{
	assert_int_equal(check(), SPF_WAIT);
	answer("TXT b.test", TEXTS("v=spf1 include:one.test ip4:192.0.2.0/24 include:two.test"));
	assert_int_equal(check(), SPF_WAIT);
	assert_int_equal(dns.n, 2);
}

static void no_more_is_asked_ahead_than_may_be_looked_up(void **state UNUSED)
{
	assert_int_equal(check(), SPF_WAIT);
	answer("TXT b.test",
	       TEXTS("v=spf1 a:a.test a:b.test a:c.test a:d.test a:e.test a:f.test a:g.test "
		     "a:h.test a:i.test a:j.test a:k.test a:l.test a:m.test -all"));
	assert_int_equal(check(), SPF_WAIT);
	assert_int_equal(dns.n, 1 + 10);
}

static void all_hosts_of_an_mx_are_asked_together(void **state UNUSED)
{
	assert_int_equal(check(), SPF_WAIT);
	answer("TXT b.test", TEXTS("v=spf1 mx -all"));
	assert_int_equal(check(), SPF_WAIT);
	answer("MX b.test", TEXTS("one.test", "two.test", "three.test"));
	assert_int_equal(check(), SPF_WAIT);
	assert_int_equal(dns.n, 5);
	asks_answer(asks, number_of("A two.test"),
		    (struct answer){ .status = ANSWER_FOUND,
				     .records = &(struct dns_record){ .data = STR("\xc0\0\2\1") },
				     .record_count = 1 });
	assert_int_equal(check(), SPF_PASS);
	assert_string_equal(result.mechanism, "mx");
}

static void names_of_the_client_elsewhere_are_not_asked(void **state UNUSED)
{
	assert_int_equal(check(), SPF_WAIT);
	answer("TXT b.test", TEXTS("v=spf1 ptr -all"));
	assert_int_equal(check(), SPF_WAIT);
	answer("PTR 1.2.0.192.in-addr.arpa", TEXTS("other.test", "x.b.test", "y.b.test"));
	assert_int_equal(check(), SPF_WAIT);
	assert_int_equal(dns.n, 4);
	(void)number_of("A x.b.test");
	(void)number_of("A y.b.test");
}

static void results_are_named_as_in_header_fields(void **state UNUSED)
{
	static const struct {
		enum spf code;
		const char *name;
	} rows[] = {
		{ SPF_NONE, "none" },           { SPF_NEUTRAL, "neutral" },
		{ SPF_PASS, "pass" },           { SPF_FAIL, "fail" },
		{ SPF_SOFTFAIL, "softfail" },   { SPF_TEMPERROR, "temperror" },
		{ SPF_PERMERROR, "permerror" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(spf_name(rows[i].code), rows[i].name);
}

static void thousands_of_macros_are_a_permerror(void **state UNUSED)
{
	char text[8000] = "v=spf1 exists:";
	size_t n = strlen(text);

	while (n + 10 < sizeof(text)) {
		memcpy(text + n, "%{s}", 5);
		n += 4;
	}
	assert_int_equal(check(), SPF_WAIT);
	answer("TXT b.test", TEXTS(text));
	assert_int_equal(check(), SPF_PERMERROR);
	assert_string_equal(result.reason, "its macros become too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		CLAIM(nothing_is_asked_before_the_record_is_there),
		CLAIM(the_terms_of_a_record_are_asked_together),
		CLAIM(what_stands_behind_a_match_is_not_asked),
		CLAIM(no_more_is_asked_ahead_than_may_be_looked_up),
		CLAIM(all_hosts_of_an_mx_are_asked_together),
		CLAIM(names_of_the_client_elsewhere_are_not_asked),
		CLAIM(results_are_named_as_in_header_fields),
		CLAIM(thousands_of_macros_are_a_permerror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
