/* test_change_queue: hold, release, retry, delete and flush.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"

#define SOON (clock_wall_ms() + 50)

static size_t due_count(struct store_world *w, int64_t domain)
{
	struct job_due *d = world_due(w, domain, SOON);
	size_t n = d->mail_count;

	job_free(&d->job);
	return n;
}

static void acts_fit_states_or_are_a_conflict(void **state)
{
	static const struct {
		enum queue_act act;
		enum err_kind wanted;
		const char *after; /* state of the row */
	} rows[] = {
		{ QUEUE_RELEASE, ERR_CONFLICT, "queued" }, { QUEUE_RETRY, ERR_CONFLICT, "queued" },
		{ QUEUE_HOLD, ERR_NONE, "held" },          { QUEUE_HOLD, ERR_CONFLICT, "held" },
		{ QUEUE_RETRY, ERR_CONFLICT, "held" },     { QUEUE_RELEASE, ERR_NONE, "queued" },
		{ QUEUE_DELETE, ERR_NONE, NULL },          { QUEUE_DELETE, ERR_NOTFOUND, NULL },
	};
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	msgid id = world_accept(w, domain, STR("x"));

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { .kind = ERR_NONE };
		uint64_t changed = 0;
		bool ok = change_message(w->store, "op", id, rows[i].act, &changed, &e);

		assert_int_equal(ok, rows[i].wanted == ERR_NONE);
		assert_int_equal(e.kind, rows[i].wanted);
		assert_int_equal(changed, ok);
		if (!rows[i].after) {
			assert_int_equal(world_count(w, "SELECT count(*) FROM delivery"), 0);
			continue;
		}
		assert_string_equal(delivery_state_name((enum delivery_state)world_count(
					    w, "SELECT state FROM delivery")),
				    rows[i].after);
		assert_int_equal(due_count(w, domain), rows[i].after[0] == 'q');
	}
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM ledger WHERE state = 6"
					" AND who = 'op'"),
			 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM event WHERE detail = 'by op'"), 3);
	assert_int_equal(world_count(w, "SELECT count(*) FROM audit"), 4);
	world_free(w);
}

static void failed_mail_is_retried_or_deleted_by_domain_or_all(void **state)
{
	struct store_world *w = world_new();
	int64_t one = world_add_domain(w, "one.test"), two = world_add_domain(w, "two.test");
	uint64_t changed;
	struct err e;

	(void)state;
	for (int i = 0; i < 300; i++)
		assert_true(world_settle(w, world_accept(w, one, STR("x")), 0, OUTCOME_FAILED,
					 "550 no", 0));
	assert_true(world_settle(w, world_accept(w, two, STR("x")), 0, OUTCOME_FAILED, "550", 0));
	assert_true(change_failed_all(w->store, "op", "one.test", QUEUE_RETRY, &changed, &e));
	assert_int_equal(changed, 300);
	assert_int_equal(due_count(w, one), 300);
	assert_int_equal(due_count(w, two), 0);
	assert_true(change_failed_all(w->store, "op", NULL, QUEUE_DELETE, &changed, &e));
	assert_int_equal(changed, 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 300);
	assert_true(change_failed_all(w->store, "op", NULL, QUEUE_RETRY, &changed, &e));
	assert_int_equal(changed, 0);
	assert_false(change_failed_all(w->store, "op", NULL, QUEUE_HOLD, &changed, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	world_free(w);
}

static void a_flush_makes_deferred_mail_due(void **state)
{
	struct store_world *w = world_new();
	int64_t one = world_add_domain(w, "one.test"), two = world_add_domain(w, "two.test");
	int64_t later = clock_wall_ms() + 3600000;
	msgid a = world_accept(w, one, STR("x")), b = world_accept(w, two, STR("x"));
	uint64_t changed;
	struct err e;

	(void)state;
	(void)world_accept(w, one, STR("due already"));
	assert_true(world_settle(w, a, 0, OUTCOME_DEFERRED, "451", later));
	assert_true(world_settle(w, b, 0, OUTCOME_DEFERRED, "451", later));
	assert_int_equal(due_count(w, one), 1);
	assert_true(change_flush(w->store, "op", "one.test", &changed, &e));
	assert_int_equal(changed, 2);
	assert_int_equal(due_count(w, one), 2);
	assert_int_equal(due_count(w, two), 0);
	assert_true(change_flush(w->store, "op", NULL, &changed, &e));
	assert_int_equal(changed, 3);
	assert_int_equal(due_count(w, two), 1);
	assert_false(change_flush(w->store, "op", "none.test", &changed, &e));
	assert_int_equal(e.kind, ERR_NOTFOUND);
	world_free(w);
}

/* The cursor's promise: what is released sorts behind what has been read. */
static void what_is_released_comes_behind_the_cursor(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test"), after_ms;
	msgid old = world_accept(w, domain, STR("x")), last;
	uint64_t changed;
	struct err e;
	struct job_due *d;

	(void)state;
	assert_true(change_message(w->store, "op", old, QUEUE_HOLD, &changed, &e));
	last = world_accept(w, domain, STR("y"));
	d = world_due(w, domain, SOON);
	assert_int_equal(d->mail_count, 1);
	assert_true(d->mails[0].id == last);
	after_ms = d->mails[0].next_try_ms;
	job_free(&d->job);
	assert_true(change_message(w->store, "op", old, QUEUE_RELEASE, &changed, &e));
	d = world_due_after(w, domain, after_ms, last, SOON);
	assert_int_equal(d->mail_count, 1);
	assert_true(d->mails[0].id == old && d->mails[0].next_try_ms > after_ms);
	job_free(&d->job);
	world_free(w);
}

static void an_outcome_for_held_mail_leaves_it_held(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	msgid id = world_accept(w, domain, STR("x"));
	uint64_t changed;
	struct err e;

	(void)state;
	/* It was on its way when it was held. */
	assert_true(change_message(w->store, "op", id, QUEUE_HOLD, &changed, &e));
	assert_true(world_settle(w, id, 0, OUTCOME_DEFERRED, "451", clock_wall_ms()));
	assert_int_equal(world_count(w, "SELECT state FROM delivery"), STATE_HELD);
	assert_true(world_settle(w, id, 0, OUTCOME_DELIVERED, "250", 0));
	assert_int_equal(world_count(w, "SELECT state FROM ledger"), STATE_DELIVERED);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acts_fit_states_or_are_a_conflict),
		cmocka_unit_test(failed_mail_is_retried_or_deleted_by_domain_or_all),
		cmocka_unit_test(a_flush_makes_deferred_mail_due),
		cmocka_unit_test(what_is_released_comes_behind_the_cursor),
		cmocka_unit_test(an_outcome_for_held_mail_leaves_it_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
