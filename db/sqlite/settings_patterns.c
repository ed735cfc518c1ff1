/* settings_patterns: the patterns of a settings snapshot: the few entries of the lists with a * in
 * them, which an index of their own finds.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite/settings.h"

struct patterns {
	struct pattern at[DOMAIN_PATTERNS_MAX];
	size_t n;
};

static int longest_first(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;
	size_t m = x->head.n + x->tail.n, n = y->head.n + y->tail.n;

	if (m != n)
		return m > n ? -1 : 1;
	return x->head.n > y->head.n ? -1 : x->head.n < y->head.n;
}

/* What was gathered is the domain's. */
static bool close_patterns(struct loading *l, struct domain *d, struct patterns *p)
{
	struct pattern *own;

	if (!d || !p->n)
		return true;
	own = arena_alloc(l->arena, p->n * sizeof(*own));
	if (!own)
		return false;
	qsort(p->at, p->n, sizeof(*own), longest_first);
	memcpy(own, p->at, p->n * sizeof(*own));
	d->patterns = own;
	d->pattern_count = p->n;
	p->n = 0;
	return true;
}

/* An entry that is no pattern of ours is an ordinary one: written by an older program. */
static bool add_pattern(struct loading *l, struct patterns *p, sqlite3_stmt *st)
{
	struct str text = arena_dup(l->arena, sql_text(st, 1));
	struct str alias = arena_dup(l->arena, sql_text(st, 3));
	struct pattern *one = &p->at[p->n];

	if (!text.at || !alias.at)
		return false;
	if (p->n == DOMAIN_PATTERNS_MAX || !pattern_parse(text, one))
		return true;
	one->accept = sqlite3_column_int(st, 2) != RECIPIENT_REJECT;
	one->alias = alias;
	p->n++;
	return true;
}

/* They come sorted by domain, as the domains are. */
bool settings_load_patterns(struct backend *b, struct loading *l, struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_PATTERNS, e,
				     "SELECT domain, local, action, target FROM recipient"
				     " INDEXED BY recipient_pattern"
				     " WHERE instr(local, '*') > 0 ORDER BY domain");
	struct patterns *p = mem_alloc(sizeof(*p));
	struct domain *d = NULL;
	size_t at = 0;
	bool fits = true;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0 && fits) {
		int64_t domain = sqlite3_column_int64(st, 0);

		if (d && d->id != domain) {
			fits = close_patterns(l, d, p);
			d = NULL;
		}
		while (at < l->count && l->domains[at].id < domain)
			at++;
		if (at == l->count || l->domains[at].id != domain)
			continue;
		d = &l->domains[at];
		fits = fits && add_pattern(l, p, st);
	}
	if (got > 0)
		sql_end(st);
	fits = fits && close_patterns(l, d, p);
	free(p);
	return got >= 0 && (fits || err_set(e, ERR_TEMP, "too many patterns"));
}
