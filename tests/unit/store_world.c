/* store_world: see the header.
 * SPDX-License-Identifier: ISC */
#include "store_world.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/arena.h"
#include "base/clock.h"

#define PATIENCE_MS 60000 /* with the store's own locks, which are held for a moment each */

struct store_world *world_make(const char *parent)
{
	struct store_world *w = mem_alloc(sizeof(*w));

	(void)snprintf(w->dir, sizeof(w->dir), "%s/mxkeep-test-XXXXXX", parent);
	assert_non_null(mkdtemp(w->dir));
	w->conf = conf_defaults();
	free(w->conf->state_dir);
	w->conf->state_dir = mem_str(str_of(w->dir));
	w->conf->store.min_free = 0;
	settings_board_init(&w->board);
	inbox_init(&w->notes, NULL, NULL);
	inbox_init(&w->answers, NULL, NULL);
	return w;
}

void world_open(struct store_world *w)
{
	struct err e;

	if (!store_open(w->conf, NULL, &w->board, &w->notes, &w->store, &e))
		fail_msg("%s", e.text);
}

struct store_world *world_new(void)
{
	struct store_world *w = world_make("/tmp");

	world_open(w);
	return w;
}

void world_close(struct store_world *w)
{
	/* Before the store: its last connection is to be the one that checkpoints. */
	assert_int_equal(sqlite3_close(w->look), SQLITE_OK);
	w->look = NULL;
	store_close(w->store);
	w->store = NULL;
}

char *world_path(const struct store_world *w, const char *name)
{
	return mem_printf("%s/%s", w->dir, name);
}

static void remove_dir(const struct store_world *w)
{
	DIR *dir = opendir(w->dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *path = world_path(w, entry->d_name);

		(void)unlink(path);
		free(path);
	}
	if (dir)
		(void)closedir(dir);
	(void)rmdir(w->dir);
}

static void drain(struct inbox *in)
{
	struct list items, *l;

	list_init(&items);
	(void)inbox_take_all(in, &items);
	while ((l = list_pop(&items)))
		free(LIST_ITEM(l, struct store_note, link));
	inbox_done(in);
}

void world_free(struct store_world *w)
{
	world_close(w);
	drain(&w->notes);
	inbox_done(&w->answers);
	settings_board_done(&w->board);
	conf_unref(w->conf);
	remove_dir(w);
	free(w);
}

