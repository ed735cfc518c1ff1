/* writer: the thread whose connection is the only one that writes: group commit.
 *
 * While one COMMIT waits for the disk the next jobs gather in the inbox; they are the next batch.
 * When a batch fails it is rolled back and each of its jobs gets a transaction of its own, once;
 * after an input/output error the connection is opened anew before anything else is written, for
 * what a failed fsync has left behind is not known.  A second such error ends the attempt: all that
 * is left of the batch is answered "not done".
 *
 * Between batches, when nothing waits, small steps of tidying.
 * SPDX-License-Identifier: ISC */
#include "db/store_private.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/arena.h"
#include "base/clock.h"

#define BATCH_JOBS  256
#define BATCH_BYTES ((uint64_t)16 << 20)
#define TICK_MS     1000
#define PRUNE_MS    INT64_C(3600000)
#define STEP_MS     20    /* between two steps of pruning while mail comes in */
#define REPORT_MS   60000
#define REOPEN_MS   10000 /* between two attempts with a damaged database */

void batch_note(struct batch *b, int64_t domain, int64_t next_try, bool by_hand)
{
	int64_t at = next_try - b->ahead_ms;
	size_t i = b->note_count;

	/* From the end: rows of one domain mostly come together. */
	while (i > 0 && b->notes[i - 1].domain != domain)
		i--;
	if (i > 0) {
		struct batch_note *n = &b->notes[i - 1];

		n->at_ms = at < n->at_ms ? at : n->at_ms;
		n->by_hand = n->by_hand || by_hand;
		return;
	}
	if (b->note_count == b->note_room) {
		b->note_room = b->note_room ? b->note_room * 2 : 16;
		b->notes = mem_grow(b->notes, b->note_room * sizeof(*b->notes));
	}
	b->notes[b->note_count++] =
		(struct batch_note){ .domain = domain, .at_ms = at, .by_hand = by_hand };
}

/* One line a minute at most: a dead disk must not fill the log's. */
static void report(struct store *s, const char *what, const struct err *e)
{
	struct writer *w = &s->writer;
	int64_t now = clock_mono_ms();

	if (w->reported_at && now - w->reported_at < REPORT_MS) {
		w->unreported++;
		return;
	}
	log_say(s->log, LOG_ERROR, "store_error", F_CSTR("what", what), F_CSTR("why", e->text),
		F_INT("unreported", w->unreported));
	w->reported_at = now ? now : 1;
	w->unreported = 0;
}

/* -- the disk ---------------------------------------------------------------------- */

/* What must be free before more is written: the reserve, and as much as the log holds, for to be
 * written back it needs that room in the file.  Without that a disk filled by mail would have none
 * for the outcomes that empty it. */
static uint64_t needed_bytes(const struct store *s)
{
	uint64_t in_log = s->writer.db ? s->ops->log_bytes(s->writer.db) : 0;

	return (uint64_t)atomic_load(&s->min_free) + in_log;
}

static bool look_at_disk(struct store *s)
{
	struct statvfs fs;

	if (statvfs(s->conf->state_dir, &fs) != 0)
		return false;
	atomic_store(&s->free_bytes, (uint64_t)fs.f_bavail * fs.f_frsize);
	return true;
}

static void set_space(struct store *s, bool has, uint64_t need)
{
	if (has == atomic_load(&s->has_space))
		return;
	atomic_store(&s->has_space, has);
	log_say(s->log, has ? LOG_INFO : LOG_ERROR, has ? "intake_resumed" : "intake_stopped",
		F_INT("free", atomic_load(&s->free_bytes)), F_INT("need", need));
}

void writer_look_at_disk(struct store *s)
{
	uint64_t need = needed_bytes(s);

	if (!look_at_disk(s))
		return;
	/* A tenth more to begin again, or it would flap. */
	if (!atomic_load(&s->has_space))
		need += need / 10;
	set_space(s, atomic_load(&s->free_bytes) >= need, need);
}

/* Is there room for bodies of so many bytes, in the log and in the file?  Asked before each batch:
 * in a second much may come. */
static bool has_room(struct store *s, uint64_t bytes)
{
	uint64_t need = needed_bytes(s) + 2 * bytes;

	if (!atomic_load(&s->has_space))
		return false;
	if (!look_at_disk(s) || atomic_load(&s->free_bytes) >= need)
		return true;
	set_space(s, false, need);
	return false;
}

