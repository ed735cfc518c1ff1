/* settings: a snapshot of domains and routes, read whole.
 *
 * A row whose words are not known (written by hand, or by a newer program that was taken back)
 * gets the careful meaning: backup, and defer what is not in the list.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite/settings.h"

#define SETTINGS_MAX ((size_t)1 << 30)

static bool load_domain(struct loading *l, sqlite3_stmt *st)
{
	struct str subaddress = sql_text(st, 5);
	struct domain *d;

	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 32;
		l->domains = mem_grow(l->domains, l->room * sizeof(*l->domains));
	}
	d = &l->domains[l->count++];
	*d = (struct domain){
		.id = sqlite3_column_int64(st, 0),
		.name = arena_dup(l->arena, sql_text(st, 1)),
		.mode = DOMAIN_BACKUP,
		.enabled = sqlite3_column_int(st, 3) != 0,
		.unknown = UNKNOWN_DEFER,
		.subaddress = subaddress.n ? subaddress.at[0] : '\0',
		.lifetime_ms = sqlite3_column_int64(st, 6),
		.has_recipients = sqlite3_column_int(st, 7) != 0,
		.max_size = (uint64_t)sqlite3_column_int64(st, 8),
		.rate = (unsigned)sqlite3_column_int(st, 9),
		.policy = l->policy,
	};
	(void)domain_mode_parse(sql_text(st, 2), &d->mode);
	(void)domain_unknown_parse(sql_text(st, 4), &d->unknown);
	return d->name.at != NULL;
}

static bool load_domains(struct backend *b, struct loading *l, struct err *e)
{
	sqlite3_stmt *st =
		sql_start(b, SQL_DOMAINS, e,
			  "SELECT id, name, mode, enabled, unknown, subaddress, lifetime,"
			  " EXISTS (SELECT 1 FROM recipient AS r WHERE r.domain = d.id),"
			  " max_size, rate"
			  " FROM domain AS d ORDER BY id");
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		if (load_domain(l, st))
			continue;
		sql_end(st);
		return err_set(e, ERR_TEMP, "too many domains");
	}
	return got == 0;
}

/* Room grows by one: commonly there is one route, and with thousands of domains memory counts. */
static bool add_route(struct loading *l, struct domain *d, sqlite3_stmt *st)
{
	size_t n = d->route_count;
	struct route *routes;

	if (n == DOMAIN_ROUTES_MAX)
		return true;
	routes = arena_alloc(l->arena, (n + 1) * sizeof(*routes));
	if (!routes)
		return false;
	if (n)
		memcpy(routes, d->routes, n * sizeof(*routes));
	routes[n].host = arena_cstr(l->arena, sql_text(st, 1));
	routes[n].port = (unsigned)sqlite3_column_int(st, 2);
	routes[n].offer = sqlite_offer_row(st, 3);
	d->routes = routes;
	d->route_count++;
	return routes[n].host != NULL;
}

/* Routes come sorted by domain, as the domains are. */
static bool load_routes(struct backend *b, struct loading *l, struct err *e)
{
	sqlite3_stmt *st = sql_start(
		b, SQL_ROUTES, e,
		"SELECT r.domain, r.host, r.port, o.since, o.flags, o.max_size, o.mail_max,"
		" o.rcpt_max, o.rcpt_domain_max FROM route AS r LEFT JOIN offer AS o"
		" ON o.host = r.host AND o.port = r.port ORDER BY r.domain, r.position");
	size_t at = 0;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		int64_t domain = sqlite3_column_int64(st, 0);

		while (at < l->count && l->domains[at].id < domain)
			at++;
		if (at == l->count || l->domains[at].id != domain)
			continue;
		if (add_route(l, &l->domains[at], st))
			continue;
		sql_end(st);
		return err_set(e, ERR_TEMP, "too many routes");
	}
	return got == 0;
}

static int by_name(const void *a, const void *b)
{
	const struct domain *x = a, *y = b;

	return str_compare(x->name, y->name);
}

static int by_id(const void *a, const void *b)
{
	const struct domain *const *x = a, *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

/* The snapshot in its own arena. */
static struct settings *finish(struct loading *l, uint64_t version)
{
	struct settings *s = arena_alloc(l->arena, sizeof(*s));
	struct domain *domains = arena_alloc(l->arena, l->count * sizeof(*domains));
	const struct domain **ids = arena_alloc(l->arena, l->count * sizeof(*ids));

	if (!s || !domains || !ids)
		return NULL;
	if (l->count) {
		qsort(l->domains, l->count, sizeof(*domains), by_name);
		memcpy(domains, l->domains, l->count * sizeof(*domains));
	}
	for (size_t i = 0; i < l->count; i++)
		ids[i] = &domains[i];
	if (l->count)
		qsort(ids, l->count, sizeof(*ids), by_id);
	atomic_init(&s->refs, 1);
	s->version = version;
	s->arena = l->arena;
	s->domains = domains;
	s->domain_count = l->count;
	s->by_id = ids;
	s->policy = l->policy;
	s->access = l->access;
	return settings_collect_lists(s) ? s : NULL;
}

bool sqlite_load_settings(struct backend *b, uint64_t version, struct settings **ret,
			  struct err *e)
{
	struct loading l = { .arena = arena_new(SETTINGS_MAX) };
	struct settings *s = NULL;

	l.policy = policy_settings_defaults(l.arena);
	if (l.policy && load_domains(b, &l, e) && load_routes(b, &l, e) &&
	    settings_load_patterns(b, &l, e) && settings_load_policies(b, &l, e) &&
	    settings_load_access(b, &l, e)) {
		s = finish(&l, version);
		if (!s)
			(void)err_set(e, ERR_TEMP, "too many domains");
	}
	free(l.domains);
	if (!s) {
		arena_free(l.arena);
		return false;
	}
	*ret = s;
	return true;
}
