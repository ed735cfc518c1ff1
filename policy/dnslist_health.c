/* dnslist_health.c: see dnslist_health.h.
 * SPDX-License-Identifier: ISC */
#include "policy/dnslist_health.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define PLACES_MAX (2 * DNSLISTS_MAX)

enum point {
	POINT_LISTED,  /* must be in it */
	POINT_CLEAR,   /* must not */
	POINT_CLEAR_6, /* the same in the names of IPv6 */
	POINT_COUNT
};

#define V6_TAIL ".0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"

/* What was heard of one point. */
enum heard {
	HEARD_NOTHING, /* not asked, or no answer yet */
	HEARD_LISTED,
	HEARD_CLEAR,
	HEARD_REFUSED, /* it answers, but to say that one may not ask */
	HEARD_ERROR,
};

struct place {
	char zone[DNSLIST_ZONE_MAX + 1];
	char shown[DNSLIST_ZONE_MAX + 1];
	bool names;
	_Atomic int state; /* enum dnslist_state */

	/* the testing thread's own */
	bool used;
	bool keep; /* while lists are compared with those in use */
	const char *points[POINT_COUNT]; /* NULL: not asked for */
	enum heard heard[POINT_COUNT];
	unsigned asked; /* points, as bits */
	int64_t next_ms, since_ms;
	const char *why;
};

struct dnslist_health {
	_Atomic unsigned count;
	struct place places[PLACES_MAX];
};

struct dnslist_health *dnslist_health_new(void)
{
	return mem_alloc(sizeof(struct dnslist_health));
}

void dnslist_health_free(struct dnslist_health *h)
{
	free(h);
}

static const struct place *find(const struct dnslist_health *h, const char *zone, bool names)
{
	unsigned n = atomic_load_explicit(&h->count, memory_order_acquire);

	for (unsigned i = 0; i < n; i++)
		if (h->places[i].names == names && strcmp(h->places[i].zone, zone) == 0)
			return &h->places[i];
	return NULL;
}

bool dnslist_is_well(const struct dnslist_health *h, const char *zone, bool names)
{
	const struct place *p = h ? find(h, zone, names) : NULL;

	return !h || (p && atomic_load_explicit(&p->state, memory_order_relaxed) == DNSLIST_WELL);
}

/* -- which are tested ------------------------------------------------------------------------ */

static void set_points(struct place *p, const struct dnslist *l)
{
	bool v4 = l->kinds & DNSLIST_IP4, v6 = l->kinds & DNSLIST_IP6;

	p->points[POINT_LISTED] = p->names ? "test" : v4 ? "2.0.0.127" : "2.0" V6_TAIL;
	p->points[POINT_CLEAR] = p->names ? "invalid" : v4 ? "1.0.0.127" : NULL;
	p->points[POINT_CLEAR_6] = !p->names && v6 ? "1.0" V6_TAIL : NULL;
	if (l->listed_point)
		p->points[POINT_LISTED] = l->listed_point;
	if (l->clear_point)
		p->points[POINT_CLEAR] = l->clear_point;
}

/* NULL: there is no place left. */
static struct place *take(struct dnslist_health *h, const struct dnslist_use *use)
{
	unsigned n = atomic_load_explicit(&h->count, memory_order_relaxed);
	struct place *p = &h->places[n];

	if (n == PLACES_MAX)
		return NULL;
	(void)snprintf(p->zone, sizeof(p->zone), "%s", use->list->zone);
	(void)snprintf(p->shown, sizeof(p->shown), "%s", use->list->shown);
	p->names = use->names;
	set_points(p, use->list);
	p->why = "";
	atomic_store_explicit(&h->count, n + 1, memory_order_release);
	return p;
}

static struct place *place_of(struct dnslist_health *h, const struct dnslist_use *use)
{
	const struct place *p = find(h, use->list->zone, use->names);

	return p ? &h->places[p - h->places] : take(h, use);
}

static void set_state(struct place *p, enum dnslist_state state, const char *why)
{
	p->why = why;
	atomic_store_explicit(&p->state, (int)state, memory_order_relaxed);
}

bool dnslist_health_use(struct dnslist_health *h, const struct dnslist_uses *uses)
{
	bool all = true;

	for (size_t i = 0; i < uses->n; i++) {
		struct place *p = place_of(h, &uses->rows[i]);

		all = all && p;
		if (!p)
			continue;
		p->keep = true;
		if (p->used)
			continue;
		p->used = true;
		p->next_ms = 0; /* now */
	}
	for (unsigned i = 0; i < dnslist_health_places(h); i++) {
		struct place *p = &h->places[i];

		if (!p->keep && p->used)
			set_state(p, DNSLIST_UNTESTED, "");
		p->used = p->keep;
		p->keep = false;
	}
	return all;
}

/* -- testing ---------------------------------------------------------------------------------- */

