/* metrics: GET /metrics in Prometheus' text format (version 0.0.4), and GET /health.
 *
 * One row a metric; families with labels have a writer of their own.  There are no labels that
 * grow with what strangers send, nor with the number of domains: thousands of series a scrape help
 * nobody.  Decided against a library: the format is three kinds of lines.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "admin/pages.h"

static const struct page pages[] = {
	{ "metrics", metrics_write, "text/plain; version=0.0.4; charset=utf-8" },
	{ "health", health_write, "text/plain; charset=utf-8" },
};

const struct page *pages_find(const struct target *t)
{
	for (size_t i = 0; i < COUNT(pages); i++)
		if (t->part_count == 1 && strcmp(t->parts[0], pages[i].path) == 0)
			return &pages[i];
	return NULL;
}

/* -- lines ---------------------------------------------------------------------------------- */

static bool put_head(struct buf *out, const char *name, const char *kind, const char *says)
{
	return buf_addf(out, "# HELP mxkeep_%s %s\n# TYPE mxkeep_%s %s\n", name, says, name, kind);
}

static bool put_one(struct buf *out, const char *name, const char *kind, const char *says,
		    uint64_t value)
{
	return put_head(out, name, kind, says) &&
	       buf_addf(out, "mxkeep_%s %" PRIu64 "\n", name, value);
}

/* A label's value: backslash, quote and line end are escaped; hosts are ASCII. */
static const char *escape(const char *text, char *out, size_t max)
{
	size_t n = 0;

	for (; *text && n + 3 < max; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			out[n++] = '\\';
		out[n++] = *text == '\n' ? 'n' : *text;
	}
	out[n] = '\0';
	return out;
}

/* -- families ------------------------------------------------------------------------------- */

static bool put_counters(struct buf *out, struct board *b)
{
	char name[64];

	for (unsigned c = 0; c < COUNTER_COUNT; c++) {
		uint64_t value = atomic_load_explicit(&b->counters[c], memory_order_relaxed);

		(void)snprintf(name, sizeof(name), "%s_total",
			       board_counter_name((enum board_counter)c));
		if (!put_one(out, name, "counter", board_counter_says((enum board_counter)c),
			     value))
			return false;
	}
	return true;
}

/* Every reply there is, so that a rate over a refusal is right from its first on. */
static bool put_refusals(struct buf *out, struct board *b)
{
	bool ok = put_head(out, "refusals_total", "counter", "4xx and 5xx replies by reason");

	for (unsigned i = 0; ok && i <= REPLY_COUNT; i++) {
		uint64_t said = atomic_load_explicit(&b->refusals.said[i], memory_order_relaxed);
		int code = board_refusal_code(i);

		if (i == REPLY_COUNT || code >= 400)
			ok = buf_addf(out,
				      "mxkeep_refusals_total{reason=\"%s\",code=\"%d\"} %" PRIu64
				      "\n",
				      board_refusal_name(i), code, said);
	}
	return ok;
}

static bool put_ends(struct buf *out, struct board *b)
{
	bool ok = put_head(out, "sessions_ended_total", "counter", "SMTP sessions by their end");

	for (unsigned i = 0; ok && i < END_COUNT; i++)
		ok = buf_addf(out, "mxkeep_sessions_ended_total{by=\"%s\"} %" PRIu64 "\n",
			      board_end_name((enum board_end)i),
			      atomic_load_explicit(&b->ended[i], memory_order_relaxed));
	return ok;
}

static bool put_dns(struct buf *out, struct board *b)
{
	bool ok = put_one(out, "dns_in_flight", "gauge", "DNS questions that have no answer yet",
			  atomic_load(&b->dns.in_flight));
	char name[64];

	for (unsigned i = 0; ok && i < DNS_COUNTER_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "dns_%s_total", board_dns_name(i));
		ok = put_one(out, name, "counter", board_dns_says(i),
			     atomic_load(&b->dns.counters[i]));
	}
	ok = ok && put_head(out, "dns_answers_total", "counter",
			    "DNS answers by the milliseconds they took at most, 0 for more");
	for (unsigned i = 0; ok && i < DNS_TOOK_COUNT; i++)
		ok = buf_addf(out, "mxkeep_dns_answers_total{within_ms=\"%u\"} %" PRIu64 "\n",
			      board_dns_took_ms(i), atomic_load(&b->dns.took[i]));
	return ok;
}

static bool put_process(struct buf *out, const struct request *r)
{
	struct board *b = r->world->board;

	return put_head(out, "info", "gauge", "the version that runs") &&
	       buf_addf(out, "mxkeep_info{version=\"%s\"} 1\n", PACKAGE_VERSION) &&
	       put_one(out, "start_time_seconds", "gauge", "when the daemon started",
		       (uint64_t)(b->started_ms / 1000)) &&
	       put_one(out, "sessions", "gauge", "open SMTP sessions", atomic_load(&b->sessions)) &&
	       put_one(out, "mail_memory_bytes", "gauge", "memory of mails on their way in",
		       (uint64_t)board_gauge(b->mail_memory)) &&
	       put_one(out, "mail_files", "gauge", "files of mails on their way in",
		       (uint64_t)board_gauge(b->mail_files)) &&
	       put_one(out, "settings_stale", "gauge", "1 when the settings could not be read",
		       atomic_load(&r->world->settings->stale));
}

