/* bench_recipients: lists of many domains and of many users: how long they load, how fast users are
 * looked up, and what a large import costs the mail that comes meanwhile.
 *
 *	bench_recipients DIR fill          makes the database, for the script beside to fill
 *	bench_recipients DIR DOMAINS USERS measures: dN.test has users uM, M % DOMAINS == N
 *
 * Run by tests/bench/recipients.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "db/change.h"
#include "db/store.h"

#define IN_FLIGHT 64
#define LOOKUPS   200000UL
#define BIG       "d0.test"

struct bench {
	struct conf *conf;
	struct settings_board board;
	struct inbox answers;
	struct store *store;
	unsigned long domains, users, found;
	uint64_t dice;
	_Atomic bool importing;
};

static void check(bool ok, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "bench_recipients: %s\n", e->text);
	exit(1);
}

static void tell(const char *what, double value, const char *unit)
{
	printf("%-58s %12.0f %s\n", what, value, unit);
	fflush(stdout);
}

static double pss_kb(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[200];
	double kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Pss:", 4) == 0)
			kb = strtod(line + 4, NULL);
	if (f)
		(void)fclose(f);
	return kb;
}

static unsigned long pick(struct bench *b, unsigned long n)
{
	b->dice = b->dice * 6364136223846793005u + 1442695040888963407u;
	return (unsigned long)(b->dice >> 33) % n;
}

/* A user of a random domain: one that is there, or one that is not. */
static void give(struct bench *b, const struct settings *s, bool known)
{
	struct job_recipient *job = job_new_recipient(&b->answers, NULL, NULL);
	unsigned long user = pick(b, b->users);
	char name[32];

	(void)snprintf(name, sizeof(name), "d%lu.test", user % b->domains);
	job->domain = settings_find(s, str_of(name))->id;
	(void)snprintf(name, sizeof(name), "%s%lu", known ? "u" : "nobody", user);
	job->local = arena_dup(job->job.arena, str_of(name));
	job->base = STR_NONE;
	job->now_ms = clock_wall_ms();
	store_put(b->store, &job->job);
}

static unsigned long take(struct bench *b)
{
	struct list done, *l;
	unsigned long n = 0;

	list_init(&done);
	(void)inbox_wait(&b->answers, &done, -1);
	for (; (l = list_pop(&done)); n++) {
		struct job *job = LIST_ITEM(l, struct job, link);

		check(job->ok, &job->err);
		b->found +=
			CONTAINER(job, struct job_recipient, job)->found == RECIPIENT_ACCEPT;
		job_free(job);
	}
	return n;
}

static void lookups(struct bench *b, const char *what, unsigned flying, bool known)
{
	struct settings *s = settings_board_get(&b->board);
	unsigned long given = 0, done = 0, count = flying == 1 ? LOOKUPS / 10 : LOOKUPS;
	int64_t start = clock_mono_ms();

	b->found = 0;
	while (done < count) {
		for (; given < count && given - done < flying; given++)
			give(b, s, known);
		done += take(b);
	}
	tell(what, (double)count * 1000 / (double)(clock_mono_ms() - start + 1), "/s");
	if (b->found != (known ? count : 0))
		fprintf(stderr, "bench_recipients: %lu of %lu found\n", b->found, count);
	settings_unref(s);
}

/* -- an import, and mail beside it -------------------------------------------------------- */

struct import {
	struct bench *b;
	struct str file;
	struct change_tally tally;
	int64_t ms;
};

static void *run_import(void *arg)
{
	struct import *im = arg;
	int64_t start = clock_mono_ms();
	struct err e;

	check(change_recipient_replace(im->b->store, "bench", BIG, im->file, true, &im->tally, &e),
	      &e);
	im->ms = clock_mono_ms() - start;
	atomic_store(&im->b->importing, false);
	return NULL;
}

/* Lookups go on, one at a time: the slowest of them. */
static int64_t slowest_lookup(struct bench *b)
{
	struct settings *s = settings_board_get(&b->board);
	int64_t worst = 0;

	while (atomic_load(&b->importing)) {
		int64_t start = clock_mono_ms(), ms;

		give(b, s, true);
		(void)take(b);
		ms = clock_mono_ms() - start;
		worst = ms > worst ? ms : worst;
	}
	settings_unref(s);
	return worst;
}

static void import(struct bench *b, const char *what, struct str file)
{
	struct import im = { .b = b, .file = file };
	int64_t worst;
	pthread_t thread;

	atomic_store(&b->importing, true);
	if (pthread_create(&thread, NULL, run_import, &im) != 0)
		exit(1);
	worst = slowest_lookup(b);
	(void)pthread_join(thread, NULL);
	tell(what, (double)im.ms, "ms");
	printf("    %" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " kept;"
	       " slowest look-up beside it %" PRId64 " ms\n",
	       im.tally.added, im.tally.removed, im.tally.kept, worst);
}

static struct str list_of(struct buf *to, unsigned long n, unsigned long from)
{
	buf_init(to, (size_t)64 << 20);
	for (unsigned long i = from; i < from + n; i++)
		if (!buf_addf(to, "user%lu\n", i))
			exit(1);
	return buf_str(to);
}

static void open_store(struct bench *b)
{
	struct err e;

	check(store_open(b->conf, NULL, &b->board, NULL, &b->store, &e), &e);
}

static void measure(struct bench *b)
{
	int64_t start = clock_mono_ms();
	struct buf file;

	open_store(b);
	tell("start: settings of all domains are loaded", (double)(clock_mono_ms() - start), "ms");
	tell("PSS after the start", pss_kb(), "KB");
	lookups(b, "look-ups of known users, 1 in flight", 1, true);
	lookups(b, "look-ups of known users, 64 in flight", IN_FLIGHT, true);
	lookups(b, "look-ups of unknown users, 64 in flight", IN_FLIGHT, false);
	tell("PSS after them", pss_kb(), "KB");
	import(b, "one domain's list becomes 1,000,000 others", list_of(&file, 1000000, 0));
	buf_done(&file);
	import(b, "the same file again", list_of(&file, 1000000, 0));
	buf_done(&file);
	import(b, "1 % of it is new", list_of(&file, 1000000, 10000));
	buf_done(&file);
	tell("PSS at the end", pss_kb(), "KB");
}

int main(int argc, char **argv)
{
	struct bench b = { .dice = 1 };

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: bench_recipients DIR fill | DIR DOMAINS USERS\n");
		return 2;
	}
	(void)mkdir(argv[1], 0700);
	b.conf = conf_defaults();
	free(b.conf->state_dir);
	b.conf->state_dir = mem_str(str_of(argv[1]));
	settings_board_init(&b.board);
	inbox_init(&b.answers, NULL, NULL);
	if (argc == 3) {
		open_store(&b);
	} else {
		b.domains = strtoul(argv[2], NULL, 10);
		b.users = strtoul(argv[3], NULL, 10);
		measure(&b);
	}
	store_close(b.store);
	settings_board_done(&b.board);
	conf_unref(b.conf);
	return 0;
}
