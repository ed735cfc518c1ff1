/* test_dns_client: what a loop asks of DNS, with a resolver that is a list in the test.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "net/dns_private.h"

#define QUESTION(text, kind)                         \
	(struct dns_question)                        \
	{                                            \
		.name = str_of(text), .type = (kind) \
	}

struct world {
	struct loop *loop;
	struct timer *stop;
	unsigned rounds;
	struct inbox asker, lists;
	struct dns_tally tally;
	struct dns_client *client;
	struct dns_query *other; /* cancelled by an answer */
	unsigned answers;
	enum dns_status last;
	char why[64];
	char data[16];
};

/* Not before the loop has looked at all that is there once more. */
static void on_stop(void *owner)
{
	struct world *w = owner;

	if (w->rounds--)
		timer_set(w->stop, 0);
	else
		loop_stop(w->loop);
}

static void begin(struct world *w)
{
	*w = (struct world){ .loop = loop_new() };
	w->stop = timer_new(w->loop, on_stop, w);
	inbox_init(&w->asker, NULL, NULL);
	inbox_init(&w->lists, NULL, NULL);
	w->client = dns_client_new_with(
		w->loop, (struct inbox *const[DNS_RANKS]){ &w->asker, &w->asker, &w->lists },
		&w->tally);
}

static void drop_all(struct inbox *asker)
{
	struct list jobs, *link;

	list_init(&jobs);
	inbox_close(asker);
	inbox_take_all(asker, &jobs);
	while ((link = list_pop(&jobs)))
		dns_job_free(LIST_ITEM(link, struct dns_job, link));
}

static void end(struct world *w)
{
	drop_all(&w->asker);
	drop_all(&w->lists);
	dns_client_free(w->client);
	timer_free(w->stop);
	loop_free(w->loop);
	inbox_done(&w->asker);
	inbox_done(&w->lists);
}

static void run(struct world *w)
{
	w->rounds = 2;
	timer_set(w->stop, 0);
	loop_run(w->loop);
}

static void on_answer(void *owner, const struct dns_answer *answer)
{
	struct world *w = owner;

	w->answers++;
	w->last = answer->status;
	(void)snprintf(w->why, sizeof(w->why), "%s", answer->why);
	if (answer->n)
		(void)snprintf(w->data, sizeof(w->data), "%.*s", STR_ARGS(answer->records[0].data));
}

static void on_answer_that_cancels(void *owner, const struct dns_answer *answer)
{
	struct world *w = owner;

	on_answer(owner, answer);
	dns_cancel(w->other);
	w->other = NULL;
}

static struct dns_query *ask(struct world *w, const char *name)
{
	return dns_ask(w->client, &QUESTION(name, DNS_TXT), on_answer, w);
}

static void ask_and_forget(struct world *w, const char *name)
{
	struct dns_query *q = ask(w, name);

	(void)q;
}

/* The next question that reached the resolver; NULL: none. */
static struct dns_job *next(struct world *w)
{
	struct list jobs, *link;

	list_init(&jobs);
	inbox_take_all(&w->asker, &jobs);
	link = list_pop(&jobs);
	if (!list_is_empty(&jobs))
		inbox_put_all(&w->asker, &jobs);
	return link ? LIST_ITEM(link, struct dns_job, link) : NULL;
}

static void give(struct world *w, struct dns_job *job, const struct dns_answer *answer)
{
	job->answer = dns_block_new(answer);
	assert_true(inbox_put(job->back, &job->link));
	run(w);
}

static void give_text(struct world *w, struct dns_job *job, const char *text)
{
	const struct dns_record record = { .data = str_of(text) };

	give(w, job,
	     &(struct dns_answer){
		     .status = DNS_FOUND, .records = &record, .n = 1, .ttl_s = 60, .why = "" });
}

static void give_error(struct world *w, struct dns_job *job)
{
	give(w, job, &(struct dns_answer){ .status = DNS_ERROR, .why = "timeout" });
}

static bool is_cached(struct world *w, const char *name, struct dns_answer *ret)
{
	return dns_cached(w->client, &QUESTION(name, DNS_TXT), ret);
}

static uint64_t counted(struct world *w, enum dns_counter c)
{
	return atomic_load(&w->tally.counters[c]);
}

/* -- */

static void what_is_known_is_not_asked_again(void **state)
{
	struct dns_answer answer;
	struct world w;

	(void)state;
	begin(&w);
	assert_false(is_cached(&w, "a.test", &answer));
	ask_and_forget(&w, "a.test");
	give_text(&w, next(&w), "one");
	assert_int_equal(w.answers, 1);
	assert_string_equal(w.data, "one");
	assert_true(is_cached(&w, "A.Test.", &answer));
	assert_int_equal(answer.status, DNS_FOUND);
	assert_int_equal(answer.n, 1);
	ask_and_forget(&w, "a.test");
	assert_int_equal(w.answers, 1); /* never from inside the call */
	run(&w);
	assert_int_equal(w.answers, 2);
	assert_null(next(&w));
	assert_int_equal(counted(&w, DNS_COUNT_asked), 1);
	assert_int_equal(counted(&w, DNS_COUNT_cached), 2);
	end(&w);
}

