/* test_leaving_faults: a domain is removed with much mail, and the disk fails at the n-th operation
 * of it, for every n; or the power goes.
 *
 * Afterwards the store is opened as after a restart, and goes on.  Then the domain is there with
 * all its mail, which is so only if its removal was not answered "done"; or it is gone and all that
 * it has left is deleted and in the ledger.  Other mail is as it was.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "db/backend.h"
#include "db/change_job.h"
#include "shim_vfs.h"

#define RCPTS 900 /* of gone.test: more than two steps take away */

static struct store_world *world_in_memory(void)
{
	return world_make(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
}

/* The domains 1, which is to go, and 2. */
static struct store_world *world_with_mail(void)
{
	struct store_world *w = world_in_memory();

	world_open(w);
	assert_int_equal(world_add_domain(w, "gone.test"), 1);
	assert_int_equal(world_add_domain(w, "stays.test"), 2);
	(void)world_accept(w, 2, STR("stays"));
	for (int i = 0; i < 3; i++) {
		const char *rcpts[RCPTS / 3 + 1];
		struct job_accept *a;

		for (int k = 0; k < RCPTS / 3; k++)
			rcpts[k] = "user@gone.test";
		rcpts[RCPTS / 3] = NULL;
		a = world_mail(w, 1, "s@e.example", rcpts, STR("x"));
		assert_true(world_do(w, &a->job));
		job_free(&a->job);
	}
	world_close(w);
	return w;
}

/* -- the removal, as the writer's thread does it ----------------------------------------- */

struct removal {
	struct backend *db;
	bool done, left; /* done, and at the cut */
};

static bool remove_domain(struct removal *r)
{
	struct inbox answers;
	struct job_change *c = job_new_change(&answers, 0);
	struct batch batch = { .wall_ms = clock_wall_ms(), .turn_ms = clock_wall_ms() };
	struct err e;
	bool ok;

	c->what = CHANGE_DOMAIN_REMOVE;
	c->who = STR("op");
	c->audit = STR("domain remove --force gone.test");
	c->domain = STR("gone.test");
	c->force = true;
	ok = sqlite_backend.begin(r->db, &e) &&
	     sqlite_backend.run(r->db, &c->job, &batch) == RUN_DONE &&
	     sqlite_backend.commit(r->db, &e);
	if (!ok)
		sqlite_backend.rollback(r->db);
	free(batch.notes);
	job_free(&c->job);
	return ok;
}

static bool take_steps(struct backend *db, struct err *e)
{
	struct tidy t = { .wall_ms = clock_wall_ms(), .leaving = true };
	bool more;

	while (t.leaving)
		if (!sqlite_backend.tidy(db, &t, &more, e))
			return false;
	return true;
}

static void live(struct removal *r, const struct store_world *w)
{
	struct err e;

	if (!sqlite_backend.open_writer(w->conf, false, &r->db, &e))
		return;
	r->done = remove_domain(r);
	if (r->done)
		(void)!take_steps(r->db, &e);
	sqlite_backend.close(r->db);
}

static void live_on(const struct store_world *w)
{
	struct backend *db;
	struct err e;

	assert_true(sqlite_backend.open_writer(w->conf, false, &db, &e));
	assert_true(take_steps(db, &e));
	sqlite_backend.close(db);
}

/* -- what must hold afterwards ------------------------------------------------------------ */

static void look_at(struct store_world *w, bool done)
{
	bool gone;

	live_on(w);
	world_open(w);
	gone = world_domain(w, "gone.test") == 0;
	assert_true(gone || !done);
	assert_int_equal(world_count(w, "SELECT count(*) FROM leaving"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM delivery WHERE domain = 1"),
			 gone ? 0 : RCPTS);
	assert_int_equal(world_count(w, "SELECT count(*) FROM ledger WHERE domain = 1 AND"
					" state = 6 AND who = 'op' AND domain_name = 'gone.test'"),
			 gone ? RCPTS : 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), gone ? 1 : 4);
	assert_int_equal(world_count(w, "SELECT count(*) FROM delivery WHERE domain = 2"), 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM audit WHERE what LIKE"
					" 'domain remove%'"),
			 gone ? 1 : 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM pragma_integrity_check"
					" WHERE integrity_check <> 'ok'"),
			 0);
}

static bool run(enum shim_fault fault, long n, bool for_good)
{
	struct store_world *w = world_with_mail();
	struct removal r = { .db = NULL };
	bool met;

	shim_begin(w->dir, fault, n, for_good);
	live(&r, w);
	met = shim_met();
	shim_heal();
	look_at(w, r.done);
	world_free(w);
	return met;
}

static void sweep(enum shim_fault fault, bool for_good)
{
	long n = 1;

	while (run(fault, n, for_good))
		n += SHIM_STEP;
	print_message("  %ld operations\n", n - 1);
	assert_true(n > 5);
}

static void an_error_at_any_write_leaves_it_whole_or_gone(void **state)
{
	(void)state;
	sweep(SHIM_IOERR, false);
	sweep(SHIM_IOERR, true);
}

static void a_full_disk_at_any_write_leaves_it_whole_or_gone(void **state)
{
	(void)state;
	sweep(SHIM_FULL, false);
	sweep(SHIM_FULL, true);
}

static void on_cut(void *arg)
{
	struct removal *r = arg;

	r->left = r->done;
}

static bool cut_power(long n, enum shim_left left)
{
	struct store_world *w = world_with_mail(), *copy = world_in_memory();
	struct removal r = { .db = NULL };
	bool met;

	shim_begin(w->dir, SHIM_CUT, n, false);
	shim_cut_to(copy->dir, left, on_cut, &r);
	live(&r, w);
	met = shim_met();
	shim_heal();
	if (met)
		look_at(copy, r.left);
	world_open(w);
	world_free(w);
	if (!met)
		world_open(copy);
	world_free(copy);
	return met;
}

static void a_power_cut_at_any_operation_leaves_it_whole_or_gone(void **state)
{
	(void)state;
	for (int left = SHIM_LEFT_NONE; left <= SHIM_LEFT_ALL; left++) {
		long n = 1;

		while (cut_power(n, (enum shim_left)left))
			n += SHIM_STEP;
		print_message("  %ld operations\n", n - 1);
		assert_true(n > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_at_any_write_leaves_it_whole_or_gone),
		cmocka_unit_test(a_full_disk_at_any_write_leaves_it_whole_or_gone),
		cmocka_unit_test(a_power_cut_at_any_operation_leaves_it_whole_or_gone),
	};

	shim_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
