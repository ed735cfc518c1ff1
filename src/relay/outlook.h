/* outlook.h: how the primaries are, for the loops: written by the forwarder as it learns, read at
 * each RCPT.
 *
 * "Up" is what was so when the forwarder last spoke with it; a primary that nobody has spoken with
 * since the start is unknown, and so is one that no domain names any more.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_OUTLOOK_H
#define RELAY_OUTLOOK_H

#include <stdint.h>

#include "db/settings.h"
#include "policy/policy.h"

struct outlook;

struct outlook *outlook_new(void);
void outlook_free(struct outlook *o); /* NULL is accepted */
/* The forwarder: from now on it is so; STANDING_UNKNOWN forgets it. */
void outlook_set(struct outlook *o, const char *host, unsigned port, enum standing standing);
/* Any thread: up when one of the primaries is, down when all are. */
enum standing outlook_of(struct outlook *o, const struct route *routes, size_t n);

#endif
