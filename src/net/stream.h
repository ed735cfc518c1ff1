/* stream.h: a connected TCP socket in a loop, and outgoing connections.
 *
 * Built on readiness (uv_poll) and our own read and write, not on uv_tcp: the engines own the
 * bytes, one read buffer of the loop serves all streams, so an idle connection holds none, and TLS
 * comes between by SSL_set_fd.
 *
 * Reading: bytes are handed to on_bytes in a buffer that is only valid during the call.
 * Writing: stream_write writes what it can from the engine's own buffer now; when some is left,
 * on_writable comes later and the owner calls stream_write again.
 * SPDX-License-Identifier: ISC */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "net/address.h"
#include "net/loop.h"

struct stream;
struct tls;

struct stream_events {
	/* Outgoing only: connected; or not, with why.  After !ok the stream must be closed. */
	void (*on_connected)(void *owner, bool ok, const char *why);
	void (*on_bytes)(void *owner, struct str bytes);
	/* The socket takes more after stream_write left something over. */
	void (*on_writable)(void *owner);
	/* The peer closed its side (why is NULL): nothing comes any more, but it may wait for
	 * what is written to it.  Or the connection broke (why says how).  The stream must be
	 * closed by the owner. */
	void (*on_end)(void *owner, const char *why);
	/* The deadline set by stream_timeout is over. */
	void (*on_timeout)(void *owner);
	/* After stream_start_tls only: the handshake is done; or it failed, and why: then the
	 * stream must be closed. */
	void (*on_secured)(void *owner, bool ok, const char *why);
};

/* What was agreed on. */
struct stream_tls {
	const char *version; /* "TLSv1.3" */
	const char *cipher;  /* "TLS_AES_256_GCM_SHA384"; both live as long as the program */
	const char *server_name; /* that the client asked for, or ""; lives with the stream */
};

/* Takes over a connected fd; reading is on.  events must outlive the stream. */
struct stream *stream_adopt(struct loop *l, int fd, const struct stream_events *events,
			    void *owner);
/* Starts to connect; the answer is on_connected.  Set a stream_timeout for it. */
struct stream *stream_connect(struct loop *l, const struct address *to,
			      const struct stream_events *events, void *owner);
/* Writes and consumes what it can.  True when out is empty now. */
bool stream_write(struct stream *s, struct buf *out);
/* The server's side of TLS begins with the next byte that is read: everything read before has been
 * handed over in clear and must be forgotten by the owner (CVE-2011-0411).  Until on_secured
 * nothing is written and no bytes come; the deadline is that of stream_timeout. */
void stream_start_tls(struct stream *s, struct tls *tls);
/* False in clear, and before on_secured. */
bool stream_tls_info(const struct stream *s, struct stream_tls *ret) MUST_CHECK;
/* Pause and resume reading (back-pressure). */
void stream_reading(struct stream *s, bool on);
/* What was read is acknowledged now.  The system puts that off by 40 ms in the hope for words of
 * ours to send it with; a peer that gathers small writes (Nagle) and has more to say, while we have
 * nothing to say yet, keeps it until then. */
void stream_acknowledge(struct stream *s);
/* on_timeout in so many ms, unless set anew; 0 switches it off.  Cheap: meant to be called at every
 * sign of life. */
void stream_timeout(struct stream *s, int64_t in_ms);
/* Half-close for writing after what was written (server's close after 421/QUIT). */
void stream_shutdown(struct stream *s);
/* NULL is accepted. */
void stream_close(struct stream *s);

/* For a connection that is turned away: writes what the socket takes at once, and closes fd. */
void stream_last_word(int fd, struct str bytes);

#endif
