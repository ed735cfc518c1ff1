/* dnslist.h: lists that are asked by DNS (RFC 5782): which of them a domain asks, which answers
 * count and how much.
 *
 *	dnsbl=recommended,bl.example.org=2-11*4,zen.spamhaus.org
 *
 * Well-known lists stand in a catalogue (dnslist_catalogue.c) with the codes that they answer; any
 * other zone may be named as well.  What a list answers beside its codes is no listing: "you may
 * not ask" and "this zone is for sale" come as addresses too.
 *
 * This is here and not with the checks because values are read, and seen to be right, where the
 * settings are.
 * SPDX-License-Identifier: ISC */
#ifndef DB_DNSLIST_H
#define DB_DNSLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#define DNSLIST_THRESHOLD "10" /* of lists of clients and of names, unless it is set */
/* What a list weighs that is named without a weight: it alone is enough.  Who names it says so. */
#define DNSLIST_WEIGHT 10

#define DNSLIST_CLIENTS_MAX 12 /* lists of one dnsbl= */
#define DNSLIST_GOOD_MAX    4  /* of one dnswl= */
#define DNSLIST_NAMES_MAX   8  /* of one rhsbl= */
#define DNSLIST_CODES_MAX   16 /* of one list */
#define DNSLIST_ZONE_MAX    180 /* with the 64 bytes of a reversed address it is still a name */
#define DNSLISTS_MAX        128 /* that all domains together use */

/* What a list lists: a set of these. */
enum dnslist_kind {
	DNSLIST_IP4 = 1,
	DNSLIST_IP6 = 2,
	DNSLIST_NAMES = 4,
};

/* Addresses 127.X.Y.Z: each octet in its range, and in the last one at least one of `bits` when
 * there are any. */
struct dnslist_code {
	unsigned char low[3], high[3];
	unsigned char bits;
	unsigned weight;
	const char *says; /* what it means, or "" */
};

struct dnslist {
	const char *zone;  /* lower case */
	const char *shown; /* the zone without the key that some have in it: for strangers' eyes */
	unsigned kinds;
	const struct dnslist_code *codes;
	size_t code_count;
	bool registered; /* lists registered domains only, not what is below them */
	/* What must and what may not be listed, where it is not what RFC 5782 §5 says, or NULL. */
	const char *listed_point, *clear_point;
};

struct dnslist_set {
	const struct dnslist *const *lists;
	size_t n;
};

/* One row of the catalogue. */
struct dnslist_row {
	struct dnslist list;
	unsigned weight; /* where it is one of the recommended */
	bool good;       /* lists the good ones */
	/* Subscribers ask KEY.ZONE. */
	bool keyed;
	bool recommended;
	const char *terms;  /* who may ask it */
	const char *closed; /* it is no more: since when, or NULL */
};

extern const struct dnslist_row dnslist_catalogue[];
extern const size_t dnslist_catalogue_count;

/* The row of ZONE, or of KEY.ZONE where subscribers ask so.  NULL when there is none. */
const struct dnslist_row *dnslist_find(struct str zone);

/* policy_option.parse: "none", or words with commas between: "recommended", ZONE[=CODES][*WEIGHT].
 * field is a const struct dnslist_set *. */
bool dnslist_parse_clients(struct arena *a, struct str value, void *field,
			   struct err *e) MUST_CHECK;
bool dnslist_parse_good(struct arena *a, struct str value, void *field,
			struct err *e) MUST_CHECK;
bool dnslist_parse_names(struct arena *a, struct str value, void *field,
			 struct err *e) MUST_CHECK;

/* What 127.X.Y.Z weighs in the list; 0: it is none of its codes.  *ret_says is untouched then. */
unsigned dnslist_weight(const struct dnslist *l, const unsigned char address[4],
			const char **ret_says);

/* -- all that are in use -------------------------------------------------------------------- */

/* A list, once for all domains. */
struct dnslist_use {
	const struct dnslist *list;
	bool names; /* it is asked for names, not for clients */
};

struct dnslist_uses {
	struct dnslist_use *rows; /* room for DNSLISTS_MAX */
	size_t n;
};

/* Adds those that are not there yet; past DNSLISTS_MAX none: what is in use and not among them is
 * never asked (policy/dnslist_health.h). */
void dnslist_uses_add(struct dnslist_uses *u, const struct dnslist_set *set, bool names);

#endif
