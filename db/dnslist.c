/* dnslist.c: see dnslist.h.
 *
 *	value  = "none" / item *( "," item )
 *	item   = "recommended" / zone [ "=" code *( "+" code ) ] [ "*" weight ]
 *	code   = range / octets                 3 is 127.0.0.3, 2-11 is 127.0.0.2 to 127.0.0.11
 *	octets = "127." range "." range "." ( range / "%" number )
 *	range  = number [ "-" ( number / address ) ]
 *
 * A zone may stand there again with other codes, to weigh these differently.
 * SPDX-License-Identifier: ISC */
#include "db/dnslist.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define WEIGHT_MAX 1000
#define SHOWN_MAX  80

/* One dnsbl=, dnswl= or rhsbl=. */
struct sort {
	const char *name;
	bool good;
	unsigned kinds;
	size_t max;
};

struct parsing {
	const struct sort *sort;
	struct arena *arena;
	struct dnslist **lists; /* room for sort->max */
	bool *whole;            /* of each: it has the codes of the catalogue, or all */
	size_t n;
	struct err *e;
};

/* "dnsbl: WHAT …" */
static bool wrong(struct parsing *p, struct str what, const char *fmt, ...) PRINTF(3, 4);
static bool wrong(struct parsing *p, struct str what, const char *fmt, ...)
{
	char shown[SHOWN_MAX], why[160];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return err_set(p->e, ERR_INPUT, "%s: '%s' %s", p->sort->name,
		       log_quote(what, shown, sizeof(shown)), why);
}

static bool too_large(struct parsing *p)
{
	return err_set(p->e, ERR_TEMP, "%s: too much", p->sort->name);
}

/* -- codes ------------------------------------------------------------------------------- */

static bool parse_octet(struct str text, unsigned char *ret)
{
	uint64_t value;

	if (text.n > 3 || !str_to_u64(text, 255, &value))
		return false;
	*ret = (unsigned char)value;
	return true;
}

/* "5", "2-11" */
static bool parse_range(struct str text, unsigned char *low, unsigned char *high)
{
	struct str from, to;
	bool is_range = str_cut(text, '-', &from, &to);

	return parse_octet(from, low) && parse_octet(is_range ? to : from, high) && *low <= *high;
}

/* "%8": lists that answer by bits say 1 when one may not ask, so an odd octet is never meant. */
static bool parse_bits(struct str text, struct dnslist_code *ret)
{
	ret->low[2] = 2;
	ret->high[2] = 254;
	return parse_octet(str_from(text, 1), &ret->bits) && ret->bits && !(ret->bits & 1);
}

/* "127.0.2-20.3" */
static bool parse_octets(struct str text, struct dnslist_code *ret)
{
	struct str part;

	if (!str_cut(text, '.', &part, &text) || !str_eq(part, STR("127")))
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (!str_cut(text, '.', &part, &text) ||
		    !parse_range(part, &ret->low[i], &ret->high[i]))
			return false;
	if (text.n && text.at[0] == '%')
		return parse_bits(text, ret);
	return parse_range(text, &ret->low[2], &ret->high[2]);
}

/* "127.0.0.2-127.0.0.11": but for the last octet both are the same. */
static bool parse_span(struct str from, struct str to, struct dnslist_code *ret)
{
	struct dnslist_code end = { .says = "" };

	if (!parse_octets(from, ret) || !parse_octets(to, &end) || ret->bits || end.bits)
		return false;
	if (memcmp(ret->low, end.low, 2) != 0 || memcmp(ret->high, end.high, 2) != 0 ||
	    ret->low[2] != ret->high[2] || end.low[2] != end.high[2] || end.low[2] < ret->low[2])
		return false;
	ret->high[2] = end.high[2];
	return true;
}

static bool parse_code(struct str text, struct dnslist_code *ret)
{
	struct str from, to;

	*ret = (struct dnslist_code){ .says = "" };
	if (str_cut(text, '-', &from, &to) && str_starts(to, STR("127.")) &&
	    parse_span(from, to, ret))
		return true;
	*ret = (struct dnslist_code){ .says = "" };
	if (str_find(text, '.') >= 0)
		return parse_octets(text, ret);
	if (text.n && text.at[0] == '%')
		return parse_bits(text, ret);
	return parse_range(text, &ret->low[2], &ret->high[2]);
}

/* What lists answer to those who may not ask, and never as a listing: 127.255.255.0/24, 127.0.0.1
 * (URIBL, SURBL), and 127.0.0.0. */
static bool is_refusal(const unsigned char octets[3])
{
	return (octets[0] == 255 && octets[1] == 255) ||
	       (octets[0] == 0 && octets[1] == 0 && octets[2] < 2);
}