/* -- settings ---------------------------------------------------------------------- */

/* What is on the board until it succeeds is old: what is not in it may yet be ours. */
static bool publish(struct store *s, struct err *e)
{
	struct settings *fresh;

	s->writer.reload = true;
	if (!s->ops->load_settings(s->writer.db, atomic_load(&s->board->version) + 1, &fresh, e)) {
		atomic_store(&s->board->stale, true);
		return false;
	}
	s->writer.reload = false;
	settings_board_set(s->board, fresh);
	return true;
}

/* -- opening ----------------------------------------------------------------------- */

bool writer_open(struct store *s, struct err *e)
{
	struct writer *w = &s->writer;
	int64_t now = clock_wall_ms(), far = now + 2 * s->conf->forward.retry_max_ms;
	struct backend_start start;

	if (!s->ops->open_writer(s->conf, true, &w->db, e))
		return false;
	if (!s->ops->start(w->db, &start, e) ||
	    /* No deferral goes so far: the clock was set back since. */
	    !s->ops->pull_due(w->db, now, far, e) ||
	    !publish(s, e)) {
		writer_close(s);
		return false;
	}
	id_source_init(&s->ids, start.node, start.highest);
	w->tick_at = w->written_at = clock_mono_ms();
	w->tidy.prune = w->tidy.leaving = true;
	return true;
}

void writer_close(struct store *s)
{
	s->ops->close(s->writer.db);
	s->writer.db = NULL;
	free(s->writer.batch.notes);
	s->writer.batch = (struct batch){ .notes = NULL };
}

/* Damage was met: nothing is written until all of the database has been read and found whole. */
static bool open_damaged(struct store *s, struct err *e)
{
	struct writer *w = &s->writer;

	if (clock_mono_ms() < w->reopen_at)
		return err_set(e, ERR_TEMP, "the database is damaged");
	w->reopen_at = clock_mono_ms() + REOPEN_MS;
	if (!s->ops->open_writer(s->conf, false, &w->db, e))
		return false;
	if (!s->ops->verify(w->db, e)) {
		s->ops->close(w->db);
		w->db = NULL;
		return false;
	}
	w->corrupt = false;
	atomic_store(&s->is_well, true);
	log_say(s->log, LOG_WARNING, "store_whole_again", F_CSTR("file", s->conf->state_dir));
	return true;
}

static bool open_again(struct store *s, struct err *e)
{
	struct writer *w = &s->writer;
	enum backend_health health = w->db ? s->ops->health(w->db) : BACKEND_WELL;

	if (health == BACKEND_CORRUPT && !w->corrupt) {
		w->corrupt = true;
		w->reopen_at = clock_mono_ms() + REOPEN_MS;
		atomic_store(&s->is_well, false);
	}
	if (health != BACKEND_WELL) {
		s->ops->close(w->db);
		w->db = NULL;
	}
	if (w->db)
		return true;
	if (w->corrupt ? open_damaged(s, e) : s->ops->open_writer(s->conf, false, &w->db, e))
		return true;
	e->kind = e->kind == ERR_FULL ? ERR_FULL : ERR_TEMP;
	return false;
}

/* -- batches ----------------------------------------------------------------------- */

static void begin_batch(struct store *s)
{
	struct batch *b = &s->writer.batch;

	b->wall_ms = clock_wall_ms();
	b->turn_ms = due_clock_open(&s->clock, b->wall_ms, clock_mono_ms(), &b->ahead_ms);
	b->settings_changed = b->recipients_changed = b->greylist_changed = b->leaving = false;
	b->note_count = 0;
}

static bool run_all(struct store *s, struct list *jobs, struct err *e)
{
	for (LIST_EACH(l, jobs)) {
		struct job *job = LIST_ITEM(l, struct job, link);
		enum run_result got = s->ops->run(s->writer.db, job, &s->writer.batch);

		job->ok = got == RUN_DONE;
		if (got != RUN_BROKEN)
			continue;
		*e = job->err;
		return false;
	}
	return true;
}

enum written { WRITTEN, WRITE_FAILED, WRITE_LOCKED_OUT };

/* All of jobs in one transaction, or nothing. */
static enum written write_together(struct store *s, struct list *jobs, struct err *e)
{
	struct backend *db = s->writer.db;
	bool began, ok;

