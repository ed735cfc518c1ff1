/* test_store: mail in, mail out, what became of it; and that it is there after all has stopped.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

#define DAY_MS INT64_C(86400000)
#define SOON   (clock_wall_ms() + 50)

static void accepted_mail_is_due_with_its_bytes(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	msgid id = world_accept(w, domain, STR("Subject: x\r\n\r\nbody\r\n"));
	struct job_due *d = world_due(w, domain, SOON);
	size_t n;
	char *body = world_body(w, id, &n);

	(void)state;
	assert_int_equal(d->mail_count, 1);
	assert_true(d->mails[0].id == id);
	assert_int_equal(d->mails[0].size, 20);
	assert_true(str_eq(d->mails[0].sender, STR("sender@elsewhere.example")));
	assert_int_equal(d->mails[0].rcpt_count, 1);
	assert_true(str_eq(d->mails[0].rcpts[0].address, STR("user@example.test")));
	assert_false(d->more);
	assert_int_equal(n, 20);
	assert_memory_equal(body, "Subject: x\r\n\r\nbody\r\n", 20);
	job_free(&d->job);
	free(body);
	world_free(w);
}

/* Sizes around the row's, from memory and from a file. */
static void bodies_of_all_sizes_come_back(void **state)
{
	static const size_t sizes[] = { 0, 1, STORE_CHUNK_BYTES - 1, STORE_CHUNK_BYTES,
					STORE_CHUNK_BYTES + 1, 3 * STORE_CHUNK_BYTES,
					3 * STORE_CHUNK_BYTES + 77 };
	const char *const rcpts[] = { "user@example.test", NULL };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	char *bytes = mem_alloc(4 * STORE_CHUNK_BYTES);

	(void)state;
	for (size_t i = 0; i < 4 * STORE_CHUNK_BYTES; i++)
		bytes[i] = (char)(i * 131 >> 3);
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		size_t size = sizes[i / 2], n;
		struct job_accept *a =
			world_mail(w, domain, "", rcpts, (struct str){ bytes, size });
		msgid id = a->env.id;
		char *back;

		if (i % 2) {
			free(a->body.mem);
			a->body.mem = NULL;
			a->body.fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
			assert_int_equal(write(a->body.fd, bytes, size), size);
		}
		assert_true(world_do(w, &a->job));
		job_free(&a->job);
		back = world_body(w, id, &n);
		assert_int_equal(n, size);
		assert_memory_equal(back, bytes, size);
		free(back);
	}
	free(bytes);
	world_free(w);
}

static void a_spool_file_that_is_too_short_is_refused_alone(void **state)
{
	const char *const rcpts[] = { "user@example.test", NULL };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	struct job_accept *bad = world_mail(w, domain, "", rcpts, STR_NONE);

	(void)state;
	bad->body.fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	bad->body.size = 1000;
	assert_false(world_do(w, &bad->job));
	assert_int_equal(bad->job.err.kind, ERR_TEMP);
	job_free(&bad->job);
	(void)world_accept(w, domain, STR("good"));
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM delivery"), 1);
	world_free(w);
}

#define JOBS 500

/* A body that is shorter than it says. */
static void spoil(struct job_accept *a)
{
	a->body.fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	a->body.size = 10;
}

static void many_jobs_at_once_are_few_commits_and_one_bad_spoils_none(void **state)
{
	const char *const rcpts[] = { "user@example.test", NULL };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	struct job_accept *all[JOBS];
	struct store_counters c;
	unsigned good = 0;

	(void)state;
	for (unsigned i = 0; i < JOBS; i++) {
		bool spoiled = i < 100 && i % 20 == 10;

		all[i] = world_mail(w, domain, "a@b.example", rcpts, STR("hello"));
		all[i]->job.owner = spoiled ? w : NULL;
		if (spoiled)
			spoil(all[i]);
	}
	/* So that they gather; not for longer than the store waits for a lock. */
	world_lock(w);
	for (unsigned i = 0; i < JOBS; i++)
		store_put(w->store, &all[i]->job);
	world_unlock(w);
	for (unsigned i = 0; i < JOBS; i++) {
		struct job *job = world_answered(w);

		assert_int_equal(job->ok, !job->owner);
		good += job->ok;
		job_free(job);
	}
	assert_int_equal(good, JOBS - 5);
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), JOBS - 5);
	store_read_counters(w->store, &c);
	assert_true(c.largest_batch > 100);
	assert_true(c.takes_mail);
	world_free(w);
}

