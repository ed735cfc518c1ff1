/* test_tidy: the file gets smaller after an outage, and the ledger does not grow for ever.
 *
 * On the backend itself, without threads: the clock is ours.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "db/backend.h"

#define DAY_MS INT64_C(86400000)
#define MAILS  300
#define BYTES  ((size_t)100 << 10)

struct bare {
	struct store_world *w;
	struct backend *db;
	struct batch batch;
	int64_t domain;
	msgid ids[MAILS];
};

static void run(struct bare *x, struct job *job)
{
	struct err e;

	assert_true(sqlite_backend.begin(x->db, &e));
	assert_int_equal(sqlite_backend.run(x->db, job, &x->batch), RUN_DONE);
	assert_true(sqlite_backend.commit(x->db, &e));
	assert_true(sqlite_backend.checkpoint(x->db, false, &e));
	job_free(job);
}

/* A store with a domain, closed, and its database opened by hand. */
static struct bare bare_new(void)
{
	struct bare x = { .w = world_new() };
	struct err e;

	x.domain = world_add_domain(x.w, "example.test");
	for (size_t i = 0; i < MAILS; i++)
		x.ids[i] = id_next(store_ids(x.w->store), clock_wall_ms());
	world_close(x.w);
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

static void accept_mail(struct bare *x, size_t i, size_t size)
{
	struct job_accept *a = job_new_accept(&x->w->answers, NULL, NULL);
	const struct envelope_rcpt rcpt = { .address = STR("user@example.test"),
					    .domain = x->domain };

	a->env = (struct envelope){ .id = x->ids[i], .rcpts = &rcpt, .rcpt_count = 1 };
	a->body = (struct body){ .mem = mem_alloc(size), .fd = -1, .size = size };
	run(x, &a->job);
}

static void settle_mail(struct bare *x, size_t i, enum outcome_kind kind)
{
	struct job_settle *s = job_new_settle(&x->w->answers, NULL, NULL);
	const struct outcome o = { .kind = kind, .reply = STR("451 x") };

	s->message = x->ids[i];
	s->outcomes = &o;
	s->outcome_count = 1;
	run(x, &s->job);
}

static int tidy_all(struct bare *x, struct tidy *t)
{
	bool more = true;
	struct err e;
	int steps = 0;

	for (; more; steps++)
		assert_true(sqlite_backend.tidy(x->db, t, &more, &e));
	return steps;
}

static int64_t size_of(const struct bare *x, const char *name)
{
	char *path = world_path(x->w, name);
	struct stat st = { .st_size = 0 };

	(void)stat(path, &st);
	free(path);
	return st.st_size;
}

static void the_file_shrinks_after_all_has_been_delivered(void **state)
{
	struct bare x = bare_new();
	struct tidy t = { .idle = true };

	(void)state;
	for (size_t i = 0; i < MAILS; i++)
		accept_mail(&x, i, BYTES);
	(void)tidy_all(&x, &t);
	assert_true(size_of(&x, "mxkeep.db") > (int64_t)(MAILS * BYTES));
	for (size_t i = 0; i < MAILS; i++)
		settle_mail(&x, i, OUTCOME_DELIVERED);
	/* In small steps. */
	assert_true(tidy_all(&x, &t) > 10);
	assert_true(size_of(&x, "mxkeep.db") < 2 << 20);
	assert_int_equal(size_of(&x, "mxkeep.db-wal"), 0);
	/* And it is still a database. */
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM pragma_integrity_check"
					  " WHERE integrity_check <> 'ok'"),
			 0);
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM ledger"), MAILS);
	bare_free(&x);
}

static void a_little_free_space_is_left_for_the_next_mail(void **state)
{
	struct bare x = bare_new();
	struct tidy t = { .idle = true };
	int64_t before;

	(void)state;
	for (size_t i = 0; i < MAILS; i++)
		accept_mail(&x, i, BYTES);
	(void)tidy_all(&x, &t);
	before = size_of(&x, "mxkeep.db");
	for (size_t i = 0; i < MAILS / 8; i++)
		settle_mail(&x, i, OUTCOME_DELIVERED);
	assert_int_equal(tidy_all(&x, &t), 1);
	assert_true(size_of(&x, "mxkeep.db") >= before);
	bare_free(&x);
}