	begin_batch(s);
	began = s->ops->begin(db, e);
	ok = began && run_all(s, jobs, e) && s->ops->commit(db, e);
	if (!ok)
		s->ops->rollback(db);
	due_clock_shut(&s->clock);
	if (!began && s->ops->health(db) == BACKEND_WELL)
		return WRITE_LOCKED_OUT; /* each of them would only wait again */
	return ok ? WRITTEN : WRITE_FAILED;
}

static void put_notes(struct store *s)
{
	struct batch *b = &s->writer.batch;
	struct list notes, *l;

	list_init(&notes);
	for (size_t i = 0; s->notes && i < b->note_count; i++) {
		struct store_note *n = mem_alloc(sizeof(*n));

		n->domain = b->notes[i].domain;
		n->at_ms = b->notes[i].at_ms;
		n->by_hand = b->notes[i].by_hand;
		list_add_tail(&notes, &n->link);
	}
	if (list_is_empty(&notes) || inbox_put_all(s->notes, &notes))
		return;
	while ((l = list_pop(&notes)))
		free(LIST_ITEM(l, struct store_note, link));
}

/* After COMMIT: first the settings, so that who hears of a change finds it in force. */
static void tell(struct store *s, struct list *jobs)
{
	struct batch *b = &s->writer.batch;
	uint64_t n = 0, failed = 0;
	struct err e;

	for (LIST_EACH(l, jobs)) {
		n++;
		failed += !LIST_ITEM(l, struct job, link)->ok;
	}
	atomic_fetch_add(&s->commits, 1);
	atomic_fetch_add(&s->written_jobs, n - failed);
	atomic_fetch_add(&s->failed_jobs, failed);
	if (n > atomic_load(&s->largest_batch))
		atomic_store(&s->largest_batch, n);
	if (b->settings_changed && !publish(s, &e))
		report(s, "settings cannot be read", &e);
	if (b->recipients_changed)
		atomic_fetch_add(&s->board->recipients_version, 1);
	if (b->greylist_changed)
		atomic_fetch_add(&s->board->greylist_version, 1);
	if (b->leaving)
		s->writer.tidy.leaving = s->writer.more_to_tidy = true;
	/* Answers before notes: who fetches because of a note has heard what became of the mail
	 * that it had in hand. */
	store_answer(jobs);
	put_notes(s);
}

static void refuse(struct store *s, struct list *jobs, const struct err *e)
{
	for (LIST_EACH(l, jobs)) {
		struct job *job = LIST_ITEM(l, struct job, link);

		job->ok = false;
		job->err = *e;
		atomic_fetch_add(&s->failed_jobs, 1);
	}
	store_answer(jobs);
}

/* The jobs of a batch that failed, each alone.  A job may be run again: it is not used up. */
static void write_one_by_one(struct store *s, struct list *jobs)
{
	struct err e = { .kind = ERR_TEMP };
	bool trouble = false;
	struct list one, *l;

	list_init(&one);
	while (!trouble && (l = list_pop(jobs))) {
		enum written got = WRITE_LOCKED_OUT;

		list_add_tail(&one, l);
		if (open_again(s, &e))
			got = write_together(s, &one, &e);
		if (got == WRITTEN) {
			tell(s, &one);
			continue;
		}
		trouble = got == WRITE_LOCKED_OUT ||
			  s->ops->health(s->writer.db) != BACKEND_WELL;
		refuse(s, &one, &e);
	}
	refuse(s, jobs, &e);
}

static void rescue_batch(struct store *s, struct list *jobs, enum written got, struct err *e)
{
	bool well = s->ops->health(s->writer.db) == BACKEND_WELL;
	bool single = jobs->next->next == jobs;
	struct err ignored;

	report(s, "write failed", e);
	if (got == WRITE_LOCKED_OUT || (single && well && e->kind != ERR_FULL)) {
		refuse(s, jobs, e);
		return;
	}
	/* Written back, the log begins anew and may need no more room. */
	if (e->kind == ERR_FULL)
		(void)s->ops->checkpoint(s->writer.db, true, &ignored);
	write_one_by_one(s, jobs);
}

