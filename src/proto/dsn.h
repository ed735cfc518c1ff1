/* dsn.h: delivery status notifications (RFC 3464, RFC 3461 §6), headers only.
 *
 * Never the body of the failed message, RET=FULL or not: whoever asks is not authenticated, and a
 * bounce that carries spam gets the bouncing host listed.  RFC 3461 §4.3 leaves room for that: RET
 * is about failures, and a gateway of mail may return headers only.
 *
 * No reports of delay (NOTIFY=DELAY): that a primary is down is what we are here for, and telling
 * every stranger of it is telling the world.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_DSN_H
#define PROTO_DSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/str.h"

/* NOTIFY (RFC 3461 §4.1): bits; 0 when the sender did not say. */
enum dsn_notify { NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 };
/* RET (RFC 3461 §4.3). */
enum dsn_ret { DSN_RET_NONE, DSN_RET_FULL, DSN_RET_HDRS };

/* The bit of a word in any case, or 0. */
unsigned dsn_notify_bit(struct str word);
/* A failure may be told: unless the sender said otherwise it is. */
bool dsn_tells_failure(unsigned notify);
/* "SUCCESS,FAILURE", as it is written in a RCPT; to has room for 32 bytes. */
const char *dsn_notify_text(unsigned notify, char to[32]);

struct dsn_rcpt {
	bool relayed;          /* handed to a server that sends no reports; else: failed */
	struct str orcpt;      /* "rfc822;xtext", "utf-8;unitext", or "" */
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
	struct str envid;     /* xtext, or "" */
	struct str to;        /* the original sender */
	int64_t arrived_ms, now_ms;
	const struct dsn_rcpt *rcpts;
	size_t rcpt_count;
	/* The first bytes of the original; cut behind the header section and at 64 KiB. */
	struct str headers;
};

/* Writes the whole message, CRLF line ends, to out: multipart/report with text, delivery-status
 * and text/rfc822-headers; Auto-Submitted: auto-replied (RFC 3834).  Text from outside is made
 * printable.  False past out's maximum.
 *
 * All of it is ASCII but the To field of a sender who is not: then, and only then, it needs
 * SMTPUTF8 itself.  UTF-8 inside is quoted-printable, in message/global-headers where it is of the
 * original's header; addresses in the fields for programs are of the type utf-8, in its 7-bit form
 * (RFC 6533 §3, §4.4). */
bool dsn_write(struct buf *out, const struct dsn *d) MUST_CHECK;

#endif
