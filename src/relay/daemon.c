/* daemon.c: starts the threads and ends them, in order.
 *
 *	start: DNS → store (opens the database, gives its notes to the forwarder) → forwarder →
 *	       admin → workers (mail comes in last)
 *	end:   workers → forwarder → admin → store (every job that was given is done) → DNS → memory
 *
 * The main thread then only waits for signals: SIGTERM and SIGINT end, SIGHUP reloads.
 * SPDX-License-Identifier: ISC */
#include "relay/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/arena.h"
#include "base/clock.h"
#include "relay/forward.h"
#include "relay/list_watch.h"
#include "relay/outlook.h"
#include "relay/refused.h"
#include "relay/roll.h"
#include "relay/trial.h"
#include "relay/worker.h"

#define TRIAL_MS     15000 /* for the checks of a trial: every question has a deadline of its own */
#define TRIAL_LOOK_MS  200 /* a stop waits for a trial no longer than that */
#define TRIALS_MAX     8U /* that are waited for at a time */
#define ROLL_MS      2000 /* for the loops to say which sessions they have */
#define GUARD_PLACES 65536 /* clients and networks that are remembered: 6 MiB at most */
#define LOOK_MS      2000 /* are the certificates still those that were read? */
#define FILES_OURS   512 /* descriptors for database, primaries, operators: or a quarter of all */
#define FILES_SPOOLS 512 /* at least for mail that comes in files: or a quarter of all */
#define WORKERS_AUTO 4 /* more loops than that starve the store's thread rather than help it */

struct running {
	struct daemon d;
	const struct conf *started_with; /* what needs a restart is as it says */
	struct conf *conf; /* in force: of the last good reload */
	struct loop *loop; /* the main thread's */
	struct forward *forward;
	struct admin *admin;
	struct certificates *certificates;
	struct timer *look; /* at their files */
	struct list_watch *watch; /* over the DNS lists */
	int admin_fds[ADMIN_LISTENERS_MAX];
	unsigned admin_fd_count;
};

/* -- certificates -------------------------------------------------------------------------- */

/* fresh may be NULL. */
static void look_at_certificates(struct running *r, struct conf *fresh)
{
	if (!certificates_look(r->certificates, fresh))
		return;
	for (unsigned i = 0; i < r->d.worker_count; i++)
		worker_secure(r->d.workers[i], certificates_tls(r->certificates));
}

static void on_look(void *owner)
{
	struct running *r = owner;

	look_at_certificates(r, NULL);
	timer_set(r->look, LOOK_MS);
}

/* -- marks: past them only new mail is refused ---------------------------------------------- */

/* Descriptors are divided, so that no crowd takes those without which the sessions there are could
 * not end well. */
static void set_marks(struct running *r, const struct conf *conf)
{
	struct rlimit limit;
	int64_t all = INT32_MAX, ours = FILES_OURS + dns_files(), spools = FILES_SPOOLS;
	int64_t sessions, most;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < INT32_MAX)
		all = (int64_t)limit.rlim_cur;
	if (ours > all / 4)
		ours = spools = all / 4;
	most = sessions = all - ours - spools;
	if (sessions > conf->smtp.max_connections)
		sessions = conf->smtp.max_connections;
	else if (sessions < conf->smtp.max_connections)
		log_say(r->d.log, LOG_WARNING, "few_descriptors", F_INT("sessions", sessions),
			F_INT("max_connections", conf->smtp.max_connections));
	atomic_store(&r->d.max_sessions, (unsigned)most);
	atomic_store(&r->d.spool.most, conf->smtp.max_memory);
	atomic_store(&r->d.spool.most_files, all - ours - sessions);
}

/* -- signals ------------------------------------------------------------------------------- */

/* At each reload, as long as it is so: whoever reads only the last one must see it. */
static void warn_of_restart(const struct running *r, const struct conf *fresh)
{
	const char *option;
	size_t at = 0;

	while ((option = conf_needs_restart(r->started_with, fresh, &at)))
		log_say(r->d.log, LOG_WARNING, "restart_needed", F_CSTR("option", option));
}

