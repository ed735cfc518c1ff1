/* dns: a resolver's thread.  It takes the questions of all loops, gives them to libunbound (which
 * works in one more thread), and sends what becomes of them back.
 *
 * There are two, each with a libunbound of its own: one for what is asked of DNS lists about
 * addresses, one for all else.  Within one, sockets, cache and processor are for all questions:
 * whoever makes us ask for many names at servers that are dead, or worse, would have the lists that
 * would have refused him fall silent.
 *
 * libunbound has no deadline: a dead server comes back after 17 seconds and more.  Ours is one for
 * all questions, so they stand in line for it.  A question that is past it has been answered with
 * an error but is not cancelled: libunbound would work on all the same, uncounted; and what it
 * finds in the end is worth keeping.  ub_process is called from this thread only.
 *
 * Decided against libunbound's event API, which would save a thread: its answers would have to be
 * taken apart by ourselves.
 * SPDX-License-Identifier: ISC */
#include "net/dns.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>

#include "base/arena.h"
#include "net/dns_private.h"
#include "net/net_private.h"

#define JOBS_MAX     8192 /* those that wait for their turn too */
#define LISTS_PART   4    /* of sockets and cache that DNS lists have */
#define LIST_PARTS   4    /* one of them has one in so many of those */
#define DOMAIN_PARTS 16
#define SCRATCH_MAX  (256 * 1024)
#define CLASS_IN     1
#define RCODE_NAME   3 /* NXDOMAIN */

struct dns {
	struct loop *loop;
	struct port *port;
	struct watch *watch;
	struct timer *deadline;
	struct ub_ctx *ctx;
	struct dns_tally *tally;
	struct arena *scratch; /* for one answer */
	struct dns_lanes *lanes;
	struct list asked; /* jobs that libunbound has */
	struct list due;   /* all that somebody waits for, the oldest first */
	size_t job_count;
	int64_t timeout_ms;
	bool validates;
	pthread_t thread;
	struct dns *lists; /* the other one; NULL in that */
};

/* libunbound's descriptor. */
struct watch {
	struct net_object object;
	uv_poll_t uv;
	struct dns *dns;
};

static void count(struct dns *d, enum dns_counter what)
{
	dns_count(d->tally, what);
}

/* -- what libunbound says -------------------------------------------------------------- */

static struct dns_block *bad(const char *why)
{
	return dns_block_error(why, DNS_ERROR_KEEP_MS);
}

static struct dns_block *read_records(struct arena *a, enum dns_type type,
				      const struct ub_result *r, struct dns_answer *answer)
{
	struct dns_record *records = arena_alloc(a, DNS_RECORDS_MAX * sizeof(*records));

	for (; records && r->data[answer->n]; answer->n++) {
		struct str rdata = { r->data[answer->n], (size_t)r->len[answer->n] };

		if (answer->n == DNS_RECORDS_MAX)
			return bad("too many records");
		if (!dns_read_record(a, type, rdata, &records[answer->n]))
			return bad("a record that is malformed or too long");
	}
	answer->records = records;
	answer->status = DNS_FOUND;
	return dns_block_new(answer);
}

/* Bogus first: a forged answer has data and rcode 0. */
static struct dns_block *read_result(struct dns *d, enum dns_type type, int err,
				     const struct ub_result *r)
{
	struct dns_answer answer = { .status = DNS_NONE, .why = "" };
	struct dns_block *b;

	if (err || !r)
		return bad("the resolver failed");
	if (r->bogus)
		return bad("bogus: its signatures are wrong (DNSSEC)");
	if (r->rcode != 0 && r->rcode != RCODE_NAME)
		return bad("no server gave an answer (SERVFAIL)");
	answer.secure = r->secure;
	answer.ttl_s = r->ttl > 0 ? (unsigned)r->ttl : 0;
	if (r->rcode == RCODE_NAME || r->nxdomain || !r->havedata)
		return dns_block_new(&answer);
	b = read_records(d->scratch, type, r, &answer);
	arena_reset(d->scratch);
	return b;
}

/* -- jobs ------------------------------------------------------------------------------ */

