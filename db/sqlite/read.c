/* read: the small questions: a body row, a recipient, which domains have mail waiting.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite/sqlite.h"

static bool out_of_room(struct err *e)
{
	return err_set(e, ERR_TEMP, "the answer is too large");
}

static bool chunk(struct backend *b, struct job_chunk *c)
{
	struct err *e = &c->job.err;
	sqlite3_stmt *st = sqlite_select_content(b, c->message, c->seq, e);
	int got = st ? sql_step(b, st, e) : -1;

	c->found = got > 0;
	if (got <= 0)
		return got == 0;
	c->bytes = arena_dup(c->job.arena, sql_blob(st, 0));
	sql_end(st);
	return c->bytes.at || out_of_room(e);
}

/* 1 found, 0 not, -1 failed. */
static int find_recipient(struct backend *b, struct job_recipient *r, struct str local)
{
	struct err *e = &r->job.err;
	sqlite3_stmt *st = sqlite_select_listed(b, r->domain, local, e);
	int got = st ? sql_step(b, st, e) : -1;

	if (got <= 0)
		return got;
	switch (sqlite3_column_int(st, 0)) {
	case RECIPIENT_REJECT:
		r->found = RECIPIENT_REJECT;
		break;
	case RECIPIENT_ALIAS:
		r->found = RECIPIENT_ALIAS;
		r->alias = arena_dup(r->job.arena, sql_text(st, 1));
		break;
	default:
		r->found = RECIPIENT_ACCEPT;
		break;
	}
	sql_end(st);
	if (r->found != RECIPIENT_ALIAS || r->alias.at)
		return 1;
	(void)out_of_room(e);
	return -1;
}

static bool recipient(struct backend *b, struct job_recipient *r)
{
	int got;

	r->found = RECIPIENT_UNKNOWN;
	r->heard = false;
	got = find_recipient(b, r, r->local);
	if (got == 0 && r->base.n)
		got = find_recipient(b, r, r->base);
	if (got == 0)
		got = sqlite_find_heard(b, r, r->local);
	if (got == 0 && r->base.n)
		got = sqlite_find_heard(b, r, r->base);
	return got >= 0;
}

/* One step of the index a domain, not one a message. */
static bool waiting(struct backend *b, struct job_waiting *w, const struct due_look *look)
{
	struct err *e = &w->job.err;
	struct waiting_domain *found = NULL, *answer;
	size_t n = 0, room = 0;
	int64_t domain = -1;
	int got;

	for (;;) {
		sqlite3_stmt *st = sqlite_select_waiting(b, domain, e);

		got = st ? sql_step(b, st, e) : -1;
		if (got <= 0)
			break;
		if (n == room) {
			room = room ? room * 2 : 16;
			found = mem_grow(found, room * sizeof(*found));
		}
		domain = sqlite3_column_int64(st, 0);
		found[n++] = (struct waiting_domain){
			.domain = domain,
			.next_due_ms = sqlite3_column_int64(st, 1) - look->ahead_ms,
		};
		sql_end(st);
	}
	answer = arena_alloc(w->job.arena, n * sizeof(*found));
	if (answer && n)
		memcpy(answer, found, n * sizeof(*found));
	free(found);
	w->domains = answer;
	w->domain_count = answer ? n : 0;
	return got == 0 && (answer || out_of_room(e));
}

bool sqlite_read(struct backend *b, struct job *job, const struct due_look *look)
{
	switch (job->kind) {
	case JOB_DUE:
		return sqlite_due(b, CONTAINER(job, struct job_due, job), look);
	case JOB_CHUNK:
		return chunk(b, CONTAINER(job, struct job_chunk, job));
	case JOB_RECIPIENT:
		return recipient(b, CONTAINER(job, struct job_recipient, job));
	case JOB_EXPIRED:
		return sqlite_expired(b, CONTAINER(job, struct job_expired, job));
	case JOB_WAITING:
		return waiting(b, CONTAINER(job, struct job_waiting, job), look);
	case JOB_GREYLIST_LOOK:
		return sqlite_greylist_look(b, CONTAINER(job, struct job_greylist, job));
	case JOB_ACCEPT:
	case JOB_SETTLE:
	case JOB_GREYLIST:
	case JOB_CHANGE:
	case JOB_TALLY:
	case JOB_OFFER:
	case JOB_HEAR:
	case JOB_PROBE:
		break;
	}
	return err_set(&job->err, ERR_PERM, "not a reading job");
}
