/* test_store_faults: the disk fails at the n-th operation, for every n; or the power goes.
 *
 * One small life of a store: a domain, mail small and large, alone and in a batch, outcomes.
 * What was answered "done" must be there afterwards, byte for byte; what was answered "not done"
 * may be there or not, but whole or not at all; the database must be sound; and when the disk is
 * well again the store must take mail without having been opened anew.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "shim_vfs.h"

#define MAILS 8
#define LARGE (STORE_CHUNK_BYTES + 100)
/* Some of these are more than the log of writes holds before it is written back. */
#define HUGE_BYTES ((size_t)4 << 20)

enum known { NOT_ASKED, DONE, UNKNOWN };

struct mail {
	msgid id;
	size_t size;
	enum known accepted, settled;
};

struct life {
	struct store_world *w;
	int64_t domain;
	struct mail mails[MAILS];
	size_t count;
	bool large; /* a life with checkpoints in it */
};

/* The bytes of a body: a pattern without a period, from a place of its own for each message. */
static char pattern[HUGE_BYTES + 4096];

static const char *bytes_of(msgid id)
{
	return pattern + (uint64_t)id * 31 / 1024 % 4096;
}

static void make_pattern(void)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(pattern); i++) {
		seed = seed * 1664525 + 1013904223;
		pattern[i] = (char)(seed >> 24);
	}
}

/* A cut reads the life from the store's threads. */
static pthread_mutex_t life_lock = PTHREAD_MUTEX_INITIALIZER;

static void set_known(enum known *what, enum known value)
{
	pthread_mutex_lock(&life_lock);
	*what = value;
	pthread_mutex_unlock(&life_lock);
}

/* -- the life ---------------------------------------------------------------------------- */

static void give(struct life *l, size_t size)
{
	const char *const rcpts[] = { "user@example.test", NULL };
	struct job_accept *a = world_mail(l->w, l->domain, "s@e.example", rcpts, STR_NONE);
	struct mail *m;

	pthread_mutex_lock(&life_lock);
	m = &l->mails[l->count++];
	*m = (struct mail){ .id = a->env.id, .size = size, .accepted = UNKNOWN };
	pthread_mutex_unlock(&life_lock);
	a->body.mem = mem_grow(a->body.mem, size + 1);
	a->body.size = size;
	memcpy(a->body.mem, bytes_of(m->id), size);
	a->job.owner = m;
	store_put(l->w->store, &a->job);
}

static void take(struct life *l, size_t n)
{
	while (n--) {
		struct job *job = world_answered(l->w);
		struct mail *m = job->owner;

		if (job->ok)
			set_known(&m->accepted, DONE);
		job_free(job);
	}
}

static void settle(struct life *l, size_t i, enum outcome_kind kind)
{
	struct mail *m = &l->mails[i];

	if (m->accepted != DONE)
		return;
	/* With any other outcome it stays in the queue, done or not. */
	if (kind == OUTCOME_DELIVERED)
		set_known(&m->settled, UNKNOWN);
	if (world_settle(l->w, m->id, 0, kind, "250 or not", clock_wall_ms()) &&
	    kind == OUTCOME_DELIVERED)
		set_known(&m->settled, DONE);
}

/* A read that succeeds tells the truth: what has been accepted is found. */
static void read_back(struct life *l, size_t i)
{
	struct job_chunk *c = job_new_chunk(&l->w->answers, NULL, NULL);
	struct mail *m = &l->mails[i];

	c->message = m->id;
	if (world_do(l->w, &c->job) && m->accepted == DONE) {
		assert_true(c->found);
		assert_true(c->bytes.n == (m->size < STORE_CHUNK_BYTES ? m->size :
									 STORE_CHUNK_BYTES));
		assert_true(!m->size || c->bytes.at[0] == bytes_of(m->id)[0]);
	}
	job_free(&c->job);
}

static void live_large(struct life *l)
{
	for (int i = 0; i < 5; i++) {
		give(l, HUGE_BYTES);
		take(l, 1);
	}
	settle(l, 1, OUTCOME_DELIVERED);
	settle(l, 2, OUTCOME_DELIVERED);
	give(l, HUGE_BYTES);
	give(l, 100);
	take(l, 2);
}

