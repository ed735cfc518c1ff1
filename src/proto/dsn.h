/* dsn.h: delivery status notifications (RFC 3464, RFC 3461 §6), headers only.
 *
 * Never the body of the failed message: a bounce that carries spam gets the bouncing host listed.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_DSN_H
#define PROTO_DSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/str.h"

struct dsn_rcpt {
	struct str address;
	const char *status;    /* "5.1.1" */
	struct str diagnostic; /* the primary's reply, or "" */
	struct str remote_mta; /* "host:port" as told to the operator, or "" */
	const char *reason;    /* one human sentence */
};

struct dsn {
	const char *hostname; /* reporting MTA */
	msgid id;             /* of the bounce itself */
	msgid original;
	struct str to;        /* the original sender */
	int64_t arrived_ms, now_ms;
	const struct dsn_rcpt *rcpts;
	size_t rcpt_count;
	/* The first bytes of the original; cut behind the header section and at 64 KiB. */
	struct str headers;
};

/* Writes the whole message, CRLF line ends, to out: multipart/report with text, delivery-status
 * and text/rfc822-headers; Auto-Submitted: auto-replied (RFC 3834).  Text from outside is made
 * printable.  False past out's maximum. */
bool dsn_write(struct buf *out, const struct dsn *d) MUST_CHECK;

#endif