static void count_took(struct dns *d, int64_t ms)
{
	static const int64_t bounds[] = {
#define X(within) [DNS_TOOK_##within] = (within),
		DNS_TOOK(X)
#undef X
	};
	unsigned i = 0;

	while (i < DNS_TOOK_MORE && ms > bounds[i])
		i++;
	atomic_fetch_add_explicit(&d->tally->took[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&d->tally->counters[DNS_COUNT_waited_ms],
				  ms > 0 ? (uint64_t)ms : 0, memory_order_relaxed);
}

static void send_back(struct dns *d, struct dns_job *job, struct dns_block *b)
{
	job->answer = b;
	count_took(d, loop_now_ms(d->loop) - job->asked_ms);
	if (!inbox_put(job->back, &job->link))
		dns_job_free(job);
}

static void jobs_are(struct dns *d, size_t n)
{
	atomic_fetch_add_explicit(&d->tally->in_flight, n - d->job_count, memory_order_relaxed);
	d->job_count = n;
}

static void leave(struct dns *d, struct dns_job *job)
{
	dns_lanes_leave(d->lanes, job);
	list_remove(&job->due);
	jobs_are(d, d->job_count - 1);
}

static enum dns_counter counter_of(const struct dns_block *b, bool bogus)
{
	if (bogus)
		return DNS_COUNT_bogus;
	switch (b->answer.status) {
	case DNS_FOUND:
		return DNS_COUNT_found;
	case DNS_NONE:
		return DNS_COUNT_none;
	case DNS_ERROR:
		break;
	}
	return DNS_COUNT_failed;
}

/* From ub_process, or from ub_resolve_async itself. */
static void on_result(void *owner, int err, struct ub_result *r)
{
	struct dns_job *job = owner;
	struct dns *d = job->resolver;
	struct dns_block *b = read_result(d, job->type, err, r);
	bool bogus = !err && r && r->bogus;

	ub_resolve_free(r);
	leave(d, job);
	if (job->flight) {
		count(d, counter_of(b, bogus));
		send_back(d, job, b);
		return;
	}
	job->answer = b;
	if (b->answer.status == DNS_ERROR || !inbox_put(job->back, &job->link))
		dns_job_free(job);
	else
		count(d, DNS_COUNT_late);
}

static void give(struct dns *d, struct dns_job *job)
{
	char absolute[DNS_NAME_MAX + 2];
	size_t n = strlen(job->name);

	memcpy(absolute, job->name, n);
	memcpy(absolute + n, ".", 2);
	list_add_tail(&d->asked, &job->link);
	if (ub_resolve_async(d->ctx, absolute, (int)job->type, CLASS_IN, job, on_result, NULL)) {
		leave(d, job);
		count(d, DNS_COUNT_failed);
		send_back(d, job, dns_block_error("the resolver takes no question", 0));
	}
}

static void give_all(struct dns *d)
{
	struct dns_job *job;

	while ((job = dns_lanes_next(d->lanes)))
		give(d, job);
}

/* Who waits hears it now; a job that libunbound has stays for what it will say. */
static void give_up(struct dns *d, struct dns_job *job)
{
	struct dns_job *told = job;

	count(d, DNS_COUNT_timeouts);
	if (job->given) {
		told = mem_alloc(sizeof(*told));
		*told = *job;
		list_init(&told->link);
		list_init(&told->due);
		job->flight = NULL;
		list_remove(&job->due);
		dns_lanes_give_up(d->lanes, job);
	} else {
		leave(d, job);
	}
	send_back(d, told, bad("timeout"));
}

static void on_deadline(void *owner)
{
	struct dns *d = owner;
	int64_t now = loop_now_ms(d->loop);

	while (!list_is_empty(&d->due)) {
		struct dns_job *job = LIST_ITEM(d->due.next, struct dns_job, due);
		int64_t left = job->asked_ms + d->timeout_ms - now;

		if (left > 0) {
			timer_set(d->deadline, left);
			return;
		}
		give_up(d, job);
	}
	give_all(d);
}

static void put(struct dns *d, struct dns_job *job)
{
	job->resolver = d;
	job->asked_ms = loop_now_ms(d->loop);
	list_init(&job->due);
	if (d->job_count >= dns_part(JOBS_MAX, job->rank)) {
		count(d, DNS_COUNT_refused);
		send_back(d, job, dns_block_error("too many questions in flight", 0));
		return;
	}
	switch (dns_lanes_enter(d->lanes, job)) {
	case DNS_LANE_DEAD:
		count(d, DNS_COUNT_dead);
		send_back(d, job, bad("its servers do not answer"));
		return;
	case DNS_SHARE_FULL:
		count(d, DNS_COUNT_refused);
		send_back(d, job, dns_block_error("too many questions of one client", 0));
		return;
	case DNS_ENTERED:
		break;
	}
	jobs_are(d, d->job_count + 1);
	list_add_tail(&d->due, &job->due);
}

static void on_jobs(void *owner, struct list *items)
{
	struct dns *d = owner;
	struct list *link;

	while ((link = list_pop(items)))
		put(d, LIST_ITEM(link, struct dns_job, link));
	give_all(d);
	if (!timer_is_set(d->deadline) && !list_is_empty(&d->due))
		timer_set(d->deadline, d->timeout_ms);
}

/* -- the thread ------------------------------------------------------------------------ */

static void on_readable(uv_poll_t *uv, int status, int events)
{
	struct dns *d = ((struct watch *)uv->data)->dns;

	(void)status;
	(void)events;
	(void)ub_process(d->ctx);
	give_all(d);
}

static void watch_close(struct net_object *o)
{
	struct watch *w = CONTAINER(o, struct watch, object);

	net_object_close(o, (uv_handle_t *[]){ (uv_handle_t *)&w->uv }, 1);
}

static struct watch *watch_new(struct dns *d)
{
	struct watch *w = mem_alloc(sizeof(*w));

	w->object.close = watch_close;
	w->dns = d;
	net_must(uv_poll_init(&d->loop->uv, &w->uv, ub_fd(d->ctx)));
	net_handle_add(&w->object, (uv_handle_t *)&w->uv);
	net_must(uv_poll_start(&w->uv, UV_READABLE, on_readable));
	return w;
}

static void *run(void *arg)
{
	struct dns *d = arg;

	loop_run(d->loop);
	return NULL;
}

static int start_thread(struct dns *d)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&d->thread, NULL, run, d);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void drop_all(struct list *jobs)
{
	struct list *link;

	while ((link = list_pop(jobs)))
		dns_job_free(LIST_ITEM(link, struct dns_job, link));
}

