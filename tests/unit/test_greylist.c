/* test_greylist: first tries and known clients in the store, with a clock of our own, and what a
 * loop remembers of them.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/backend.h"
#include "db/greylist.h"
#include "relay/known.h"

#define NOW    INT64_C(1795361412000)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define FIRST_TRIES_MAX   400000 /* db/sqlite/greylist.c */
#define KNOWN_CLIENTS_MAX 500000

static struct job_greylist *new_job(struct store_world *w, const char *client, const char *sender,
				    int64_t now)
{
	struct job_greylist *g = job_new_greylist(&w->answers, NULL, NULL);

	g->domain = 7;
	g->client = str_of(client);
	g->sender = str_of(sender);
	g->local = STR("user1");
	g->now_ms = now;
	g->delay_ms = 5 * MINUTE;
	g->window_ms = 2 * DAY;
	g->memory_ms = 35 * DAY;
	g->tries = 2;
	greylist_key(g);
	return g;
}

struct said {
	enum greylist_found found;
	int64_t first_ms;
	unsigned tried;
	bool written; /* the reader could not say */
};

static struct said ask_job(struct store_world *w, struct job_greylist *g)
{
	struct said said = { .written = false };

	if (!world_do(w, &g->job))
		fail_msg("%s", g->job.err.text);
	said.written = g->undecided;
	if (g->undecided) {
		greylist_decide(g);
		if (!world_do(w, &g->job))
			fail_msg("%s", g->job.err.text);
	}
	said.found = g->found;
	said.first_ms = g->first_ms;
	said.tried = g->tried;
	job_free(&g->job);
	return said;
}

static struct said try(struct store_world *w, const char *client, const char *sender, int64_t now)
{
	return ask_job(w, new_job(w, client, sender, now));
}

static void a_client_comes_back_within_its_window(void **state)
{
	static const struct {
		int64_t after;
		enum greylist_found wanted;
	} rows[] = {
		{ 0, GREYLIST_EARLY },
		{ 5 * MINUTE - 1, GREYLIST_EARLY },
		{ 5 * MINUTE, GREYLIST_BACK },
		{ 2 * DAY, GREYLIST_BACK },
		{ 2 * DAY + 1, GREYLIST_FIRST },
		{ 90 * DAY, GREYLIST_FIRST },
		/* a clock that was set back: a wait, and no more */
		{ -MINUTE, GREYLIST_EARLY },
		{ -5 * MINUTE, GREYLIST_EARLY },
		{ -5 * MINUTE - 1, GREYLIST_FIRST },
	};
	struct store_world *w = world_new();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char client[32];
		struct said said;

		(void)snprintf(client, sizeof(client), "192.0.%zu.0/24", i);
		said = try(w, client, "a@b.example", NOW);
		assert_int_equal(said.found, GREYLIST_FIRST);
		assert_int_equal(said.first_ms, NOW);
		said = try(w, client, "a@b.example", NOW + rows[i].after);
		if (said.found != rows[i].wanted)
			fail_msg("after %lld: %d", (long long)rows[i].after, (int)said.found);
		assert_int_equal(said.first_ms,
				 rows[i].wanted == GREYLIST_FIRST ? NOW + rows[i].after : NOW);
		/* An early try costs no write. */
		assert_int_equal(said.written, rows[i].wanted != GREYLIST_EARLY);
	}
	world_free(w);
}

