/* census.h: how many connections there are, in all and from each client address.
 *
 * The one table that all loops share: a limit that each loop counted for itself would be no limit.
 * It is locked twice a connection and holds at most max_connections entries.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_CENSUS_H
#define RELAY_CENSUS_H

#include "net/address.h"

struct census;

enum census_answer { CENSUS_OK, CENSUS_FULL, CENSUS_CLIENT_FULL };

/* Connections are counted in all, and in groups: those of a listener that has limits of its own
 * are a group, those of all others are group 0. */
#define CENSUS_GROUPS 33

struct census_limits {
	unsigned all, group, client; /* client: of one address in the group */
};

struct census *census_new(void);
void census_free(struct census *c); /* NULL is accepted */
/* A connection came; on CENSUS_OK census_leave must follow when it goes. */
enum census_answer census_enter(struct census *c, const struct address *client, unsigned group,
				const struct census_limits *most);
void census_leave(struct census *c, const struct address *client, unsigned group);

#endif
