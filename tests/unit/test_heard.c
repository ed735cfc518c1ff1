/* test_heard: what is believed of what primaries say of their users, and for how long.  The clock
 * is the lessons' own.
 * SPDX-License-Identifier: ISC */
#include "tests/unit/store_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/attr.h"

#define HOUR  INT64_C(3600000)
#define DAY   (24 * HOUR)
#define START INT64_C(1800000000000)
#define KEEP  (30 * DAY)

/* The world and the time in it. */
struct scene {
	struct store_world *w;
	int64_t domain, now;
};

static struct scene begin(void)
{
	struct scene s = { .w = world_new(), .now = START };

	s.domain = world_add_domain(s.w, "a.test");
	return s;
}

static void on_done(void *world, struct job *job)
{
	(void)world;
	(void)job;
}

static void hear(struct scene *s, enum hear_kind what, const struct lesson *lesson)
{
	struct job_hear *job = job_new_hear(&s->w->answers, on_done, NULL);

	job->what = what;
	job->now_ms = s->now;
	job->domains = &s->domain;
	job->domain_count = lesson ? 0 : 1;
	job->lessons = lesson;
	job->lesson_count = lesson ? 1 : 0;
	assert_true(world_do(s->w, &job->job));
	job_free(&job->job);
}

static void says(struct scene *s, const char *local, bool exists, bool probed)
{
	hear(s, HEAR_SELECTS,
	     &(struct lesson){ .domain = s->domain,
			       .local = str_of(local),
			       .exists = exists,
			       .probed = probed,
			       .now_ms = s->now,
			       .keep_ms = KEEP });
}

static void yes(struct scene *s, const char *local)
{
	says(s, local, true, false);
}

static void no(struct scene *s, const char *local)
{
	says(s, local, false, false);
}

static const char *found(struct scene *s, const char *local, const char *base)
{
	static const char *const names[] = { "unknown", "accept", "reject", "alias" };
	struct job_recipient *job = job_new_recipient(&s->w->answers, on_done, NULL);
	const char *name;

	job->domain = s->domain;
	job->local = str_of(local);
	job->base = str_of(base);
	job->now_ms = s->now;
	assert_true(world_do(s->w, &job->job));
	name = names[job->found];
	assert_true(job->heard || job->found == RECIPIENT_UNKNOWN || strcmp(local, "listed") == 0);
	job_free(&job->job);
	return name;
}

static void is(struct scene *s, const char *local, const char *wanted)
{
	assert_string_equal(found(s, local, ""), wanted);
}

static void who_is_taken_is_known_at_once_and_for_his_time(void **state)
{
	struct scene s = begin();
	uint64_t version = atomic_load(&s.w->board.recipients_version);
	struct settings *settings;

	(void)state;
	is(&s, "anna", "unknown");
	yes(&s, "anna");
	assert_true(atomic_load(&s.w->board.recipients_version) > version);
	is(&s, "anna", "accept");
	assert_string_equal(found(&s, "anna+x", "anna"), "accept");
	/* What was overheard is no list: an unknown user is deferred as before. */
	settings = settings_board_get(&s.w->board);
	assert_false(settings_find(settings, STR("a.test"))->has_recipients);
	settings_unref(settings);
	s.now += KEEP - 1;
	is(&s, "anna", "accept");
	s.now++;
	is(&s, "anna", "unknown");
	yes(&s, "anna");
	s.now += KEEP / 2;
	version = atomic_load(&s.w->board.recipients_version);
	yes(&s, "anna");
	assert_int_equal(atomic_load(&s.w->board.recipients_version), version);
	s.now += KEEP / 2 + DAY;
	is(&s, "anna", "accept");
	assert_int_equal(world_count(s.w, "SELECT confidence FROM heard"), 70);
	assert_int_equal(world_count(s.w, "SELECT entries FROM hearing"), 1);
	world_free(s.w);
}

static void in_an_outage_nothing_is_forgotten(void **state)
{
	struct scene s = begin();

	(void)state;
	yes(&s, "anna");
	s.now += KEEP - DAY;
	hear(&s, HEAR_DOWN, NULL);
	s.now += 400 * DAY;
	is(&s, "anna", "accept");
	hear(&s, HEAR_DOWN, NULL); /* once more, by another primary: it stands since the first */
	s.now += 400 * DAY;
	is(&s, "anna", "accept");
	hear(&s, HEAR_UP, NULL);
	is(&s, "anna", "accept");
	s.now += DAY - 1;
	is(&s, "anna", "accept");
	s.now += 1;
	is(&s, "anna", "unknown");
	/* A new one lives by the same clock. */
	yes(&s, "bob");
	s.now += KEEP - 1;
	is(&s, "bob", "accept");
	hear(&s, HEAR_DOWN, NULL);
	world_close(s.w);
	world_open(s.w);
	s.now += 10 * DAY;
	is(&s, "bob", "accept");
	hear(&s, HEAR_UP, NULL);
	s.now += 1;
	is(&s, "bob", "unknown");
	world_free(s.w);
}

