/* parcel.c: see parcel.h.
 * SPDX-License-Identifier: ISC */
#include "relay/parcel.h"

#include <stdlib.h>

#include "base/arena.h"
#include "relay/queue.h"

static struct list *flying_bucket(struct forward *f, msgid id)
{
	return &f->flying[((uint64_t)id * 0x9e3779b97f4a7c15u >> 40) & (FORWARD_BUCKETS - 1)];
}

struct parcel *parcel_find(struct forward *f, msgid id, int64_t domain)
{
	struct list *bucket = flying_bucket(f, id);

	for (LIST_EACH(l, bucket)) {
		struct parcel *p = LIST_ITEM(l, struct parcel, flying_link);

		if (p->mail->id == id && p->queue->domain == domain)
			return p;
	}
	return NULL;
}

struct parcel *parcel_new(struct queue *q, struct batch *batch, const struct due_mail *mail)
{
	struct parcel *p = mem_alloc(sizeof(*p));

	p->queue = q;
	p->batch = batch;
	p->mail = mail;
	batch->refs++;
	list_init(&p->link);
	list_add_tail(flying_bucket(q->f, mail->id), &p->flying_link);
	return p;
}

struct batch *batch_new(struct job_due *due)
{
	struct batch *b = mem_alloc(sizeof(*b));

	*b = (struct batch){ .due = due, .refs = 1 };
	return b;
}

void batch_unref(struct batch *b)
{
	if (--b->refs)
		return;
	job_free(&b->due->job);
	free(b);
}

void parcel_free(struct parcel *p)
{
	struct queue *q = p->queue;
	int64_t again_ms = p->again_ms;

	list_remove(&p->link);
	list_remove(&p->flying_link);
	batch_unref(p->batch);
	free(p);
	if (again_ms)
		queue_note(q, again_ms, false);
}

void parcel_settled(struct parcel *p)
{
	struct queue *q = p->queue;

	if (queue_oldest_fetch(q) == UINT64_MAX) {
		parcel_free(p);
		return;
	}
	p->ghost = q->fetches;
	list_add_tail(&q->ghosts, &p->link);
}

void parcel_free_ghosts(struct queue *q)
{
	while (!list_is_empty(&q->ghosts)) {
		struct parcel *p = LIST_ITEM(q->ghosts.next, struct parcel, link);

		if (p->ghost >= queue_oldest_fetch(q))
			return;
		parcel_free(p);
	}
}

static bool has_rcpt(const struct due_mail *mail, unsigned seq)
{
	for (size_t i = 0; i < mail->rcpt_count; i++)
		if (mail->rcpts[i].seq == seq)
			return true;
	return false;
}

void parcel_skip(struct parcel *flying, const struct due_mail *mail)
{
	for (size_t i = 0; i < mail->rcpt_count; i++)
		if (!has_rcpt(flying->mail, mail->rcpts[i].seq) &&
		    (!flying->again_ms || mail->next_try_ms < flying->again_ms))
			flying->again_ms = mail->next_try_ms;
}