static void reload(struct running *r)
{
	struct conf *fresh;
	struct err e;

	if (!conf_load(r->conf->path, &fresh, &e)) {
		log_say(r->d.log, LOG_ERROR, "reload_failed", F_CSTR("why", e.text));
		return;
	}
	warn_of_restart(r, fresh);
	log_set_level(r->d.log, (enum log_level)fresh->log.level);
	set_marks(r, fresh);
	store_reconfigure(r->d.store, fresh);
	forward_reload(r->forward, fresh);
	list_watch_every(r->watch, fresh->dns.list_check_ms);
	for (unsigned i = 0; i < r->d.worker_count; i++)
		worker_reload(r->d.workers[i], fresh);
	look_at_certificates(r, fresh);
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

/* board_sessions_fn, on admin's threads. */
static bool call_roll(void *relay, size_t most, struct arena *a, struct board_session **ret,
		      size_t *ret_n)
{
	struct daemon *d = relay;
	unsigned n = atomic_load(&d->serving) ? d->worker_count : 0;
	struct roll *roll = roll_new(n, most);
	bool ok;

	for (unsigned i = 0; i < n; i++)
		worker_call_roll(d->workers[i], roll);
	ok = roll_wait(roll, ROLL_MS, a, ret, ret_n);
	roll_unref(roll);
	return ok;
}

static bool wait_for_trial(struct daemon *d, const struct board_trial *q, struct arena *a,
			   struct board_trial_answer *ret, struct err *e)
{
	struct trial *trial;
	bool ok = false;

	if (!trial_new(q, &trial, e))
		return false;
	worker_try(d->workers[0], trial);
	for (int ms = 0; ms < TRIAL_MS && !ok && !atomic_load(&d->stopping); ms += TRIAL_LOOK_MS)
		ok = trial_wait(trial, TRIAL_LOOK_MS, a, ret);
	trial_unref(trial);
	if (!ok && atomic_load(&d->stopping))
		return err_set(e, ERR_TEMP, "no answer: the daemon is stopping");
	return ok || err_set(e, ERR_TEMP, "the checks have not ended in %d s", TRIAL_MS / 1000);
}

/* change_forget_fn, on admin's threads. */
static uint64_t forget_refused(void *relay, int64_t domain, struct str local)
{
	struct daemon *d = relay;

	return refused_forget(d->refused, domain, local, clock_mono_ms());
}

/* board_try_fn, on admin's threads. */
static bool try_policy(void *relay, const struct board_trial *q, struct arena *a,
		       struct board_trial_answer *ret, struct err *e)
{
	struct daemon *d = relay;
	bool ok = false;

	if (!atomic_load(&d->serving))
		return err_set(e, ERR_TEMP, "no loop is running");
	if (atomic_fetch_add(&d->trials, 1) < TRIALS_MAX)
		ok = wait_for_trial(d, q, a, ret, e);
	else
		(void)err_set(e, ERR_TEMP, "%u trials are waiting already: try again in a while",
			      TRIALS_MAX);
	atomic_fetch_sub(&d->trials, 1);
	return ok;
}

/* Root is given up by now: such a port is above 1023. */
static bool open_admin_listeners(struct running *r, struct err *e)
{
	const struct conf_list *listen = &r->conf->admin.listen;

	if (listen->n > ADMIN_LISTENERS_MAX)
		return err_set(e, ERR_INPUT, "admin.listen: more than %d addresses",
			       ADMIN_LISTENERS_MAX);
	for (size_t i = 0; i < listen->n; i++) {
		if (!listen_open(listen->items[i], &r->admin_fds[i], e))
			return false;
		r->admin_fd_count++;
	}
	return true;
}

static bool start_admin(struct running *r, struct err *e)
{
	if (!open_admin_listeners(r, e))
		return false;
	return admin_start(&(struct admin_world){
				   .conf = r->conf,
				   .log = r->d.log,
				   .store = r->d.store,
				   .settings = &r->d.settings,
				   .board = &r->d.board,
				   .sessions = call_roll,
				   .try_policy = try_policy,
				   .forget = forget_refused,
				   .relay = &r->d,
				   .listen = r->admin_fds,
				   .listen_count = r->admin_fd_count,
			   },
			   &r->admin, e);
}

static void start_workers(struct running *r, const struct listen_socket *sockets, unsigned n)
{
	unsigned wanted = how_many_workers(r->conf);

	while (r->d.worker_count < wanted)
		r->d.workers[r->d.worker_count++] = worker_new(
			&r->d, r->conf, certificates_tls(r->certificates), sockets, n);
	for (unsigned i = 0; i < wanted; i++)
		worker_start(r->d.workers[i]);
	atomic_store(&r->d.serving, true);
}

/* Tests and scripts wait for this line. */
static void say_ready(struct running *r, const struct listen_socket *sockets, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct address bound;

		if (listen_address(sockets[i].fd, &bound))
			log_say(r->d.log, LOG_INFO, "listening", F_CSTR("address", bound.text),
				F_INT("port", bound.port),
				F_CSTR("tls", sockets[i].tls ? "yes" : "starttls"));
	}
	for (unsigned i = 0; i < r->admin_fd_count; i++) {
		struct address bound;

		if (listen_address(r->admin_fds[i], &bound))
			log_say(r->d.log, LOG_INFO, "admin_listening",
				F_CSTR("address", bound.text), F_INT("port", bound.port));
	}
	log_say(r->d.log, LOG_INFO, "ready", F_CSTR("hostname", r->d.hostname),
		F_CSTR("version", PACKAGE_VERSION), F_INT("threads", r->d.worker_count),
		F_INT("pid", getpid()));
}

