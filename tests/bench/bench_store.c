/* bench_store: what the store alone can do, without SMTP, and what a long queue costs.
 *
 *	bench_store DIR [WAITING [COUNT]]
 *
 * DIR is made and taken away again.  WAITING messages (default 0) are queued before the last
 * figures are taken; COUNT (default 40000) are used for each rate.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "db/change.h"
#include "db/store.h"
#include "db/view.h"

#define BODY_BYTES 4096
#define DOMAIN     "example.test"

struct bench {
	struct conf *conf;
	struct settings_board board;
	struct inbox answers;
	struct store *store;
	int64_t domain;
	unsigned long done, failed;
	/* of the cycle */
	unsigned long settled, found;
	int64_t after_ms;
	msgid after_id;
	bool asking, news; /* a due is under way; there may be more than it answers */
	msgid *ids;
	unsigned long id_count;
};

static void check(bool ok, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "bench_store: %s\n", e->text);
	exit(1);
}

static void tell(const char *what, double value, const char *unit)
{
	printf("%-52s %10.0f %s\n", what, value, unit);
	fflush(stdout);
}

static double cpu_us(void)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* What it cost is told too: it depends less on what else the machine does. */
struct rate {
	int64_t start;
	double cpu;
};

static struct rate rate_begin(void)
{
	return (struct rate){ clock_mono_ms(), cpu_us() };
}

static void rate_tell(const struct rate *r, const char *what, unsigned long n)
{
	int64_t ms = clock_mono_ms() - r->start;

	printf("%-52s %10.0f /s %8.1f us CPU each\n", what,
	       (double)n * 1000 / (double)(ms > 0 ? ms : 1), (cpu_us() - r->cpu) / (double)n);
	fflush(stdout);
}

static long rss_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[200];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (f)
		(void)fclose(f);
	return kb;
}

/* Answers the time it took, in ms. */
static int64_t open_store(struct bench *b)
{
	int64_t start = clock_mono_ms();
	struct err e;

	check(store_open(b->conf, NULL, &b->board, NULL, &b->store, &e), &e);
	return clock_mono_ms() - start;
}

/* -- jobs ---------------------------------------------------------------------------- */

static void give_accept(struct bench *b)
{
	struct job_accept *a = job_new_accept(&b->answers, NULL, NULL);
	struct envelope_rcpt *rcpt = arena_alloc(a->job.arena, sizeof(*rcpt));
	int64_t now = clock_wall_ms();

	rcpt->address = STR("user1@" DOMAIN);
	rcpt->domain = b->domain;
	a->env = (struct envelope){
		.id = id_next(store_ids(b->store), now),
		.sender = STR("sender@elsewhere.example"),
		.client = STR("192.0.2.33"),
		.helo = STR("mail.elsewhere.example"),
		.received_ms = now,
		.esmtp = true,
		.rcpts = rcpt,
		.rcpt_count = 1,
	};
	a->body = (struct body){ .mem = malloc(BODY_BYTES), .fd = -1, .size = BODY_BYTES };
	memset(a->body.mem, 'x', BODY_BYTES);
	store_put(b->store, &a->job);
}

static void give_settle(struct bench *b, msgid id)
{
	struct job_settle *s = job_new_settle(&b->answers, NULL, NULL);
	struct outcome *o = arena_alloc(s->job.arena, sizeof(*o));

	*o = (struct outcome){
		.kind = OUTCOME_DELIVERED,
		.reply = STR("250 2.0.0 Ok: queued as 4F1B2C3D4E"),
		.primary = STR("127.0.0.1:2525"),
	};
	s->message = id;
	s->outcomes = o;
	s->outcome_count = 1;
	store_put(b->store, &s->job);
}

static void give_chunk(struct bench *b, msgid id)
{
	struct job_chunk *c = job_new_chunk(&b->answers, NULL, NULL);

	c->message = id;
	store_put(b->store, &c->job);
}

static void give_due(struct bench *b)
{
	struct job_due *d = job_new_due(&b->answers, NULL, NULL);

	d->domain = b->domain;
	d->after_ms = b->after_ms;
	d->after_id = b->after_id;
	d->upto_ms = clock_wall_ms();
	d->limit = 100;
	b->asking = true;
	b->news = false;
	store_put(b->store, &d->job);
}

