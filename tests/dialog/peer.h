/* peer.h: the other end of a dialog: the engine in this process, or a daemon behind a socket.
 *
 * A further way to talk is a further peer_open_… with its own row of functions in peer.c.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_DIALOG_PEER_H
#define TESTS_DIALOG_PEER_H

#include <stdbool.h>

#include "base/str.h"
#include "tests/dialog/canned.h"
#include "tests/dialog/script.h"

enum peer_line {
	PEER_LINE,
	PEER_CLOSED,  /* the connection has ended, every line is read */
	PEER_SILENT,  /* no line is there: at once from the engine, after half a minute live */
};

struct peer;

/* The engine behind the canned relay; fed whole pieces, or byte by byte. */
struct peer *peer_open_engine(const struct script *s, bool bytewise);
/* NULL, with a line on stderr, when nobody is there. */
struct peer *peer_open_socket(const char *host, const char *port);
/* The same with TLS from the first byte; the certificate is not looked at. */
struct peer *peer_open_tls(const char *host, const char *port);
void peer_close(struct peer *p);

void peer_send(struct peer *p, struct str bytes);
/* TLS begins; false, with a line on stderr, when the other end does not want it. */
bool peer_start_tls(struct peer *p);
/* The next line without CRLF; valid until the next call. */
enum peer_line peer_line(struct peer *p, struct str *ret);
/* True when a line or the end is there that nobody waited for; live only what is read already. */
bool peer_has_more(struct peer *p);
/* What the canned relay accepted; NULL when the peer is a daemon. */
const struct canned *peer_relay(const struct peer *p);

#endif
