/* peer: the engine or a daemon, with the same few calls.
 * SPDX-License-Identifier: ISC */
#include "tests/dialog/peer.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"

#define RECEIVED_MAX   (16 * 1024 * 1024)
#define LIVE_PATIENCE_MS 30000

struct peer_way {
	void (*send)(struct peer *p, struct str bytes);
	/* More into p->received, or p->over set; false when nothing will come. */
	bool (*receive)(struct peer *p);
	bool (*start_tls)(struct peer *p);
	void (*close)(struct peer *p);
};

struct peer {
	const struct peer_way *way;
	struct buf received;
	size_t line_n; /* of the line given last, with CRLF */
	bool over;
	/* engine */
	struct smtpd *smtpd;
	struct canned relay;
	bool bytewise;
	/* socket */
	int fd;
	SSL_CTX *context;
	SSL *ssl; /* NULL: in clear */
};

static struct peer *peer_new(const struct peer_way *way)
{
	struct peer *p = mem_alloc(sizeof(*p));

	p->way = way;
	p->fd = -1;
	buf_init(&p->received, RECEIVED_MAX);
	return p;
}

/* -- the engine --------------------------------------------------------------------------- */

static void engine_feed(struct peer *p, struct str bytes)
{
	bool fed = smtpd_feed(p->smtpd, bytes);

	assert(fed);
	if (!canned_serve(&p->relay, p->smtpd, &p->received))
		p->over = true;
}

/* Whole pieces are as large as a careful caller would make them. */
static void engine_send(struct peer *p, struct str bytes)
{
	size_t piece = p->bytewise ? 1 : SMTPD_INPUT_MAX / 2;

	while (bytes.n) {
		engine_feed(p, (struct str){ bytes.at, bytes.n < piece ? bytes.n : piece });
		bytes = str_from(bytes, piece);
	}
}

static bool engine_receive(struct peer *p)
{
	(void)p;
	return false;
}

/* No byte of TLS is exchanged: from here on what is fed counts as having come inside of it. */
static bool engine_start_tls(struct peer *p)
{
	if (strcmp(smtpd_state_name(p->smtpd), "securing") != 0) {
		(void)fprintf(stderr, "the engine does not expect TLS\n");
		return false;
	}
	smtpd_secured(p->smtpd);
	return true;
}

static void engine_close(struct peer *p)
{
	smtpd_free(p->smtpd);
	canned_done(&p->relay);
}

static const struct peer_way engine_way = { engine_send, engine_receive, engine_start_tls,
					    engine_close };

struct peer *peer_open_engine(const struct script *s, bool bytewise)
{
	struct peer *p = peer_new(&engine_way);

	canned_init(&p->relay);
	memcpy(p->relay.answers, s->answers, sizeof(s->answers));
	p->bytewise = bytewise;
	p->smtpd = smtpd_new(CANNED_HOSTNAME, &s->limits);
	if (s->only == ONLY_TLS)
		smtpd_secured(p->smtpd);
	engine_feed(p, STR_NONE);
	return p;
}

/* -- a daemon ----------------------------------------------------------------------------- */

/* A daemon that has closed is seen when its replies are read. */
static void socket_send(struct peer *p, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = p->ssl ? SSL_write(p->ssl, bytes.at, (int)bytes.n) :
				     send(p->fd, bytes.at, bytes.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		bytes = str_from(bytes, (size_t)n);
	}
}

static bool socket_receive(struct peer *p)
{
	struct pollfd wait = { .fd = p->fd, .events = POLLIN };
	char *room = buf_reserve(&p->received, 65536);
	ssize_t n;

	if (!room || poll(&wait, 1, LIVE_PATIENCE_MS) <= 0)
		return false;
	n = p->ssl ? SSL_read(p->ssl, room, 65536) : recv(p->fd, room, 65536, 0);
	if (n > 0)
		buf_added(&p->received, (size_t)n);
	else
		p->over = true;
	return true;
}

static bool socket_start_tls(struct peer *p)
{
	p->context = SSL_CTX_new(TLS_client_method());
	p->ssl = SSL_new(p->context);
	if (SSL_set_fd(p->ssl, p->fd) == 1 && SSL_connect(p->ssl) == 1)
		return true;
	ERR_print_errors_fp(stderr);
	return false;
}

static void socket_close(struct peer *p)
{
	if (p->ssl)
		(void)SSL_shutdown(p->ssl);
	SSL_free(p->ssl);
	SSL_CTX_free(p->context);
	(void)close(p->fd);
}

static const struct peer_way socket_way = { socket_send, socket_receive, socket_start_tls,
					    socket_close };

struct peer *peer_open_socket(const char *host, const char *port)
{
	const struct timeval patience = { .tv_sec = LIVE_PATIENCE_MS / 1000 };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	int fd = -1, fault = getaddrinfo(host, port, &hints, &found);

	if (fault) {
		(void)fprintf(stderr, "%s: %s\n", host, gai_strerror(fault));
		return NULL;
	}
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
			(void)close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	if (fd < 0) {
		(void)fprintf(stderr, "%s port %s: %s\n", host, port, strerror(errno));
		return NULL;
	}

	struct peer *p = peer_new(&socket_way);

	/* TLS waits in its own calls, not in poll. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	p->fd = fd;
	return p;
}

struct peer *peer_open_tls(const char *host, const char *port)
{
	struct peer *p = peer_open_socket(host, port);

	if (p && !peer_start_tls(p)) {
		peer_close(p);
		p = NULL;
	}
	return p;
}

/* -- both --------------------------------------------------------------------------------- */

void peer_close(struct peer *p)
{
	p->way->close(p);
	buf_done(&p->received);
	free(p);
}

void peer_send(struct peer *p, struct str bytes)
{
	p->way->send(p, bytes);
}

bool peer_start_tls(struct peer *p)
{
	return p->way->start_tls(p);
}

enum peer_line peer_line(struct peer *p, struct str *ret)
{
	buf_consume(&p->received, p->line_n);
	p->line_n = 0;
	for (;;) {
		struct str all = buf_str(&p->received);
		const char *lf = all.n ? memchr(all.at, '\n', all.n) : NULL;

		if (lf) {
			p->line_n = (size_t)(lf - all.at) + 1;
			*ret = (struct str){ all.at, p->line_n - 1 };
			if (ret->n && ret->at[ret->n - 1] == '\r')
				ret->n--;
			return PEER_LINE;
		}
		if (p->over)
			return PEER_CLOSED;
		if (!p->way->receive(p))
			return PEER_SILENT;
	}
}

bool peer_has_more(struct peer *p)
{
	return buf_len(&p->received) > p->line_n || p->over;
}

const struct canned *peer_relay(const struct peer *p)
{
	return p->smtpd ? &p->relay : NULL;
}