static void who_came_back_is_known_with_all_its_mail(void **state)
{
	struct store_world *w = world_new();
	struct said said;

	(void)state;
	(void)try(w, "b.example", "a@b.example", NOW);
	assert_int_equal(try(w, "b.example", "other@b.example", NOW + 10 * MINUTE).found,
			 GREYLIST_FIRST);
	assert_int_equal(try(w, "b.example", "a@b.example", NOW + 10 * MINUTE).found,
			 GREYLIST_BACK);
	said = try(w, "b.example", "third@b.example", NOW + 11 * MINUTE);
	assert_int_equal(said.found, GREYLIST_KNOWN);
	assert_int_equal(said.first_ms, NOW);
	assert_false(said.written);
	/* The first try is not kept any more. */
	assert_int_equal(world_count(w, "SELECT count(*) FROM greylist"), 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM greylist_known"), 1);
	/* Of another domain's it is not. */
	struct job_greylist *g = new_job(w, "b.example", "a@b.example", NOW + 12 * MINUTE);

	g->domain = 8;
	greylist_key(g);
	assert_int_equal(ask_job(w, g).found, GREYLIST_FIRST);
	world_free(w);
}

static void a_known_client_is_written_down_once_an_hour(void **state)
{
	struct store_world *w = world_new();
	int64_t back = NOW + 10 * MINUTE;

	(void)state;
	(void)try(w, "b.example", "a@b.example", NOW);
	(void)try(w, "b.example", "a@b.example", back);
	assert_false(try(w, "b.example", "a@b.example", back + HOUR - 1).written);
	assert_true(try(w, "b.example", "a@b.example", back + HOUR).written);
	assert_false(try(w, "b.example", "a@b.example", back + HOUR + MINUTE).written);
	world_free(w);
}

static void a_client_is_known_until_it_has_been_silent_for_the_memory(void **state)
{
	struct store_world *w = world_new();
	int64_t back = NOW + 10 * MINUTE, later = back + 35 * DAY;

	(void)state;
	(void)try(w, "b.example", "a@b.example", NOW);
	(void)try(w, "b.example", "a@b.example", back);
	assert_int_equal(try(w, "b.example", "a@b.example", later).found, GREYLIST_KNOWN);
	later += 35 * DAY;
	assert_int_equal(try(w, "b.example", "a@b.example", later).found, GREYLIST_KNOWN);
	later += 35 * DAY + 1;
	assert_int_equal(try(w, "b.example", "a@b.example", later).found, GREYLIST_FIRST);
	assert_int_equal(try(w, "b.example", "a@b.example", later + HOUR).found, GREYLIST_BACK);
	assert_int_equal(world_count(w, "SELECT count(*) FROM greylist_known"), 1);
	world_free(w);
}

static void tries_are_counted_where_more_are_needed(void **state)
{
	struct store_world *w = world_new();

	(void)state;
	for (unsigned i = 1; i <= 5; i++) {
		struct job_greylist *g =
			new_job(w, "b.example", "a@b.example", NOW + (i - 1) * 2 * MINUTE);
		struct said said;

		g->what = GREYLIST_PRIMARY_UP;
		g->tries = 5;
		greylist_key(g);
		said = ask_job(w, g);
		assert_int_equal(said.found, i == 1 ? GREYLIST_FIRST :
					     i < 5  ? GREYLIST_EARLY :
						      GREYLIST_BACK);
		assert_int_equal(said.tried, i);
	}
	world_free(w);
}

static void two_tries_in_one_batch_are_two_tries(void **state)
{
	struct store_world *w = world_new();
	struct job_greylist *one = new_job(w, "b.example", "a@b.example", NOW);
	struct job_greylist *two = new_job(w, "b.example", "a@b.example", NOW);
	int first;

	(void)state;
	greylist_decide(one);
	greylist_decide(two);
	store_put(w->store, &one->job);
	store_put(w->store, &two->job);
	(void)world_answered(w);
	(void)world_answered(w);
	first = (one->found == GREYLIST_FIRST) + (two->found == GREYLIST_FIRST);
	assert_int_equal(first, 1);
	assert_int_equal(one->found + two->found, GREYLIST_FIRST + GREYLIST_EARLY);
	job_free(&one->job);
	job_free(&two->job);
	world_free(w);
}

static void a_database_that_cannot_be_written_gives_no_answer(void **state)
{
	struct store_world *w = world_new();
	struct job_greylist *g = new_job(w, "b.example", "a@b.example", NOW);

	(void)state;
	world_lock(w);
	greylist_decide(g);
	assert_false(world_do(w, &g->job));
	job_free(&g->job);
	world_unlock(w);
	assert_int_equal(try(w, "b.example", "a@b.example", NOW).found, GREYLIST_FIRST);
	world_free(w);
}

/* -- bounds ------------------------------------------------------------------------------- */

static void exec(struct store_world *w, const char *sql)
{
	world_lock(w);
	world_exec(w, sql);
	world_exec(w, "COMMIT");
	world_exec(w, "BEGIN"); /* world_unlock rolls it back */
	world_unlock(w);
}

static void of_first_tries_the_oldest_go(void **state)
{
	struct store_world *w = world_new();

	(void)state;
	(void)try(w, "oldest.example", "a@b.example", NOW);
	(void)try(w, "old.example", "a@b.example", NOW);
	/* As if the others had been in between. */
	exec(w, "UPDATE greylist SET seq = 400000 WHERE client = 'old.example'");
	assert_int_equal(world_count(w, "SELECT max(seq) - min(seq) + 1 FROM greylist"),
			 FIRST_TRIES_MAX);
	(void)try(w, "new.example", "a@b.example", NOW);
	assert_int_equal(world_count(w, "SELECT count(*) FROM greylist"), 2);
	assert_int_equal(
		world_count(w, "SELECT count(*) FROM greylist WHERE client = 'oldest.example'"), 0);
	/* And it comes back as a stranger. */
	assert_int_equal(try(w, "oldest.example", "a@b.example", NOW + HOUR).found, GREYLIST_FIRST);
	world_free(w);
}

static void of_known_clients_those_go_that_would_be_forgotten_first(void **state)
{
	struct store_world *w = world_new();

	(void)state;
	exec(w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000)"
		" INSERT INTO greylist_known SELECT 7, 0, 'c' || i, 0, 0, 1795361412000,"
		"  1798000000000 + i FROM n");
	(void)try(w, "new.example", "a@b.example", NOW);
	assert_int_equal(try(w, "new.example", "a@b.example", NOW + HOUR).found, GREYLIST_BACK);
	assert_int_equal(world_count(w, "SELECT count(*) FROM greylist_known"), KNOWN_CLIENTS_MAX);
	assert_int_equal(
		world_count(w, "SELECT count(*) FROM greylist_known WHERE client = 'c1'"), 0);
	assert_int_equal(
		world_count(w, "SELECT count(*) FROM greylist_known WHERE client = 'c2'"), 1);
	assert_int_equal(try(w, "c2", "a@b.example", NOW).found, GREYLIST_KNOWN);
	world_free(w);
}