static bool ask_point(struct place *p, unsigned place, unsigned point, struct dnslist_probe *ret)
{
	int n;

	if (!p->points[point] || (p->asked & 1u << point))
		return false;
	p->asked |= 1u << point;
	p->heard[point] = HEARD_NOTHING;
	*ret = (struct dnslist_probe){ .place = place, .point = point };
	n = snprintf(ret->name, sizeof(ret->name), "%s.%s", p->points[point], p->zone);
	return n > 0 && n <= DNS_NAME_MAX;
}

bool dnslist_health_next(struct dnslist_health *h, int64_t now_ms, struct dnslist_probe *ret)
{
	for (unsigned i = 0; i < dnslist_health_places(h); i++) {
		struct place *p = &h->places[i];

		if (!p->used || p->next_ms > now_ms)
			continue;
		for (unsigned point = 0; point < POINT_COUNT; point++)
			if (ask_point(p, i, point, ret))
				return true;
	}
	return false;
}

static enum heard hear(const struct place *p, const struct answer *answer)
{
	const struct dnslist_row *row = dnslist_find(str_of(p->zone));
	bool sensible = false;

	if (answer->status == ANSWER_NONE)
		return HEARD_CLEAR;
	if (answer->status == ANSWER_ERROR)
		return HEARD_ERROR;
	for (size_t i = 0; i < answer->record_count; i++) {
		const unsigned char *a = (const unsigned char *)answer->records[i].data.at;
		const char *says;

		if (a[0] == 127 && a[1] == 255 && a[2] == 255)
			return HEARD_REFUSED;
		sensible = sensible || (row ? dnslist_weight(&row->list, a, &says) > 0 :
					      a[0] == 127 && (a[1] || a[2] || a[3] > 1));
	}
	return sensible ? HEARD_LISTED : HEARD_REFUSED;
}

/* An answer that is no code of its is a refusal where it should be listed, and a wildcard where it
 * should not. */
static const char *judge(const struct place *p)
{
	const enum heard *heard = p->heard;

	if (heard[POINT_LISTED] == HEARD_REFUSED)
		return "it refuses our questions, or is no list any more";
	for (unsigned point = POINT_CLEAR; point < POINT_COUNT; point++)
		if (heard[point] == HEARD_LISTED || heard[point] == HEARD_REFUSED)
			return "it lists everybody, even its test point that must not be listed";
	if (heard[POINT_LISTED] == HEARD_CLEAR)
		return "it lists nobody, not even its test point that must be listed";
	for (unsigned point = 0; point < POINT_COUNT; point++)
		if (heard[point] == HEARD_ERROR)
			return "it does not answer";
	return "";
}

static bool is_complete(const struct place *p)
{
	for (unsigned point = 0; point < POINT_COUNT; point++)
		if (p->points[point] && p->heard[point] == HEARD_NOTHING)
			return false;
	return true;
}

bool dnslist_health_answer(struct dnslist_health *h, int64_t now_ms, int64_t every_ms,
			   const struct dnslist_probe *probe, const struct answer *answer)
{
	struct place *p = &h->places[probe->place];
	int before = atomic_load_explicit(&p->state, memory_order_relaxed);
	enum dnslist_state now;
	const char *why;

	p->heard[probe->point] = hear(p, answer);
	if (!is_complete(p))
		return false;
	why = judge(p);
	now = why[0] ? DNSLIST_OFF : DNSLIST_WELL;
	p->asked = 0;
	memset(p->heard, 0, sizeof(p->heard));
	p->next_ms = now_ms + (now == DNSLIST_OFF && every_ms > DNSLIST_AGAIN_MS ?
				       DNSLIST_AGAIN_MS : every_ms);
	if (!p->used)
		return false;
	set_state(p, now, why);
	if (before == (int)now)
		return false;
	p->since_ms = now_ms;
	return true;
}

/* -- telling ---------------------------------------------------------------------------------- */

const char *dnslist_state_name(enum dnslist_state s)
{
	static const char *const names[] = {
		[DNSLIST_UNTESTED] = "untested",
		[DNSLIST_WELL] = "well",
		[DNSLIST_OFF] = "off",
	};

	return names[s];
}

unsigned dnslist_health_places(const struct dnslist_health *h)
{
	return atomic_load_explicit(&h->count, memory_order_acquire);
}

bool dnslist_health_report(const struct dnslist_health *h, unsigned place,
			   struct dnslist_report *ret)
{
	const struct place *p = &h->places[place];

	if (!p->used)
		return false;
	*ret = (struct dnslist_report){
		.shown = p->shown,
		.why = p->why,
		.state = (enum dnslist_state)atomic_load_explicit(&p->state, memory_order_relaxed),
		.names = p->names,
		.since_ms = p->since_ms,
	};
	return true;
}
