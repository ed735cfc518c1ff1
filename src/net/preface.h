/* preface.h: reads what a proxy says in front of its client's first byte (proto/proxy.h), to the
 * header's last byte and no further: what comes behind it, SMTP or a TLS handshake, is still in
 * the socket for whoever is to read it.
 * SPDX-License-Identifier: ISC */
#ifndef NET_PREFACE_H
#define NET_PREFACE_H

#include <stdint.h>

#include "net/loop.h"
#include "proto/proxy.h"

struct preface;

/* The header is read; or it will not be: said is NULL, and why says so ("" when the peer has
 * closed without a byte, as those do who look whether we are there).  Comes once. */
typedef void on_preface_fn(void *owner, const struct proxy *said, const char *why);

/* fd (non-blocking) stays the caller's. */
struct preface *preface_start(struct loop *l, int fd, int64_t within_ms, on_preface_fn *on_preface,
			      void *owner);
/* Lets go of fd, which may then be closed or used. */
void preface_close(struct preface *p);

#endif