static void one_bad_answer_removes_nobody(void **state)
{
	struct scene s = begin();

	(void)state;
	yes(&s, "anna");
	no(&s, "anna");
	is(&s, "anna", "accept");
	assert_int_equal(world_count(s.w, "SELECT confidence FROM heard"), 20);
	for (int i = 0; i < 1000; i++) { /* a primary that came back broken */
		s.now += 20000;
		no(&s, "anna");
	}
	is(&s, "anna", "accept");
	s.now += HOUR;
	no(&s, "anna");
	is(&s, "anna", "unknown");
	assert_int_equal(world_count(s.w, "SELECT count(*) FROM heard"), 0);
	assert_int_equal(world_count(s.w, "SELECT entries FROM hearing"), 0);
	/* A good answer between makes good. */
	yes(&s, "bob");
	no(&s, "bob");
	s.now += 7 * HOUR;
	yes(&s, "bob");
	no(&s, "bob");
	s.now += 7 * HOUR;
	is(&s, "bob", "accept");
	world_free(s.w);
}

/* Its time does not count while the primary is down. */
static void answers_against_are_far_apart_by_the_domains_clock(void **state)
{
	struct scene s = begin();

	(void)state;
	yes(&s, "anna");
	no(&s, "anna");
	hear(&s, HEAR_DOWN, NULL);
	s.now += 30 * DAY;
	hear(&s, HEAR_UP, NULL);
	no(&s, "anna");
	is(&s, "anna", "accept");
	s.now += 7 * HOUR;
	no(&s, "anna");
	is(&s, "anna", "unknown");
	world_free(s.w);
}

static void who_is_refused_again_and_again_is_believed_not_to_be(void **state)
{
	struct scene s = begin();

	(void)state;
	no(&s, "spam");
	is(&s, "spam", "unknown");
	s.now += HOUR;
	no(&s, "spam");
	is(&s, "spam", "unknown");
	s.now += 7 * HOUR;
	no(&s, "spam");
	is(&s, "spam", "reject");
	s.now += 7 * DAY;
	is(&s, "spam", "unknown");
	no(&s, "spam");
	is(&s, "spam", "unknown");
	yes(&s, "spam");
	is(&s, "spam", "accept");
	world_free(s.w);
}

static void what_a_person_listed_is_confirmed_and_never_touched(void **state)
{
	const char *const listed[] = { "listed" };
	struct scene s = begin();
	uint64_t changed;
	struct err e;

	(void)state;
	assert_true(change_recipient_add(s.w->store, "op", "a.test", listed, 1, RECIPIENT_ACCEPT,
					 &changed, &e));
	s.now = world_count(s.w, "SELECT added FROM recipient") + 2 * DAY;
	for (int i = 0; i < 20; i++) {
		no(&s, "listed");
		s.now += 7 * HOUR;
	}
	is(&s, "listed", "accept");
	yes(&s, "listed");
	assert_int_equal(world_count(s.w, "SELECT confirmed FROM recipient"), s.now);
	assert_int_equal(world_count(s.w, "SELECT count(*) FROM heard"), 0);
	world_free(s.w);
}

static void who_takes_anybody_teaches_nothing(void **state)
{
	struct scene s = begin();
	struct view_count *counts;
	struct arena *a = arena_new(1 << 20);
	struct view *v;
	struct err e;
	size_t n;

	(void)state;
	hear(&s, HEAR_ACCEPTS_ALL, NULL);
	yes(&s, "anna");
	is(&s, "anna", "unknown");
	assert_true(view_open(s.w->conf, &v, &e));
	assert_true(view_counts(v, a, "a.test", &counts, &n, &e));
	assert_true(counts[0].accepts_all);
	assert_int_equal(counts[0].accepts_tested_ms, START);
	hear(&s, HEAR_SELECTS, NULL);
	says(&s, "anna", true, true);
	is(&s, "anna", "accept");
	assert_true(view_counts(v, a, "a.test", &counts, &n, &e));
	assert_false(counts[0].accepts_all);
	assert_int_equal(counts[0].heard, 1);
	view_close(v);
	arena_free(a);
	world_free(s.w);
}