static void what_is_over_is_pruned_in_steps(void **state)
{
	struct store_world *w = world_new();
	struct tidy t = { .wall_ms = NOW, .ledger_keep_ms = DAY, .prune = true };
	struct backend *db;
	bool more = true;
	struct err e;
	int steps = 0;

	(void)state;
	exec(w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
		" INSERT INTO greylist SELECT i, randomblob(16), 0, 7, 0,"
		"  1795361412000 + (i % 2) * 2 - 1, 1, 'c', 's', 'r' FROM n");
	exec(w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
		" INSERT INTO greylist_known SELECT 7, 0, 'c' || i, 0, 0, 0,"
		"  1795361412000 + (i % 2) * 2 - 1 FROM n");
	world_close(w);
	assert_true(sqlite_backend.open_writer(w->conf, false, &db, &e));
	while (t.prune) {
		assert_true(sqlite_backend.tidy(db, &t, &more, &e));
		steps++;
	}
	sqlite_backend.close(db);
	assert_true(steps > 7);
	assert_int_equal(world_count(w, "SELECT count(*) FROM greylist"), 2500);
	assert_int_equal(world_count(w, "SELECT count(*) FROM greylist_known"), 2500);
	assert_int_equal(
		world_count(w, "SELECT count(*) FROM greylist_known WHERE until < 1795361412000"),
		0);
	world_free(w);
}

/* -- operators ---------------------------------------------------------------------------- */

static int64_t of_domain(struct store_world *w, const char *name)
{
	return world_add_domain(w, name);
}

static struct said try_of(struct store_world *w, int64_t domain, const char *client, int64_t now)
{
	struct job_greylist *g = new_job(w, client, "a@b.example", now);

	g->domain = domain;
	greylist_key(g);
	return ask_job(w, g);
}