static void the_last_settled_recipient_takes_the_body_with_it(void **state)
{
	const char *const rcpts[] = { "a@example.test", "b@example.test", "c@example.test", NULL };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	char *large = mem_alloc(STORE_CHUNK_BYTES + 9);
	struct job_accept *m = world_mail(w, domain, "s@elsewhere.example", rcpts,
					  (struct str){ large, STORE_CHUNK_BYTES + 9 });
	msgid id = m->env.id;

	(void)state;
	assert_true(world_do(w, &m->job));
	job_free(&m->job);
	assert_true(world_settle(w, id, 0, OUTCOME_DELIVERED, "250 2.0.0 ok", 0));
	assert_true(world_settle(w, id, 1, OUTCOME_EXPIRED, "", 0));
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 1);
	assert_true(world_settle(w, id, 2, OUTCOME_BOUNCED, "550 no", 0));
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM chunk"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM delivery"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM ledger"), 3);
	assert_int_equal(world_count(w, "SELECT count(*) FROM ledger WHERE seq = 0 AND state = 3"
					" AND reply = '250 2.0.0 ok' AND attempts = 1"
					" AND server = '127.0.0.1:2525'"
					" AND domain_name = 'example.test'"),
			 1);
	assert_int_equal(world_count(w, "SELECT sum(state) FROM ledger"), 3 + 4 + 5);
	/* Once more, of what is not there: passed over. */
	assert_true(world_settle(w, id, 2, OUTCOME_DELIVERED, "250 ok", 0));
	assert_int_equal(world_count(w, "SELECT count(*) FROM ledger"), 3);
	free(large);
	world_free(w);
}

static void a_deferral_waits_and_a_failure_keeps_the_body(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test"), later = clock_wall_ms() + 3600000;
	msgid id = world_accept(w, domain, STR("x"));
	struct job_due *d;

	(void)state;
	assert_true(world_settle(w, id, 0, OUTCOME_DEFERRED, "451 later", later));
	assert_true(world_settle(w, id, 0, OUTCOME_DEFERRED, "451 later", later));
	assert_true(world_settle(w, id, 0, OUTCOME_DEFERRED, "452 full", later));
	d = world_due(w, domain, SOON);
	assert_int_equal(d->mail_count, 0);
	assert_false(d->more);
	assert_true(d->next_due_ms == later);
	job_free(&d->job);
	d = world_due(w, domain, later + 10);
	assert_int_equal(d->mail_count, 1);
	assert_int_equal(d->mails[0].rcpts[0].attempts, 3);
	job_free(&d->job);
	/* An event only where the reply is news. */
	assert_int_equal(world_count(w, "SELECT count(*) FROM event WHERE kind = 'deferred'"), 2);

	assert_true(world_settle(w, id, 0, OUTCOME_FAILED, "550 no such user", 0));
	d = world_due(w, domain, later + 10);
	assert_int_equal(d->mail_count, 0);
	assert_true(d->next_due_ms == 0);
	job_free(&d->job);
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 1);
	assert_int_equal(world_count(w, "SELECT count(*) FROM event WHERE kind = 'failed' AND"
					" detail = 'user@example.test: 550 no such user'"),
			 1);
	world_free(w);
}

static void a_message_has_a_hundred_events_at_most(void **state)
{
	struct store_world *w = world_new();
	msgid id = world_accept(w, world_add_domain(w, "example.test"), STR("x"));

	(void)state;
	for (int i = 0; i < 130; i++) {
		char *reply = mem_printf("451 attempt %d", i);

		assert_true(world_settle(w, id, 0, OUTCOME_DEFERRED, reply, clock_wall_ms()));
		free(reply);
	}
	assert_int_equal(world_count(w, "SELECT count(*) FROM event"), 100);
	world_free(w);
}

