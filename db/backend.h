/* backend.h: what a database must be able to do for the store's threads.
 *
 * store.c and its threads know no SQL; sqlite/ knows no threads.  A second database (PostgreSQL)
 * is one more struct backend_ops: same rows, same meaning.  A struct backend is one connection,
 * used by one thread.
 * SPDX-License-Identifier: ISC */
#ifndef DB_BACKEND_H
#define DB_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/id.h"
#include "db/due_clock.h"
#include "db/settings.h"
#include "db/store.h"

struct backend;

/* What one transaction does that others must be told after its commit. */
struct batch_note {
	int64_t domain, at_ms;
	bool by_hand;
};

struct batch {
	int64_t wall_ms;  /* when it began: for `at` and `changed` */
	int64_t turn_ms;  /* next_try of what is due now */
	int64_t ahead_ms; /* what must be added to a wall-clock next_try */
	bool settings_changed, recipients_changed, greylist_changed;
	bool leaving; /* a domain was removed and has left more than one step takes away */
	struct batch_note *notes;
	size_t note_count, note_room;
};

/* Also what a backend calls for each row that it queues; next_try as stored. */
void batch_note(struct batch *b, int64_t domain, int64_t next_try, bool by_hand);

enum run_result {
	RUN_DONE,
	RUN_REFUSED, /* job->err says why; nothing was written */
	RUN_BROKEN,  /* the transaction must be rolled back */
};

enum backend_health {
	BACKEND_WELL,
	BACKEND_REOPEN,  /* input/output failed: not to be trusted before it is opened again */
	BACKEND_CORRUPT, /* the database is damaged: must not be written */
};

struct backend_start {
	unsigned node;
	msgid highest; /* that any table knows */
};

/* What may be tidied away in idle moments. */
struct tidy {
	int64_t wall_ms;
	int64_t ledger_keep_ms, audit_keep_ms;
	bool idle;  /* nothing has been written for a second: the log may be cut */
	bool prune; /* it is time to look for old rows; cleared when there are no more */
	bool leaving; /* maybe domains were removed and have left something; cleared when not */
	bool recipients_changed; /* set: what is known of users is less now */
};

struct backend_ops {
	/* The writer's connection; brings the database up to date.  create: if there is none a new
	 * one is made (but not in the middle of service, when the disk may just be gone). */
	bool (*open_writer)(const struct conf *conf, bool create, struct backend **ret,
			    struct err *e);
	bool (*open_reader)(const struct conf *conf, struct backend **ret, struct err *e);
	void (*close)(struct backend *b); /* NULL is accepted */
	enum backend_health (*health)(const struct backend *b);

	/* The writer. */
	bool (*start)(struct backend *b, struct backend_start *ret, struct err *e);
	/* Queued mail whose next try is later than limit_ms is due at now_ms. */
	bool (*pull_due)(struct backend *b, int64_t now_ms, int64_t limit_ms, struct err *e);
	/* Reads all of it: is it whole again? */
	bool (*verify)(struct backend *b, struct err *e);
	bool (*load_settings)(struct backend *b, uint64_t version, struct settings **ret,
			      struct err *e);
	bool (*begin)(struct backend *b, struct err *e);
	enum run_result (*run)(struct backend *b, struct job *job, struct batch *batch);
	bool (*commit)(struct backend *b, struct err *e);
	void (*rollback)(struct backend *b);
	/* After a commit: keeps the log of writes from growing without end.  now: although it is
	 * not long yet. */
	bool (*checkpoint)(struct backend *b, bool now, struct err *e);
	/* What must yet be written back, at most. */
	uint64_t (*log_bytes)(const struct backend *b);
	/* One step of at most some 20 ms; *ret_more: there is more to do. */
	bool (*tidy)(struct backend *b, struct tidy *t, bool *ret_more, struct err *e);

	/* The reader: any number of reads with one snapshot. */
	bool (*read_begin)(struct backend *b, struct err *e);
	bool (*read)(struct backend *b, struct job *job, const struct due_look *look);
	void (*read_end)(struct backend *b);
};

extern const struct backend_ops sqlite_backend;

#endif
