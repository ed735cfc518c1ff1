/* store_private.h: the store's body, shared by its two threads and by those who give it jobs.
 * SPDX-License-Identifier: ISC */
#ifndef DB_STORE_PRIVATE_H
#define DB_STORE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "db/backend.h"
#include "db/store.h"

/* What only the writer's thread touches. */
struct writer {
	struct backend *db; /* NULL: to be opened again */
	struct batch batch;
	struct tidy tidy;
	bool corrupt;       /* damaged: written again only after all of it has been read */
	bool reload;        /* the settings on the board are not those of the database */
	bool more_to_tidy;
	int64_t reopen_at;  /* monotonic times from here on */
	int64_t tick_at, tidy_at, prune_at, written_at;
	int64_t reported_at; /* an error was logged */
	uint64_t unreported;
};

struct store {
	const struct conf *conf;
	const struct backend_ops *ops;
	struct log *log;
	struct settings_board *board;
	struct inbox *notes; /* may be NULL */
	struct id_source ids;
	struct due_clock clock;
	struct inbox to_write, to_read;
	pthread_t write_thread, read_thread;
	struct writer writer;
	struct backend *reader; /* the reading thread's */

	_Atomic int64_t min_free, ledger_keep_ms, audit_keep_ms;
	_Atomic bool has_space, is_well; /* both: new mail is taken */
	_Atomic uint64_t commits, written_jobs, failed_jobs, largest_batch, free_bytes;
};

/* writer.c: opens the writing connection; its thread's main. */
bool writer_open(struct store *s, struct err *e) MUST_CHECK;
void writer_close(struct store *s);
void *writer_main(void *store);
/* Looks how much room the disk has. */
void writer_look_at_disk(struct store *s);

/* reader.c */
void *reader_main(void *store);

/* store.c: all jobs of the list go to their inboxes; what an inbox does not take is freed. */
void store_answer(struct list *jobs);

#endif
