/* test_inbox: nothing is lost between threads, and one is woken no more than needed.
 * SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/inbox.h"

struct item {
	struct list link;
	int from, number;
};

static void count_wake(void *arg)
{
	int *wakes = arg;

	++*wakes;
}

static void the_owner_is_woken_once_for_many_items(void **state)
{
	struct item items[4] = { 0 };
	struct list taken, more;
	struct inbox in;
	int wakes = 0;

	(void)state;
	list_init(&taken);
	list_init(&more);
	inbox_init(&in, count_wake, &wakes);
	assert_true(inbox_put_all(&in, &more));
	assert_int_equal(wakes, 0);
	assert_true(inbox_put(&in, &items[0].link));
	assert_true(inbox_put(&in, &items[1].link));
	list_add_tail(&more, &items[2].link);
	list_add_tail(&more, &items[3].link);
	assert_true(inbox_put_all(&in, &more));
	assert_true(list_is_empty(&more));
	assert_int_equal(wakes, 1);

	assert_true(inbox_take_all(&in, &taken));
	for (size_t i = 0; i < 4; i++)
		assert_ptr_equal(list_pop(&taken), &items[i].link);
	assert_null(list_pop(&taken));
	assert_false(inbox_take_all(&in, &taken));
	assert_true(inbox_put(&in, &items[0].link));
	assert_int_equal(wakes, 2);
	inbox_done(&in);
}

static void a_closed_inbox_leaves_items_with_the_caller(void **state)
{
	struct item kept = { 0 }, refused = { 0 };
	struct list taken, more;
	struct inbox in;

	(void)state;
	list_init(&taken);
	list_init(&more);
	inbox_init(&in, NULL, NULL);
	assert_true(inbox_put(&in, &kept.link));
	inbox_close(&in);
	assert_false(inbox_put(&in, &refused.link));
	list_add_tail(&more, &refused.link);
	assert_false(inbox_put_all(&in, &more));
	assert_ptr_equal(list_pop(&more), &refused.link);

	/* What was in it when it closed is still handed out. */
	assert_true(inbox_wait(&in, &taken, -1));
	assert_ptr_equal(list_pop(&taken), &kept.link);
	assert_false(inbox_wait(&in, &taken, -1));
	inbox_done(&in);
}

static void a_wait_ends_with_its_timeout(void **state)
{
	struct list taken;
	struct inbox in;

	(void)state;
	list_init(&taken);
	inbox_init(&in, NULL, NULL);
	assert_true(inbox_wait(&in, &taken, 0));
	assert_true(inbox_wait(&in, &taken, 1));
	assert_true(list_is_empty(&taken));
	inbox_done(&in);
}

enum { PUTTERS = 3, EACH = 5000 };

struct putter {
	struct inbox *in;
	int number;
};

static void *put_many(void *arg)
{
	struct putter *p = arg;

	for (int i = 0; i < EACH; i++) {
		struct item *item = mem_alloc(sizeof(*item));

		item->from = p->number;
		item->number = i;
		(void)inbox_put(p->in, &item->link);
	}
	return NULL;
}

static void items_of_each_thread_arrive_all_and_in_order(void **state)
{
	struct putter putters[PUTTERS];
	pthread_t threads[PUTTERS];
	int next[PUTTERS] = { 0 }, total = 0;
	struct list taken, *l;
	struct inbox in;

	(void)state;
	list_init(&taken);
	inbox_init(&in, NULL, NULL);
	for (int i = 0; i < PUTTERS; i++) {
		putters[i] = (struct putter){ &in, i };
		assert_int_equal(pthread_create(&threads[i], NULL, put_many, &putters[i]), 0);
	}
	while (total < PUTTERS * EACH) {
		assert_true(inbox_wait(&in, &taken, -1));
		while ((l = list_pop(&taken)) != NULL) {
			struct item *item = LIST_ITEM(l, struct item, link);

			assert_int_equal(item->number, next[item->from]++);
			total++;
			free(item);
		}
	}
	for (int i = 0; i < PUTTERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	inbox_done(&in);
}

static void *close_it(void *arg)
{
	inbox_close(arg);
	return NULL;
}

static void closing_wakes_the_one_who_waits(void **state)
{
	pthread_t thread;
	struct list taken;
	struct inbox in;

	(void)state;
	list_init(&taken);
	inbox_init(&in, NULL, NULL);
	assert_int_equal(pthread_create(&thread, NULL, close_it, &in), 0);
	assert_false(inbox_wait(&in, &taken, -1));
	assert_int_equal(pthread_join(thread, NULL), 0);
	inbox_done(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_is_woken_once_for_many_items),
		cmocka_unit_test(a_closed_inbox_leaves_items_with_the_caller),
		cmocka_unit_test(a_wait_ends_with_its_timeout),
		cmocka_unit_test(items_of_each_thread_arrive_all_and_in_order),
		cmocka_unit_test(closing_wakes_the_one_who_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