static void types_of_a_name_are_told_apart(void **state)
{
	struct dns_answer answer;
	struct world w;

	(void)state;
	begin(&w);
	ask_and_forget(&w, "a.test");
	give_text(&w, next(&w), "one");
	assert_false(dns_cached(w.client, &QUESTION("a.test", DNS_A), &answer));
	end(&w);
}

static void the_same_question_of_many_is_asked_once(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	for (unsigned i = 0; i < 500; i++)
		ask_and_forget(&w, i % 2 ? "a.test" : "A.TEST.");

	struct dns_job *job = next(&w);

	assert_non_null(job);
	assert_null(next(&w));
	give_text(&w, job, "one");
	assert_int_equal(w.answers, 500);
	assert_int_equal(counted(&w, DNS_COUNT_asked), 1);
	assert_int_equal(counted(&w, DNS_COUNT_joined), 499);
	end(&w);
}

static void no_answer_comes_after_cancel(void **state)
{
	struct dns_answer answer;
	struct world w;

	(void)state;
	begin(&w);

	struct dns_query *q = ask(&w, "a.test");

	ask_and_forget(&w, "a.test");
	dns_cancel(q);
	give_text(&w, next(&w), "one");
	assert_int_equal(w.answers, 1);
	/* Also of one that is known already; the answer was kept for the next. */
	q = ask(&w, "a.test");
	dns_cancel(q);
	run(&w);
	assert_int_equal(w.answers, 1);
	q = ask(&w, "b.test");
	dns_cancel(q);
	give_text(&w, next(&w), "two");
	assert_int_equal(w.answers, 1);
	assert_true(is_cached(&w, "b.test", &answer));
	end(&w);
}

static void an_answer_may_cancel_another_that_is_just_being_told(void **state)
{
	struct dns_query *first;
	struct world w;

	(void)state;
	begin(&w);
	first = dns_ask(w.client, &QUESTION("a.test", DNS_TXT), on_answer_that_cancels, &w);
	(void)first;
	w.other = ask(&w, "a.test");
	give_text(&w, next(&w), "one");
	assert_int_equal(w.answers, 1);
	assert_null(w.other);
	end(&w);
}

static void errors_are_remembered_until_a_late_answer_comes(void **state)
{
	struct dns_answer answer;
	struct world w;

	(void)state;
	begin(&w);
	ask_and_forget(&w, "dead.test");
	give_error(&w, next(&w));
	assert_int_equal(w.last, DNS_ERROR);
	assert_string_equal(w.why, "timeout");
	assert_true(is_cached(&w, "dead.test", &answer));
	assert_int_equal(answer.status, DNS_ERROR);

	struct dns_job *late = mem_alloc(sizeof(*late));

	list_init(&late->link);
	late->back = NULL;
	late->type = DNS_TXT;
	(void)snprintf(late->name, sizeof(late->name), "dead.test");
	/* As the resolver sends it: to the port that the client named, with nobody waiting. */
	ask_and_forget(&w, "other.test");

	struct dns_job *other = next(&w);

	late->back = other->back;
	give_text(&w, late, "late");
	assert_true(is_cached(&w, "dead.test", &answer));
	assert_int_equal(answer.status, DNS_FOUND);
	assert_int_equal(w.answers, 1);
	dns_job_free(other);
	end(&w);
}

static void names_that_cannot_be_asked_for_are_not_there(void **state)
{
	struct dns_answer answer;
	char label[80];
	struct world w;

	(void)state;
	begin(&w);
	memset(label, 'x', 64);
	label[64] = '\0';
	assert_true(is_cached(&w, "", &answer));
	assert_true(is_cached(&w, "a..b", &answer));
	assert_int_equal(answer.status, DNS_NONE);
	assert_true(dns_cached(w.client, &QUESTION(label, DNS_A), &answer));
	assert_int_equal(answer.status, DNS_NONE);
	ask_and_forget(&w, "a\\b");
	assert_int_equal(w.answers, 0);
	run(&w);
	assert_int_equal(w.answers, 1);
	assert_int_equal(w.last, DNS_NONE);
	dns_prefetch(w.client, &QUESTION("a\\b", DNS_A));
	assert_null(next(&w));
	end(&w);
}

static void what_is_asked_ahead_is_there_when_it_is_wanted(void **state)
{
	struct dns_answer answer;
	struct world w;

	(void)state;
	begin(&w);
	dns_prefetch(w.client, &QUESTION("a.test", DNS_TXT));
	dns_prefetch(w.client, &QUESTION("a.test", DNS_TXT));
	ask_and_forget(&w, "a.test");
	give_text(&w, next(&w), "one");
	assert_null(next(&w));
	assert_int_equal(w.answers, 1);
	dns_prefetch(w.client, &QUESTION("a.test", DNS_TXT));
	assert_null(next(&w));
	assert_true(is_cached(&w, "a.test", &answer));
	end(&w);
}

