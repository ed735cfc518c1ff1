/* test_view: what operators look at, while the store is at work.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

#define BIT(state) (1U << (state))

struct seen {
	struct store_world *w;
	struct view *v;
	struct arena *a;
	struct view_delivery *rows;
	size_t n;
	bool more;
};

static struct seen look_new(void)
{
	struct seen s = { .w = world_new(), .a = arena_new(16 << 20) };
	struct err e;

	assert_true(view_open(s.w->conf, &s.v, &e));
	return s;
}

static void look_free(struct seen *s)
{
	view_close(s->v);
	arena_free(s->a);
	world_free(s->w);
}

static void look(struct seen *s, struct view_filter f)
{
	struct err e;

	if (!view_queue(s->v, s->a, &f, &s->rows, &s->n, &s->more, &e))
		fail_msg("%s", e.text);
}

static void act(struct seen *s, msgid id, enum queue_act what)
{
	uint64_t changed;
	struct err e;

	if (!change_message(s->w->store, "op", id, what, &changed, &e))
		fail_msg("%s", e.text);
}

static void the_queue_is_listed_oldest_first_in_pages(void **state)
{
	struct seen s = look_new();
	int64_t domain = world_add_domain(s.w, "example.test");
	msgid ids[5];

	(void)state;
	for (int i = 0; i < 5; i++)
		ids[i] = world_accept(s.w, domain, STR("Subject: x\r\n\r\n"));
	look(&s, (struct view_filter){ .limit = 3 });
	assert_int_equal(s.n, 3);
	assert_true(s.more);
	assert_true(s.rows[0].message == ids[0] && s.rows[2].message == ids[2]);
	assert_string_equal(s.rows[0].recipient, "user@example.test");
	assert_string_equal(s.rows[0].sender, "sender@elsewhere.example");
	assert_string_equal(s.rows[0].domain_name, "example.test");
	assert_string_equal(s.rows[0].client, "192.0.2.7");
	assert_string_equal(s.rows[0].helo, "client.example");
	assert_int_equal(s.rows[0].size, 14);
	assert_string_equal(s.rows[0].reply, "");
	look(&s, (struct view_filter){ .limit = 3, .after = ids[2] });
	assert_int_equal(s.n, 2);
	assert_false(s.more);
	look(&s, (struct view_filter){ .limit = 3, .message = ids[4] });
	assert_int_equal(s.n, 1);
	look_free(&s);
}

/* Both ways of looking: by state and by domain, and not. */
static void the_queue_is_filtered_by_domain_and_state(void **state)
{
	struct seen s = look_new();
	int64_t one = world_add_domain(s.w, "one.test"), two = world_add_domain(s.w, "two.test");
	msgid queued = world_accept(s.w, one, STR("x")), held = world_accept(s.w, one, STR("x")),
	      failed = world_accept(s.w, one, STR("x")), other = world_accept(s.w, two, STR("x"));
	const struct {
		const char *domain;
		unsigned states;
		msgid wanted[4];
	} rows[] = {
		{ NULL, 0, { queued, held, failed, other } },
		{ "one.test", 0, { queued, held, failed } },
		{ "One.Test", BIT(STATE_QUEUED), { queued } },
		{ "one.test", BIT(STATE_QUEUED) | BIT(STATE_HELD), { queued, held } },
		{ "one.test", BIT(STATE_HELD), { held } },
		{ "two.test", BIT(STATE_FAILED), { 0 } },
		{ NULL, BIT(STATE_FAILED), { failed } },
		{ NULL, BIT(STATE_QUEUED), { queued, other } },
	};
	struct err e;

	(void)state;
	act(&s, held, QUEUE_HOLD);
	assert_true(world_settle(s.w, failed, 0, OUTCOME_FAILED, "550 no", 0));
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = 0;

		look(&s, (struct view_filter){
				 .domain = rows[i].domain, .states = rows[i].states, .limit = 9 });
		while (n < 4 && rows[i].wanted[n])
			n++;
		assert_int_equal(s.n, n);
		for (size_t k = 0; k < n; k++)
			assert_true(s.rows[k].message == rows[i].wanted[k]);
	}
	assert_false(view_queue(s.v, s.a, &(struct view_filter){ .domain = "none.test" }, &s.rows,
				&s.n, &s.more, &e));
	assert_int_equal(e.kind, ERR_NOTFOUND);
	look_free(&s);
}

