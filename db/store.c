/* store: opening, closing, and the way in and out for jobs.
 *
 * Jobs come in by two inboxes, one a thread, in the order given; they go out by their askers'.
 * SPDX-License-Identifier: ISC */
#include "db/store_private.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"

static void *thread_of(struct store *s, pthread_t *thread, void *(*main)(void *))
{
	int failed = pthread_create(thread, NULL, main, s);

	assert(!failed);
	return s;
}

bool store_open(const struct conf *conf, struct log *log, struct settings_board *board,
		struct inbox *notes, struct store **ret, struct err *e)
{
	struct store *s;

	if (!str_eq(str_of(conf->database), STR("sqlite")))
		return err_set(e, ERR_INPUT, "no such database: %s", conf->database);
	s = mem_alloc(sizeof(*s));
	s->conf = conf;
	s->ops = &sqlite_backend;
	s->log = log;
	s->board = board;
	s->notes = notes;
	store_reconfigure(s, conf);
	atomic_init(&s->has_space, true);
	atomic_init(&s->is_well, true);
	if (!writer_open(s, e)) {
		free(s);
		return err_wrap(e, "cannot open the queue");
	}
	if (!s->ops->open_reader(conf, &s->reader, e)) {
		writer_close(s);
		free(s);
		return err_wrap(e, "cannot open the queue");
	}
	due_clock_init(&s->clock);
	inbox_init(&s->to_write, NULL, NULL);
	inbox_init(&s->to_read, NULL, NULL);
	writer_look_at_disk(s);
	thread_of(s, &s->write_thread, writer_main);
	thread_of(s, &s->read_thread, reader_main);
	*ret = s;
	return true;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	inbox_close(&s->to_write);
	pthread_join(s->write_thread, NULL);
	inbox_close(&s->to_read);
	pthread_join(s->read_thread, NULL);
	/* The writer's connection last: it is the one that checkpoints. */
	s->ops->close(s->reader);
	writer_close(s);
	inbox_done(&s->to_write);
	inbox_done(&s->to_read);
	due_clock_done(&s->clock);
	free(s);
}

struct id_source *store_ids(struct store *s)
{
	return &s->ids;
}

static bool is_written(enum job_kind kind)
{
	return kind == JOB_ACCEPT || kind == JOB_SETTLE || kind == JOB_CHANGE ||
	       kind == JOB_TALLY || kind == JOB_GREYLIST || kind == JOB_OFFER ||
	       kind == JOB_HEAR;
}

void store_put(struct store *s, struct job *job)
{
	struct inbox *in = is_written(job->kind) ? &s->to_write : &s->to_read;
	struct list refused;

	job->ok = false;
	if (inbox_put(in, &job->link))
		return;
	(void)err_set(&job->err, ERR_TEMP, "the store is closing");
	list_init(&refused);
	list_add_tail(&refused, &job->link);
	store_answer(&refused);
}

/* All of jobs that go to the same inbox as the first. */
static struct inbox *take_alike(struct list *jobs, struct list *alike)
{
	struct inbox *to = LIST_ITEM(jobs->next, struct job, link)->to;
	struct list *l = jobs->next;

	while (l != jobs) {
		struct list *next = l->next;

		if (LIST_ITEM(l, struct job, link)->to == to) {
			list_remove(l);
			list_add_tail(alike, l);
		}
		l = next;
	}
	return to;
}

void store_answer(struct list *jobs)
{
	while (!list_is_empty(jobs)) {
		struct list alike, *l;
		struct inbox *to;

		list_init(&alike);
		to = take_alike(jobs, &alike);
		if (inbox_put_all(to, &alike))
			continue;
		while ((l = list_pop(&alike)))
			job_free(LIST_ITEM(l, struct job, link));
	}
}

bool store_takes_mail(const struct store *s)
{
	return atomic_load_explicit(&s->has_space, memory_order_relaxed) &&
	       atomic_load_explicit(&s->is_well, memory_order_relaxed);
}

void store_reconfigure(struct store *s, const struct conf *conf)
{
	atomic_store(&s->min_free, conf->store.min_free);
	atomic_store(&s->ledger_keep_ms, conf->store.ledger_keep_ms);
	atomic_store(&s->audit_keep_ms, conf->store.audit_keep_ms);
}

void store_read_counters(const struct store *s, struct store_counters *ret)
{
	*ret = (struct store_counters){
		.commits = atomic_load_explicit(&s->commits, memory_order_relaxed),
		.written_jobs = atomic_load_explicit(&s->written_jobs, memory_order_relaxed),
		.failed_jobs = atomic_load_explicit(&s->failed_jobs, memory_order_relaxed),
		.largest_batch = atomic_load_explicit(&s->largest_batch, memory_order_relaxed),
		.free_bytes = atomic_load_explicit(&s->free_bytes, memory_order_relaxed),
		.takes_mail = store_takes_mail(s),
		.min_free = atomic_load_explicit(&s->min_free, memory_order_relaxed),
		.ledger_keep_ms = atomic_load_explicit(&s->ledger_keep_ms, memory_order_relaxed),
	};
}