static void live(struct life *l)
{
	const struct change_pair primary = { "primary", "127.0.0.1:25" };
	uint64_t changed;
	struct err e;

	if (!store_open(l->w->conf, NULL, &l->w->board, NULL, &l->w->store, &e))
		return;
	if (!change_domain_add(l->w->store, "op", "example.test", &primary, 1, &e))
		return;
	pthread_mutex_lock(&life_lock);
	l->domain = world_domain(l->w, "example.test");
	pthread_mutex_unlock(&life_lock);
	if (!l->domain)
		return; /* it could not be read back */
	if (l->large) {
		live_large(l);
		return;
	}
	give(l, 1000);
	take(l, 1);
	read_back(l, 0);
	give(l, 10);
	give(l, LARGE);
	give(l, 0);
	give(l, 5000);
	take(l, 4);
	settle(l, 0, OUTCOME_DELIVERED);
	settle(l, 1, OUTCOME_DEFERRED);
	settle(l, 2, OUTCOME_DELIVERED);
	settle(l, 3, OUTCOME_FAILED);
	if (!change_message(l->w->store, "op", l->mails[4].id, QUEUE_HOLD, &changed, &e))
		assert_true(e.kind != ERR_NOTFOUND || l->mails[4].accepted != DONE);
	give(l, 3000);
	take(l, 1);
	read_back(l, 5);
}

/* -- what must hold afterwards -------------------------------------------------------------- */

static int64_t count_of(struct life *l, const char *sql, msgid id)
{
	char *text = mem_printf("%s%lld", sql, (long long)id);
	int64_t n = world_count(l->w, text);

	free(text);
	return n;
}

static void look_at(struct life *l, const struct mail *m)
{
	int64_t rows = count_of(l, "SELECT count(*) FROM delivery WHERE message = ", m->id);
	int64_t ledger = count_of(l, "SELECT count(*) FROM ledger WHERE message = ", m->id);
	size_t n;
	char *body = world_body(l->w, m->id, &n);

	if (m->settled == DONE)
		assert_true(!body && ledger == 1 && rows == 0);
	else if (m->settled == UNKNOWN)
		assert_true(rows + ledger == 1 && (body != NULL) == (rows == 1));
	else if (m->accepted == DONE)
		assert_true(body && rows == 1 && ledger == 0);
	else
		assert_true((body != NULL) == (rows == 1) && ledger == 0);
	if (body)
		assert_true(n == m->size && memcmp(body, bytes_of(m->id), n) == 0);
	free(body);
}

static void look_at_all(struct life *l)
{
	if (!l->w->store)
		world_open(l->w);
	if (l->domain)
		assert_true(world_domain(l->w, "example.test") == l->domain);
	for (size_t i = 0; i < l->count; i++)
		look_at(l, &l->mails[i]);
	assert_int_equal(world_count(l->w, "SELECT count(*) FROM pragma_integrity_check"
					   " WHERE integrity_check <> 'ok'"),
			 0);
	assert_int_equal(world_count(l->w, "SELECT count(*) FROM delivery WHERE message NOT IN"
					   " (SELECT id FROM message)"),
			 0);
	assert_int_equal(world_count(l->w, "SELECT count(*) FROM message WHERE id NOT IN"
					   " (SELECT message FROM delivery)"),
			 0);
	assert_int_equal(world_count(l->w, "SELECT count(*) FROM chunk WHERE message NOT IN"
					   " (SELECT id FROM message)"),
			 0);
}

/* The disk is well: the store finds that out by itself. */
static void takes_mail_again(struct life *l)
{
	bool ok = false;

	for (int i = 0; i < 3 && !ok; i++) {
		l->count = MAILS - 1;
		give(l, 100);
		take(l, 1);
		ok = l->mails[MAILS - 1].accepted == DONE;
	}
	l->count = MAILS;
	assert_true(ok);
}

/* -- the sweeps ----------------------------------------------------------------------------- */

