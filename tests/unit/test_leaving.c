/* test_leaving: what a removed domain leaves behind goes in small steps, and all of it.
 *
 * On the backend itself, without threads, so that a step can be looked at; then with them.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "db/backend.h"
#include "db/change_job.h"

#define WAITING "SELECT count(*) FROM delivery WHERE domain = 1"

struct bare {
	struct store_world *w;
	struct backend *db;
	struct batch batch;
};

/* Two domains: gone.test, which is 1, has 1500 messages, the first with a body of 3 MB and for
 * stays.test too, the next with 1000 recipients, the last 100 parked; and 5000 users. */
static struct bare bare_new(void)
{
	struct bare x = { .w = world_new() };
	struct err e;

	assert_int_equal(world_add_domain(x.w, "gone.test"), 1);
	assert_int_equal(world_add_domain(x.w, "stays.test"), 2);
	world_close(x.w);
	world_lock(x.w);
	world_exec(x.w,
		   "CREATE TABLE n AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL"
		   "  SELECT i + 1 FROM c WHERE i < 5000) SELECT i FROM c;"
		   "INSERT INTO message (id, received, size, flags, sender, client, helo, tls,"
		   "  head) SELECT i, i, CASE i WHEN 1 THEN 3000000 ELSE 3 END, 0, 's@e.test', '',"
		   "  '', '', 'abc' FROM n WHERE i <= 1501;"
		   "INSERT INTO chunk SELECT 1, i, zeroblob(262144) FROM n WHERE i <= 11;"
		   "INSERT INTO delivery (message, seq, domain, state, next_try, changed,"
		   "  attempts, recipient, reply, server) SELECT i, 0, CASE i WHEN 1501 THEN 2"
		   "  ELSE 1 END, CASE WHEN i > 1400 AND i <= 1500 THEN 1 + i % 2 ELSE 0 END, i, 0,"
		   "  0, 'u', '', '' FROM n WHERE i <= 1501;"
		   "INSERT INTO delivery (message, seq, domain, state, next_try, changed,"
		   "  attempts, recipient, reply, server) SELECT 2, i, 1, 0, 2, 0, 0, 'u', '', ''"
		   "  FROM n WHERE i < 1000 UNION ALL SELECT 1, 1, 2, 0, 1, 0, 0, 'v', '', '';"
		   "INSERT INTO recipient (domain, local, action, source, added)"
		   "  SELECT 1, 'user' || i, 1, 'list', 0 FROM n UNION ALL"
		   "  SELECT 2, 'user' || i, 1, 'list', 0 FROM n WHERE i < 10;"
		   "INSERT INTO heard SELECT 1, 'user' || i, 1, 'probe', 0, 0, 60, 0, 0 FROM n;"
		   "DROP TABLE n; COMMIT; BEGIN");
	world_unlock(x.w);
	assert_true(sqlite_backend.open_writer(x.w->conf, false, &x.db, &e));
	x.batch.wall_ms = x.batch.turn_ms = clock_wall_ms();
	return x;
}

static void bare_free(struct bare *x)
{
	sqlite_backend.close(x->db);
	free(x->batch.notes);
	world_free(x->w);
}

static void remove_domain(struct bare *x)
{
	struct job_change *c = job_new_change(&x->w->answers, 0);
	struct err e;

	c->what = CHANGE_DOMAIN_REMOVE;
	c->who = STR("op");
	c->audit = STR("domain remove --force gone.test");
	c->domain = STR("gone.test");
	c->force = true;
	assert_true(sqlite_backend.begin(x->db, &e));
	assert_int_equal(sqlite_backend.run(x->db, &c->job, &x->batch), RUN_DONE);
	assert_true(sqlite_backend.commit(x->db, &e));
	assert_int_equal(c->changed, 2499);
	job_free(&c->job);
}

static bool step(struct bare *x, struct tidy *t)
{
	struct err e;
	bool more;

	if (!sqlite_backend.tidy(x->db, t, &more, &e))
		fail_msg("%s", e.text);
	return t->leaving;
}

/* All of the domain is in the ledger, and of the other nothing. */
static void is_gone(struct store_world *w)
{
	assert_int_equal(world_count(w, WAITING), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient WHERE domain = 1"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM heard"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM leaving"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM ledger WHERE state = 6 AND"
					" who = 'op' AND domain = 1 AND domain_name = 'gone.test'"),
			 2499);
	assert_int_equal(world_count(w, "SELECT count(*) FROM ledger"), 2499);
	assert_int_equal(world_count(w, "SELECT count(*) FROM delivery"), 2);
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 2);
	assert_int_equal(world_count(w, "SELECT count(*) FROM chunk"), 11);
	assert_int_equal(world_count(w, "SELECT count(*) FROM recipient"), 9);
}

static void a_domain_is_gone_at_once_and_what_it_leaves_in_small_steps(void **state)
{
	struct tidy t = { .wall_ms = clock_wall_ms(), .leaving = true };
	struct bare x = bare_new();
	int64_t left, before;
	int steps = 0;

	(void)state;
	remove_domain(&x);
	assert_true(x.batch.leaving && x.batch.settings_changed);
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM domain"), 1);
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM route"), 1);
	left = world_count(x.w, WAITING);
	assert_in_range(left, 1, 2498);
	while (step(&x, &t)) {
		before = left;
		left = world_count(x.w, WAITING);
		/* Of one message all together. */
		assert_in_range(before - left, 0, 256 + 1000);
		steps++;
	}
	assert_in_range(steps, 8, 30);
	is_gone(x.w);
	bare_free(&x);
}

static void steps_that_a_crash_has_kept_from_being_taken_are_taken_after_it(void **state)
{
	const struct change_pair primary = { "primary", "127.0.0.1:2525" };
	struct tidy t = { .wall_ms = clock_wall_ms(), .leaving = true };
	struct bare x = bare_new();
	uint64_t changed;
	struct err e;

	(void)state;
	remove_domain(&x);
	assert_true(step(&x, &t));
	sqlite_backend.close(x.db);
	x.db = NULL;
	assert_true(world_count(x.w, WAITING) > 0);
	world_open(x.w);
	/* The name is free already. */
	assert_true(change_domain_add(x.w->store, "op", "gone.test", &primary, 1, &e));
	assert_int_equal(world_domain(x.w, "gone.test"), 3);
	(void)world_accept(x.w, 3, STR("x"));
	world_await_none(x.w, "SELECT count(*) FROM leaving");
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM delivery WHERE domain = 3"), 1);
	assert_true(change_message(x.w->store, "op", world_count(x.w, "SELECT message FROM"
				   " delivery WHERE domain = 3"), QUEUE_DELETE, &changed, &e));
	world_lock(x.w);
	world_exec(x.w, "DELETE FROM ledger WHERE domain = 3; COMMIT; BEGIN");
	world_unlock(x.w);
	is_gone(x.w);
	bare_free(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_is_gone_at_once_and_what_it_leaves_in_small_steps),
		cmocka_unit_test(steps_that_a_crash_has_kept_from_being_taken_are_taken_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
