/* worker.h: one loop thread and its SMTP sessions.  Workers share nothing with each other.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_WORKER_H
#define RELAY_WORKER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/conf.h"
#include "base/list.h"
#include "net/listen.h"
#include "net/loop.h"
#include "relay/daemon.h"
#include "relay/lookup.h"

#define LISTENERS_MAX 32

struct worker {
	struct daemon *d;
	struct conf *conf; /* in force for new sessions */
	struct loop *loop;
	struct port *jobs;    /* answers of the store */
	struct port *control; /* reload, stop */
	struct lookup_cache *cache;
	struct listener *listeners[LISTENERS_MAX];
	unsigned listener_count;
	struct list sessions;
	struct timer *grace;
	bool stopping, graceless;
	pthread_t thread;
};

/* Starts the thread, listening on all fds (which it does not own). */
struct worker *worker_start(struct daemon *d, struct conf *conf, const int *fds, unsigned n);
/* Any thread: new sessions get this conf. */
void worker_reload(struct worker *w, struct conf *conf);
/* Any thread: takes no more connections, lets mail in progress finish for DAEMON_GRACE_MS, ends. */
void worker_stop(struct worker *w);
/* Waits for the end of the thread. */
void worker_join(struct worker *w);
/* After store_close: no answer can come any more. */
void worker_free(struct worker *w);

/* The worker's thread: a session is gone. */
void worker_session_gone(struct worker *w);

#endif
