/* admin.h: the HTTP and JSON interface on the control socket (libmicrohttpd, threads of its own).
 *
 * Peers are checked by SO_PEERCRED: root and the daemon's own user.  On TCP (admin.listen) nobody
 * can be told from anybody, so only the open pages are there: /metrics and /health.
 * Handlers block freely on the store; neither mail nor other operators wait for them.  The routes
 * are one table in routes.c.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/log.h"
#include "db/change.h"
#include "db/settings.h"
#include "db/store.h"
#include "relay/board.h"

struct admin;

/* What the daemon hands over; all must outlive the admin. */
struct admin_world {
	const struct conf *conf;
	struct log *log;
	struct store *store;
	struct settings_board *settings;
	struct board *board;
	board_sessions_fn *sessions; /* NULL: there are no loops; any thread, as the next */
	board_try_fn *try_policy;    /* NULL: the same */
	change_forget_fn *forget;    /* NULL: nobody else remembers what primaries said */
	void *relay;                 /* for these */
	const int *listen;           /* listening TCP sockets; they are closed by admin_stop */
	unsigned listen_count;
};

#define ADMIN_LISTENERS_MAX 8

/* Binds conf->control (mode 0660; a stale socket is replaced, a live one is an error) and starts
 * the threads. */
bool admin_start(const struct admin_world *world, struct admin **ret, struct err *e) MUST_CHECK;
/* Waits for the requests in hand, ends the threads, removes the socket.  NULL is accepted. */
void admin_stop(struct admin *a);

#endif