static void a_large_domain_is_walked_and_gives_the_same(void **state)
{
	const char *const rcpts[] = { "user@example.test", NULL };
	struct seen s = look_new();
	int64_t domain = world_add_domain(s.w, "example.test"), other;
	msgid first = 0, last = 0;

	(void)state;
	other = world_add_domain(s.w, "other.test");
	(void)world_accept(s.w, other, STR("x"));
	for (int i = 0; i < 10100; i++) {
		struct job_accept *a = world_mail(s.w, domain, "", rcpts, STR("x"));

		first = first ? first : a->env.id;
		last = a->env.id;
		store_put(s.w->store, &a->job);
	}
	for (int i = 0; i < 10100; i++)
		job_free(world_answered(s.w));
	look(&s, (struct view_filter){ .domain = "example.test", .limit = 50 });
	assert_int_equal(s.n, 50);
	assert_true(s.more && s.rows[0].message == first);
	look(&s, (struct view_filter){ .domain = "example.test", .limit = 50, .after = last - 1 });
	assert_int_equal(s.n, 1);
	assert_false(s.more);
	look_free(&s);
}

static void the_ledger_and_the_events_tell_what_became_of_mail(void **state)
{
	struct seen s = look_new();
	msgid id = world_accept(s.w, world_add_domain(s.w, "example.test"), STR("x"));
	struct view_event *events;
	struct err e;
	size_t n;

	(void)state;
	assert_true(world_settle(s.w, id, 0, OUTCOME_DEFERRED, "451 4.3.0 later",
				 clock_wall_ms() + 1000));
	assert_true(world_settle(s.w, id, 0, OUTCOME_DELIVERED, "250 2.0.0 taken", 0));
	assert_true(view_ledger(s.v, s.a, id, &s.rows, &s.n, &e));
	assert_int_equal(s.n, 1);
	assert_true(s.rows[0].state == STATE_DELIVERED);
	assert_string_equal(s.rows[0].reply, "250 2.0.0 taken");
	assert_string_equal(s.rows[0].primary, "127.0.0.1:2525");
	assert_string_equal(s.rows[0].domain_name, "example.test");
	assert_int_equal(s.rows[0].attempts, 2);
	assert_true(s.rows[0].changed_ms >= s.rows[0].received_ms);
	assert_true(view_events(s.v, s.a, id, &events, &n, &e));
	assert_int_equal(n, 1);
	assert_string_equal(events[0].kind, "deferred");
	assert_string_equal(events[0].detail, "user@example.test: 451 4.3.0 later");
	assert_true(view_ledger(s.v, s.a, id + 1, &s.rows, &s.n, &e));
	assert_int_equal(s.n, 0);
	look_free(&s);
}

static void the_head_of_a_body_is_bounded(void **state)
{
	const char *const rcpts[] = { "user@example.test", NULL };
	size_t size = STORE_CHUNK_BYTES + 1000;
	struct seen s = look_new();
	char *bytes = mem_alloc(size);
	struct job_accept *a;
	struct str head;
	struct err e;
	msgid id;

	(void)state;
	memset(bytes, 'a', size);
	bytes[size - 1] = 'z';
	a = world_mail(s.w, world_add_domain(s.w, "example.test"), "", rcpts,
		       (struct str){ bytes, size });
	id = a->env.id;
	assert_true(world_do(s.w, &a->job));
	job_free(&a->job);
	assert_true(view_body_head(s.v, s.a, id, 100, &head, &e));
	assert_int_equal(head.n, 100);
	assert_true(view_body_head(s.v, s.a, id, 1 << 20, &head, &e));
	assert_int_equal(head.n, size);
	assert_memory_equal(head.at, bytes, size);
	assert_false(view_body_head(s.v, s.a, id + 1, 100, &head, &e));
	assert_int_equal(e.kind, ERR_NOTFOUND);
	free(bytes);
	look_free(&s);
}

static void recipients_are_listed_in_pages(void **state)
{
	const char *const locals[] = { "carl", "anna", "bob" };
	struct view_recipient *rows;
	struct seen s = look_new();
	uint64_t changed;
	struct err e;
	bool more;
	size_t n;

	(void)state;
	(void)world_add_domain(s.w, "example.test");
	assert_true(change_recipient_add(s.w->store, "op", "example.test", locals, 3,
					 RECIPIENT_ACCEPT, &changed, &e));
	assert_int_equal(changed, 3);
	assert_true(view_recipients(s.v, s.a, "example.test", NULL, 2, &rows, &n, &more, &e));
	assert_int_equal(n, 2);
	assert_true(more);
	assert_string_equal(rows[0].local, "anna");
	assert_string_equal(rows[0].source, "list");
	assert_true(view_recipients(s.v, s.a, "example.test", "bob", 2, &rows, &n, &more, &e));
	assert_int_equal(n, 1);
	assert_false(more);
	assert_string_equal(rows[0].local, "carl");
	look_free(&s);
}

