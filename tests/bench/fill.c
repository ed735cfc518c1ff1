/* fill: a queue with very many messages in it, made fast: through db/store.h, as the daemon would
 * but without SMTP.
 *
 *	fill CONF COUNT BYTES RECIPIENT...
 *
 * CONF is the daemon's, which must not run.  The recipients are taken in turn; their domain must
 * be in the database.  A thousand jobs are under way at a time, so that commits are large; a
 * job's answer makes the next.
 *
 * Not done: rows written with SQL.  The benchmark would then measure a database of its own making.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/store.h"

#define UNDER_WAY 1000

struct fill {
	struct store *store;
	struct inbox answers;
	int64_t domain;
	const char *const *recipients;
	size_t recipient_count;
	size_t bytes;
	unsigned long wanted, given, done, failed;
};

/* A header and lines, as smtp-source sends them. */
static char *make_body(size_t bytes, unsigned long number)
{
	char *mem = mem_alloc(bytes);
	int head = snprintf(mem, bytes, "From: <a@b.test>\r\nSubject: %lu\r\n\r\n", number);

	for (size_t i = (size_t)head; i < bytes; i++)
		mem[i] = 'x';
	for (size_t i = bytes - 2; i > (size_t)head + 80; i -= 80)
		memcpy(mem + i, "\r\n", 2);
	return mem;
}

static void on_done(void *world, struct job *job)
{
	struct fill *f = world;

	f->done++;
	if (!job->ok && f->failed++ == 0)
		fprintf(stderr, "fill: %s\n", job->err.text);
	job_free(job);
}

static void give(struct fill *f)
{
	struct job_accept *a = job_new_accept(&f->answers, on_done, f);
	struct envelope_rcpt *rcpt = arena_alloc(a->job.arena, sizeof(*rcpt));

	if (!rcpt)
		abort();
	rcpt->address = str_of(f->recipients[f->given % f->recipient_count]);
	rcpt->domain = f->domain;
	a->env.received_ms = clock_wall_ms();
	a->env.id = id_next(store_ids(f->store), a->env.received_ms);
	a->env.sender = STR("a@b.test");
	a->env.client = STR("127.0.0.1");
	a->env.helo = STR("load.b.test");
	a->env.esmtp = true;
	a->env.rcpts = rcpt;
	a->env.rcpt_count = 1;
	a->body.mem = make_body(f->bytes, f->given);
	a->body.fd = -1;
	a->body.size = f->bytes;
	f->given++;
	store_put(f->store, &a->job);
}

static void take_answers(struct fill *f)
{
	struct list got;

	list_init(&got);
	(void)inbox_wait(&f->answers, &got, -1);
	while (!list_is_empty(&got)) {
		struct job *job = LIST_ITEM(list_pop(&got), struct job, link);

		job->on_done(f, job);
	}
}

static bool run(struct fill *f, const struct settings_board *board)
{
	const char *at = strchr(f->recipients[0], '@');
	const struct domain *d = settings_find(board->current, str_of(at ? at + 1 : ""));

	if (!d) {
		fprintf(stderr, "fill: no such domain: %s\n", f->recipients[0]);
		return false;
	}
	f->domain = d->id;
	while (f->done < f->wanted && !f->failed) {
		while (f->given < f->wanted && f->given - f->done < UNDER_WAY)
			give(f);
		take_answers(f);
	}
	while (f->done < f->given)
		take_answers(f);
	return f->failed == 0;
}

int main(int argc, char **argv)
{
	struct settings_board board;
	struct fill f = { .store = NULL };
	struct conf *conf;
	struct err e;
	bool ok;

	if (argc < 5) {
		fputs("usage: fill CONF COUNT BYTES RECIPIENT...\n", stderr);
		return 2;
	}
	f.wanted = strtoul(argv[2], NULL, 10);
	f.bytes = strtoul(argv[3], NULL, 10);
	f.recipients = (const char *const *)argv + 4;
	f.recipient_count = (size_t)argc - 4;
	if (f.bytes < 200 || f.bytes > (1 << 20)) {
		fputs("fill: BYTES: from 200 to 1048576\n", stderr);
		return 2;
	}
	settings_board_init(&board);
	inbox_init(&f.answers, NULL, NULL);
	if (!conf_load(argv[1], &conf, &e) || !store_open(conf, NULL, &board, NULL, &f.store, &e)) {
		fprintf(stderr, "fill: %s\n", e.text);
		return 1;
	}
	ok = run(&f, &board);
	store_close(f.store);
	inbox_done(&f.answers);
	settings_board_done(&board);
	conf_unref(conf);
	return ok ? 0 : 1;
}