static void a_bounce_is_queued_with_what_it_reports(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	msgid id = world_accept(w, domain, STR("x"));
	struct job_settle *s = job_new_settle(&w->answers, NULL, NULL);
	const struct envelope_rcpt to = { .address = STR("sender@elsewhere.example"),
					  .domain = DOMAIN_BOUNCES };
	const struct outcome bounced = { .kind = OUTCOME_BOUNCED, .reply = STR("550 no") };
	struct job_due *d;

	(void)state;
	s->message = id;
	s->outcomes = &bounced;
	s->outcome_count = 1;
	s->bounce_env = (struct envelope){ .id = id_next(store_ids(w->store), clock_wall_ms()),
					   .received_ms = clock_wall_ms(),
					   .rcpts = &to,
					   .rcpt_count = 1 };
	s->bounce_body = (struct body){ .mem = mem_str(STR("sorry")), .fd = -1, .size = 5 };
	assert_true(world_do(w, &s->job));
	job_free(&s->job);
	d = world_due(w, DOMAIN_BOUNCES, SOON);
	assert_int_equal(d->mail_count, 1);
	assert_int_equal(d->mails[0].sender.n, 0);
	job_free(&d->job);
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 1);
	world_free(w);
}

/* As when its mail was delivered, or deleted, while the bounce was being composed. */
static void no_bounce_is_queued_about_a_recipient_that_has_gone(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	msgid id = world_accept(w, domain, STR("x"));
	struct job_settle *s = job_new_settle(&w->answers, NULL, NULL);
	const struct envelope_rcpt to = { .address = STR("sender@elsewhere.example"),
					  .domain = DOMAIN_BOUNCES };
	const struct outcome bounced = { .kind = OUTCOME_BOUNCED, .reply = STR("550 no") };

	(void)state;
	assert_true(world_settle(w, id, 0, OUTCOME_DELIVERED, "250 ok", 0));
	s->message = id;
	s->outcomes = &bounced;
	s->outcome_count = 1;
	s->bounce_env = (struct envelope){ .id = id_next(store_ids(w->store), clock_wall_ms()),
					   .received_ms = clock_wall_ms(),
					   .rcpts = &to,
					   .rcpt_count = 1 };
	s->bounce_body = (struct body){ .mem = mem_str(STR("sorry")), .fd = -1, .size = 5 };
	assert_true(world_do(w, &s->job));
	job_free(&s->job);
	assert_int_equal(world_count(w, "SELECT count(*) FROM delivery"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM message"), 0);
	assert_int_equal(world_count(w, "SELECT count(*) FROM ledger WHERE state = 3"), 1);
	world_free(w);
}

static void due_mail_is_paged_in_whole_messages(void **state)
{
	const char *const rcpts[] = { "a@example.test", "b@example.test", "c@example.test", NULL };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test"), until, after_ms = 0;
	msgid after_id = 0, ids[10];
	size_t at = 0;
	bool more = true;

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct job_accept *a = world_mail(w, domain, "s@e.example", rcpts, STR("x"));

		ids[i] = a->env.id;
		assert_true(world_do(w, &a->job));
		job_free(&a->job);
	}
	until = SOON;
	while (more) {
		struct job_due *d = job_new_due(&w->answers, NULL, NULL);

		d->domain = domain;
		d->after_ms = after_ms;
		d->after_id = after_id;
		d->upto_ms = until;
		d->limit = 7;
		assert_true(world_do(w, &d->job));
		assert_int_equal(d->mail_count, at < 9 ? 3 : 1);
		for (size_t i = 0; i < d->mail_count; i++) {
			assert_true(d->mails[i].id == ids[at++]);
			assert_int_equal(d->mails[i].rcpt_count, 3);
			assert_int_equal(d->mails[i].rcpts[2].seq, 2);
			after_ms = d->mails[i].next_try_ms;
			after_id = d->mails[i].id;
		}
		more = d->more;
		job_free(&d->job);
	}
	assert_int_equal(at, 10);
	world_free(w);
}

static void mail_for_a_domain_that_has_gone_is_not_taken(void **state)
{
	const char *const rcpts[] = { "user@example.test", NULL };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	struct job_accept *a = world_mail(w, domain + 1, "", rcpts, STR("x"));

	(void)state;
	assert_false(world_do(w, &a->job));
	assert_int_equal(a->job.err.kind, ERR_TEMP);
	job_free(&a->job);
	world_free(w);
}

static void new_mail_a_deferral_and_a_release_are_noted(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test"), later = clock_wall_ms() + 60000;
	msgid id = world_accept(w, domain, STR("x"));
	struct store_note *n = world_note(w, 1000);
	uint64_t changed;
	struct err e;

	(void)state;
	assert_non_null(n);
	assert_true(n->domain == domain && n->at_ms <= clock_wall_ms() + 1 && !n->by_hand);
	free(n);
	assert_true(world_settle(w, id, 0, OUTCOME_DEFERRED, "451 x", later));
	n = world_note(w, 1000);
	assert_non_null(n);
	assert_true(n->at_ms == later && !n->by_hand);
	free(n);
	assert_true(change_flush(w->store, "op", "example.test", &changed, &e));
	n = world_note(w, 1000);
	assert_non_null(n);
	assert_true(n->by_hand && n->at_ms <= clock_wall_ms() + 1);
	free(n);
	world_free(w);
}

static void all_is_there_after_a_restart_and_ids_go_on(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	msgid first = world_accept(w, domain, STR("one")), second;
	struct job_waiting *waiting;

	(void)state;
	world_close(w);
	world_open(w);
	assert_true(world_domain(w, "EXAMPLE.test") == domain);
	waiting = job_new_waiting(&w->answers, NULL, NULL);
	assert_true(world_do(w, &waiting->job));
	assert_int_equal(waiting->domain_count, 1);
	assert_true(waiting->domains[0].domain == domain);
	assert_true(waiting->domains[0].next_due_ms <= clock_wall_ms());
	job_free(&waiting->job);
	second = world_accept(w, domain, STR("two"));
	assert_true(second > first);
	/* Even from a clock that stands before all that. */
	assert_true(id_next(store_ids(w->store), 0) > second);
	world_free(w);
}

static void what_was_answered_survives_a_crash(void **state)
{
	struct store_world *w = world_new(), *after;
	msgid id = world_accept(w, world_add_domain(w, "example.test"), STR("kept"));
	size_t n;
	char *body;

	(void)state;
	after = world_crashed_copy(w);
	body = world_body(after, id, &n);
	assert_int_equal(n, 4);
	free(body);
	world_free(after);
	world_free(w);
}

static void mail_put_out_of_reach_by_a_clock_is_due_after_a_restart(void **state)
{
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	msgid id = world_accept(w, domain, STR("x"));
	struct job_due *d;

	(void)state;
	assert_true(world_settle(w, id, 0, OUTCOME_DEFERRED, "451", clock_wall_ms() + 9 * DAY_MS));
	world_close(w);
	world_open(w);
	d = world_due(w, domain, SOON);
	assert_int_equal(d->mail_count, 1);
	job_free(&d->job);
	world_free(w);
}

static void mail_expires_by_its_domains_lifetime(void **state)
{
	const struct change_pair lifetime[] = { { "lifetime", "2d" } };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test"), now = clock_wall_ms();
	int64_t other = world_add_domain(w, "other.test");
	msgid id = world_accept(w, domain, STR("x")), failed = world_accept(w, domain, STR("x"));
	struct err e;

	(void)state;
	(void)world_accept(w, other, STR("x"));
	assert_true(world_settle(w, failed, 0, OUTCOME_FAILED, "550 no", 0));
	assert_true(change_domain_set(w->store, "op", "example.test", lifetime, 1, &e));
	for (int day = 1; day <= 31; day += 2) {
		struct job_expired *x = job_new_expired(&w->answers, NULL, NULL);

		x->now_ms = now + day * DAY_MS;
		x->limit = 100;
		assert_true(world_do(w, &x->job));
		assert_int_equal(x->rcpt_count, day < 2 ? 0 : day < 30 ? 2 : 3);
		if (x->rcpt_count) {
			assert_true(x->rcpts[0].message == id && x->rcpts[1].message == failed);
			assert_true(x->rcpts[1].state == STATE_FAILED);
			assert_true(str_eq(x->rcpts[1].last_reply, STR("550 no")));
		}
		job_free(&x->job);
	}
	world_free(w);
}

static void recipients_are_found_by_local_part_then_by_base(void **state)
{
	static const struct {
		struct str local, base;
		enum recipient_found wanted;
	} rows[] = {
		{ STR_NONE, STR_NONE, RECIPIENT_UNKNOWN },
		{ { "anna", 4 }, STR_NONE, RECIPIENT_ACCEPT },
		{ { "anna+x", 6 }, { "anna", 4 }, RECIPIENT_ACCEPT },
		{ { "anna+spam", 9 }, { "anna", 4 }, RECIPIENT_REJECT },
		{ { "bob+x", 5 }, { "bob", 3 }, RECIPIENT_UNKNOWN },
	};
	const char *const accept[] = { "Anna@Example.test" }, *const reject[] = { "anna+spam" };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	uint64_t changed;
	struct err e;

	(void)state;
	assert_true(change_recipient_add(w->store, "op", "example.test", accept, 1,
					 RECIPIENT_ACCEPT, &changed, &e));
	assert_true(change_recipient_add(w->store, "op", "example.test", reject, 1,
					 RECIPIENT_REJECT, &changed, &e));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct job_recipient *r = job_new_recipient(&w->answers, NULL, NULL);

		r->domain = domain;
		r->local = rows[i].local;
		r->base = rows[i].base;
		assert_true(world_do(w, &r->job));
		assert_int_equal(r->found, rows[i].wanted);
		job_free(&r->job);
	}
	world_free(w);
}