static struct store_world *world_in_memory(void)
{
	return world_make(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
}

/* Fails at operation n; answers whether there was one. */
static bool run(enum shim_fault fault, long n, bool for_good, bool large)
{
	struct life l = { .w = world_in_memory(), .large = large };
	bool met;

	shim_begin(l.w->dir, fault, n, for_good);
	live(&l);
	met = shim_met();
	shim_heal();
	if (l.w->store && l.domain) {
		for (size_t i = l.count; i < MAILS; i++)
			l.mails[i] = (struct mail){ .accepted = UNKNOWN };
		takes_mail_again(&l);
	}
	world_close(l.w);
	look_at_all(&l);
	world_free(l.w);
	return met;
}

static void sweep(enum shim_fault fault, bool for_good)
{
	long n = 1;

	while (run(fault, n, for_good, false))
		n += fault == SHIM_READ ? 1 : SHIM_STEP;
	print_message("  %ld operations\n", n - 1);
	assert_true(n > 5);
}

static void an_error_at_any_write_loses_nothing(void **state)
{
	(void)state;
	sweep(SHIM_IOERR, false);
}

static void errors_from_any_write_on_lose_nothing(void **state)
{
	(void)state;
	sweep(SHIM_IOERR, true);
}

static void a_full_disk_at_any_write_loses_nothing(void **state)
{
	(void)state;
	sweep(SHIM_FULL, false);
}

static void a_disk_full_from_any_write_on_loses_nothing(void **state)
{
	(void)state;
	sweep(SHIM_FULL, true);
}

static void an_error_at_any_read_is_never_not_found(void **state)
{
	(void)state;
	sweep(SHIM_READ, false);
}

/* -- power cuts ------------------------------------------------------------------------------ */

struct cut {
	struct life *living;
	struct life left; /* what had been answered when it went */
};

static void on_cut(void *arg)
{
	struct cut *c = arg;
	struct store_world *w = c->left.w;

	pthread_mutex_lock(&life_lock);
	c->left = *c->living;
	c->left.w = w;
	pthread_mutex_unlock(&life_lock);
}

static bool cut_power(long n, enum shim_left left, bool large)
{
	struct life l = { .w = world_in_memory(), .large = large };
	struct cut c = { .living = &l, .left = { .w = world_in_memory() } };
	bool met;

	shim_begin(l.w->dir, SHIM_CUT, n, false);
	shim_cut_to(c.left.w->dir, left, on_cut, &c);
	live(&l);
	world_close(l.w);
	met = shim_met();
	shim_heal();
	if (met)
		look_at_all(&c.left);
	world_free(l.w);
	world_free(c.left.w);
	return met;
}

static void sweep_cuts(enum shim_left left)
{
	long n = 1;

	while (cut_power(n, left, false))
		n += SHIM_STEP;
	print_message("  %ld operations\n", n - 1);
	assert_true(n > 20);
}

static void a_crash_at_any_operation_loses_nothing(void **state)
{
	(void)state;
	sweep_cuts(SHIM_LEFT_ALL);
}

static void a_power_cut_that_loses_all_unsynced_loses_no_mail(void **state)
{
	(void)state;
	sweep_cuts(SHIM_LEFT_NONE);
}

static void a_power_cut_that_loses_some_unsynced_loses_no_mail(void **state)
{
	(void)state;
	sweep_cuts(SHIM_LEFT_SOME);
}

/* -- damage ---------------------------------------------------------------------------------- */

static void damage(const struct store_world *w)
{
	char *path = world_path(w, "mxkeep.db"), garbage[16384];
	FILE *f = fopen(path, "r+b");
	long size;

	assert_non_null(f);
	memset(garbage, 0x5a, sizeof(garbage));
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	/* All but the page that says what it is. */
	for (long at = sizeof(garbage); at < size; at += (long)sizeof(garbage)) {
		assert_int_equal(fseek(f, at, SEEK_SET), 0);
		assert_int_equal(fwrite(garbage, 1, sizeof(garbage), f), sizeof(garbage));
	}
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void a_damaged_database_is_not_written_and_takes_no_mail(void **state)
{
	struct life l = { .w = world_in_memory() };
	struct job_due *d = job_new_due(&l.w->answers, NULL, NULL);

	(void)state;
	world_open(l.w);
	l.domain = world_add_domain(l.w, "example.test");
	for (size_t i = 0; i < MAILS - 1; i++)
		give(&l, 9000);
	take(&l, MAILS - 1);
	world_close(l.w);
	world_open(l.w);
	damage(l.w);
	/* The first one's page is not in memory. */
	settle(&l, 0, OUTCOME_DELIVERED);
	assert_int_equal(l.mails[0].settled, UNKNOWN);
	assert_false(store_takes_mail(l.w->store));
	give(&l, 100);
	take(&l, 1);
	assert_int_equal(l.mails[MAILS - 1].accepted, UNKNOWN);
	/* And what cannot be read is not "nothing is due". */
	d->domain = l.domain;
	d->upto_ms = clock_wall_ms();
	d->limit = 10;
	assert_false(world_do(l.w, &d->job));
	assert_int_equal(d->job.err.kind, ERR_TEMP);
	job_free(&d->job);
	world_free(l.w);
}

/* Each 199th operation of some thousands: in the middle of checkpoints too. */
static void the_same_holds_while_the_log_is_written_back(void **state)
{
	long n = 1;

	(void)state;
	while (run(SHIM_IOERR, n, false, true) && cut_power(n + 31, SHIM_LEFT_SOME, true))
		n += 199 * SHIM_STEP;
	print_message("  %ld operations\n", n - 1);
	assert_true(n > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_at_any_write_loses_nothing),
		cmocka_unit_test(errors_from_any_write_on_lose_nothing),
		cmocka_unit_test(a_full_disk_at_any_write_loses_nothing),
		cmocka_unit_test(a_disk_full_from_any_write_on_loses_nothing),
		cmocka_unit_test(an_error_at_any_read_is_never_not_found),
		cmocka_unit_test(a_crash_at_any_operation_loses_nothing),
		cmocka_unit_test(a_power_cut_that_loses_all_unsynced_loses_no_mail),
		cmocka_unit_test(a_power_cut_that_loses_some_unsynced_loses_no_mail),
		cmocka_unit_test(a_damaged_database_is_not_written_and_takes_no_mail),
		cmocka_unit_test(the_same_holds_while_the_log_is_written_back),
	};

	make_pattern();
	shim_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
