/* test_ask: questions are put once and their answers remembered, for one command.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "policy/ask.h"

/* A backend that answers at once, or never by itself, and counts. */
struct backend {
	bool at_once;
	unsigned puts, last_index;
	struct question last;
	struct answer answer;
};

static bool put(void *world, unsigned index, const struct question *q, struct answer *ret)
{
	struct backend *b = world;

	b->puts++;
	b->last_index = index;
	b->last = *q;
	if (b->at_once)
		*ret = b->answer;
	return b->at_once;
}

static struct arena *arena;
static struct backend backend;
static struct asks *asks;

static int set_up(void **state UNUSED)
{
	arena = arena_new(256 * 1024);
	backend = (struct backend){ .answer = { .status = ANSWER_FOUND, .accept = true } };
	asks = asks_new(arena, &(struct asks_backend){ .put = put, .world = &backend });
	return asks ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	arena_free(arena);
	return 0;
}

static const struct answer *ask_for(int64_t domain, const char *name, const char *base)
{
	return ask(asks, &(struct question){ .kind = ASK_RECIPIENT,
					     .domain = domain,
					     .name = str_of(name),
					     .base = str_of(base) });
}

static void an_answer_at_hand_is_returned_at_once(void **state UNUSED)
{
	const struct answer *a;

	backend.at_once = true;
	a = ask_for(7, "user1", "");
	assert_non_null(a);
	assert_int_equal(a->status, ANSWER_FOUND);
	assert_true(a->accept);
	assert_int_equal(backend.last.domain, 7);
	assert_int_equal(backend.last.kind, ASK_RECIPIENT);
}

static void the_same_question_is_put_once(void **state UNUSED)
{
	assert_null(ask_for(7, "user1", ""));
	assert_null(ask_for(7, "user1", ""));
	assert_int_equal(backend.puts, 1);
	asks_answer(asks, backend.last_index, (struct answer){ .status = ANSWER_NONE });
	assert_int_equal(ask_for(7, "user1", "")->status, ANSWER_NONE);
	assert_ptr_equal(ask_for(7, "user1", ""), ask_for(7, "user1", ""));
	assert_int_equal(backend.puts, 1);
}

static void questions_differ_by_domain_name_and_base(void **state UNUSED)
{
	static const struct {
		int64_t domain;
		const char *name, *base;
	} rows[] = {
		{ 7, "user+tag", "user" },
		{ 8, "user+tag", "user" },
		{ 7, "user+ta", "user" },
		{ 7, "user+tag", "" },
		{ 7, "user+tag", "use" },
		{ 7, "User+tag", "user" },
		{ 7, "", "" },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		assert_null(ask_for(rows[i].domain, rows[i].name, rows[i].base));
		assert_int_equal(backend.puts, i + 1);
		assert_int_equal(backend.last_index, i);
	}
}

static void answers_find_their_questions_in_any_order(void **state UNUSED)
{
	assert_null(ask_for(1, "a", ""));
	assert_null(ask_for(1, "b", ""));
	assert_null(ask_for(1, "c", ""));
	asks_answer(asks, 2, (struct answer){ .status = ANSWER_FOUND, .accept = true });
	assert_null(ask_for(1, "a", ""));
	asks_answer(asks, 0, (struct answer){ .status = ANSWER_NONE });
	assert_null(ask_for(1, "b", ""));
	asks_answer(asks, 1, (struct answer){ .status = ANSWER_FOUND });
	assert_int_equal(ask_for(1, "a", "")->status, ANSWER_NONE);
	assert_false(ask_for(1, "b", "")->accept);
	assert_true(ask_for(1, "c", "")->accept);
}

static void a_question_outlives_the_words_it_was_put_in(void **state UNUSED)
{
	char name[] = "user1", base[] = "user2";

	assert_null(ask_for(1, name, base));
	memset(name, 'x', 5);
	memset(base, 'x', 5);
	assert_true(str_eq(backend.last.name, STR("user1")));
	assert_true(str_eq(backend.last.base, STR("user2")));
	assert_null(ask_for(1, "user1", "user2"));
	assert_int_equal(backend.puts, 1);
}

static void dns_leaves_places_for_what_decides(void **state UNUSED)
{
	unsigned put_before;
	char name[32];

	for (unsigned i = 0; i < ASKS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%u.example", i);
		(void)ask_dns(asks, str_of(name), DNS_A, DNS_OF_NAMES);
	}
	put_before = backend.puts;
	for (unsigned i = 0; i < ASKS_KEPT; i++) {
		(void)snprintf(name, sizeof(name), "user%u", i);
		assert_null(ask_for(1, name, ""));
	}
	assert_int_equal(backend.puts, put_before + ASKS_KEPT);
}

static void past_the_maximum_the_answer_is_an_error(void **state UNUSED)
{
	char name[16];

	backend.at_once = true;
	for (unsigned i = 0; i < ASKS_MAX; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		assert_int_equal(ask_for(1, name, "")->status, ANSWER_FOUND);
	}
	assert_int_equal(ask_for(1, "one more", "")->status, ANSWER_ERROR);
	assert_int_equal(ask_for(1, "and more", "")->status, ANSWER_ERROR);
	assert_int_equal(backend.puts, ASKS_MAX);
	assert_int_equal(ask_for(1, "user0", "")->status, ANSWER_FOUND);
	snprintf(name, sizeof(name), "user%u", ASKS_MAX - 1);
	assert_int_equal(ask_for(1, name, "")->status, ANSWER_FOUND);
}

static void a_new_command_asks_anew(void **state UNUSED)
{
	backend.at_once = true;
	assert_true(ask_for(1, "user1", "")->accept);
	backend.answer.accept = false;
	assert_true(ask_for(1, "user1", "")->accept);
	asks_forget(asks);
	assert_false(ask_for(1, "user1", "")->accept);
	assert_int_equal(backend.puts, 2);
	assert_int_equal(backend.last_index, 0);
}

static void a_question_that_does_not_fit_the_mail_is_an_error(void **state UNUSED)
{
	backend.at_once = true;
	for (size_t n = 256 * 1024; n; n /= 2)
		while (arena_alloc(arena, n))
			;
	assert_int_equal(ask_for(1, "user1", "")->status, ANSWER_ERROR);
	assert_int_equal(backend.puts, 0);
}

static void no_asks_without_memory(void **state UNUSED)
{
	struct arena *tiny = arena_new(16);

	assert_null(asks_new(tiny, &(struct asks_backend){ .put = put, .world = &backend }));
	arena_free(tiny);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_at_hand_is_returned_at_once),
		T(the_same_question_is_put_once),
		T(questions_differ_by_domain_name_and_base),
		T(answers_find_their_questions_in_any_order),
		T(a_question_outlives_the_words_it_was_put_in),
		T(dns_leaves_places_for_what_decides),
		T(past_the_maximum_the_answer_is_an_error),
		T(a_new_command_asks_anew),
		T(a_question_that_does_not_fit_the_mail_is_an_error),
		T(no_asks_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