static bool add_codes(struct parsing *p, struct dnslist *l, struct str codes, unsigned weight)
{
	struct dnslist_code room[DNSLIST_CODES_MAX], *kept;
	bool more = true;
	struct str text;

	if (l->code_count)
		memcpy(room, l->codes, l->code_count * sizeof(*room));
	while (more) {
		struct dnslist_code *code = &room[l->code_count];

		more = str_cut(codes, '+', &text, &codes);
		if (l->code_count == DNSLIST_CODES_MAX)
			return wrong(p, text, "is one code too many: a list has at most %d",
				     DNSLIST_CODES_MAX);
		if (!parse_code(text, code) || (is_refusal(code->low) && is_refusal(code->high)))
			return wrong(p, text,
				     "is no code: 2, 2-11, 127.0.1.2-6 or %%8 are, from 127.0.0.2");
		code->weight = weight;
		l->code_count++;
	}
	kept = arena_alloc(p->arena, l->code_count * sizeof(*kept));
	if (!kept)
		return too_large(p);
	memcpy(kept, room, l->code_count * sizeof(*kept));
	l->codes = kept;
	return true;
}

/* -- zones -------------------------------------------------------------------------------- */

static bool is_label(struct str label)
{
	if (!label.n || label.n > 63 || label.at[0] == '-' || label.at[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++) {
		char c = str_lower_char(label.at[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return true;
}

/* Two labels at least; the last is no number, or it would be an address. */
static bool is_zone(struct str zone)
{
	struct str label, rest = zone;
	unsigned labels = 0;
	uint64_t number;
	bool more = true;

	if (zone.n > DNSLIST_ZONE_MAX)
		return false;
	while (more) {
		more = str_cut(rest, '.', &label, &rest);
		if (!is_label(label))
			return false;
		labels++;
	}
	return labels > 1 && !str_to_u64(label, UINT64_MAX, &number);
}

static bool suits(struct parsing *p, struct str zone, const struct dnslist_row *row)
{
	if (row->closed)
		return wrong(p, zone, "is no more, since %s", row->closed);
	if (row->keyed && str_ieq(zone, str_of(row->list.zone)))
		return wrong(p, zone, "is asked as KEY.%s, with the key of an account",
			     row->list.zone);
	if (row->good != p->sort->good)
		return wrong(p, zone, "%s", row->good ? "names good senders: it belongs to dnswl" :
							"names bad senders, no good ones");
	if (!(row->list.kinds & p->sort->kinds))
		return wrong(p, zone, "%s",
			     row->list.kinds & DNSLIST_NAMES ?
				     "lists names: it belongs to rhsbl" :
				     "lists addresses: it belongs to dnsbl");
	return true;
}

/* Its place, or p->n. */
static size_t find(const struct parsing *p, struct str zone)
{
	size_t i = 0;

	while (i < p->n && !str_ieq(str_of(p->lists[i]->zone), zone))
		i++;
	return i;
}

/* A zone without its codes; NULL when it is one too many. */
static struct dnslist *add_list(struct parsing *p, struct str zone, const struct dnslist_row *row,
				bool whole)
{
	struct dnslist *l = arena_alloc(p->arena, sizeof(*l));
	char *name = arena_cstr(p->arena, zone);

	if (!l || !name) {
		(void)too_large(p);
		return NULL;
	}
	if (p->n == p->sort->max) {
		(void)wrong(p, zone, "is one too many: at most %zu lists", p->sort->max);
		return NULL;
	}
	str_lower(name, zone.n);
	*l = row ? row->list : (struct dnslist){ .kinds = p->sort->kinds };
	l->zone = name;
	l->shown = row ? row->list.zone : name;
	l->codes = NULL;
	l->code_count = 0;
	p->whole[p->n] = whole;
	p->lists[p->n++] = l;
	return l;
}

/* The catalogue's codes: each its share of the weight. */
static bool take_codes(struct parsing *p, struct dnslist *l, const struct dnslist_row *row,
		       unsigned weight)
{
	size_t n = row->list.code_count;
	struct dnslist_code *codes = arena_alloc(p->arena, n * sizeof(*codes));

	if (!codes)
		return too_large(p);
	memcpy(codes, row->list.codes, n * sizeof(*codes));
	for (size_t i = 0; i < n; i++) {
		codes[i].weight = (codes[i].weight * weight + 50) / 100;
		if (!codes[i].weight)
			codes[i].weight = 1;
	}
	l->codes = codes;
	l->code_count = n;
	return true;
}

/* -- items -------------------------------------------------------------------------------- */

static bool add_recommended(struct parsing *p)
{
	for (size_t i = 0; i < dnslist_catalogue_count; i++) {
		const struct dnslist_row *row = &dnslist_catalogue[i];
		struct str zone = str_of(row->list.zone);
		struct dnslist *l;

		if (!row->recommended || row->good != p->sort->good ||
		    !(row->list.kinds & p->sort->kinds))
			continue;
		if (find(p, zone) < p->n)
			return wrong(p, zone, "is among the recommended, too");
		l = add_list(p, zone, row, true);
		if (!l || !take_codes(p, l, row, row->weight))
			return false;
	}
	return true;
}

static bool parse_weight(struct parsing *p, struct str text, unsigned *ret)
{
	uint64_t weight;

	if (!str_to_u64(text, WEIGHT_MAX, &weight) || !weight)
		return wrong(p, text, "is no weight: a number from 1 to %d is", WEIGHT_MAX);
	*ret = (unsigned)weight;
	return true;
}

static bool parse_item(struct parsing *p, struct str item)
{
	struct str rest, weight_text, zone, codes;
	unsigned weight = DNSLIST_WEIGHT;
	bool has_weight = str_cut(item, '*', &rest, &weight_text);
	bool has_codes = str_cut(rest, '=', &zone, &codes);
	const struct dnslist_row *row;
	struct dnslist *l;
	size_t at;

	if (str_ieq(item, STR("recommended")))
		return add_recommended(p);
	if (has_weight && !parse_weight(p, weight_text, &weight))
		return false;
	if (!is_zone(zone))
		return wrong(p, zone, "is no zone of a list");
	row = dnslist_find(zone);
	if (row && !suits(p, zone, row))
		return false;
	at = find(p, zone);
	if (at < p->n && (p->whole[at] || !has_codes))
		return wrong(p, zone, "stands there twice");
	l = at < p->n ? p->lists[at] : add_list(p, zone, row, !has_codes);
	if (!l)
		return false;
	if (has_codes || !row)
		return add_codes(p, l, has_codes ? codes : STR("2-254"), weight);
	return take_codes(p, l, row, weight);
}

static bool parse(const struct sort *sort, struct arena *a, struct str value, void *field,
		  struct err *e)
{
	struct parsing p = { .sort = sort, .arena = a, .e = e };
	const struct dnslist_set **ret = field;
	struct dnslist_set *set = arena_alloc(a, sizeof(*set));
	bool more = !str_ieq(str_trim(value), STR("none"));
	struct str item;

	p.lists = arena_alloc(a, sort->max * sizeof(struct dnslist *));
	p.whole = arena_alloc(a, sort->max * sizeof(*p.whole));
	if (!set || !p.lists || !p.whole)
		return too_large(&p);
	while (more) {
		more = str_cut(value, ',', &item, &value);
		item = str_trim(item);
		if (str_ieq(item, STR("none")))
			return wrong(&p, item, "stands alone");
		if (!parse_item(&p, item))
			return false;
	}
	*set = (struct dnslist_set){ (const struct dnslist *const *)p.lists, p.n };
	*ret = set;
	return true;
}

bool dnslist_parse_clients(struct arena *a, struct str value, void *field, struct err *e)
{
	static const struct sort sort = { "dnsbl", false, DNSLIST_IP4 | DNSLIST_IP6,
					  DNSLIST_CLIENTS_MAX };

	return parse(&sort, a, value, field, e);
}

bool dnslist_parse_good(struct arena *a, struct str value, void *field, struct err *e)
{
	static const struct sort sort = { "dnswl", true, DNSLIST_IP4 | DNSLIST_IP6,
					  DNSLIST_GOOD_MAX };

	return parse(&sort, a, value, field, e);
}

bool dnslist_parse_names(struct arena *a, struct str value, void *field, struct err *e)
{
	static const struct sort sort = { "rhsbl", false, DNSLIST_NAMES, DNSLIST_NAMES_MAX };

	return parse(&sort, a, value, field, e);
}

/* -- answers ------------------------------------------------------------------------------ */

static bool is_code(const struct dnslist_code *c, const unsigned char octets[3])
{
	for (unsigned i = 0; i < 3; i++)
		if (octets[i] < c->low[i] || octets[i] > c->high[i])
			return false;
	return !c->bits || (!(octets[2] & 1) && (octets[2] & c->bits));
}

unsigned dnslist_weight(const struct dnslist *l, const unsigned char address[4],
			const char **ret_says)
{
	unsigned weight = 0;

	if (address[0] != 127 || is_refusal(address + 1))
		return 0;
	for (size_t i = 0; i < l->code_count; i++) {
		const struct dnslist_code *c = &l->codes[i];

		if (c->weight <= weight || !is_code(c, address + 1))
			continue;
		weight = c->weight;
		*ret_says = c->says;
	}
	return weight;
}

/* -- all that are in use ------------------------------------------------------------------- */

static bool is_used(const struct dnslist_uses *u, const struct dnslist *l, bool names)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->rows[i].names == names && strcmp(u->rows[i].list->zone, l->zone) == 0)
			return true;
	return false;
}

void dnslist_uses_add(struct dnslist_uses *u, const struct dnslist_set *set, bool names)
{
	for (size_t i = 0; i < set->n && u->n < DNSLISTS_MAX; i++)
		if (!is_used(u, set->lists[i], names))
			u->rows[u->n++] = (struct dnslist_use){ set->lists[i], names };
}
