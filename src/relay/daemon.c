/* daemon.c: starts the threads and ends them, in order.
 *
 *	start: store (opens the database, gives its notes to the forwarder) → forwarder → admin →
 *	       workers (mail comes in last)
 *	end:   workers → forwarder → admin → store (every job that was given is done) → memory
 *
 * The main thread then only waits for signals: SIGTERM and SIGINT end, SIGHUP reloads.
 * SPDX-License-Identifier: ISC */
#include "relay/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/arena.h"
#include "base/clock.h"
#include "relay/forward.h"
#include "relay/worker.h"

#define WORKERS_AUTO 4 /* more loops than that starve the store's thread rather than help it */

struct running {
	struct daemon d;
	struct conf *conf; /* in force: of the last good reload */
	struct loop *loop; /* the main thread's */
	struct forward *forward;
	struct admin *admin;
};

/* -- signals ------------------------------------------------------------------------------- */

static void reload(struct running *r)
{
	struct conf *fresh;
	struct err e;
	const char *needs;

	if (!conf_load(r->conf->path, &fresh, &e)) {
		log_say(r->d.log, LOG_ERROR, "reload_failed", F_CSTR("why", e.text));
		return;
	}
	needs = conf_needs_restart(r->conf, fresh);
	if (needs)
		log_say(r->d.log, LOG_WARNING, "restart_needed", F_CSTR("option", needs));
	log_set_level(r->d.log, (enum log_level)fresh->log.level);
	store_reconfigure(r->d.store, fresh);
	forward_reload(r->forward, fresh);
	for (unsigned i = 0; i < r->d.worker_count; i++)
		worker_reload(r->d.workers[i], fresh);
	conf_unref(r->conf);
	r->conf = fresh;
	log_say(r->d.log, LOG_INFO, "reloaded", F_CSTR("file", fresh->path));
}

static void on_signal(void *owner, int signo)
{
	struct running *r = owner;

	if (signo == SIGHUP) {
		reload(r);
		return;
	}
	log_say(r->d.log, LOG_INFO, "stopping", F_CSTR("signal", strsignal(signo)));
	loop_stop(r->loop);
}

/* -- start ---------------------------------------------------------------------------------- */

static unsigned how_many_workers(const struct conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t wanted = conf->threads;

	if (!wanted)
		wanted = cores < 1 ? 1 : cores > WORKERS_AUTO ? WORKERS_AUTO : cores;
	return wanted > WORKERS_MAX ? WORKERS_MAX : (unsigned)wanted;
}

static bool start_admin(struct running *r, struct err *e)
{
	return admin_start(&(struct admin_world){
				   .conf = r->conf,
				   .log = r->d.log,
				   .store = r->d.store,
				   .settings = &r->d.settings,
				   .board = &r->d.board,
			   },
			   &r->admin, e);
}

static void start_workers(struct running *r, const int *fds, unsigned n)
{
	unsigned wanted = how_many_workers(r->conf);

	while (r->d.worker_count < wanted)
		r->d.workers[r->d.worker_count++] = worker_new(&r->d, r->conf, fds, n);
	for (unsigned i = 0; i < wanted; i++)
		worker_start(r->d.workers[i]);
}

/* Tests and scripts wait for this line. */
static void say_ready(struct running *r, const int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct address bound;

		if (listen_address(fds[i], &bound))
			log_say(r->d.log, LOG_INFO, "listening", F_CSTR("address", bound.text),
				F_INT("port", bound.port));
	}
	log_say(r->d.log, LOG_INFO, "ready", F_CSTR("hostname", r->d.hostname),
		F_CSTR("version", PACKAGE_VERSION), F_INT("threads", r->d.worker_count),
		F_INT("pid", getpid()));
}

/* -- the whole --------------------------------------------------------------------------------- */

static void serve(struct running *r, const int *fds, unsigned n)
{
	static const int signos[] = { SIGTERM, SIGINT, SIGHUP };
	struct signals *signals;

	start_workers(r, fds, n);
	signals = signals_watch(r->loop, signos, COUNT(signos), on_signal, r);
	say_ready(r, fds, n);
	loop_run(r->loop);
	for (unsigned i = 0; i < r->d.worker_count; i++)
		worker_stop(r->d.workers[i]);
	forward_stop(r->forward);
	for (unsigned i = 0; i < r->d.worker_count; i++)
		worker_join(r->d.workers[i]);
	forward_join(r->forward);
	signals_close(signals);
}

static bool run(struct running *r, const int *fds, unsigned n, struct err *e)
{
	bool ok;

	if (!store_open(r->conf, r->d.log, &r->d.settings, forward_notes(r->forward), &r->d.store,
			e))
		return false;
	ok = start_admin(r, e);
	if (ok) {
		forward_start(r->forward);
		serve(r, fds, n);
		admin_stop(r->admin);
	}
	store_close(r->d.store);
	return ok;
}

bool daemon_run(struct conf *conf, struct log *log, const int *fds, unsigned n, struct err *e)
{
	struct running *r = mem_alloc(sizeof(*r));
	char *hostname = mem_str(str_of(conf->hostname));
	char *state_dir = mem_str(str_of(conf->state_dir));
	bool ok;

	r->conf = conf_ref(conf);
	r->d.log = log;
	r->d.hostname = hostname;
	r->d.state_dir = state_dir;
	r->d.census = census_new();
	r->d.spool.left = SPOOL_BUDGET;
	settings_board_init(&r->d.settings);
	board_init(&r->d.board, clock_wall_ms());
	r->loop = loop_new();
	r->forward = forward_new(&r->d, conf);
	ok = run(r, fds, n, e);
	for (unsigned i = 0; i < r->d.worker_count; i++)
		worker_free(r->d.workers[i]);
	forward_free(r->forward);
	loop_free(r->loop);
	board_done(&r->d.board);
	settings_board_done(&r->d.settings);
	census_free(r->d.census);
	conf_unref(r->conf);
	free(hostname);
	free(state_dir);
	free(r);
	return ok;
}
