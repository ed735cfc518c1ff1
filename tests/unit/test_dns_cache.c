/* test_dns_cache: finished answers are kept for their time, within bounds.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/dns_private.h"

static const struct hash_key seed = { { 1, 2 } };

static struct dns_key key_of(const char *name)
{
	struct dns_key key;

	assert_true(dns_key_make(
		&seed, &(struct dns_question){ .name = str_of(name), .type = DNS_A }, &key));
	return key;
}

static void put(struct dns_cache *c, const char *name, const struct dns_answer *answer,
		int64_t now_ms)
{
	struct dns_block *b = dns_block_new(answer);
	struct dns_key key = key_of(name);

	dns_cache_put(c, &key, b, now_ms);
	dns_block_unref(b);
}

static bool has(struct dns_cache *c, const char *name, int64_t now_ms)
{
	struct dns_key key = key_of(name);

	return dns_cache_find(c, &key, now_ms) != NULL;
}

static struct dns_answer found(unsigned ttl_s)
{
	static const struct dns_record record = { .data = { "\177\0\0\2", 4 } };

	return (struct dns_answer){
		.status = DNS_FOUND, .records = &record, .n = 1, .ttl_s = ttl_s, .why = ""
	};
}

static struct dns_answer none(unsigned ttl_s)
{
	return (struct dns_answer){ .status = DNS_NONE, .ttl_s = ttl_s, .why = "" };
}

/* -- */

static void answers_are_kept_for_their_ttl_within_bounds(void **state)
{
	static const struct {
		enum dns_status status;
		unsigned ttl_s;
		int64_t kept_ms;
	} rows[] = {
		{ DNS_FOUND, 60, 60000 },	{ DNS_FOUND, 0, 5000 },
		{ DNS_FOUND, 4000000000, 3600000 }, { DNS_NONE, 300, 300000 },
		{ DNS_NONE, 0, 5000 },		{ DNS_NONE, 86400, 900000 },
		{ DNS_ERROR, 0, 30000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dns_cache *c = dns_cache_new(8, 65536);
		struct dns_answer answer = found(rows[i].ttl_s);

		answer.status = rows[i].status;
		put(c, "a.test", &answer, 1000);
		assert_true(has(c, "a.test", 1000 + rows[i].kept_ms - 1));
		assert_false(has(c, "a.test", 1000 + rows[i].kept_ms));
		assert_int_equal(dns_cache_entries(c), 0);
		assert_int_equal(dns_cache_bytes(c), 0);
		dns_cache_free(c);
	}
}

static void the_longest_unused_makes_room(void **state)
{
	struct dns_cache *c = dns_cache_new(3, 65536);
	struct dns_answer answer = found(60);

	(void)state;
	put(c, "a.test", &answer, 0);
	put(c, "b.test", &answer, 0);
	put(c, "c.test", &answer, 0);
	assert_true(has(c, "a.test", 1));
	put(c, "d.test", &answer, 1);
	assert_true(has(c, "a.test", 1));
	assert_false(has(c, "b.test", 1));
	assert_true(has(c, "c.test", 1));
	assert_true(has(c, "d.test", 1));
	assert_int_equal(dns_cache_entries(c), 3);
	dns_cache_free(c);
}

static void its_bytes_are_bounded(void **state)
{
	struct dns_cache *c = dns_cache_new(10000, 4096);
	struct dns_answer answer = found(60);
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "n%u.test", i);
		put(c, name, &answer, 0);
		assert_true(dns_cache_bytes(c) <= 4096);
		assert_true(has(c, name, 0));
	}
	assert_true(dns_cache_entries(c) < 40);
	dns_cache_free(c);
}

static void a_newer_answer_takes_the_place_of_the_old(void **state)
{
	struct dns_cache *c = dns_cache_new(8, 65536);
	struct dns_answer one = found(60), two = none(60);
	struct dns_key key = key_of("a.test");

	(void)state;
	put(c, "a.test", &one, 0);
	put(c, "a.test", &two, 0);
	assert_int_equal(dns_cache_find(c, &key, 0)->answer.status, DNS_NONE);
	assert_int_equal(dns_cache_entries(c), 1);
	dns_cache_free(c);
}