/* One answered job is taken in; what it leads to is given. */
static void take(struct bench *b, struct job *job)
{
	if (!job->ok && b->failed++ == 0)
		fprintf(stderr, "bench_store: %s\n", job->err.text);
	if (job->kind == JOB_ACCEPT) {
		if (b->ids)
			b->ids[b->id_count++] = CONTAINER(job, struct job_accept, job)->env.id;
		b->done++;
		b->news = true;
	} else if (job->kind == JOB_SETTLE) {
		b->settled++;
	} else if (job->kind == JOB_CHUNK) {
		give_settle(b, CONTAINER(job, struct job_chunk, job)->message);
	} else if (job->kind == JOB_DUE) {
		struct job_due *d = CONTAINER(job, struct job_due, job);

		b->asking = false;
		b->news = b->news || d->more || d->next_due_ms;
		for (size_t i = 0; i < d->mail_count; i++) {
			b->after_ms = d->mails[i].next_try_ms;
			b->after_id = d->mails[i].id;
			give_chunk(b, d->mails[i].id);
			b->found++;
		}
	}
	job_free(job);
}

static void take_some(struct bench *b)
{
	struct list jobs, *l;

	list_init(&jobs);
	(void)inbox_wait(&b->answers, &jobs, 10);
	while ((l = list_pop(&jobs)))
		take(b, LIST_ITEM(l, struct job, link));
}

/* -- figures ------------------------------------------------------------------------- */

static void accept_rate(struct bench *b, const char *what, unsigned long count,
			unsigned long in_flight)
{
	struct rate rate = rate_begin();
	unsigned long given = 0;

	b->done = 0;
	while (b->done < count) {
		while (given < count && given - b->done < in_flight) {
			give_accept(b);
			given++;
		}
		take_some(b);
	}
	rate_tell(&rate, what, count);
}

static void settle_rate(struct bench *b, unsigned long in_flight)
{
	struct rate rate = rate_begin();
	unsigned long given = 0;

	b->settled = 0;
	while (b->settled < b->id_count) {
		while (given < b->id_count && given - b->settled < in_flight)
			give_settle(b, b->ids[given++]);
		take_some(b);
	}
	rate_tell(&rate, "settle, 50 in flight", b->id_count);
}

/* Mail comes in, is found due, read and settled, all at once: what a relay does to its store. */
static void cycle_rate(struct bench *b, const char *what, unsigned long count)
{
	struct rate rate = rate_begin();
	unsigned long given = 0;

	b->done = b->settled = b->found = 0;
	b->news = true;
	/* Mail left from before comes first, and counts. */
	while (b->settled < count) {
		while (given < count && given - b->done < 50 && b->done < b->settled + 1000) {
			give_accept(b);
			given++;
		}
		if (!b->asking && b->news && b->found < b->settled + 500)
			give_due(b);
		take_some(b);
	}
	while (b->asking || b->settled < b->found)
		take_some(b);
	rate_tell(&rate, what, count);
}

/* due + chunk of what is there, one due at a time. */
static void read_rate(struct bench *b, unsigned long count)
{
	struct rate rate = rate_begin();
	int64_t after_ms = 0;
	unsigned long n = 0;
	msgid after_id = 0;

	while (n < count) {
		struct job_due *d = job_new_due(&b->answers, NULL, NULL);
		struct list jobs, *l;
		size_t left = 0;

		d->domain = b->domain;
		d->after_ms = after_ms;
		d->after_id = after_id;
		d->upto_ms = clock_wall_ms();
		d->limit = 100;
		store_put(b->store, &d->job);
		list_init(&jobs);
		(void)inbox_wait(&b->answers, &jobs, -1);
		(void)list_pop(&jobs);
		if (!d->mail_count)
			break;
		for (size_t i = 0; i < d->mail_count; i++, left++) {
			struct job_chunk *c = job_new_chunk(&b->answers, NULL, NULL);

			after_ms = d->mails[i].next_try_ms;
			after_id = d->mails[i].id;
			c->message = after_id;
			store_put(b->store, &c->job);
		}
		n += d->mail_count;
		job_free(&d->job);
		while (left) {
			(void)inbox_wait(&b->answers, &jobs, -1);
			while ((l = list_pop(&jobs))) {
				left--;
				job_free(LIST_ITEM(l, struct job, link));
			}
		}
	}
	rate_tell(&rate, "due and chunk", n);
}

static void bench_import(struct bench *b)
{
	uint64_t lines, changed;
	struct buf file;
	struct err e;
	int64_t start;

	buf_init(&file, 64 << 20);
	for (unsigned i = 0; i < 100000; i++)
		if (!buf_addf(&file, "user%u@" DOMAIN "\n", i * 7919U % 100000))
			exit(1);
	start = clock_mono_ms();
	check(change_recipient_import(b->store, "bench", DOMAIN, buf_str(&file), &lines, &changed,
				      &e),
	      &e);
	tell("import of 100,000 recipients", (double)(clock_mono_ms() - start), "ms");
	buf_done(&file);
}