void world_lock(struct store_world *w)
{
	char *path = world_path(w, "mxkeep.db");

	assert_int_equal(sqlite3_open_v2(path, &w->lock, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	(void)sqlite3_busy_timeout(w->lock, PATIENCE_MS);
	(void)sqlite3_db_config(w->lock, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	assert_int_equal(sqlite3_exec(w->lock, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	free(path);
}

void world_exec(struct store_world *w, const char *sql)
{
	if (sqlite3_exec(w->lock, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(w->lock));
}

void world_unlock(struct store_world *w)
{
	world_exec(w, "ROLLBACK");
	assert_int_equal(sqlite3_close(w->lock), SQLITE_OK);
	w->lock = NULL;
}

static void copy_file(const char *from, const char *to)
{
	char block[65536];
	FILE *in = fopen(from, "rb"), *out;
	size_t n;

	if (!in)
		return;
	out = fopen(to, "wb");
	assert_non_null(out);
	while ((n = fread(block, 1, sizeof(block), in)) > 0)
		assert_int_equal(fwrite(block, 1, n, out), n);
	(void)fclose(in);
	assert_int_equal(fclose(out), 0);
}

struct store_world *world_crashed_copy(const struct store_world *w)
{
	static const char *const names[] = { "mxkeep.db", "mxkeep.db-wal" };
	struct store_world *copy = world_make("/tmp");

	for (size_t i = 0; i < COUNT(names); i++) {
		char *from = world_path(w, names[i]), *to = world_path(copy, names[i]);

		copy_file(from, to);
		free(from);
		free(to);
	}
	world_open(copy);
	return copy;
}

struct job *world_answered(struct store_world *w)
{
	struct list jobs, *l;

	list_init(&jobs);
	assert_true(inbox_wait(&w->answers, &jobs, 60000));
	l = list_pop(&jobs);
	assert_non_null(l);
	/* The others come next time. */
	if (!list_is_empty(&jobs))
		assert_true(inbox_put_all(&w->answers, &jobs));
	return LIST_ITEM(l, struct job, link);
}

bool world_do(struct store_world *w, struct job *job)
{
	store_put(w->store, job);
	assert_ptr_equal(world_answered(w), job);
	return job->ok;
}

int64_t world_domain(struct store_world *w, const char *name)
{
	struct settings *s = settings_board_get(&w->board);
	const struct domain *d = settings_find(s, str_of(name));
	int64_t id = d ? d->id : 0;

	settings_unref(s);
	return id;
}

int64_t world_add_domain(struct store_world *w, const char *name)
{
	const struct change_pair pairs[] = { { "primary", "127.0.0.1:2525" } };
	struct err e;

	if (!change_domain_add(w->store, "test", name, pairs, COUNT(pairs), &e))
		fail_msg("%s", e.text);
	return world_domain(w, name);
}

struct store_note *world_note(struct store_world *w, int timeout_ms)
{
	struct list notes, *l;

	list_init(&notes);
	(void)inbox_wait(&w->notes, &notes, timeout_ms);
	l = list_pop(&notes);
	if (!list_is_empty(&notes))
		assert_true(inbox_put_all(&w->notes, &notes));
	return l ? LIST_ITEM(l, struct store_note, link) : NULL;
}

struct job_accept *world_mail(struct store_world *w, int64_t domain, const char *sender,
			      const char *const *rcpts, struct str body)
{
	struct job_accept *a = job_new_accept(&w->answers, NULL, NULL);
	struct envelope_rcpt *list;
	int64_t now = clock_wall_ms();
	size_t n = 0;

	while (rcpts[n])
		n++;
	list = arena_alloc(a->job.arena, n * sizeof(*list));
	assert_non_null(list);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct envelope_rcpt){ .address = arena_dup(a->job.arena,
								       str_of(rcpts[i])),
						  .domain = domain };
	a->env = (struct envelope){
		.id = id_next(store_ids(w->store), now),
		.sender = arena_dup(a->job.arena, str_of(sender)),
		.client = STR("192.0.2.7"),
		.helo = STR("client.example"),
		.received_ms = now,
		.esmtp = true,
		.rcpts = list,
		.rcpt_count = n,
	};
	a->body = (struct body){ .mem = mem_str(body), .fd = -1, .size = body.n };
	return a;
}

msgid world_accept(struct store_world *w, int64_t domain, struct str body)
{
	const char *const rcpts[] = { "user@example.test", NULL };
	struct job_accept *a = world_mail(w, domain, "sender@elsewhere.example", rcpts, body);
	msgid id = a->env.id;

	if (!world_do(w, &a->job))
		fail_msg("%s", a->job.err.text);
	job_free(&a->job);
	return id;
}

struct job_due *world_due_after(struct store_world *w, int64_t domain, int64_t after_ms,
				msgid after_id, int64_t upto_ms)
{
	for (;;) {
		struct job_due *d = job_new_due(&w->answers, NULL, NULL);

		d->domain = domain;
		d->after_ms = after_ms;
		d->after_id = after_id;
		d->upto_ms = upto_ms;
		d->limit = 1000;
		if (!world_do(w, &d->job))
			fail_msg("%s", d->job.err.text);
		if (!d->more)
			return d;
		job_free(&d->job); /* some are due in this very millisecond: ask again */
	}
}

struct job_due *world_due(struct store_world *w, int64_t domain, int64_t upto_ms)
{
	return world_due_after(w, domain, 0, 0, upto_ms);
}

char *world_body(struct store_world *w, msgid id, size_t *ret_n)
{
	char *body = NULL;
	size_t n = 0;

	for (unsigned seq = 0;; seq++) {
		struct job_chunk *c = job_new_chunk(&w->answers, NULL, NULL);
		bool found;

		c->message = id;
		c->seq = seq;
		if (!world_do(w, &c->job))
			fail_msg("%s", c->job.err.text);
		found = c->found;
		if (found) {
			body = mem_grow(body, n + c->bytes.n + 1);
			memcpy(body + n, c->bytes.at, c->bytes.n);
			n += c->bytes.n;
			body[n] = '\0';
		}
		job_free(&c->job);
		if (!found)
			break;
	}
	*ret_n = n;
	return body;
}

bool world_settle(struct store_world *w, msgid id, unsigned seq, enum outcome_kind kind,
		  const char *reply, int64_t next_try_ms)
{
	struct job_settle *s = job_new_settle(&w->answers, NULL, NULL);
	const struct outcome outcome = {
		.seq = seq,
		.kind = kind,
		.reply = str_of(reply),
		.primary = STR("127.0.0.1:2525"),
		.next_try_ms = next_try_ms,
	};
	bool ok;

	s->message = id;
	s->outcomes = &outcome;
	s->outcome_count = 1;
	ok = world_do(w, &s->job);
	job_free(&s->job);
	return ok;
}

static void open_look(struct store_world *w)
{
	char *path = world_path(w, "mxkeep.db");

	assert_int_equal(sqlite3_open_v2(path, &w->look, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	(void)sqlite3_busy_timeout(w->look, PATIENCE_MS);
	(void)sqlite3_db_config(w->look, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	free(path);
}

int64_t world_count(struct store_world *w, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t n;

	if (!w->look)
		open_look(w);
	if (sqlite3_prepare_v2(w->look, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(w->look));
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return n;
}

void world_await_none(struct store_world *w, const char *sql)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	while (world_count(w, sql)) {
		assert_true(clock_mono_ms() < end_ms);
		(void)poll(NULL, 0, 2);
	}
}
