/* guard.h: what clients and their networks have done lately: rates, and who is locked out.
 *
 * One table for the process, as the census: a rate that each loop counted for itself would be as
 * many times too high as there are loops, and a client locked out by one loop would be let in by
 * the next.  It is locked once a connection, message or recipient, and not at all while no rate is
 * limited and nobody is locked out.
 *
 * The table never grows.  Under an attack from more addresses than it holds, what was seen longest
 * ago is forgotten, which costs that client's history and nothing else.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_GUARD_H
#define RELAY_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/cidr.h"

struct guard;

enum guard_rate { GUARD_CONNECTIONS, GUARD_MESSAGES, GUARD_RECIPIENTS, GUARD_RATES };

/* Room for `most` addresses and networks together; seed makes the places unpredictable. */
struct guard *guard_new(size_t most, uint64_t seed);
void guard_free(struct guard *g); /* NULL is accepted */
/* One more of this from the client: false, and not counted, when it is more than so many a minute
 * for the client or for its network (/24, /64).  0 is no limit.  A minute's worth may come at
 * once. */
bool guard_spend(struct guard *g, const struct ip *client, enum guard_rate what,
		 unsigned client_a_minute, unsigned network_a_minute, int64_t now_ms) MUST_CHECK;
void guard_lock_out(struct guard *g, const struct ip *client, int64_t for_ms, int64_t now_ms);
bool guard_is_locked_out(struct guard *g, const struct ip *client, int64_t now_ms);

#endif