static void the_file_is_for_its_owner_only(void **state)
{
	struct store_world *w = world_new();
	static const char *const names[] = { "mxkeep.db", "mxkeep.db-wal", "mxkeep.db-shm" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		char *path = world_path(w, names[i]);
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		free(path);
	}
	assert_int_equal(world_count(w, "PRAGMA auto_vacuum"), 2);
	assert_int_equal(world_count(w, "PRAGMA page_size"), 16384);
	world_free(w);
}

static void low_disk_stops_the_intake_but_not_outcomes(void **state)
{
	const char *const rcpts[] = { "user@example.test", NULL };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	msgid id = world_accept(w, domain, STR("x"));
	struct job_accept *a;

	(void)state;
	world_close(w);
	w->conf->store.min_free = INT64_MAX / 4;
	world_open(w);
	assert_false(store_takes_mail(w->store));
	a = world_mail(w, domain, "", rcpts, STR("x"));
	assert_false(world_do(w, &a->job));
	assert_int_equal(a->job.err.kind, ERR_FULL);
	job_free(&a->job);
	assert_true(world_settle(w, id, 0, OUTCOME_DELIVERED, "250 ok", 0));
	world_free(w);
}

static void jobs_after_the_end_come_back_undone(void **state)
{
	const char *const rcpts[] = { "user@example.test", NULL };
	struct store_world *w = world_new();
	int64_t domain = world_add_domain(w, "example.test");
	struct inbox gone;

	(void)state;
	/* Whose inbox has been closed: the store frees them. */
	inbox_init(&gone, NULL, NULL);
	inbox_close(&gone);
	for (int i = 0; i < 3; i++) {
		struct job_accept *a = world_mail(w, domain, "", rcpts, STR("x"));

		a->job.to = &gone;
		store_put(w->store, &a->job);
	}
	for (int i = 0; i < 300; i++)
		store_put(w->store, &world_mail(w, domain, "", rcpts, STR("x"))->job);
	world_close(w);
	for (int i = 0; i < 300; i++) {
		struct job *job = world_answered(w);

		assert_true(job->ok);
		job_free(job);
	}
	inbox_done(&gone);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_mail_is_due_with_its_bytes),
		cmocka_unit_test(bodies_of_all_sizes_come_back),
		cmocka_unit_test(a_spool_file_that_is_too_short_is_refused_alone),
		cmocka_unit_test(many_jobs_at_once_are_few_commits_and_one_bad_spoils_none),
		cmocka_unit_test(the_last_settled_recipient_takes_the_body_with_it),
		cmocka_unit_test(a_deferral_waits_and_a_failure_keeps_the_body),
		cmocka_unit_test(a_message_has_a_hundred_events_at_most),
		cmocka_unit_test(a_bounce_is_queued_with_what_it_reports),
		cmocka_unit_test(no_bounce_is_queued_about_a_recipient_that_has_gone),
		cmocka_unit_test(due_mail_is_paged_in_whole_messages),
		cmocka_unit_test(mail_for_a_domain_that_has_gone_is_not_taken),
		cmocka_unit_test(new_mail_a_deferral_and_a_release_are_noted),
		cmocka_unit_test(all_is_there_after_a_restart_and_ids_go_on),
		cmocka_unit_test(what_was_answered_survives_a_crash),
		cmocka_unit_test(mail_put_out_of_reach_by_a_clock_is_due_after_a_restart),
		cmocka_unit_test(mail_expires_by_its_domains_lifetime),
		cmocka_unit_test(recipients_are_found_by_local_part_then_by_base),
		cmocka_unit_test(the_file_is_for_its_owner_only),
		cmocka_unit_test(low_disk_stops_the_intake_but_not_outcomes),
		cmocka_unit_test(jobs_after_the_end_come_back_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
