/* xclient.h: what stands behind XCLIENT, Postfix's command by which a proxy in front of us says who
 * its client is (XCLIENT_README of Postfix).
 *
 * Words NAME=value with values in xtext (RFC 3461 §4).  Both [UNAVAILABLE] and [TEMPUNAVAIL] mean
 * that nothing is said.  Who may send it is decided elsewhere.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_XCLIENT_H
#define PROTO_XCLIENT_H

#include <stdbool.h>

#include "base/cidr.h"
#include "base/str.h"

/* As EHLO lists it. */
#define XCLIENT_KEYWORD "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
#define XCLIENT_TEXT_MAX 256 /* with NUL */

enum xclient_proto { XCLIENT_PROTO_UNSAID, XCLIENT_PROTO_SMTP, XCLIENT_PROTO_ESMTP };

/* What was not said is "", 0 or false. */
struct xclient {
	char name[XCLIENT_TEXT_MAX]; /* of the client, by reverse DNS */
	char helo[XCLIENT_TEXT_MAX];
	char login[XCLIENT_TEXT_MAX];
	bool has_addr, has_dest_addr;
	struct ip addr, dest_addr;
	unsigned port, dest_port;
	enum xclient_proto proto;
};

/* One attribute at least, none unknown, every value well-formed and printable; the last of a name
 * counts.  *ret is set only then. */
bool xclient_parse(struct str args, struct xclient *ret) MUST_CHECK;

#endif
