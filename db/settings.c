/* settings: snapshots, found by name and by id, and the board where the current one hangs.
 *
 * The board has a lock and not only an atomic pointer: between reading the pointer and taking the
 * reference the snapshot could be freed.  The lock is held for two loads and one addition.
 * SPDX-License-Identifier: ISC */
#include "db/settings.h"

#include "base/idn.h"

struct settings *settings_ref(struct settings *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void settings_unref(struct settings *s)
{
	if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
		arena_free(s->arena); /* s is in it */
}

const struct domain *settings_find(const struct settings *s, struct str name)
{
	char form[IDN_DOMAIN_MAX];
	size_t low = 0, high = s->domain_count;

	if (!name.n || !idn_domain(name, form, &name))
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_compare(name, s->domains[middle].name);

		if (order == 0)
			return &s->domains[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct domain *settings_by_id(const struct settings *s, int64_t id)
{
	size_t low = 0, high = s->domain_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct domain *d = s->by_id[middle];

		if (d->id == id)
			return d;
		if (id < d->id)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool pattern_parse(struct str text, struct pattern *ret)
{
	ptrdiff_t star = str_find(text, '*');

	if (star < 0 || str_rfind(text, '*') != star)
		return false;
	ret->head = (struct str){ text.at, (size_t)star };
	ret->tail = str_from(text, (size_t)star + 1);
	return true;
}

bool pattern_fits(const struct pattern *p, struct str local)
{
	return local.n >= p->head.n + p->tail.n && str_starts(local, p->head) &&
	       str_eq(str_from(local, local.n - p->tail.n), p->tail);
}

const struct pattern *domain_pattern(const struct domain *d, struct str local)
{
	for (size_t i = 0; i < d->pattern_count; i++)
		if (pattern_fits(&d->patterns[i], local))
			return &d->patterns[i];
	return NULL;
}

static void collect_lists(struct dnslist_uses *u, const struct policy_settings *p)
{
	bool dnsbl = p->mode[CHECK_dnsbl] != MODE_OFF && p->dnsbl->n > 0;
	bool greylist = p->mode[CHECK_greylist] != MODE_OFF && p->greylist != GREYLIST_OFF;

	if (dnsbl)
		dnslist_uses_add(u, p->dnsbl, false);
	if (dnsbl || greylist)
		dnslist_uses_add(u, p->dnswl, false);
	if (p->mode[CHECK_rhsbl] != MODE_OFF)
		dnslist_uses_add(u, p->rhsbl, true);
}

bool settings_collect_lists(struct settings *s)
{
	s->lists.rows = arena_alloc(s->arena, DNSLISTS_MAX * sizeof(*s->lists.rows));
	if (!s->lists.rows)
		return false;
	collect_lists(&s->lists, s->policy);
	for (size_t i = 0; i < s->domain_count; i++)
		if (s->domains[i].policy != s->policy)
			collect_lists(&s->lists, s->domains[i].policy);
	return true;
}

/* Every server takes as much (RFC 5321 §4.5.3.1.7).  One that offers less is out of order, and mail
 * is not refused for good because of that; 0: it named no limit. */
#define SIZE_OFFER_MIN ((uint64_t)64 << 10)

uint64_t domain_size_limit(const struct domain *d)
{
	uint64_t most = 0, own = d->max_size ? d->max_size : UINT64_MAX;

	for (size_t i = 0; i < d->route_count; i++) {
		uint64_t limit = d->routes[i].offer.max_size;

		if (limit < SIZE_OFFER_MIN)
			return own;
		most = limit > most ? limit : most;
	}
	return d->route_count && most < own ? most : own;
}

bool offer_may_take_size(const struct offer *o, uint64_t size)
{
	return o->max_size < SIZE_OFFER_MIN || size <= o->max_size;
}

bool offer_may_take_utf8(const struct offer *o)
{
	return !o->since_ms || o->smtputf8;
}

bool domain_may_take_utf8(const struct domain *d)
{
	for (size_t i = 0; i < d->route_count; i++)
		if (offer_may_take_utf8(&d->routes[i].offer))
			return true;
	return !d->route_count;
}

void settings_board_init(struct settings_board *b)
{
	pthread_mutex_init(&b->lock, NULL);
	b->current = NULL;
	atomic_init(&b->version, 0);
	atomic_init(&b->stale, false);
	atomic_init(&b->recipients_version, 0);
	atomic_init(&b->greylist_version, 0);
}

void settings_board_done(struct settings_board *b)
{
	settings_unref(b->current);
	b->current = NULL;
	pthread_mutex_destroy(&b->lock);
}

struct settings *settings_board_get(struct settings_board *b)
{
	struct settings *s;

	pthread_mutex_lock(&b->lock);
	s = b->current ? settings_ref(b->current) : NULL;
	pthread_mutex_unlock(&b->lock);
	return s;
}

void settings_board_set(struct settings_board *b, struct settings *fresh)
{
	struct settings *old;

	pthread_mutex_lock(&b->lock);
	old = b->current;
	b->current = fresh;
	pthread_mutex_unlock(&b->lock);
	atomic_store(&b->version, fresh->version);
	atomic_store(&b->stale, false);
	settings_unref(old);
}

const char *domain_mode_name(enum domain_mode m)
{
	return m == DOMAIN_REFLECTOR ? "reflector" : "backup";
}

const char *domain_unknown_name(enum domain_unknown u)
{
	switch (u) {
	case UNKNOWN_DEFER:
		return "defer";
	case UNKNOWN_ACCEPT:
		return "accept";
	case UNKNOWN_REJECT:
		break;
	}
	return "reject";
}

bool domain_mode_parse(struct str s, enum domain_mode *ret)
{
	for (enum domain_mode m = DOMAIN_BACKUP; m <= DOMAIN_REFLECTOR; m++) {
		if (!str_ieq(s, str_of(domain_mode_name(m))))
			continue;
		*ret = m;
		return true;
	}
	return false;
}

bool domain_unknown_parse(struct str s, enum domain_unknown *ret)
{
	for (enum domain_unknown u = UNKNOWN_REJECT; u <= UNKNOWN_ACCEPT; u++) {
		if (!str_ieq(s, str_of(domain_unknown_name(u))))
			continue;
		*ret = u;
		return true;
	}
	return false;
}
