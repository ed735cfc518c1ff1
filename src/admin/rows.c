/* rows: one thing has one form wherever it is shown.
 * SPDX-License-Identifier: ISC */
#include "admin/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/api.h"
#include "admin/findings.h"
#include "base/human.h"
#include "base/idn.h"

/* What MX preference we suggest: behind the primary's own for a backup, first for a reflector. */
#define PREFERENCE_BACKUP    20
#define PREFERENCE_REFLECTOR 10

json_t *rows_delivery(const struct view_delivery *d)
{
	json_t *row = json_object();

	api_put_id(row, "id", d->message);
	api_put_num(row, "seq", d->seq);
	api_put(row, "state", delivery_state_name(d->state));
	api_put(row, "domain", d->domain_name);
	api_put(row, "sender", d->sender);
	api_put(row, "recipient", d->recipient);
	api_put_num(row, "size", (int64_t)d->size);
	api_put_time(row, "received", d->received_ms);
	api_put_time(row, "changed", d->changed_ms);
	api_put_time(row, "next_try", d->state == STATE_QUEUED ? d->next_try_ms : 0);
	api_put_num(row, "attempts", d->attempts);
	api_put(row, "reply", d->reply ? d->reply : "");
	api_put(row, "primary", d->primary ? d->primary : "");
	(void)json_object_set_new(row, "checks", findings_json(d->findings));
	if (d->by && *d->by)
		api_put(row, "by", d->by);
	return row;
}

json_t *rows_message(const struct view_delivery *d)
{
	json_t *row = json_object();

	api_put_id(row, "id", d->message);
	api_put(row, "sender", d->sender);
	api_put_num(row, "size", (int64_t)d->size);
	api_put_time(row, "received", d->received_ms);
	api_put(row, "client", d->client);
	api_put(row, "helo", d->helo);
	api_put(row, "tls", d->tls ? d->tls : "");
	return row;
}

const char *rows_host_port(const struct route *route, char out[ROWS_HOST_PORT_MAX])
{
	if (strchr(route->host, ':'))
		(void)snprintf(out, ROWS_HOST_PORT_MAX, "[%.255s]:%u", route->host, route->port);
	else
		(void)snprintf(out, ROWS_HOST_PORT_MAX, "%.255s:%u", route->host, route->port);
	return out;
}

static json_t *routes_json(const struct domain *d)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->route_count; i++) {
		char text[ROWS_HOST_PORT_MAX];

		(void)json_array_append_new(array, api_string(rows_host_port(&d->routes[i], text)));
	}
	return array;
}

/* What is known of its primaries. */
static json_t *offers_json(const struct domain *d)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->route_count; i++) {
		const struct offer *o = &d->routes[i].offer;
		char text[ROWS_HOST_PORT_MAX];
		json_t *row = json_object();

		if (!o->since_ms) {
			json_decref(row);
			continue;
		}
		api_put(row, "primary", rows_host_port(&d->routes[i], text));
		api_put_time(row, "since", o->since_ms);
		api_put_bool(row, "size", o->size);
		api_put_num(row, "max_size", (int64_t)o->max_size);
		api_put_bool(row, "8bitmime", o->mime8bit);
		api_put_bool(row, "smtputf8", o->smtputf8);
		api_put_bool(row, "dsn", o->dsn);
		api_put_num(row, "mailmax", (int64_t)o->mail_max);
		api_put_num(row, "rcptmax", (int64_t)o->rcpt_max);
		api_put_num(row, "rcptdomainmax", (int64_t)o->rcpt_domain_max);
		(void)json_array_append_new(array, row);
	}
	return array;
}

static void put_record(json_t *row, const struct domain *d, const char *hostname)
{
	int preference = d->mode == DOMAIN_REFLECTOR ? PREFERENCE_REFLECTOR : PREFERENCE_BACKUP;
	char record[600];

	(void)snprintf(record, sizeof(record), "%.*s. IN MX %d %s.", STR_ARGS(d->name), preference,
		       hostname ? hostname : "localhost");
	api_put(row, "record", record);
}

json_t *rows_domain(const struct domain *d, const char *hostname)
{
	char delimiter[2] = { d->subaddress, '\0' }, lifetime[HUMAN_MAX];
	char unicode[IDN_READABLE_MAX];
	json_t *row = json_object();

	(void)json_object_set_new(row, "name", json_stringn(d->name.at, d->name.n));
	api_put(row, "unicode", idn_readable(d->name, unicode));
	api_put(row, "mode", domain_mode_name(d->mode));
	api_put_bool(row, "enabled", d->enabled);
	(void)json_object_set_new(row, "primaries", routes_json(d));
	api_put(row, "unknown", domain_unknown_name(d->unknown));
	api_put(row, "subaddress", d->subaddress ? delimiter : "none");
	api_put(row, "lifetime", human_time(d->lifetime_ms, lifetime));
	api_put_num(row, "lifetime_ms", d->lifetime_ms);
	api_put_num(row, "max_size", (int64_t)d->max_size);
	api_put_num(row, "rate", d->rate);
	(void)json_object_set_new(row, "offers", offers_json(d));
	api_put_bool(row, "has_recipients", d->has_recipients);
	put_record(row, d, hostname);
	return row;
}

void rows_put_count(json_t *object, const struct view_count *count)
{
	const struct view_count none = { 0 };

	if (!count)
		count = &none;
	api_put_num(object, "queued", (int64_t)count->queued);
	api_put_num(object, "held", (int64_t)count->held);
	api_put_num(object, "failed", (int64_t)count->failed);
	api_put_time(object, "oldest", count->oldest_ms);
}

static int compare_primaries(const void *a, const void *b)
{
	const struct board_primary *one = a, *two = b;
	int order = strcmp(one->host, two->host);

	return order ? order : (one->port > two->port) - (one->port < two->port);
}

void rows_sort_primaries(struct board_primary *rows, size_t n)
{
	if (n > 1)
		qsort(rows, n, sizeof(*rows), compare_primaries);
}

const struct board_primary *rows_find_primary(const struct board_primary *rows, size_t n,
					      const struct route *route)
{
	const struct board_primary key = { .host = route->host, .port = route->port };

	return n ? bsearch(&key, rows, n, sizeof(*rows), compare_primaries) : NULL;
}

json_t *rows_primary(const struct route *route, const struct board_primary *p)
{
	const struct board_primary untried = { 0 };
	char text[ROWS_HOST_PORT_MAX];
	json_t *row = json_object();

	api_put(row, "primary", rows_host_port(route, text));
	api_put(row, "state", p ? primary_state_name(p->state) : "untried");
	if (!p)
		p = &untried;
	api_put_time(row, "since", p->since_ms);
	api_put_time(row, "next_probe", p->next_probe_ms);
	api_put_num(row, "connections", p->connections);
	api_put_num(row, "in_flight", p->in_flight);
	api_put(row, "why", p->why ? p->why : "");
	api_put(row, "greeting", p->greeting ? p->greeting : "");
	return row;
}
