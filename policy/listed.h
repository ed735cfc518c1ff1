/* listed.h: what a domain's lists say of a client or of names: for the checks that ask lists.
 *
 * All are asked at once.  A list that does not answer, or answers none of its codes, or that is
 * switched off (dnslist_health.h), does not count: it is unknown, and nobody is refused for that.
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_LISTED_H
#define POLICY_LISTED_H

#include "policy/policy.h"

#define LISTED_BY_MAX 200

struct listed {
	unsigned weight; /* of all lists that have answered that it is listed */
	bool waiting;    /* for others */
	unsigned mute;   /* lists that could not tell */
	char by[LISTED_BY_MAX];    /* who says so: "a.example, b.example", or "" */
	char notes[LISTED_BY_MAX]; /* the same with what it means and weighs */
	char mutes[LISTED_BY_MAX]; /* those that could not tell */
};

/* Adds what the lists say of the client. */
void listed_client(struct asks *asks, const struct mail *m, const struct dnslist_set *set,
		   struct listed *l);
/* Adds what they say of n names.  A list counts once. */
void listed_names(struct asks *asks, const struct mail *m, const struct dnslist_set *set,
		  const struct str *names, size_t n, struct listed *l);
/* A note of all this: who says so, the sum and what would be enough, who could not tell. */
void listed_note(struct ruling *r, const struct mail *m, const struct listed *l,
		 int64_t threshold);

#endif
