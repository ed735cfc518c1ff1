/* loop.h: one event loop, run by one thread: timers and ports.
 *
 * src/net is the only code that includes <uv.h>, so every handle lives on net's heap and the
 * owner holds a pointer to an opaque struct.  The rules for all of net:
 *
 *  - x_close / x_free may be called from any callback, also that of the object itself, and once
 *    only; no callback of the object comes after it, so the owner may free itself at once.  The
 *    handle's memory goes in libuv's close callback.
 *  - no function calls back from inside the call: what is known at once is returned, all else
 *    comes from loop_run.
 *  - all of it belongs to the loop's thread, but for port_inbox and loop_stop_soon.
 * SPDX-License-Identifier: ISC */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inbox.h"
#include "base/list.h"

struct loop;

struct loop *loop_new(void);
/* Runs until loop_stop. */
void loop_run(struct loop *l);
/* From the loop's own thread: loop_run returns after this round. */
void loop_stop(struct loop *l);
/* The same from any thread, or a signal handler. */
void loop_stop_soon(struct loop *l);
/* After loop_run has returned.  Closes what is left and frees the loop. */
void loop_free(struct loop *l);
/* Monotonic milliseconds, cached once a round. */
int64_t loop_now_ms(struct loop *l);

/* One-shot timer. */
struct timer;
typedef void on_time_fn(void *owner);

struct timer *timer_new(struct loop *l, on_time_fn *on_time, void *owner);
void timer_set(struct timer *t, int64_t in_ms); /* replaces what was set; < 0 counts as 0 */
void timer_clear(struct timer *t);
bool timer_is_set(const struct timer *t);
void timer_free(struct timer *t); /* NULL is accepted */

/* An inbox whose items are handed over on the loop's thread. */
struct port;
typedef void on_items_fn(void *owner, struct list *items);

struct port *port_open(struct loop *l, on_items_fn *on_items, void *owner);
/* Other threads put items here; it must outlive them all. */
struct inbox *port_inbox(struct port *p);
void port_close(struct port *p); /* NULL is accepted */

/* Signals of the process, given to one loop (SIGTERM, SIGINT, SIGHUP …), 8 at most. */
struct signals;
typedef void on_signal_fn(void *owner, int signo);

struct signals *signals_watch(struct loop *l, const int *signos, unsigned n,
			      on_signal_fn *on_signal, void *owner);
void signals_close(struct signals *s); /* NULL is accepted */

#endif
