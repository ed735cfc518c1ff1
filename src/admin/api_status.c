/* api_status: how the daemon is, and who changed what.
 * SPDX-License-Identifier: ISC */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/api.h"
#include "admin/rows.h"
#include "base/human.h"

#define AUDIT_DEFAULT 50
#define DAY_MS        86400000

static json_t *counters_json(struct board *b)
{
	json_t *array = json_array();

	for (unsigned c = 0; c < COUNTER_COUNT; c++) {
		uint64_t value = atomic_load_explicit(&b->counters[c], memory_order_relaxed);
		json_t *row = json_object();

		api_put(row, "name", board_counter_name((enum board_counter)c));
		api_put_num(row, "value", (int64_t)value);
		api_put(row, "says", board_counter_says((enum board_counter)c));
		(void)json_array_append_new(array, row);
	}
	return array;
}

/* What was refused, by reason; only what was. */
static json_t *refusals_json(struct board *b)
{
	json_t *array = json_array();

	for (unsigned i = 0; i <= REPLY_COUNT; i++) {
		uint64_t said = atomic_load_explicit(&b->refusals.said[i], memory_order_relaxed);
		json_t *row;

		if (!said)
			continue;
		row = json_object();
		api_put(row, "reason", board_refusal_name(i));
		api_put_num(row, "code", board_refusal_code(i));
		api_put_num(row, "value", (int64_t)said);
		(void)json_array_append_new(array, row);
	}
	return array;
}

static json_t *dns_json(struct board *b)
{
	json_t *json = json_object(), *counters = json_array(), *took = json_array();

	for (unsigned i = 0; i < DNS_COUNTER_COUNT; i++) {
		json_t *row = json_object();

		api_put(row, "name", board_dns_name(i));
		api_put_num(row, "value", (int64_t)atomic_load(&b->dns.counters[i]));
		api_put(row, "says", board_dns_says(i));
		(void)json_array_append_new(counters, row);
	}
	for (unsigned i = 0; i < DNS_TOOK_COUNT; i++) {
		json_t *row = json_object();

		api_put_num(row, "within_ms", board_dns_took_ms(i));
		api_put_num(row, "value", (int64_t)atomic_load(&b->dns.took[i]));
		(void)json_array_append_new(took, row);
	}
	api_put_num(json, "in_flight", (int64_t)atomic_load(&b->dns.in_flight));
	(void)json_object_set_new(json, "counters", counters);
	(void)json_object_set_new(json, "took", took);
	return json;
}

/* Why no mail is taken, in one line; "" when it is. */
static const char *refusal(const struct request *r, const struct store_counters *c)
{
	uint64_t min_free = (uint64_t)c->min_free;
	char free_text[HUMAN_MAX], min_text[HUMAN_MAX];
	const char *text;

	if (c->takes_mail)
		return "";
	if (c->free_bytes >= min_free)
		return "the database is out of order; the log says why";
	text = arena_printf(r->arena, "the disk has %s free, store.min_free is %s",
			    human_size(c->free_bytes, free_text), human_size(min_free, min_text));
	return text ? text : "";
}

static json_t *store_json(const struct request *r)
{
	json_t *json = json_object();
	struct store_counters c;

	store_read_counters(r->world->store, &c);
	c.takes_mail = store_takes_mail(r->world->store);
	api_put_bool(json, "takes_mail", c.takes_mail);
	api_put(json, "reason", refusal(r, &c));
	api_put_num(json, "free_bytes", (int64_t)c.free_bytes);
	api_put_num(json, "min_free_bytes", c.min_free);
	api_put_num(json, "commits", (int64_t)c.commits);
	api_put_num(json, "written_jobs", (int64_t)c.written_jobs);
	api_put_num(json, "failed_jobs", (int64_t)c.failed_jobs);
	api_put_num(json, "largest_batch", (int64_t)c.largest_batch);
	return json;
}

static json_t *database_json(const struct request *r, struct err *e)
{
	struct view_engine engine;

	if (!view_engine(r->view, r->arena, &engine, e))
		return NULL;

	json_t *json = json_object();

	api_put(json, "engine", engine.name);
	api_put(json, "version", engine.version);
	api_put_num(json, "bytes", (int64_t)engine.bytes);
	api_put_bool(json, "wal_reset_bug", engine.wal_reset_bug);
	api_put(json, "note",
		engine.wal_reset_bug
			? "this SQLite has the WAL-reset bug (fixed in 3.51.3, 3.50.7 and 3.44.6); "
			  "mxkeep avoids it: only one connection writes and checkpoints. Let no "
			  "other program write to the file."
			: "");
	return json;
}

static int compare_counts(const void *a, const void *b)
{
	const struct view_count *one = a, *two = b;

	return (one->domain > two->domain) - (one->domain < two->domain);
}

/* rows are sorted by compare_counts. */
static const struct view_count *find_count(const struct view_count *rows, size_t n, int64_t domain)
{
	const struct view_count key = { .domain = domain };

	return n ? bsearch(&key, rows, n, sizeof(*rows), compare_counts) : NULL;
}

static json_t *primaries_json(const struct domain *d, const struct board_primary *rows, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->route_count; i++) {
		const struct route *route = &d->routes[i];

		(void)json_array_append_new(array,
					    rows_primary(route, rows_find_primary(rows, n, route)));
	}
	return array;
}