/* The thread has ended, or never began. */
static void dns_free(struct dns *d)
{
	struct list items;

	list_init(&items);
	inbox_close(port_inbox(d->port));
	inbox_take_all(port_inbox(d->port), &items);
	drop_all(&items);
	watch_close(&d->watch->object);
	timer_free(d->deadline);
	port_close(d->port);
	loop_free(d->loop);
	ub_ctx_delete(d->ctx); /* ends its thread; no callback comes any more */
	drop_all(&d->asked);
	dns_lanes_drop_waiting(d->lanes);
	dns_lanes_free(d->lanes);
	arena_free(d->scratch);
	free(d);
}

/* A question of strangers may need two sockets: for A and for AAAA of a server's name. */
static struct dns_lanes *lanes_new(int64_t sockets, bool for_lists)
{
	return for_lists ? dns_lanes_new((unsigned)sockets, LIST_PARTS)
			 : dns_lanes_new((unsigned)sockets / 2, DOMAIN_PARTS);
}

static struct dns *open_one(const struct dns_setup *setup, struct dns_tally *tally, bool for_lists,
			    struct err *e)
{
	struct dns *d = mem_alloc(sizeof(*d));
	int64_t lists_sockets = dns_sockets() / LISTS_PART;
	int64_t sockets = for_lists ? lists_sockets : dns_sockets() - lists_sockets;
	struct dns_setup own = *setup;

	own.cache_bytes = setup->cache_bytes / LISTS_PART * (for_lists ? 1 : LISTS_PART - 1);
	d->tally = tally;
	d->timeout_ms = setup->timeout_ms;
	if (!dns_context_new(&own, sockets, &d->ctx, &d->validates, e)) {
		free(d);
		return NULL;
	}
	d->lanes = lanes_new(sockets, for_lists);
	list_init(&d->asked);
	list_init(&d->due);
	d->scratch = arena_new(SCRATCH_MAX);
	d->loop = loop_new();
	d->port = port_open(d->loop, on_jobs, d);
	d->deadline = timer_new(d->loop, on_deadline, d);
	d->watch = watch_new(d);
	if (start_thread(d)) {
		dns_free(d);
		err_set(e, ERR_TEMP, "DNS: no thread can be made");
		return NULL;
	}
	return d;
}

bool dns_open(const struct dns_setup *setup, struct dns_tally *tally, struct dns **ret,
	      struct err *e)
{
	struct dns *d = open_one(setup, tally, false, e);

	if (!d)
		return false;
	d->lists = open_one(setup, tally, true, e);
	if (!d->lists) {
		dns_close(d);
		return false;
	}
	*ret = d;
	return true;
}

void dns_close(struct dns *d)
{
	if (!d)
		return;
	dns_close(d->lists);
	loop_stop_soon(d->loop);
	pthread_join(d->thread, NULL);
	dns_free(d);
}

bool dns_validates(const struct dns *d)
{
	return d->validates;
}

struct inbox *dns_inbox(struct dns *d, enum dns_rank rank)
{
	return port_inbox((rank == DNS_OF_LISTS ? d->lists : d)->port);
}

struct dns_tally *dns_tally_of(struct dns *d)
{
	return d->tally;
}
