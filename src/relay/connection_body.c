/* connection_body.c: the content of a mail, from the store to the engine; see connection.h.
 * SPDX-License-Identifier: ISC */
#include "relay/connection_private.h"

#define OUTPUT_HIGH (128 * 1024) /* give the engine no more body while so much is unsent */
#define SLICE       (64 * 1024)  /* of a chunk, given at once */

void connection_body_drop(struct connection *c)
{
	if (c->chunk)
		job_free(&c->chunk->job);
	if (c->job && c->job_here)
		job_free(c->job);
	else if (c->job)
		c->job->owner = NULL;
	c->chunk = NULL;
	c->job = NULL;
	c->job_here = false;
}

static void on_chunk(void *world UNUSED, struct job *job)
{
	struct connection *c = job->owner;

	if (!c) {
		job_free(job);
		return;
	}
	c->job_here = true;
	connection_pump(c);
}

void connection_body_ask(struct connection *c)
{
	struct forward *f = c->dest->f;
	struct job_chunk *chunk = job_new_chunk(port_inbox(f->jobs), on_chunk, c);

	chunk->message = c->parcel->mail->id;
	chunk->seq = c->next_seq++;
	c->job = &chunk->job;
	c->job_here = false;
	store_put(f->d->store, c->job);
}

/* The chunk that has come becomes the one that is sent. */
static enum step next_chunk(struct connection *c)
{
	if (!c->job_here)
		return STEP_WAIT;

	struct job_chunk *next = CONTAINER(c->job, struct job_chunk, job);

	if (!next->job.ok || !next->found || !next->bytes.n ||
	    c->sent + next->bytes.n > c->parcel->mail->size)
		return STEP_NO_BODY;
	if (c->chunk)
		job_free(&c->chunk->job);
	c->chunk = next;
	c->chunk_sent = 0;
	c->job = NULL;
	c->job_here = false;
	if (c->sent + next->bytes.n < c->parcel->mail->size)
		connection_body_ask(c);
	return STEP_ON;
}

enum step connection_body_feed(struct connection *c)
{
	if (c->sent == c->parcel->mail->size) {
		smtpc_body_end(c->smtpc);
		return STEP_ON;
	}
	if (buf_len(smtpc_output(c->smtpc)) > OUTPUT_HIGH)
		return STEP_WAIT;
	if (!c->chunk || c->chunk_sent == c->chunk->bytes.n)
		return next_chunk(c);

	struct str slice = str_from(c->chunk->bytes, c->chunk_sent);

	if (slice.n > SLICE)
		slice.n = SLICE;
	if (!smtpc_body(c->smtpc, slice))
		return STEP_WAIT;
	c->chunk_sent += slice.n;
	c->sent += slice.n;
	return STEP_ON;
}

bool connection_body_is_here(const struct connection *c)
{
	return c->job_here || c->sent == c->parcel->mail->size ||
	       (c->chunk && c->chunk_sent < c->chunk->bytes.n);
}
