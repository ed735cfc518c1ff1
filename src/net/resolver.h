/* resolver.h: addresses of a primary's host name, asked off the loop's thread.
 * SPDX-License-Identifier: ISC */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include <stddef.h>

#include "net/address.h"
#include "net/loop.h"

struct resolve;
/* n is 0 when there is none; why says so then. */
typedef void on_resolved_fn(void *owner, const struct address *addresses, size_t n,
			    const char *why);

/* host is a literal or a name; at most 8 addresses, in the system's order of preference.  The
 * answer comes from the loop, also for literals; afterwards the resolve is gone. */
struct resolve *resolve_start(struct loop *l, const char *host, unsigned port,
			      on_resolved_fn *on_resolved, void *owner);
/* No answer will come.  Only before the answer; NULL is accepted. */
void resolve_cancel(struct resolve *r);

#endif
