/* rdns.h: the client's name by reverse DNS, confirmed forwards (FCrDNS).
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_RDNS_H
#define POLICY_RDNS_H

#include "policy/policy.h"

/* Of a client's names so many are looked at: more have no honest use. */
#define RDNS_NAMES_MAX 4

enum rdns {
	RDNS_WAIT,
	RDNS_CONFIRMED, /* *ret_name resolves to the client's address */
	RDNS_NONE,      /* certainly no name */
	RDNS_STRANGE,   /* *ret_name is its name, and none of its names resolves to it */
	RDNS_UNKNOWN,   /* DNS could not tell */
};

enum rdns rdns_look_up(struct asks *asks, const struct mail *m, struct str *ret_name);

#endif
