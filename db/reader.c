/* reader: the thread that answers questions, from a read-only connection of its own.
 *
 * What has gathered is answered with one snapshot, at most GROUP at a time: that spares most of
 * the locking and keeps the pages just read.  The snapshot ends before the answers go out, so the
 * log of writes can begin anew in between.
 * SPDX-License-Identifier: ISC */
#include "db/store_private.h"

#include "base/clock.h"

#define GROUP 32

static bool open_again(struct store *s, struct err *e)
{
	if (s->reader && s->ops->health(s->reader) != BACKEND_WELL) {
		s->ops->close(s->reader);
		s->reader = NULL;
	}
	return s->reader || s->ops->open_reader(s->conf, &s->reader, e);
}

/* The look comes before the snapshot: see due_clock.h. */
static void answer_group(struct store *s, struct list *group)
{
	struct due_look look = due_clock_look(&s->clock, clock_wall_ms(), clock_mono_ms());
	struct err e;
	bool ok = open_again(s, &e) && s->ops->read_begin(s->reader, &e);

	for (LIST_EACH(l, group)) {
		struct job *job = LIST_ITEM(l, struct job, link);

		job->ok = ok && s->ops->read(s->reader, job, &look);
		if (!ok)
			job->err = e;
	}
	if (ok)
		s->ops->read_end(s->reader);
	store_answer(group);
}

void *reader_main(void *store)
{
	struct store *s = store;
	struct list jobs;

	list_init(&jobs);
	while (inbox_wait(&s->to_read, &jobs, -1)) {
		while (!list_is_empty(&jobs)) {
			struct list group;

			list_init(&group);
			for (int i = 0; i < GROUP && !list_is_empty(&jobs); i++)
				list_add_tail(&group, list_pop(&jobs));
			answer_group(s, &group);
		}
	}
	return NULL;
}
