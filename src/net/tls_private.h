/* tls_private.h: one connection's TLS on a socket without waiting, for stream.c alone.
 *
 * OpenSSL reads and writes the socket itself (SSL_set_fd): a BIO in memory would copy every byte
 * once more and keep its buffers.
 * SPDX-License-Identifier: ISC */
#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "net/tls.h"

struct tls_io;

enum tls_result {
	TLS_DONE,
	TLS_WANTS_READ,  /* again when the socket can be read */
	TLS_WANTS_WRITE, /* again when it can be written */
	TLS_ENDED,       /* the peer has closed */
	TLS_BROKEN,      /* tls_io_why */
};

/* The context new connections start with; the certificate is chosen later, by name. */
SSL_CTX *tls_default_context(const struct tls *t);
/* ret gets the reason of the first fault of OpenSSL in this thread's queue, which is emptied. */
void tls_reason(char *ret, size_t max);

/* The server's side, on a non-blocking fd; keeps a reference to t. */
struct tls_io *tls_io_new(struct tls *t, int fd);
enum tls_result tls_io_handshake(struct tls_io *io);
enum tls_result tls_io_read(struct tls_io *io, char *to, size_t max, size_t *ret_n);
/* When it wants something it must be called again with the same bytes, or more. */
enum tls_result tls_io_write(struct tls_io *io, struct str bytes, size_t *ret_n);
/* Tells the peer that nothing follows, if the socket takes it at once. */
void tls_io_shutdown(struct tls_io *io);
const char *tls_io_why(const struct tls_io *io);
SSL *tls_io_ssl(const struct tls_io *io);
void tls_io_free(struct tls_io *io); /* NULL is accepted; fd stays open */

#endif