static void guessed_names_leave_room_for_users(void **state)
{
	struct scene s = begin();

	(void)state;
	no(&s, "first");
	world_lock(s.w);
	world_exec(s.w, "UPDATE hearing SET entries = 50000; COMMIT; BEGIN");
	world_unlock(s.w);
	no(&s, "guessed");
	assert_int_equal(world_count(s.w, "SELECT count(*) FROM heard"), 1);
	yes(&s, "anna");
	is(&s, "anna", "accept");
	/* Of whom we know already a no is news. */
	no(&s, "anna");
	assert_int_equal(world_count(s.w, "SELECT counted > 0 FROM heard WHERE local = 'anna'"),
			 1);
	world_free(s.w);
}

static void all_kinds_of_entries_are_listed_together(void **state)
{
	const char *const listed[] = { "bob", "dora" };
	struct view_recipient *rows;
	struct scene s = begin();
	struct arena *a = arena_new(1 << 20);
	uint64_t changed;
	struct view *v;
	struct err e;
	size_t n;
	bool more;

	(void)state;
	assert_true(change_recipient_add(s.w->store, "op", "a.test", listed, 2, RECIPIENT_ACCEPT,
					 &changed, &e));
	yes(&s, "anna");
	says(&s, "carl", true, true);
	assert_true(view_open(s.w->conf, &v, &e));
	assert_true(view_recipients(v, a, "a.test", "", 3, &rows, &n, &more, &e));
	assert_int_equal(n, 3);
	assert_true(more);
	assert_string_equal(rows[0].local, "anna");
	assert_string_equal(rows[0].source, "learned");
	assert_int_equal(rows[0].confidence, 60);
	assert_int_equal(rows[0].confirmed_ms, START);
	assert_string_equal(rows[1].source, "list");
	assert_int_equal(rows[1].confidence, 100);
	assert_string_equal(rows[2].source, "probe");
	assert_true(view_recipients(v, a, "a.test", "carl", 3, &rows, &n, &more, &e));
	assert_int_equal(n, 1);
	assert_false(more);
	assert_true(change_domain_remove(s.w->store, "op", "a.test", true, &e));
	assert_int_equal(world_count(s.w, "SELECT count(*) FROM heard"), 0);
	assert_int_equal(world_count(s.w, "SELECT count(*) FROM hearing"), 0);
	view_close(v);
	arena_free(a);
	world_free(s.w);
}

/* -- forgotten by hand ------------------------------------------------------------------ */

/* What others than the store remember: one user, whose name is `who`. */
struct others {
	const char *who;
	unsigned asked;
};

static uint64_t on_forget(void *world, int64_t domain, struct str local)
{
	struct others *o = world;

	assert_true(domain > 0);
	o->asked++;
	return o->who && (!local.at || str_eq(local, str_of(o->who)));
}

static bool forget(struct scene *s, const char *const *locals, size_t n, struct others *o,
		   uint64_t *ret_changed, struct err *e)
{
	const struct change_memory memory = { o ? on_forget : NULL, o, s->domain };

	return change_recipient_forget(s->w->store, "op", "A.test", locals, n, &memory,
				       ret_changed, e);
}

static void a_user_who_is_forgotten_is_unknown_at_once(void **state)
{
	const char *const anna[] = { "ANNA@a.TEST" }, *const two[] = { "spam", "Jose\xcc\x81" };
	struct scene s = begin();
	uint64_t version, changed = 0;
	struct err e;

	(void)state;
	yes(&s, "anna");
	yes(&s, "bob");
	yes(&s, "jos\xc3\xa9");
	no(&s, "spam");
	s.now += 7 * HOUR;
	no(&s, "spam");
	is(&s, "spam", "reject");
	version = atomic_load(&s.w->board.recipients_version);
	assert_true(forget(&s, anna, 1, NULL, &changed, &e));
	assert_int_equal(changed, 1);
	assert_true(atomic_load(&s.w->board.recipients_version) > version);
	is(&s, "anna", "unknown");
	is(&s, "bob", "accept");
	assert_true(forget(&s, two, 2, NULL, &changed, &e));
	assert_int_equal(changed, 2);
	is(&s, "spam", "unknown");
	is(&s, "jos\xc3\xa9", "unknown");
	assert_int_equal(world_count(s.w, "SELECT entries FROM hearing"), 1);
	assert_int_equal(world_count(s.w, "SELECT count(*) FROM audit WHERE who = 'op' AND what ="
					  " 'recipient forget a.test anna: 1 changed'"),
			 1);
	/* And is learned again like anybody. */
	yes(&s, "anna");
	is(&s, "anna", "accept");
	world_free(s.w);
}

