/* store_world.h: a store in a directory of its own, for tests that give it jobs and wait.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_STORE_WORLD_H
#define TESTS_UNIT_STORE_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/change.h"
#include "db/store.h"
#include "db/view.h"

struct store_world {
	char dir[64];
	struct conf *conf;
	struct settings_board board;
	struct inbox notes, answers;
	struct store *store;
	struct sqlite3 *lock, *look;
};

/* A new directory below parent; the store is not open yet. */
struct store_world *world_make(const char *parent);
/* A new directory, and in it an open store. */
struct store_world *world_new(void);
/* Closes the store and takes the directory away. */
void world_free(struct store_world *w);
void world_open(struct store_world *w);
void world_close(struct store_world *w);
/* As it would be after the power went: a copy of the files while they are in use, opened. */
struct store_world *world_crashed_copy(const struct store_world *w);
/* A file of the world: "mxkeep.db".  To be freed. */
char *world_path(const struct store_world *w, const char *name);

/* Somebody else holds the database's write lock. */
void world_lock(struct store_world *w);
void world_unlock(struct store_world *w);
/* By the connection that holds the lock. */
void world_exec(struct store_world *w, const char *sql);
/* Gives the job and waits for it; answers its ok. */
bool world_do(struct store_world *w, struct job *job);
/* Waits for one answered job. */
struct job *world_answered(struct store_world *w);
/* The id of a domain on the board, 0 for none. */
int64_t world_domain(struct store_world *w, const char *name);
/* A domain with a primary on a port of loopback. */
int64_t world_add_domain(struct store_world *w, const char *name);
/* The next note, or NULL after timeout_ms; free(). */
struct store_note *world_note(struct store_world *w, int timeout_ms);

/* A message for rcpts ("user@example.test", …, NULL), all of one domain, with this body. */
struct job_accept *world_mail(struct store_world *w, int64_t domain, const char *sender,
			      const char *const *rcpts, struct str body);
/* One recipient; accepted.  Answers its id. */
msgid world_accept(struct store_world *w, int64_t domain, struct str body);
/* All that is due for the domain, at most 1000 recipients.  job_free(). */
struct job_due *world_due_after(struct store_world *w, int64_t domain, int64_t after_ms,
				msgid after_id, int64_t upto_ms);
struct job_due *world_due(struct store_world *w, int64_t domain, int64_t upto_ms);
/* The whole body; free(). */
char *world_body(struct store_world *w, msgid id, size_t *ret_n);
/* One outcome for recipient seq. */
bool world_settle(struct store_world *w, msgid id, unsigned seq, enum outcome_kind kind,
		  const char *reply, int64_t next_try_ms);
/* Rows of the statement's only number. */
int64_t world_count(struct store_world *w, const char *sql);
/* Waits until it is 0: the store does some things by and by. */
void world_await_none(struct store_world *w, const char *sql);

#endif
