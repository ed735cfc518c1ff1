/* tls_io: see tls_private.h.
 *
 * OpenSSL reads a record at a time and no further (no read-ahead), and we give it room for a whole
 * one: so what it has not handed over still stands in the socket, and polling the socket is enough
 * to know that there is more.
 *
 * The queue of faults is emptied before each call, because SSL_get_error looks at it.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "net/tls_private.h"

#define WHY_MAX 120

struct tls_io {
	SSL *ssl;
	struct tls *tls;
	bool broken; /* RFC 8446 §6.2: after a fatal alert nothing may be sent */
	char why[WHY_MAX];
};

struct tls_io *tls_io_new(struct tls *t, int fd)
{
	struct tls_io *io = mem_alloc(sizeof(*io));

	io->tls = tls_ref(t);
	io->ssl = SSL_new(tls_default_context(t));
	if (!io->ssl || SSL_set_fd(io->ssl, fd) != 1)
		abort(); /* as mem_alloc: out of memory */
	SSL_set_accept_state(io->ssl);
	return io;
}

void tls_io_free(struct tls_io *io)
{
	if (!io)
		return;
	SSL_free(io->ssl);
	tls_unref(io->tls);
	free(io);
}

static enum tls_result broken(struct tls_io *io, int rc)
{
	int error = errno;

	io->broken = true;
	if (rc == SSL_ERROR_SYSCALL && !ERR_peek_error())
		(void)snprintf(io->why, sizeof(io->why), "%s",
			       error ? strerror(error) : "the peer hung up");
	else
		tls_reason(io->why, sizeof(io->why));
	return TLS_BROKEN;
}

/* What a call that answered rc has to say. */
static enum tls_result result(struct tls_io *io, int rc)
{
	int what = SSL_get_error(io->ssl, rc);

	switch (what) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANTS_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANTS_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		(void)snprintf(io->why, sizeof(io->why), "the peer hung up");
		return TLS_ENDED;
	default:
		return broken(io, what);
	}
}

static void before_call(void)
{
	ERR_clear_error();
	errno = 0;
}

enum tls_result tls_io_handshake(struct tls_io *io)
{
	before_call();
	return result(io, SSL_do_handshake(io->ssl));
}

enum tls_result tls_io_read(struct tls_io *io, char *to, size_t max, size_t *ret_n)
{
	before_call();
	return result(io, SSL_read_ex(io->ssl, to, max, ret_n));
}

enum tls_result tls_io_write(struct tls_io *io, struct str bytes, size_t *ret_n)
{
	before_call();
	return result(io, SSL_write_ex(io->ssl, bytes.at, bytes.n, ret_n));
}

void tls_io_shutdown(struct tls_io *io)
{
	before_call();
	if (!io->broken && SSL_is_init_finished(io->ssl))
		(void)SSL_shutdown(io->ssl);
	ERR_clear_error();
}

const char *tls_io_why(const struct tls_io *io)
{
	return io->why;
}

SSL *tls_io_ssl(const struct tls_io *io)
{
	return io->ssl;
}
