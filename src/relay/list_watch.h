/* list_watch.h: tests the DNS lists in use, on the main thread's loop, and tells operators and log
 * when one is switched off or on again (policy/dnslist_health.h decides).
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_LIST_WATCH_H
#define RELAY_LIST_WATCH_H

#include <stdint.h>

struct daemon;
struct list_watch;
struct loop;

/* Begins at once; d->lists is its. */
struct list_watch *list_watch_new(struct loop *l, struct daemon *d, int64_t every_ms);
/* A list that is well is tested again after every_ms. */
void list_watch_every(struct list_watch *w, int64_t every_ms);
/* No more tests are begun. */
void list_watch_stop(struct list_watch *w);
/* After dns_close and before loop_free.  NULL is accepted. */
void list_watch_free(struct list_watch *w);

#endif