static bool put_store(struct buf *out, const struct request *r)
{
	struct store_counters c;

	store_read_counters(r->world->store, &c);
	return put_one(out, "takes_mail", "gauge", "1 when mail is taken",
		       store_takes_mail(r->world->store)) &&
	       put_one(out, "disk_free_bytes", "gauge", "free on the disk of the queue",
		       c.free_bytes) &&
	       put_one(out, "commits_total", "counter", "transactions committed", c.commits) &&
	       put_one(out, "written_jobs_total", "counter", "jobs in those transactions",
		       c.written_jobs) &&
	       put_one(out, "failed_jobs_total", "counter", "jobs that could not be written",
		       c.failed_jobs);
}

static bool put_queue(struct buf *out, const struct request *r, struct err *e)
{
	struct view_count *rows, sum = { 0 };
	int64_t age_ms = 0;
	size_t n;

	if (!view_counts(r->view, r->arena, NULL, &rows, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		sum.queued += rows[i].queued;
		sum.held += rows[i].held;
		sum.failed += rows[i].failed;
		if (rows[i].oldest_ms && r->now_ms - rows[i].oldest_ms > age_ms)
			age_ms = r->now_ms - rows[i].oldest_ms;
	}
	return put_head(out, "queue_recipients", "gauge", "recipients that wait, by state") &&
	       buf_addf(out,
			"mxkeep_queue_recipients{state=\"queued\"} %" PRIu64 "\n"
			"mxkeep_queue_recipients{state=\"held\"} %" PRIu64 "\n"
			"mxkeep_queue_recipients{state=\"failed\"} %" PRIu64 "\n",
			sum.queued, sum.held, sum.failed) &&
	       put_one(out, "queue_oldest_seconds", "gauge", "age of the oldest queued message",
		       (uint64_t)(age_ms / 1000));
}

struct primary_gauge {
	const char *name, *says;
	uint64_t (*value)(const struct board_primary *p);
};

static uint64_t value_up(const struct board_primary *p)
{
	return p->state == PRIMARY_UP;
}

static uint64_t value_connections(const struct board_primary *p)
{
	return p->connections;
}

static uint64_t value_in_flight(const struct board_primary *p)
{
	return p->in_flight;
}

static bool put_primaries(struct buf *out, const struct request *r)
{
	static const struct primary_gauge gauges[] = {
		{ "primary_up", "1 when the primary answers", value_up },
		{ "primary_connections", "connections to the primary", value_connections },
		{ "primary_in_flight", "messages on their way to the primary", value_in_flight },
	};
	size_t n;
	struct board_primary *rows = board_get_primaries(r->world->board, r->arena, &n);
	bool ok = true;

	for (size_t g = 0; ok && g < COUNT(gauges); g++) {
		ok = put_head(out, gauges[g].name, "gauge", gauges[g].says);
		for (size_t i = 0; ok && i < n; i++) {
			char host[600];

			ok = buf_addf(out, "mxkeep_%s{host=\"%s\",port=\"%u\"} %" PRIu64 "\n",
				      gauges[g].name, escape(rows[i].host, host, sizeof(host)),
				      rows[i].port, gauges[g].value(&rows[i]));
		}
	}
	return ok;
}

/* As many as domains have named, at most DNSLISTS_MAX. */
static bool put_lists(struct buf *out, const struct request *r)
{
	size_t n;
	struct board_list *rows = board_get_lists(r->world->board, r->arena, &n);
	bool ok = put_head(out, "dns_list_well", "gauge", "1 when the DNS list may be believed");

	for (size_t i = 0; ok && i < n; i++)
		ok = buf_addf(out, "mxkeep_dns_list_well{list=\"%s\",of=\"%s\"} %d\n",
			      rows[i].name, rows[i].of, rows[i].well);
	return ok;
}

/* -- pages ---------------------------------------------------------------------------------- */

bool metrics_write(struct request *r, struct buf *out, struct err *e)
{
	struct board *b = r->world->board;

	*e = (struct err){ 0 };
	if (put_process(out, r) && put_counters(out, b) && put_refusals(out, b) &&
	    put_ends(out, b) && put_dns(out, b) && put_store(out, r) && put_queue(out, r, e) &&
	    put_primaries(out, r) && put_lists(out, r))
		return true;
	return e->text[0] ? false : err_set(e, ERR_TEMP, "too many primaries for one answer");
}

/* For a load balancer or a watchdog: the daemon answers, and takes mail. */
bool health_write(struct request *r, struct buf *out, struct err *e)
{
	if (!store_takes_mail(r->world->store))
		return err_set(e, ERR_TEMP, "no mail is taken; mxkeep status says why");
	return buf_addf(out, "ok\n");
}
