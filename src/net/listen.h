/* listen.h: listening sockets.
 *
 * All loops share one listening socket and each takes a few connections a wake-up.  Decided
 * against SO_REUSEPORT: systemd hands us just one socket, a second daemon on the same port must
 * fail loudly instead of sharing it, and a busy loop must not strand connections in its own queue.
 * When file descriptors run out accepting pauses for a tenth of a second; sessions go on.
 * SPDX-License-Identifier: ISC */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/address.h"
#include "net/loop.h"

/* Binds and listens on "ADDR:PORT" ("[v6]:PORT"; port 0: the kernel chooses), non-blocking,
 * close-on-exec.  v6 sockets are V6ONLY.  Done before root is given up.  The caller owns the fd. */
bool listen_open(const char *text, int *ret_fd, struct err *e) MUST_CHECK;
/* Sockets passed by systemd (LISTEN_PID, LISTEN_FDS; sd_listen_fds(3)): how many, from fd 3 on;
 * made non-blocking and close-on-exec; the variables are unset.  Fds that do not listen are an
 * error. */
bool listen_inherited(unsigned *ret_n, struct err *e) MUST_CHECK;
/* The address that fd is bound to. */
bool listen_address(int fd, struct address *ret) MUST_CHECK;

struct listener;
/* A connection came: fd (non-blocking, close-on-exec, TCP_NODELAY) is the owner's now. */
typedef void on_accept_fn(void *owner, int fd, const struct address *peer);

/* fd stays the caller's and must outlive the listener. */
struct listener *listener_start(struct loop *l, int fd, on_accept_fn *on_accept, void *owner);
void listener_stop(struct listener *l); /* NULL is accepted */

#endif