static void operators_see_and_forget_clients(void **state)
{
	struct store_world *w = world_new();
	int64_t a = of_domain(w, "a.test"), b = of_domain(w, "b.test");
	struct arena *arena = arena_new(1 << 20);
	struct view_greylist *rows;
	uint64_t version, changed;
	struct view *view;
	struct err e;
	size_t n;
	bool more;

	(void)state;
	(void)try_of(w, a, "192.0.2.0/24", NOW);
	(void)try_of(w, a, "b.example", NOW);
	(void)try_of(w, b, "b.example", NOW);
	assert_int_equal(try_of(w, a, "b.example", NOW + HOUR).found, GREYLIST_BACK);
	assert_true(view_open(w->conf, &view, &e));
	assert_true(view_greylist(view, arena, NULL, false, 10, &rows, &n, &more, &e));
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].domain_name, "b.test"); /* newest first */
	assert_string_equal(rows[1].client, "192.0.2.0/24");
	assert_string_equal(rows[1].sender, "a@b.example");
	assert_string_equal(rows[1].recipient, "user1");
	assert_int_equal(rows[1].first_ms, NOW);
	assert_true(view_greylist(view, arena, NULL, false, 1, &rows, &n, &more, &e));
	assert_true(more && n == 1);
	assert_true(view_greylist(view, arena, "a.test", true, 10, &rows, &n, &more, &e));
	assert_true(!more && n == 1);
	assert_string_equal(rows[0].client, "b.example");
	assert_int_equal(rows[0].since_ms, NOW + HOUR);
	assert_false(view_greylist(view, arena, "c.test", true, 10, &rows, &n, &more, &e));
	view_close(view);
	arena_free(arena);

	version = atomic_load(&w->board.greylist_version);
	assert_true(
		change_greylist_forget(w->store, "test", "a.test", "B.Example", &changed, &e));
	assert_int_equal(changed, 1);
	assert_true(atomic_load(&w->board.greylist_version) > version);
	assert_int_equal(try_of(w, a, "b.example", NOW + HOUR).found, GREYLIST_FIRST);
	assert_true(change_greylist_forget(w->store, "test", "a.test", NULL, &changed, &e));
	assert_int_equal(changed, 2);
	assert_int_equal(world_count(w, "SELECT count(*) FROM greylist"), 1);
	assert_false(change_greylist_forget(w->store, "test", "c.test", NULL, &changed, &e));
	world_free(w);
}

/* -- what a loop remembers -------------------------------------------------------------------- */

static void a_loop_remembers_a_known_client_for_an_hour(void **state)
{
	struct settings_board board;
	struct known_cache *c;
	struct job_greylist g = { .job = { .ok = true },
				  .domain = 7,
				  .client = STR("b.example"),
				  .now_ms = NOW,
				  .found = GREYLIST_EARLY,
				  .first_ms = NOW - HOUR };
	int64_t first = 0;

	(void)state;
	settings_board_init(&board);
	c = known_cache_new(&board);
	assert_false(known_cached(c, &g, &first));
	known_learn(c, &g, known_version(c));
	assert_false(known_cached(c, &g, &first));
	g.found = GREYLIST_BACK;
	known_learn(c, &g, known_version(c) + 1); /* somebody was forgotten meanwhile */
	assert_false(known_cached(c, &g, &first));
	known_learn(c, &g, known_version(c));
	g.now_ms = NOW + HOUR - 1;
	assert_true(known_cached(c, &g, &first));
	assert_int_equal(first, NOW - HOUR);
	g.now_ms = NOW + HOUR;
	assert_false(known_cached(c, &g, &first));
	g.now_ms = NOW;
	g.domain = 8;
	assert_false(known_cached(c, &g, &first));
	g.domain = 7;
	assert_true(known_cached(c, &g, &first));
	atomic_fetch_add(&board.greylist_version, 1);
	assert_false(known_cached(c, &g, &first));
	g.job.ok = false;
	known_learn(c, &g, known_version(c));
	assert_false(known_cached(c, &g, &first));
	known_cache_free(c);
	settings_board_done(&board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_comes_back_within_its_window),
		cmocka_unit_test(who_came_back_is_known_with_all_its_mail),
		cmocka_unit_test(a_known_client_is_written_down_once_an_hour),
		cmocka_unit_test(a_client_is_known_until_it_has_been_silent_for_the_memory),
		cmocka_unit_test(tries_are_counted_where_more_are_needed),
		cmocka_unit_test(two_tries_in_one_batch_are_two_tries),
		cmocka_unit_test(a_database_that_cannot_be_written_gives_no_answer),
		cmocka_unit_test(of_first_tries_the_oldest_go),
		cmocka_unit_test(of_known_clients_those_go_that_would_be_forgotten_first),
		cmocka_unit_test(what_is_over_is_pruned_in_steps),
		cmocka_unit_test(operators_see_and_forget_clients),
		cmocka_unit_test(a_loop_remembers_a_known_client_for_an_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
