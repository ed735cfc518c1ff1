/* worker.h: one loop thread and its SMTP sessions.
 *
 * Whichever worker wakes first takes a new connection from the shared socket, and that tends to be
 * always the same one; so it hands the connection to the worker with the fewest sessions.  From its
 * first byte on a session never moves, and workers share nothing but these counts.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_WORKER_H
#define RELAY_WORKER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/conf.h"
#include "base/list.h"
#include "net/dns.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/tls.h"
#include "relay/daemon.h"
#include "relay/known.h"
#include "relay/lookup.h"

struct roll;
struct tally;
struct trial;

struct worker {
	struct daemon *d;
	struct conf *conf; /* in force for new sessions */
	struct loop *loop;
	struct port *jobs;    /* answers of the store */
	struct port *control; /* reload, stop */
	struct lookup_cache *cache;
	struct tally *tally;
	struct known_cache *known;
	struct dns_client *dns;
	struct tls *tls; /* for the handshakes to come */
	struct door {
		struct worker *w;
		struct listener *listener;
		unsigned number; /* the same in each worker */
		char name[LISTENER_NAME_MAX];
		bool tls; /* from the first byte */
	} doors[LISTENERS_MAX];
	unsigned door_count;
	struct list sessions;
	struct list trials;   /* trial.h: under way */
	struct list visitors; /* proxied.h: they have not said yet for whom they come */
	_Atomic unsigned load; /* sessions, with those on their way here */
	struct timer *grace;
	bool stopping, graceless;
	pthread_t thread;
};

/* Listens on all sockets (which it does not own) once it is started. */
struct worker *worker_new(struct daemon *d, struct conf *conf, struct tls *tls,
			  const struct listen_socket *sockets, unsigned n);
/* Starts the thread; all workers must be in d->workers. */
void worker_start(struct worker *w);
/* Any thread: new sessions get this conf. */
void worker_reload(struct worker *w, struct conf *conf);
/* Any thread, while the worker is not freed: its sessions are entered in the roll. */
void worker_call_roll(struct worker *w, struct roll *roll);
/* Any thread: the checks are run for a mail that nobody sends. */
void worker_try(struct worker *w, struct trial *trial);
/* Any thread: handshakes to come are done with these certificates. */
void worker_secure(struct worker *w, struct tls *tls);
/* Any thread: takes no more connections, lets mail in progress finish for DAEMON_GRACE_MS, ends. */
void worker_stop(struct worker *w);
/* Waits for the end of the thread. */
void worker_join(struct worker *w);
/* After store_close: no answer can come any more. */
void worker_free(struct worker *w);

/* How many connections may come by this door, and which group of the census they are. */
struct census_limits door_limits(const struct door *door);
unsigned door_group(const struct door *door);
/* The worker's thread: a session is gone. */
void worker_session_gone(struct worker *w);

#endif