static void bench_views(struct bench *b)
{
	struct view_filter all = { .limit = 50 }, domain = { .limit = 50, .domain = DOMAIN };
	struct view_delivery *rows;
	struct view_count *counts;
	struct arena *a = arena_new(64 << 20);
	struct view *v;
	struct err e;
	bool more;
	int64_t start;
	size_t n;

	check(view_open(b->conf, &v, &e), &e);
	start = clock_mono_ms();
	check(view_queue(v, a, &all, &rows, &n, &more, &e), &e);
	tell("view_queue, limit 50", (double)(clock_mono_ms() - start), "ms");
	start = clock_mono_ms();
	check(view_queue(v, a, &domain, &rows, &n, &more, &e), &e);
	tell("view_queue of the domain, limit 50", (double)(clock_mono_ms() - start), "ms");
	start = clock_mono_ms();
	check(view_counts(v, a, NULL, &counts, &n, &e), &e);
	tell("view_counts", (double)(clock_mono_ms() - start), "ms");
	view_close(v);
	arena_free(a);
}

static void bench_reading_jobs(struct bench *b)
{
	struct job_expired *x = job_new_expired(&b->answers, NULL, NULL);
	struct job_due *d = job_new_due(&b->answers, NULL, NULL);
	struct list jobs;
	int64_t start = clock_mono_ms();

	d->domain = b->domain;
	d->upto_ms = clock_wall_ms();
	d->limit = 100;
	store_put(b->store, &d->job);
	list_init(&jobs);
	(void)inbox_wait(&b->answers, &jobs, -1);
	tell("job_due, first 100", (double)(clock_mono_ms() - start), "ms");
	job_free(&d->job);
	start = clock_mono_ms();
	x->now_ms = clock_wall_ms();
	x->limit = 100;
	store_put(b->store, &x->job);
	list_init(&jobs);
	(void)inbox_wait(&b->answers, &jobs, -1);
	tell("job_expired, nothing over", (double)(clock_mono_ms() - start), "ms");
	job_free(&x->job);
}

static void bench_waiting(struct bench *b, unsigned long waiting, unsigned long count)
{
	int64_t start;
	struct err e;

	b->ids = NULL;
	accept_rate(b, "accept, 1000 in flight", waiting, 1000);
	accept_rate(b, "accept, 50 in flight, with those waiting", count, 50);
	start = clock_mono_ms();
	store_close(b->store);
	tell("close", (double)(clock_mono_ms() - start), "ms");
	tell("open", (double)open_store(b), "ms");
	tell("RSS after open", (double)rss_kb(), "KB");
	bench_reading_jobs(b);
	bench_views(b);
	read_rate(b, count);
	b->after_ms = 0;
	b->after_id = 0;
	cycle_rate(b, "accept + due + chunk + settle", count);
	tell("RSS at the end", (double)rss_kb(), "KB");
	start = clock_mono_ms();
	check(change_domain_remove(b->store, "bench", DOMAIN, true, &e), &e);
	tell("domain removed with all that waits", (double)(clock_mono_ms() - start), "ms");
}

int main(int argc, char **argv)
{
	const struct change_pair primary = { "primary", "127.0.0.1:2525" };
	struct bench b = { .after_id = 0 };
	unsigned long waiting = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long count = argc > 3 ? strtoul(argv[3], NULL, 10) : 40000;
	struct settings *s;
	struct err e;

	if (argc < 2 || mkdir(argv[1], 0700) != 0) {
		fprintf(stderr, "usage: bench_store NEW-DIR [WAITING [COUNT]]\n");
		return 2;
	}
	b.conf = conf_defaults();
	free(b.conf->state_dir);
	b.conf->state_dir = mem_str(str_of(argv[1]));
	settings_board_init(&b.board);
	inbox_init(&b.answers, NULL, NULL);
	(void)open_store(&b);
	check(change_domain_add(b.store, "bench", DOMAIN, &primary, 1, &e), &e);
	s = settings_board_get(&b.board);
	b.domain = settings_find(s, STR(DOMAIN))->id;
	settings_unref(s);

	accept_rate(&b, "accept, 1 in flight", count / 10, 1);
	b.ids = malloc(count * sizeof(*b.ids));
	accept_rate(&b, "accept, 50 in flight", count, 50);
	read_rate(&b, count);
	settle_rate(&b, 50);
	free(b.ids);
	b.ids = NULL;
	cycle_rate(&b, "accept + due + chunk + settle", count);
	bench_import(&b);
	tell("RSS", (double)rss_kb(), "KB");
	if (waiting)
		bench_waiting(&b, waiting, count);
	store_close(b.store);
	settings_board_done(&b.board);
	conf_unref(b.conf);
	return b.failed != 0;
}
