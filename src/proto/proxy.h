/* proxy.h: the header by which a proxy in front of us names the client: the PROXY protocol of
 * HAProxy, versions 1 and 2.
 *
 * Pure parsing: bytes in, who the client is out.  Whether a peer may say it at all is decided by
 * its address, elsewhere, and a peer that may must: a header that is sometimes there could be sent
 * by the client itself.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_PROXY_H
#define PROTO_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cidr.h"
#include "base/str.h"

/* A version 1 line is 107 bytes at most.  Version 2 may announce 64 KiB; what real proxies add
 * to the addresses (a connection's id, a TLS session's names) has room in this. */
#define PROXY_HEADER_MAX 4096

struct proxy {
	bool named; /* false: the proxy speaks for itself (LOCAL, UNKNOWN), its address counts */
	struct ip client;
	unsigned port;
};

/* in begins with the connection's first byte.  Bytes of the header when it is whole; 0 when all of
 * in belongs to it and more must come; -1 when it is malformed or too long. */
ptrdiff_t proxy_parse(struct str in, struct proxy *ret);

#endif