static void ledger_rows_go_when_they_are_old_and_events_with_them(void **state)
{
	struct bare x = bare_new();
	struct tidy t = { .prune = true, .wall_ms = clock_wall_ms(), .ledger_keep_ms = 7 * DAY_MS };

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		accept_mail(&x, i, 10);
		settle_mail(&x, i, OUTCOME_DEFERRED);
	}
	for (size_t i = 0; i < 4; i++)
		settle_mail(&x, i, OUTCOME_DELIVERED);
	t.wall_ms += 6 * DAY_MS;
	(void)tidy_all(&x, &t);
	assert_false(t.prune);
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM ledger"), 4);
	/* Two that waited for six days: their rows are young. */
	x.batch.wall_ms = t.wall_ms;
	settle_mail(&x, 4, OUTCOME_DELIVERED);
	settle_mail(&x, 5, OUTCOME_EXPIRED);
	t.wall_ms += 2 * DAY_MS;
	t.prune = true;
	(void)tidy_all(&x, &t);
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM ledger"), 2);
	/* Those of the ledger's two, and of the four that wait. */
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM event"), 6);
	bare_free(&x);
}

/* Changes made at START, a minute apart, in rows as numbered. */
static void add_audit(struct bare *x, int64_t first, int64_t last, int64_t at)
{
	char *sql = mem_printf("WITH RECURSIVE n(i) AS (SELECT %" PRId64 " UNION ALL SELECT i + 1"
			       " FROM n WHERE i < %" PRId64 ") INSERT INTO audit"
			       " SELECT i, %" PRId64 " + i * 60000, 'op', 'x' FROM n;"
			       " COMMIT; BEGIN",
			       first, last, at);

	world_lock(x->w);
	world_exec(x->w, sql);
	world_unlock(x->w);
	free(sql);
}

static void audit_rows_go_when_they_are_old_in_small_steps(void **state)
{
	struct bare x = bare_new();
	struct tidy t = { .audit_keep_ms = 365 * DAY_MS };
	int64_t start = clock_wall_ms();

	(void)state;
	add_audit(&x, 1001, 4000, start);
	/* All but the last 100, and what the world itself has done. */
	t.wall_ms = start + 3900 * INT64_C(60000) + t.audit_keep_ms + 1;
	t.prune = true;
	assert_in_range(tidy_all(&x, &t), 3000 / 500 + 1, 100);
	assert_false(t.prune);
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM audit"), 100);
	assert_int_equal(world_count(x.w, "SELECT min(id) FROM audit"), 3901);
	t.prune = true;
	(void)tidy_all(&x, &t);
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM audit"), 100);
	bare_free(&x);
}

static void of_too_many_audit_rows_the_oldest_go_although_they_are_young(void **state)
{
	struct bare x = bare_new();
	struct tidy t = { .audit_keep_ms = 365 * DAY_MS, .prune = true };
	int64_t start = clock_wall_ms();

	(void)state;
	t.wall_ms = start;
	add_audit(&x, 1001, 2000, start);
	add_audit(&x, 1001500, 1001500, start);
	(void)tidy_all(&x, &t);
	assert_int_equal(world_count(x.w, "SELECT min(id) FROM audit"), 1501);
	assert_int_equal(world_count(x.w, "SELECT count(*) FROM audit"), 501);
	bare_free(&x);
}

static void a_newer_or_foreign_database_is_refused(void **state)
{
	struct store_world *w = world_new();
	struct err e;

	(void)state;
	world_lock(w);
	world_close(w);
	world_exec(w, "ROLLBACK; BEGIN; PRAGMA user_version = 999; COMMIT; BEGIN");
	assert_false(store_open(w->conf, NULL, &w->board, NULL, &w->store, &e));
	assert_non_null(strstr(e.text, "written by a newer mxkeep"));
	world_exec(w, "PRAGMA user_version = 0; PRAGMA application_id = 7; COMMIT; BEGIN");
	assert_false(store_open(w->conf, NULL, &w->board, NULL, &w->store, &e));
	assert_non_null(strstr(e.text, "database of another program"));
	world_unlock(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_shrinks_after_all_has_been_delivered),
		cmocka_unit_test(a_little_free_space_is_left_for_the_next_mail),
		cmocka_unit_test(ledger_rows_go_when_they_are_old_and_events_with_them),
		cmocka_unit_test(audit_rows_go_when_they_are_old_in_small_steps),
		cmocka_unit_test(of_too_many_audit_rows_the_oldest_go_although_they_are_young),
		cmocka_unit_test(a_newer_or_foreign_database_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