static void past_the_bound_of_questions_the_answer_is_an_error_that_is_not_kept(void **state)
{
	struct dns_answer answer;
	struct world w;
	char name[32];
	unsigned n = 0;

	(void)state;
	begin(&w);
	while (counted(&w, DNS_COUNT_refused) == 0 && n < 100000) {
		(void)snprintf(name, sizeof(name), "n%u.test", n++);
		ask_and_forget(&w, name);
	}
	assert_true(n > 1000 && n < 10000);
	run(&w);
	assert_int_equal(w.answers, 1);
	assert_int_equal(w.last, DNS_ERROR);
	assert_false(is_cached(&w, name, &answer));
	/* Who asks what is in flight is welcome. */
	ask_and_forget(&w, "n1.test");
	run(&w);
	assert_int_equal(w.answers, 1);
	end(&w);
}

/* Questions of that rank that are put before one is refused. */
static unsigned fill(struct world *w, enum dns_rank rank)
{
	uint64_t refused = counted(w, DNS_COUNT_refused);
	char name[32];
	unsigned n = 0;

	for (; counted(w, DNS_COUNT_refused) == refused && n < 100000; n++) {
		struct dns_question q = QUESTION(name, DNS_TXT);

		(void)snprintf(name, sizeof(name), "r%d-%u.test", (int)rank, n);
		q.name = str_of(name);
		q.rank = rank;
		dns_prefetch(w->client, &q);
	}
	return n - 1;
}

static void what_strangers_choose_leaves_room_for_what_they_do_not(void **state)
{
	struct world w;
	unsigned names;

	(void)state;
	begin(&w);
	names = fill(&w, DNS_OF_NAMES);
	assert_true(names > 1000);
	assert_int_equal(fill(&w, DNS_OF_CLIENT), names / 2);
	assert_int_equal(fill(&w, DNS_OF_LISTS), names / 2);
	end(&w);
}

/* A client that greets with the name under which it is listed asks for that name itself, and what
 * becomes of its question is not what the list says. */
static void a_question_of_one_rank_does_not_stand_for_another(void **state)
{
	struct dns_question q = QUESTION("9.2.0.192.list.test", DNS_A);
	struct dns_answer answer;
	struct world w;
	struct list jobs;

	(void)state;
	begin(&w);
	dns_prefetch(w.client, &q);
	give_error(&w, next(&w));
	assert_true(dns_cached(w.client, &q, &answer));
	q.rank = DNS_OF_LISTS;
	assert_false(dns_cached(w.client, &q, &answer));
	dns_prefetch(w.client, &q);
	dns_prefetch(w.client, &q);
	assert_null(next(&w)); /* it goes to the resolver for lists */
	list_init(&jobs);
	inbox_take_all(&w.lists, &jobs);
	give_text(&w, LIST_ITEM(list_pop(&jobs), struct dns_job, link), "no");
	assert_true(list_is_empty(&jobs));
	assert_true(dns_cached(w.client, &q, &answer));
	assert_int_equal(answer.status, DNS_FOUND);
	q.rank = DNS_OF_NAMES;
	assert_true(dns_cached(w.client, &q, &answer));
	assert_int_equal(answer.status, DNS_ERROR);
	end(&w);
}

static void it_ends_with_questions_in_flight(void **state)
{
	struct dns_job *taken;
	struct world w;

	(void)state;
	begin(&w);
	ask_and_forget(&w, "a.test");
	taken = next(&w);
	ask_and_forget(&w, "b.test");
	ask_and_forget(&w, "b.test");
	/* One answer has been sent and not yet been read. */
	taken->answer = dns_block_error("timeout", 1);
	assert_true(inbox_put(taken->back, &taken->link));
	end(&w);
	assert_int_equal(w.answers, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_is_not_asked_again),
		cmocka_unit_test(types_of_a_name_are_told_apart),
		cmocka_unit_test(the_same_question_of_many_is_asked_once),
		cmocka_unit_test(no_answer_comes_after_cancel),
		cmocka_unit_test(an_answer_may_cancel_another_that_is_just_being_told),
		cmocka_unit_test(errors_are_remembered_until_a_late_answer_comes),
		cmocka_unit_test(names_that_cannot_be_asked_for_are_not_there),
		cmocka_unit_test(what_is_asked_ahead_is_there_when_it_is_wanted),
		cmocka_unit_test(
			past_the_bound_of_questions_the_answer_is_an_error_that_is_not_kept),
		cmocka_unit_test(what_strangers_choose_leaves_room_for_what_they_do_not),
		cmocka_unit_test(a_question_of_one_rank_does_not_stand_for_another),
		cmocka_unit_test(it_ends_with_questions_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