static void write_batch(struct store *s, struct list *jobs)
{
	enum written got;
	struct err e;

	if (!open_again(s, &e)) {
		report(s, "cannot open", &e);
		refuse(s, jobs, &e);
		return;
	}
	got = write_together(s, jobs, &e);
	if (got == WRITTEN)
		tell(s, jobs);
	else
		rescue_batch(s, jobs, got, &e);
	s->writer.written_at = clock_mono_ms();
	if (open_again(s, &e) && !s->ops->checkpoint(s->writer.db, false, &e))
		report(s, "checkpoint failed", &e);
}

static uint64_t body_bytes(struct job *job)
{
	if (job->kind == JOB_ACCEPT)
		return CONTAINER(job, struct job_accept, job)->body.size;
	if (job->kind == JOB_SETTLE)
		return CONTAINER(job, struct job_settle, job)->bounce_body.size;
	return 0;
}

static bool is_mail(struct list *l)
{
	return LIST_ITEM(l, struct job, link)->kind == JOB_ACCEPT;
}

/* The disk is low: what would fill it is refused, what empties it goes on. */
static void refuse_mail(struct store *s, struct list *batch)
{
	struct list rest, late, *l;
	struct err e;

	list_init(&rest);
	list_init(&late);
	while ((l = list_pop(batch)))
		list_add_tail(is_mail(l) ? &late : &rest, l);
	list_move_all(batch, &rest);
	(void)err_set(&e, ERR_FULL, "the disk is nearly full");
	refuse(s, &late, &e);
}

/* So many that a sender's wait for its own stays bounded. */
static void take_batch(struct store *s, struct list *jobs)
{
	struct list batch, *l;
	uint64_t bytes = 0;
	bool mail = false;

	list_init(&batch);
	for (int n = 0; n < BATCH_JOBS && bytes < BATCH_BYTES && (l = list_pop(jobs)); n++) {
		bytes += body_bytes(LIST_ITEM(l, struct job, link));
		mail = mail || is_mail(l);
		list_add_tail(&batch, l);
	}
	if (mail && !has_room(s, bytes))
		refuse_mail(s, &batch);
	if (!list_is_empty(&batch))
		write_batch(s, &batch);
}

/* -- the rest ---------------------------------------------------------------------- */

static void tidy(struct store *s)
{
	struct writer *w = &s->writer;
	struct err e;

	w->more_to_tidy = false;
	w->tidy_at = clock_mono_ms();
	w->tidy.wall_ms = clock_wall_ms();
	w->tidy.ledger_keep_ms = atomic_load(&s->ledger_keep_ms);
	w->tidy.audit_keep_ms = atomic_load(&s->audit_keep_ms);
	w->tidy.idle = w->tidy_at - w->written_at >= TICK_MS;
	if (!open_again(s, &e) || !s->ops->tidy(w->db, &w->tidy, &w->more_to_tidy, &e))
		report(s, "tidying failed", &e);
	if (w->tidy.recipients_changed)
		atomic_fetch_add(&s->board->recipients_version, 1);
	w->tidy.recipients_changed = false;
}

static void each_second(struct store *s)
{
	struct writer *w = &s->writer;
	int64_t now = clock_mono_ms();
	struct err e;

	if (now - w->tick_at < TICK_MS)
		return;
	w->tick_at = now;
	writer_look_at_disk(s);
	if (w->reload && open_again(s, &e) && !publish(s, &e))
		report(s, "settings cannot be read", &e);
	if (now - w->prune_at >= PRUNE_MS) {
		w->prune_at = now;
		w->tidy.prune = true;
	}
}

static int patience(const struct writer *w)
{
	int64_t left = w->tick_at + TICK_MS - clock_mono_ms();

	if (w->more_to_tidy || left <= 0)
		return 0;
	return (int)left;
}

void *writer_main(void *store)
{
	struct store *s = store;
	struct writer *w = &s->writer;
	struct list jobs;

	list_init(&jobs);
	for (;;) {
		bool waits = !list_is_empty(&jobs);

		if (!inbox_wait(&s->to_write, &jobs, waits ? 0 : patience(w)) && !waits)
			return NULL;
		each_second(s);
		if (!list_is_empty(&jobs))
			take_batch(s, &jobs);
		else if (w->more_to_tidy || clock_mono_ms() - w->tidy_at >= TICK_MS)
			tidy(s);
		if ((w->tidy.prune || w->tidy.leaving) && clock_mono_ms() - w->tidy_at >= STEP_MS)
			tidy(s);
	}
}