static void what_is_not_to_be_kept_is_not(void **state)
{
	struct dns_cache *c = dns_cache_new(8, 65536);
	struct dns_block *b = dns_block_error("too many questions in flight", 0);
	struct dns_key key = key_of("a.test");

	(void)state;
	dns_cache_put(c, &key, b, 0);
	dns_block_unref(b);
	assert_int_equal(dns_cache_entries(c), 0);
	dns_cache_free(c);
}

static void a_block_is_a_deep_copy(void **state)
{
	char text[] = "v=spf1 -all";
	struct dns_record record = { .data = { text, sizeof(text) - 1 }, .preference = 7 };
	struct dns_answer answer = { .status = DNS_FOUND, .records = &record, .n = 1, .why = "" };
	struct dns_block *b = dns_block_new(&answer);

	(void)state;
	memset(text, 'x', sizeof(text));
	record.preference = 0;
	assert_true(str_eq(b->answer.records[0].data, STR("v=spf1 -all")));
	assert_int_equal(b->answer.records[0].preference, 7);
	dns_block_unref(dns_block_ref(b));
	dns_block_unref(b);
}

static void an_answer_that_is_too_large_is_an_error(void **state)
{
	static struct dns_record records[DNS_RECORDS_MAX + 1];
	static char text[DNS_DATA_MAX];
	struct dns_answer answer = { .status = DNS_FOUND, .records = records, .why = "" };
	struct dns_block *b;

	(void)state;
	answer.n = DNS_RECORDS_MAX + 1;
	b = dns_block_new(&answer);
	assert_int_equal(b->answer.status, DNS_ERROR);
	assert_int_equal(b->answer.n, 0);
	dns_block_unref(b);

	for (size_t i = 0; i < 5; i++)
		records[i].data = (struct str){ text, sizeof(text) };
	answer.n = 5;
	b = dns_block_new(&answer);
	assert_int_equal(b->answer.status, DNS_ERROR);
	assert_int_equal(b->keep_ms, DNS_ERROR_KEEP_MS);
	dns_block_unref(b);
	answer.n = 4;
	b = dns_block_new(&answer);
	assert_int_equal(b->answer.status, DNS_FOUND);
	dns_block_unref(b);
}

/* Entries in one chain, whatever their names: as if somebody knew the key. */
static void names_that_collide_are_told_apart(void **state)
{
	struct dns_cache *c = dns_cache_new(1, 65536);
	struct dns_cache *many = dns_cache_new(64, 1 << 20);
	struct dns_answer answer = found(60);
	char name[32];

	(void)state;
	put(c, "a.test", &answer, 0);
	assert_false(has(c, "b.test", 0));
	for (unsigned i = 0; i < 64; i++) {
		struct dns_block *b = dns_block_new(&answer);
		struct dns_key key;

		(void)snprintf(name, sizeof(name), "n%u.test", i);
		key = key_of(name);
		key.hash = 5;
		dns_cache_put(many, &key, b, 0);
		dns_block_unref(b);
	}
	for (unsigned i = 0; i < 64; i++) {
		struct dns_key key;

		(void)snprintf(name, sizeof(name), "n%u.test", i);
		key = key_of(name);
		key.hash = 5;
		assert_non_null(dns_cache_find(many, &key, 0));
	}
	assert_int_equal(dns_cache_entries(many), 64);
	dns_cache_free(c);
	dns_cache_free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_kept_for_their_ttl_within_bounds),
		cmocka_unit_test(the_longest_unused_makes_room),
		cmocka_unit_test(its_bytes_are_bounded),
		cmocka_unit_test(a_newer_answer_takes_the_place_of_the_old),
		cmocka_unit_test(what_is_not_to_be_kept_is_not),
		cmocka_unit_test(a_block_is_a_deep_copy),
		cmocka_unit_test(an_answer_that_is_too_large_is_an_error),
		cmocka_unit_test(names_that_collide_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
