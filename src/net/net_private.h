/* net_private.h: what the files of net share: the life of libuv handles, and the loop's insides.
 *
 * Every object of net starts with a struct net_object and its handles point back to it.  x_close
 * closes the handles; the memory goes in the last close callback and nowhere else, so that an event
 * which libuv has at hand already still finds it.  loop_free closes what the owners left.
 * SPDX-License-Identifier: ISC */
#ifndef NET_PRIVATE_H
#define NET_PRIVATE_H

#include <stdbool.h>
#include <uv.h>

#include "net/loop.h"

#define NET_READ_BYTES (64 * 1024)

struct net_object {
	void (*close)(struct net_object *o); /* once, by the owner or by loop_free */
	void (*done)(struct net_object *o);  /* before the memory goes; NULL: nothing to do */
	unsigned handles;                    /* not yet closed */
	bool closing;
};

struct resolver;

struct loop {
	uv_loop_t uv;
	uv_async_t wake;           /* keeps loop_run from returning; loop_stop_soon */
	struct resolver *resolver; /* made when the first name is asked for */
	char read_bytes[NET_READ_BYTES];
};

/* Calls of libuv that fail only for want of memory or by our own mistake. */
void net_must(int rc);
/* To be called after each uv_x_init. */
void net_handle_add(struct net_object *o, uv_handle_t *h);
/* Closes the handles of o that are named in the array; true the first time. */
bool net_object_close(struct net_object *o, uv_handle_t *const *handles, unsigned n);
/* loop_free: no answer will come. */
void net_resolver_close(struct resolver *r);

#endif
