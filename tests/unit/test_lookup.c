/* test_lookup: what a loop remembers of the recipients, and when it must not.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "relay/lookup.h"

#define L64 "1234567890123456789012345678901234567890123456789012345678901234"

static struct settings_board board;
static struct lookup_cache *cache;

static int set_up(void **state UNUSED)
{
	atomic_init(&board.recipients_version, 0);
	cache = lookup_cache_new(&board);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	lookup_cache_free(cache);
	return 0;
}

static struct answer learn_at(uint64_t version, int64_t domain, const char *local, const char *base,
			      enum recipient_found found)
{
	return lookup_learn(cache,
			    &(struct job_recipient){ .job = { .ok = true },
						     .domain = domain,
						     .local = str_of(local),
						     .base = str_of(base),
						     .found = found },
			    version);
}

static struct answer learn(int64_t domain, const char *local, const char *base,
			   enum recipient_found found)
{
	return learn_at(lookup_version(cache), domain, local, base, found);
}

static bool knows(int64_t domain, const char *local, const char *base, struct answer *ret)
{
	return lookup_cached(cache,
			     &(struct question){ .kind = ASK_RECIPIENT,
						 .domain = domain,
						 .name = str_of(local),
						 .base = str_of(base) },
			     ret);
}

static void what_the_store_found_becomes_an_answer(void **state UNUSED)
{
	static const struct {
		enum recipient_found found;
		struct answer answer;
	} rows[] = {
		{ RECIPIENT_ACCEPT, { .status = ANSWER_FOUND, .accept = true } },
		{ RECIPIENT_REJECT, { .status = ANSWER_FOUND, .accept = false } },
		{ RECIPIENT_UNKNOWN, { .status = ANSWER_NONE, .accept = false } },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct answer first = learn(1, "user1", "", rows[i].found), again;

		assert_int_equal(first.status, rows[i].answer.status);
		assert_int_equal(first.accept, rows[i].answer.accept);
		assert_true(knows(1, "user1", "", &again));
		assert_int_equal(again.status, rows[i].answer.status);
		assert_int_equal(again.accept, rows[i].answer.accept);
	}
}

static void nothing_is_known_at_first(void **state UNUSED)
{
	struct answer a;

	assert_false(knows(1, "user1", "", &a));
	assert_false(knows(0, "", "", &a));
}

static void a_failed_lookup_is_an_error_and_not_remembered(void **state UNUSED)
{
	struct job_recipient failed = { .job = { .ok = false },
					.domain = 1,
					.local = STR("user1"),
					.found = RECIPIENT_ACCEPT };
	struct answer a = lookup_learn(cache, &failed, lookup_version(cache));

	assert_int_equal(a.status, ANSWER_ERROR);
	assert_false(knows(1, "user1", "", &a));
}

/* Its time may be over at the next question, and no change tells of that. */
static void what_a_primary_refused_before_is_not_remembered(void **state UNUSED)
{
	struct job_recipient heard = { .job = { .ok = true },
				       .domain = 1,
				       .local = STR("user1"),
				       .found = RECIPIENT_REJECT,
				       .heard = true };
	struct answer a = lookup_learn(cache, &heard, lookup_version(cache));

	assert_int_equal(a.status, ANSWER_FOUND);
	assert_false(a.accept);
	assert_false(knows(1, "user1", "", &a));
	heard.found = RECIPIENT_ACCEPT;
	lookup_learn(cache, &heard, lookup_version(cache));
	assert_true(knows(1, "user1", "", &a));
	assert_true(a.heard);
}

static void any_change_of_recipients_voids_all(void **state UNUSED)
{
	struct answer a;

	learn(1, "user1", "", RECIPIENT_ACCEPT);
	learn(2, "user2", "", RECIPIENT_UNKNOWN);
	atomic_fetch_add(&board.recipients_version, 1);
	assert_false(knows(1, "user1", "", &a));
	assert_false(knows(2, "user2", "", &a));
	learn(1, "user1", "", RECIPIENT_REJECT);
	assert_true(knows(1, "user1", "", &a));
	assert_false(a.accept);
}

static void an_answer_that_a_change_overtook_is_used_once(void **state UNUSED)
{
	uint64_t asked_at = lookup_version(cache);
	struct answer a;

	atomic_fetch_add(&board.recipients_version, 1);
	a = learn_at(asked_at, 1, "user1", "", RECIPIENT_UNKNOWN);
	assert_int_equal(a.status, ANSWER_NONE);
	assert_false(knows(1, "user1", "", &a));
}

static void domain_name_and_base_make_the_difference(void **state UNUSED)
{
	struct answer a;

	learn(1, "user+tag", "user", RECIPIENT_ACCEPT);
	assert_true(knows(1, "user+tag", "user", &a));
	assert_false(knows(2, "user+tag", "user", &a));
	assert_false(knows(1, "user+tag", "", &a));
	assert_false(knows(1, "user+ta", "user", &a));
	assert_false(knows(1, "user+tagx", "user", &a));
	assert_false(knows(1, "user", "", &a));
}

static void the_longest_local_part_is_remembered_and_no_longer_one(void **state UNUSED)
{
	struct answer a;

	learn(1, L64, "", RECIPIENT_ACCEPT);
	assert_true(knows(1, L64, "", &a));
	assert_true(a.accept);
	a = learn(1, L64 "5", "", RECIPIENT_ACCEPT);
	assert_true(a.accept);
	assert_false(knows(1, L64 "5", "", &a));
	assert_true(knows(1, L64, "", &a));
}

/* More users than places: an older answer goes, a wrong one is never given. */
static void full_it_forgets_but_never_confuses(void **state UNUSED)
{
	char name[32];
	unsigned known = 0;
	struct answer a;

	for (unsigned i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		learn(1 + i % 3, name, "", i % 7 ? RECIPIENT_ACCEPT : RECIPIENT_REJECT);
		assert_true(knows(1 + i % 3, name, "", &a));
	}
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		if (!knows(1 + i % 3, name, "", &a))
			continue;
		assert_int_equal(a.accept, i % 7 != 0);
		known++;
	}
	assert_in_range(known, 1000, 2048);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_the_store_found_becomes_an_answer),
		T(nothing_is_known_at_first),
		T(a_failed_lookup_is_an_error_and_not_remembered),
		T(what_a_primary_refused_before_is_not_remembered),
		T(any_change_of_recipients_voids_all),
		T(an_answer_that_a_change_overtook_is_used_once),
		T(domain_name_and_base_make_the_difference),
		T(the_longest_local_part_is_remembered_and_no_longer_one),
		T(full_it_forgets_but_never_confuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