/* What waits in our own name. */
static json_t *bounces_json(const struct view_count *counts, size_t n)
{
	json_t *json = json_object();

	rows_put_count(json, find_count(counts, n, DOMAIN_BOUNCES));
	return json;
}

static json_t *domains_json(const struct request *r, const struct settings *s,
			    const struct view_count *counts, size_t count_n)
{
	size_t primary_n;
	struct board_primary *primaries =
		board_get_primaries(r->world->board, r->arena, &primary_n);

	rows_sort_primaries(primaries, primary_n);

	json_t *array = json_array();

	for (size_t i = 0; s && i < s->domain_count; i++) {
		const struct domain *d = &s->domains[i];
		const struct view_count *count = find_count(counts, count_n, d->id);
		json_t *row = rows_domain(d, r->world->conf->hostname);

		rows_put_count(row, count);
		api_put_bool(row, "accepts_all", count && count->accepts_all);
		(void)json_object_set_new(row, "primaries",
					  primaries_json(d, primaries, primary_n));
		(void)json_array_append_new(array, row);
	}
	return array;
}

/* What clients are shown by TLS, and whether newer files wait in vain. */
static json_t *tls_json(const struct request *r)
{
	json_t *json = json_object(), *array = json_array();
	const char *error;
	size_t n;
	struct board_certificate *rows =
		board_get_certificates(r->world->board, r->arena, &n, &error);

	for (size_t i = 0; i < n; i++) {
		json_t *row = json_object();

		api_put(row, "file", rows[i].file);
		api_put(row, "names", rows[i].names);
		api_put_time(row, "expires", rows[i].expires_ms);
		api_put_num(row, "days_left", (rows[i].expires_ms - r->now_ms) / DAY_MS);
		api_put_bool(row, "self_signed", rows[i].self_signed);
		api_put_bool(row, "made_here", rows[i].made_here);
		(void)json_array_append_new(array, row);
	}
	(void)json_object_set_new(json, "certificates", array);
	api_put(json, "error", error);
	return json;
}

/* DNS lists in use. */
static json_t *lists_json(const struct request *r)
{
	json_t *array = json_array();
	size_t n;
	struct board_list *rows = board_get_lists(r->world->board, r->arena, &n);

	for (size_t i = 0; i < n; i++) {
		json_t *row = json_object();

		api_put(row, "list", rows[i].name);
		api_put(row, "of", rows[i].of);
		api_put(row, "state", rows[i].state);
		api_put_time(row, "since", rows[i].since_ms);
		api_put(row, "why", rows[i].why);
		(void)json_array_append_new(array, row);
	}
	return array;
}

static void put_daemon(json_t *status, const struct request *r)
{
	struct board *b = r->world->board;

	api_put(status, "version", PACKAGE_VERSION);
	api_put(status, "hostname", r->world->conf->hostname);
	api_put_num(status, "pid", getpid());
	api_put_time(status, "started", b->started_ms);
	api_put_num(status, "uptime_ms", r->now_ms - b->started_ms);
	api_put_num(status, "sessions", (int64_t)atomic_load(&b->sessions));
	api_put_num(status, "mail_memory", board_gauge(b->mail_memory));
	api_put_num(status, "mail_files", board_gauge(b->mail_files));
	api_put_bool(status, "settings_stale", atomic_load(&r->world->settings->stale));
}

json_t *api_status(struct request *r, struct err *e)
{
	struct view_count *counts;
	size_t n;

	if (!view_counts(r->view, r->arena, NULL, &counts, &n, e))
		return NULL;

	if (n > 1)
		qsort(counts, n, sizeof(*counts), compare_counts);

	json_t *database = database_json(r, e);

	if (!database)
		return NULL;

	struct settings *s = settings_board_get(r->world->settings);
	json_t *status = json_object();

	put_daemon(status, r);
	(void)json_object_set_new(status, "store", store_json(r));
	(void)json_object_set_new(status, "database", database);
	(void)json_object_set_new(status, "tls", tls_json(r));
	(void)json_object_set_new(status, "dns_lists", lists_json(r));
	(void)json_object_set_new(status, "domains", domains_json(r, s, counts, n));
	(void)json_object_set_new(status, "bounces", bounces_json(counts, n));
	settings_unref(s);
	(void)json_object_set_new(status, "counters", counters_json(r->world->board));
	(void)json_object_set_new(status, "dns", dns_json(r->world->board));
	(void)json_object_set_new(status, "refusals", refusals_json(r->world->board));
	return status;
}

json_t *api_audit(struct request *r, struct err *e)
{
	struct view_audit *rows;
	unsigned limit;
	size_t n;

	if (!api_limit(r, AUDIT_DEFAULT, &limit, e) ||
	    !view_audit(r->view, r->arena, limit, &rows, &n, e))
		return NULL;

	json_t *answer = json_object(), *array = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *row = json_object();

		api_put_time(row, "at", rows[i].at_ms);
		api_put(row, "who", rows[i].who);
		api_put(row, "what", rows[i].what);
		(void)json_array_append_new(array, row);
	}
	(void)json_object_set_new(answer, "audit", array);
	return answer;
}
