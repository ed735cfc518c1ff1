/* settings_policy: policies and access lists of a settings snapshot.
 *
 * Both come sorted by domain, as the domains are, those for all (domain 0) first.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/settings.h"

/* A name or value that this program does not know keeps what it was: it was written by a newer one
 * that was taken back. */
static bool put_setting(struct loading *l, struct policy_settings *p, sqlite3_stmt *st)
{
	const struct policy_option *o = policy_option_find(sql_text(st, 1));
	struct err ignored;

	if (o && p && !policy_settings_put(p, l->arena, o, sql_text(st, 2), &ignored))
		return true;
	return p != NULL;
}

/* The domain's own copy of what is for all. */
static struct policy_settings *own_policy(struct loading *l, struct domain *d)
{
	struct policy_settings *own = arena_alloc(l->arena, sizeof(*own));

	if (own) {
		*own = *d->policy;
		d->policy = own;
	}
	return own;
}

/* Those for all come first (domain 0), then those of the domains, sorted as the domains are. */
bool settings_load_policies(struct backend *b, struct loading *l, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_POLICIES, e,
				     "SELECT domain, name, value FROM policy"
				     " ORDER BY domain, name");
	struct policy_settings *own = NULL;
	size_t at = 0;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		int64_t domain = sqlite3_column_int64(st, 0);

		if (domain == 0) {
			(void)put_setting(l, l->policy, st);
			continue;
		}
		while (at < l->count && l->domains[at].id < domain) {
			at++;
			own = NULL;
		}
		if (at == l->count || l->domains[at].id != domain)
			continue;
		if (!own)
			own = own_policy(l, &l->domains[at]);
		if (put_setting(l, own, st))
			continue;
		sql_end(st);
		return err_set(e, ERR_TEMP, "too many policies");
	}
	return got == 0;
}

/* -- allow and deny ------------------------------------------------------------------------- */

/* The scope that a row belongs to, or NULL: the domain is gone. */
static struct access **scope_of(struct loading *l, int64_t domain, size_t *at)
{
	if (domain == 0)
		return &l->access;
	while (*at < l->count && l->domains[*at].id < domain)
		(*at)++;
	if (*at == l->count || l->domains[*at].id != domain)
		return NULL;
	return &l->domains[*at].access;
}

/* A kind or list that this program does not know is passed over. */
static bool add_entry(struct loading *l, struct access **scope, sqlite3_stmt *st)
{
	struct str pattern = arena_dup(l->arena, sql_text(st, 2));
	enum access_list list;
	enum access_kind kind;

	if (!*scope)
		*scope = access_new(l->arena);
	if (!*scope || !pattern.at)
		return false;
	return !access_kind_parse(sql_text(st, 1), &kind) ||
	       !access_list_parse(sql_text(st, 3), &list) ||
	       access_add(*scope, list, kind, pattern);
}

static void finish(struct loading *l)
{
	if (l->access)
		access_finish(l->access);
	for (size_t i = 0; i < l->count; i++)
		if (l->domains[i].access)
			access_finish(l->domains[i].access);
}

bool settings_load_access(struct backend *b, struct loading *l, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_ACCESS, e,
				     "SELECT domain, kind, pattern, list FROM access"
				     " ORDER BY domain");
	size_t at = 0;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		struct access **scope = scope_of(l, sqlite3_column_int64(st, 0), &at);

		if (!scope || add_entry(l, scope, st))
			continue;
		sql_end(st);
		return err_set(e, ERR_TEMP, "the access lists are too large");
	}
	finish(l);
	return got == 0;
}
