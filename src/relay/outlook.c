/* outlook.c: a hash table behind one lock.
 *
 * The lock is held for one look-up; it is taken once a RCPT, and by the forwarder when a primary
 * goes up or down.  Decided against the settings board's way (a snapshot swapped whole): with
 * thousands of primaries each of their changes would copy all.
 * SPDX-License-Identifier: ISC */
#include "relay/outlook.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/list.h"

#define BUCKETS 1024 /* a power of two */

struct known {
	struct list link;
	char *host;
	unsigned port;
	enum standing standing;
};

struct outlook {
	pthread_mutex_t lock;
	struct list buckets[BUCKETS];
};

struct outlook *outlook_new(void)
{
	struct outlook *o = mem_alloc(sizeof(*o));

	pthread_mutex_init(&o->lock, NULL);
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&o->buckets[i]);
	return o;
}

static void forget(struct known *k)
{
	list_remove(&k->link);
	free(k->host);
	free(k);
}

void outlook_free(struct outlook *o)
{
	if (!o)
		return;
	for (unsigned i = 0; i < BUCKETS; i++)
		while (!list_is_empty(&o->buckets[i]))
			forget(LIST_ITEM(o->buckets[i].next, struct known, link));
	pthread_mutex_destroy(&o->lock);
	free(o);
}

static struct list *bucket_of(struct outlook *o, const char *host, unsigned port)
{
	return &o->buckets[(str_ihash(str_of(host)) + port) & (BUCKETS - 1)];
}

static struct known *find(struct outlook *o, const char *host, unsigned port)
{
	struct list *bucket = bucket_of(o, host, port);

	for (LIST_EACH(l, bucket)) {
		struct known *k = LIST_ITEM(l, struct known, link);

		if (k->port == port && str_ieq(str_of(k->host), str_of(host)))
			return k;
	}
	return NULL;
}

void outlook_set(struct outlook *o, const char *host, unsigned port, enum standing standing)
{
	struct known *k;

	pthread_mutex_lock(&o->lock);
	k = find(o, host, port);
	if (k && standing == STANDING_UNKNOWN) {
		forget(k);
	} else if (k) {
		k->standing = standing;
	} else if (standing != STANDING_UNKNOWN) {
		k = mem_alloc(sizeof(*k));
		k->host = mem_str(str_of(host));
		k->port = port;
		k->standing = standing;
		list_add_tail(bucket_of(o, host, port), &k->link);
	}
	pthread_mutex_unlock(&o->lock);
}

enum standing outlook_of(struct outlook *o, const struct route *routes, size_t n)
{
	enum standing all = n ? STANDING_DOWN : STANDING_UNKNOWN;

	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < n && all != STANDING_UP; i++) {
		const struct known *k = find(o, routes[i].host, routes[i].port);
		enum standing one = k ? k->standing : STANDING_UNKNOWN;

		if (one != STANDING_DOWN)
			all = one;
	}
	pthread_mutex_unlock(&o->lock);
	return all;
}
