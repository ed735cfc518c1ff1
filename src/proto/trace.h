/* trace.h: the one Received line that we add on top (RFC 5321 §4.4).
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_TRACE_H
#define PROTO_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/str.h"

struct trace {
	struct str helo;     /* as the client said it; anything odd in it is replaced by '?' */
	const char *client;  /* its address as text: "192.0.2.9", "2001:db8::1" */
	const char *hostname; /* ours */
	bool esmtp;
	const char *tls_version; /* "TLSv1.3", or NULL: in clear */
	const char *tls_cipher;
	msgid id;
	struct str only_rcpt; /* shown as "for <…>" when the message has one recipient; else "";
	                       * with smtputf8 it may be UTF-8 */
	int64_t wall_ms;
	bool smtputf8;
};

/*	Received: from HELO (CLIENT)
 *		(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)
 *		by HOST with ESMTP id ID
 *		for <RCPT>; DATE
 * the second line only inside TLS, where it is ESMTPS (RFC 3848); with SMTPUTF8 it is UTF8SMTP or
 * UTF8SMTPS (RFC 6531 §4.3);
 * with CRLF line ends, every line under 998 octets; IPv6 as [IPv6:…] (RFC 5321 §4.4).
 * .at is NULL past the arena's maximum. */
struct str trace_received(struct arena *a, const struct trace *t) MUST_CHECK;

#endif
