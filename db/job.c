/* job: how jobs are born and what dies with them.
 *
 * A job lives in its own arena together with its strings, so that whoever frees it needs to know
 * nothing of what it asked.  Each kind states how much it may hold.
 * SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/change_job.h"
#include "db/greylist.h"
#include "db/store.h"

#define SMALL_BYTES ((size_t)64 << 10)
#define CHUNK_BYTES ((size_t)STORE_CHUNK_BYTES + SMALL_BYTES)
#define LARGE_BYTES ((size_t)16 << 20)

const char *delivery_state_name(enum delivery_state s)
{
	static const char *const names[] = {
		[STATE_QUEUED] = "queued",       [STATE_HELD] = "held",
		[STATE_FAILED] = "failed",       [STATE_DELIVERED] = "delivered",
		[STATE_BOUNCED] = "bounced",     [STATE_EXPIRED] = "expired",
		[STATE_DELETED] = "deleted",
	};

	return (size_t)s < COUNT(names) ? names[s] : "unknown";
}

static void *job_new(enum job_kind kind, size_t size, size_t max_bytes, struct inbox *to,
		     job_done_fn *on_done, void *owner)
{
	struct arena *arena = arena_new(max_bytes);
	struct job *job = arena_alloc(arena, size);

	assert(job);
	list_init(&job->link);
	job->kind = kind;
	job->to = to;
	job->on_done = on_done;
	job->owner = owner;
	job->arena = arena;
	return job;
}

struct job_accept *job_new_accept(struct inbox *to, job_done_fn *on_done, void *owner)
{
	struct job_accept *a =
		job_new(JOB_ACCEPT, sizeof(*a), LARGE_BYTES, to, on_done, owner);

	a->body.fd = -1;
	return a;
}

struct job_settle *job_new_settle(struct inbox *to, job_done_fn *on_done, void *owner)
{
	struct job_settle *s =
		job_new(JOB_SETTLE, sizeof(*s), LARGE_BYTES, to, on_done, owner);

	s->bounce_body.fd = -1;
	return s;
}

struct job_offer *job_new_offer(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_OFFER, sizeof(struct job_offer), SMALL_BYTES, to, on_done, owner);
}

struct job_due *job_new_due(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_DUE, sizeof(struct job_due), LARGE_BYTES, to, on_done, owner);
}

struct job_chunk *job_new_chunk(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_CHUNK, sizeof(struct job_chunk), CHUNK_BYTES, to, on_done, owner);
}

struct job_recipient *job_new_recipient(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_RECIPIENT, sizeof(struct job_recipient), SMALL_BYTES, to, on_done,
		       owner);
}

struct job_expired *job_new_expired(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_EXPIRED, sizeof(struct job_expired), LARGE_BYTES, to, on_done, owner);
}

struct job_hear *job_new_hear(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_HEAR, sizeof(struct job_hear), LARGE_BYTES, to, on_done, owner);
}

struct job_probe *job_new_probe(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_PROBE, sizeof(struct job_probe), SMALL_BYTES, to, on_done, owner);
}

struct job_waiting *job_new_waiting(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_WAITING, sizeof(struct job_waiting), LARGE_BYTES, to, on_done, owner);
}

struct job_tally *job_new_tally(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_TALLY, sizeof(struct job_tally), LARGE_BYTES, to, on_done, owner);
}

struct job_greylist *job_new_greylist(struct inbox *to, job_done_fn *on_done, void *owner)
{
	return job_new(JOB_GREYLIST_LOOK, sizeof(struct job_greylist), SMALL_BYTES, to, on_done,
		       owner);
}

struct job_change *job_new_change(struct inbox *to, size_t max_bytes)
{
	return job_new(JOB_CHANGE, sizeof(struct job_change), max_bytes + SMALL_BYTES, to, NULL,
		       NULL);
}

static void body_done(struct body *body)
{
	free(body->mem);
	if (body->fd >= 0)
		(void)close(body->fd);
}

void job_free(struct job *job)
{
	if (!job)
		return;
	if (job->kind == JOB_ACCEPT)
		body_done(&CONTAINER(job, struct job_accept, job)->body);
	else if (job->kind == JOB_SETTLE)
		body_done(&CONTAINER(job, struct job_settle, job)->bounce_body);
	arena_free(job->arena); /* the job is in it */
}
