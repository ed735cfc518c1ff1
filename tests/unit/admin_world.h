/* admin_world.h: a store in a directory of its own with an admin thread, for tests of API and CLI.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_ADMIN_WORLD_H
#define TESTS_ADMIN_WORLD_H

#include <jansson.h>

#include "admin/admin.h"
#include "base/id.h"
#include "base/inbox.h"

struct world {
	char dir[64];
	char socket[96];
	struct conf *conf;
	struct settings_board settings;
	struct board board;
	struct store *store;
	struct inbox answers;
	struct admin *admin;
};

void world_start(struct world *w);
void world_stop(struct world *w);
/* What admin_start is given. */
struct admin_world world_view(struct world *w);

/* One request; the answer's status, and its JSON (to be released) when ret is not NULL. */
long world_ask(struct world *w, const char *method, const char *path, const char *body,
	       json_t **ret);
/* The same with bytes. */
long world_send(struct world *w, const char *method, const char *path, const char *bytes, size_t n,
		json_t **ret);

/* A message for one to three recipients of example.com (b and c may be NULL), which must exist. */
msgid world_accept(struct world *w, const char *sender, const char *a, const char *b,
		   const char *c);
/* The outcome for one recipient (the first has seq 0), from mail.example.com:2525. */
void world_settle(struct world *w, msgid id, unsigned seq, enum outcome_kind kind,
		  const char *reply);

#endif