/* -- the whole --------------------------------------------------------------------------------- */

static void serve(struct running *r, const struct listen_socket *sockets, unsigned n)
{
	static const int signos[] = { SIGTERM, SIGINT, SIGHUP };
	struct signals *signals;

	certificates_begin(r->certificates, r->d.log, &r->d.board);
	start_workers(r, sockets, n);
	r->look = timer_new(r->loop, on_look, r);
	timer_set(r->look, LOOK_MS);
	r->watch = list_watch_new(r->loop, &r->d, r->conf->dns.list_check_ms);
	signals = signals_watch(r->loop, signos, COUNT(signos), on_signal, r);
	say_ready(r, sockets, n);
	loop_run(r->loop);
	atomic_store(&r->d.stopping, true);
	for (unsigned i = 0; i < r->d.worker_count; i++)
		worker_stop(r->d.workers[i]);
	forward_stop(r->forward);
	for (unsigned i = 0; i < r->d.worker_count; i++)
		worker_join(r->d.workers[i]);
	forward_join(r->forward);
	signals_close(signals);
	timer_free(r->look);
	list_watch_stop(r->watch);
}

static bool run(struct running *r, const struct listen_socket *sockets, unsigned n, struct err *e)
{
	bool ok;

	if (!store_open(r->conf, r->d.log, &r->d.settings, forward_notes(r->forward), &r->d.store,
			e))
		return false;
	ok = start_admin(r, e);
	if (ok) {
		forward_start(r->forward);
		serve(r, sockets, n);
		admin_stop(r->admin);
	}
	store_close(r->d.store);
	return ok;
}

/* -- DNS --------------------------------------------------------------------------------------- */

static bool open_dns(struct running *r, struct err *e)
{
	const struct conf *conf = r->conf;
	const struct dns_setup setup = {
		.servers = conf->dns.server,
		.stubs = conf->dns.stub,
		.root_anchor = conf->dns.root_anchor,
		.timeout_ms = conf->dns.timeout_ms,
		.cache_bytes = conf->dns.cache,
	};

	if (!dns_open(&setup, &r->d.board.dns, &r->d.dns, e))
		return false;
	if (!dns_validates(r->d.dns))
		log_say(r->d.log, LOG_WARNING, "dnssec_off",
			F_CSTR("root_anchor", conf->dns.root_anchor));
	return true;
}

static uint64_t random_seed(void)
{
	uint64_t seed = 0;

	(void)!getrandom(&seed, sizeof(seed), 0); /* cannot fail for so few bytes once booted */
	return seed;
}

bool daemon_run(struct conf *conf, struct log *log, struct certificates *certificates,
		const struct listen_socket *sockets, unsigned n, struct err *e)
{
	struct running *r = mem_alloc(sizeof(*r));
	char *hostname = mem_str(str_of(conf->hostname));
	char *state_dir = mem_str(str_of(conf->state_dir));
	bool ok;

	r->started_with = conf;
	r->conf = conf_ref(conf);
	r->d.log = log;
	r->d.hostname = hostname;
	r->d.state_dir = state_dir;
	r->d.census = census_new();
	r->d.outlook = outlook_new();
	r->d.refused = refused_new();
	r->d.lists = dnslist_health_new();
	r->d.guard = guard_new(GUARD_PLACES, random_seed());
	r->d.rates = guard_new(GUARD_PLACES, random_seed());
	r->d.rate_key = hash_key_new();
	r->d.spool.left = SPOOL_BUDGET;
	set_marks(r, conf);
	settings_board_init(&r->d.settings);
	board_init(&r->d.board, clock_wall_ms());
	r->d.board.mail_memory = &r->d.spool.held;
	r->d.board.mail_files = &r->d.spool.files;
	r->loop = loop_new();
	r->forward = forward_new(&r->d, conf);
	r->d.asks = forward_asks(r->forward);
	r->certificates = certificates;
	ok = open_dns(r, e) && run(r, sockets, n, e);
	dns_close(r->d.dns);
	list_watch_free(r->watch);
	for (unsigned i = 0; i < r->d.worker_count; i++)
		worker_free(r->d.workers[i]);
	forward_free(r->forward);
	loop_free(r->loop);
	board_done(&r->d.board);
	settings_board_done(&r->d.settings);
	guard_free(r->d.guard);
	guard_free(r->d.rates);
	outlook_free(r->d.outlook);
	refused_free(r->d.refused);
	dnslist_health_free(r->d.lists);
	census_free(r->d.census);
	conf_unref(r->conf);
	free(hostname);
	free(state_dir);
	free(r);
	return ok;
}
