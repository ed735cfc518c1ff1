/* list_watch.c: see list_watch.h.
 *
 * A tick each second: have the settings changed, is a test due?  Both are a look at one number.
 * SPDX-License-Identifier: ISC */
#include "relay/list_watch.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/list.h"
#include "policy/dnslist_health.h"
#include "relay/daemon.h"

#define TICK_MS 1000

struct list_watch {
	struct daemon *d;
	struct timer *tick;
	struct dns_client *dns;
	struct list tests; /* under way */
	int64_t every_ms;
	uint64_t version; /* of the settings whose lists are known */
};

struct test {
	struct list link;
	struct list_watch *w;
	struct dnslist_probe probe;
};

static void tell(const struct list_watch *w, unsigned place)
{
	struct dnslist_report r;

	if (!dnslist_health_report(w->d->lists, place, &r))
		return;
	if (r.state == DNSLIST_OFF)
		log_say(w->d->log, LOG_WARNING, "dns_list_off", F_CSTR("list", r.shown),
			F_CSTR("why", r.why));
	else
		log_say(w->d->log, LOG_INFO, "dns_list_on", F_CSTR("list", r.shown));
}

/* All of them, for status and metrics. */
static void put_on_board(const struct list_watch *w)
{
	unsigned n = dnslist_health_places(w->d->lists);
	struct board_list *rows = mem_alloc((n + 1) * sizeof(*rows));
	int64_t to_wall_ms = clock_wall_ms() - clock_mono_ms();
	size_t count = 0;

	for (unsigned i = 0; i < n; i++) {
		struct dnslist_report r;

		if (!dnslist_health_report(w->d->lists, i, &r))
			continue;
		rows[count++] = (struct board_list){
			.name = r.shown,
			.of = r.names ? "names" : "clients",
			.state = dnslist_state_name(r.state),
			.why = r.why,
			.well = r.state == DNSLIST_WELL,
			.since_ms = r.since_ms ? r.since_ms + to_wall_ms : 0,
		};
	}
	board_set_lists(&w->d->board, rows, count);
	free(rows);
}

/* -- a test ------------------------------------------------------------------------------- */

static void on_answer(void *owner, const struct dns_answer *got)
{
	static const enum answer_status status[] = {
		[DNS_FOUND] = ANSWER_FOUND,
		[DNS_NONE] = ANSWER_NONE,
		[DNS_ERROR] = ANSWER_ERROR,
	};
	struct test *t = owner;
	struct list_watch *w = t->w;
	const struct answer answer = {
		.status = status[got->status],
		.records = got->records,
		.record_count = got->n,
	};

	if (dnslist_health_answer(w->d->lists, clock_mono_ms(), w->every_ms, &t->probe, &answer)) {
		tell(w, t->probe.place);
		put_on_board(w);
	}
	list_remove(&t->link);
	free(t);
}

static void test_what_is_due(struct list_watch *w)
{
	struct dnslist_probe probe;

	while (dnslist_health_next(w->d->lists, clock_mono_ms(), &probe)) {
		struct test *t = mem_alloc(sizeof(*t));

		t->w = w;
		t->probe = probe;
		list_add_tail(&w->tests, &t->link);
		(void)!dns_ask(w->dns,
			       &(struct dns_question){ .name = str_of(t->probe.name),
						       .type = DNS_A,
						       .rank = DNS_OF_LISTS },
			       on_answer, t);
	}
}

/* -- the tick ----------------------------------------------------------------------------- */

static void look_at_settings(struct list_watch *w)
{
	struct settings *s;

	if (atomic_load(&w->d->settings.version) == w->version)
		return;
	s = settings_board_get(&w->d->settings);
	if (!s)
		return;
	w->version = s->version;
	if (!dnslist_health_use(w->d->lists, &s->lists) || s->lists.n == DNSLISTS_MAX)
		log_say(w->d->log, LOG_WARNING, "too_many_dns_lists", F_INT("most", DNSLISTS_MAX));
	settings_unref(s);
	put_on_board(w);
}

static void on_tick(void *owner)
{
	struct list_watch *w = owner;

	look_at_settings(w);
	test_what_is_due(w);
	timer_set(w->tick, TICK_MS);
}

void list_watch_every(struct list_watch *w, int64_t every_ms)
{
	w->every_ms = every_ms;
}

struct list_watch *list_watch_new(struct loop *l, struct daemon *d, int64_t every_ms)
{
	struct list_watch *w = mem_alloc(sizeof(*w));

	w->d = d;
	w->every_ms = every_ms;
	w->dns = dns_client_new(l, d->dns);
	w->tick = timer_new(l, on_tick, w);
	list_init(&w->tests);
	timer_set(w->tick, 0);
	return w;
}

void list_watch_stop(struct list_watch *w)
{
	timer_clear(w->tick);
}

void list_watch_free(struct list_watch *w)
{
	if (!w)
		return;
	while (!list_is_empty(&w->tests))
		free(LIST_ITEM(list_pop(&w->tests), struct test, link));
	timer_free(w->tick);
	dns_client_free(w->dns);
	free(w);
}
