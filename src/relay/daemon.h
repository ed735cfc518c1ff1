/* daemon.h: what all threads of the running daemon share, and nothing else.
 *
 * Everything in it is either immutable while threads run, or guards itself (log, store, boards,
 * census).
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_DAEMON_H
#define RELAY_DAEMON_H

#include "base/conf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "db/settings.h"
#include "db/store.h"
#include "net/dns.h"
#include "relay/board.h"
#include "relay/census.h"
#include "relay/certificates.h"
#include "relay/guard.h"
#include "relay/spool.h"

#define DAEMON_GRACE_MS 5000 /* at SIGTERM what is in flight may take so long to finish */

struct dnslist_health;
struct outlook;
struct refused;
struct worker;

#define WORKERS_MAX   64
#define LISTENERS_MAX 32

#define LISTENER_NAME_MAX (ADDRESS_TEXT_MAX + 8) /* "[ADDRESS]:PORT" */

struct listen_socket {
	int fd;
	char name[LISTENER_NAME_MAX]; /* as in smtp.listen: sections listener ask for it */
	bool tls; /* from the first byte of a connection */
};

struct daemon {
	struct worker *workers[WORKERS_MAX]; /* complete before the first of them runs */
	unsigned worker_count;
	_Atomic unsigned max_sessions; /* that there are descriptors for */
	_Atomic bool serving; /* the workers run */
	_Atomic bool stopping; /* … and are told to end */
	_Atomic unsigned trials; /* that somebody waits for, or that are just refused */
	struct log *log;
	struct store *store;
	struct settings_board settings;
	struct board board;
	struct census *census;
	struct guard *guard;
	struct guard *rates; /* of domains, and of clients for domains that limit them (defend.c) */
	struct hash_key rate_key;
	struct outlook *outlook; /* how the primaries are */
	struct inbox *asks; /* the forwarder's: struct job_probe */
	struct refused *refused; /* users whom primaries refused lately when they were asked */
	struct spool_budget spool;
	struct dns *dns;
	struct dnslist_health *lists; /* which DNS lists may be believed */
	const char *hostname; /* this and state_dir: as at start, changed by restart only */
	const char *state_dir;
};

/* Runs with the conf until SIGTERM or SIGINT: opens the store, starts the threads, and ends them in
 * order.  sockets and certificates stay the caller's. */
bool daemon_run(struct conf *conf, struct log *log, struct certificates *certificates,
		const struct listen_socket *sockets, unsigned n, struct err *e) MUST_CHECK;

#endif