static void who_is_not_known_is_told_and_nobody_is_forgotten(void **state)
{
	const char *const locals[] = { "anna", "zoe" }, *const listed[] = { "listed" };
	const char *const bad[] = { "two words" }, *const elsewhere[] = { "anna@b.test" };
	struct scene s = begin();
	uint64_t changed;
	struct err e;

	(void)state;
	yes(&s, "anna");
	assert_true(change_recipient_add(s.w->store, "op", "a.test", listed, 1, RECIPIENT_ACCEPT,
					 &changed, &e));
	assert_false(forget(&s, locals, 2, NULL, &changed, &e));
	assert_int_equal(e.kind, ERR_NOTFOUND);
	assert_string_equal(e.text, "nothing was learned of zoe in a.test");
	is(&s, "anna", "accept");
	assert_false(forget(&s, listed, 1, NULL, &changed, &e));
	assert_int_equal(e.kind, ERR_NOTFOUND);
	assert_int_equal(world_count(s.w, "SELECT count(*) FROM recipient"), 1);
	assert_false(forget(&s, bad, 1, NULL, &changed, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_false(forget(&s, elsewhere, 1, NULL, &changed, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(world_count(s.w, "SELECT count(*) FROM audit"
					  " WHERE what LIKE 'recipient forget%'"),
			 0);
	world_free(s.w);
}

static void what_others_remember_counts_and_is_forgotten(void **state)
{
	const char *const locals[] = { "Anna", "zoe" };
	struct others o = { .who = "zoe" };
	struct scene s = begin();
	uint64_t changed;
	struct err e;

	(void)state;
	yes(&s, "anna");
	assert_true(forget(&s, locals, 2, &o, &changed, &e));
	assert_int_equal(changed, 2);
	assert_int_equal(o.asked, 2);
	assert_true(forget(&s, NULL, 0, &o, &changed, &e));
	assert_int_equal(changed, 1);
	assert_int_equal(o.asked, 3);
	o.who = NULL;
	assert_true(forget(&s, NULL, 0, &o, &changed, &e));
	assert_int_equal(changed, 0);
	world_free(s.w);
}

static void all_that_was_learned_of_a_domain_is_forgotten_but_its_clock(void **state)
{
	const char *const listed[] = { "listed" };
	struct scene s = begin();
	uint64_t changed;
	struct err e;

	(void)state;
	assert_true(change_recipient_add(s.w->store, "op", "a.test", listed, 1, RECIPIENT_ACCEPT,
					 &changed, &e));
	yes(&s, "anna");
	no(&s, "spam");
	hear(&s, HEAR_ACCEPTS_ALL, NULL);
	hear(&s, HEAR_DOWN, NULL);
	assert_true(forget(&s, NULL, 0, NULL, &changed, &e));
	assert_int_equal(changed, 2);
	is(&s, "anna", "unknown");
	is(&s, "listed", "accept");
	assert_int_equal(world_count(s.w, "SELECT entries + accepts_all + tested FROM hearing"),
			 0);
	assert_int_equal(world_count(s.w, "SELECT since FROM hearing"), START);
	/* What is learned then is kept through the rest of the outage. */
	yes(&s, "anna");
	s.now += 400 * DAY;
	is(&s, "anna", "accept");
	assert_false(change_recipient_forget(s.w->store, "op", "b.test", NULL, 0,
					     &(struct change_memory){ .forget = NULL }, &changed,
					     &e));
	assert_int_equal(e.kind, ERR_NOTFOUND);
	world_free(s.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_taken_is_known_at_once_and_for_his_time),
		cmocka_unit_test(in_an_outage_nothing_is_forgotten),
		cmocka_unit_test(one_bad_answer_removes_nobody),
		cmocka_unit_test(answers_against_are_far_apart_by_the_domains_clock),
		cmocka_unit_test(who_is_refused_again_and_again_is_believed_not_to_be),
		cmocka_unit_test(what_a_person_listed_is_confirmed_and_never_touched),
		cmocka_unit_test(who_takes_anybody_teaches_nothing),
		cmocka_unit_test(guessed_names_leave_room_for_users),
		cmocka_unit_test(all_kinds_of_entries_are_listed_together),
		cmocka_unit_test(a_user_who_is_forgotten_is_unknown_at_once),
		cmocka_unit_test(who_is_not_known_is_told_and_nobody_is_forgotten),
		cmocka_unit_test(what_others_remember_counts_and_is_forgotten),
		cmocka_unit_test(all_that_was_learned_of_a_domain_is_forgotten_but_its_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