static void counts_are_by_domain_and_state(void **state)
{
	struct seen s = look_new();
	int64_t one = world_add_domain(s.w, "one.test"), two = world_add_domain(s.w, "two.test");
	msgid held = world_accept(s.w, one, STR("x"));
	struct view_count *rows;
	struct err e;
	size_t n;

	(void)state;
	(void)world_add_domain(s.w, "empty.test");
	act(&s, held, QUEUE_HOLD);
	(void)world_accept(s.w, two, STR("x"));
	(void)world_accept(s.w, two, STR("x"));
	assert_true(view_counts(s.v, s.a, NULL, &rows, &n, &e));
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].domain_name, "one.test");
	assert_int_equal(rows[0].held, 1);
	assert_int_equal(rows[0].queued, 0);
	assert_int_equal(rows[1].queued, 2);
	assert_true(rows[0].oldest_ms == 0 && rows[1].oldest_ms > 0);
	assert_true(view_counts(s.v, s.a, "empty.test", &rows, &n, &e));
	assert_int_equal(n, 1);
	assert_string_equal(rows[0].domain_name, "empty.test");
	assert_int_equal(rows[0].queued, 0);
	look_free(&s);
}

static void each_change_has_an_audit_row_newest_first(void **state)
{
	struct view_audit *rows;
	struct seen s = look_new();
	struct err e;
	size_t n;

	(void)state;
	(void)world_add_domain(s.w, "example.test");
	assert_true(change_domain_remove(s.w->store, "uid 0", "example.test", false, &e));
	assert_false(change_domain_remove(s.w->store, "uid 0", "example.test", false, &e));
	assert_true(view_audit(s.v, s.a, 10, &rows, &n, &e));
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].who, "uid 0");
	assert_string_equal(rows[0].what, "domain remove example.test: 0 changed");
	assert_string_equal(rows[1].what, "domain add example.test primary=127.0.0.1:2525");
	look_free(&s);
}

static void an_arena_that_is_full_is_an_error_not_a_crash(void **state)
{
	struct seen s = look_new();
	struct arena *tiny = arena_new(200);
	struct view_filter f = { .limit = 10 };
	struct view_count *counts;
	struct view_audit *audit;
	struct err e;

	(void)state;
	(void)world_accept(s.w, world_add_domain(s.w, "example.test"), STR("x"));
	assert_false(view_queue(s.v, tiny, &f, &s.rows, &s.n, &s.more, &e));
	assert_false(view_audit(s.v, tiny, 10, &audit, &s.n, &e));
	arena_reset(tiny);
	assert_true(view_counts(s.v, tiny, NULL, &counts, &s.n, &e));
	arena_free(tiny);
	look(&s, f);
	assert_int_equal(s.n, 1);
	look_free(&s);
}

static void the_engine_and_its_file_are_told(void **state)
{
	struct seen s = look_new();
	struct view_engine engine;
	struct err e;

	(void)state;
	assert_true(view_engine(s.v, s.a, &engine, &e));
	assert_string_equal(engine.name, "sqlite");
	assert_true(engine.version[0] == '3');
	assert_true(engine.bytes > 0);
	look_free(&s);
}

static void giving_up_touches_failed_recipients_only(void **state)
{
	struct seen s = look_new();
	int64_t domain = world_add_domain(s.w, "example.test");
	msgid id = world_accept(s.w, domain, STR("x"));
	uint64_t changed;
	struct err e;

	(void)state;
	assert_false(change_message(s.w->store, "op", id, QUEUE_GIVE_UP, &changed, &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	look_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_queue_is_listed_oldest_first_in_pages),
		cmocka_unit_test(the_queue_is_filtered_by_domain_and_state),
		cmocka_unit_test(a_large_domain_is_walked_and_gives_the_same),
		cmocka_unit_test(the_ledger_and_the_events_tell_what_became_of_mail),
		cmocka_unit_test(the_head_of_a_body_is_bounded),
		cmocka_unit_test(recipients_are_listed_in_pages),
		cmocka_unit_test(counts_are_by_domain_and_state),
		cmocka_unit_test(each_change_has_an_audit_row_newest_first),
		cmocka_unit_test(an_arena_that_is_full_is_an_error_not_a_crash),
		cmocka_unit_test(the_engine_and_its_file_are_told),
		cmocka_unit_test(giving_up_touches_failed_recipients_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
