/* stream: a connected socket: readiness from libuv, read and write our own.
 *
 * Whatever goes wrong is told by on_end and only from the loop: a failed write or socket call is
 * noted in `failed` and the timer, due at once, tells it.  Before that the socket is read to its
 * end, because a server that refuses us says why and then resets the connection.
 *
 * TLS is a filter in front of recv and send (tls_io).  Either of them may have to wait for the
 * other direction: read_on and write_on say for which.
 *
 * The timer that carries the deadline is moved only when it fires too early: stream_timeout at
 * every sign of life is a store, not a heap operation. SPDX-License-Identifier: ISC */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "net/net_private.h"
#include "net/tls_private.h"

#define LAST_READS 64 /* of a socket that failed: 4 MiB */

struct stream {
	struct net_object object;
	struct loop *loop;
	uv_poll_t poll;
	uv_timer_t timer;
	int fd; /* -1: none could be made */
	const struct stream_events *events;
	void *owner;
	uint64_t deadline; /* by the loop's clock; 0: none */
	uint64_t timer_due;
	int failed;  /* errno of what went wrong, to be told */
	int polling; /* UV_READABLE, UV_WRITABLE that libuv was asked for */
	struct tls_io *tls;    /* NULL: in clear */
	int read_on, write_on; /* what the socket must be for us to read, to write */
	bool connecting;
	bool securing; /* TLS: the handshake is not done */
	bool reading;
	bool peer_ended; /* it has closed its side; it may read ours */
	bool left_over; /* of the last stream_write */
	bool ended;
};

static void on_ready(uv_poll_t *poll, int status, int events);
static void on_timer(uv_timer_t *timer);

static int what_to_poll(const struct stream *s)
{
	if (s->connecting)
		return UV_WRITABLE;
	if (s->securing)
		return s->read_on;
	return (s->left_over ? s->write_on : 0) |
	       (s->reading && !s->peer_ended ? s->read_on : 0);
}

/* Asks libuv for what we wait for now; a change costs system calls. */
static void poll_again(struct stream *s)
{
	int wanted = 0;

	if (s->fd < 0 || s->object.closing)
		return;
	if (!s->ended && !s->failed)
		wanted = what_to_poll(s);
	if (wanted == s->polling)
		return;
	s->polling = wanted;
	if (wanted)
		net_must(uv_poll_start(&s->poll, wanted, on_ready));
	else
		uv_poll_stop(&s->poll);
}

static void start_timer(struct stream *s, uint64_t in_ms)
{
	s->timer_due = uv_now(&s->loop->uv) + in_ms;
	net_must(uv_timer_start(&s->timer, on_timer, in_ms, 0));
}

/* To be told from the loop. */
static void fail(struct stream *s, int error)
{
	if (s->failed || s->ended)
		return;
	s->failed = error ? error : EIO;
	poll_again(s);
	start_timer(s, 0);
}

static void end(struct stream *s, const char *why)
{
	s->ended = true;
	poll_again(s);
	s->events->on_end(s->owner, why);
}

/* -- the filter: clear or TLS, both as recv(2) and send(2) ---------------------------------- */

static ssize_t answer_as_syscall(enum tls_result result, size_t n, int *wait_for)
{
	switch (result) {
	case TLS_DONE:
		return (ssize_t)n;
	case TLS_ENDED:
		return 0;
	case TLS_WANTS_READ:
		*wait_for = UV_READABLE;
		break;
	case TLS_WANTS_WRITE:
		*wait_for = UV_WRITABLE;
		break;
	case TLS_BROKEN:
		errno = EPROTO;
		return -1;
	}
	errno = EAGAIN;
	return -1;
}

static ssize_t take_bytes(struct stream *s, char *to, size_t max)
{
	size_t n = 0;
	enum tls_result result;
	ssize_t answer;

	if (!s->tls)
		return recv(s->fd, to, max, 0);
	s->read_on = UV_READABLE;
	result = tls_io_read(s->tls, to, max, &n);
	answer = answer_as_syscall(result, n, &s->read_on);
	poll_again(s);
	return answer;
}

static ssize_t give_bytes(struct stream *s, struct str bytes)
{
	size_t n = 0;
	enum tls_result result;
	ssize_t answer;

	if (!s->tls)
		return send(s->fd, bytes.at, bytes.n, MSG_NOSIGNAL);
	s->write_on = UV_WRITABLE;
	result = tls_io_write(s->tls, bytes, &n);
	answer = answer_as_syscall(result, n, &s->write_on);
	if (!answer)
		errno = EPIPE;
	return answer ? answer : -1;
}

static const char *why_of(const struct stream *s, int error)
{
	return s->tls && error == EPROTO ? tls_io_why(s->tls) : strerror(error);
}

/* -- reading ---------------------------------------------------------------------------------- */

/* One read.  True when bytes were handed over and the stream is still there to be read; otherwise
 * *ret_error is 0 at the peer's end, or errno. */
static bool read_once(struct stream *s, int *ret_error)
{
	ssize_t n;

	do
		n = take_bytes(s, s->loop->read_bytes, NET_READ_BYTES);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		*ret_error = n < 0 ? errno : 0;
		return false;
	}
	*ret_error = EAGAIN;
	s->events->on_bytes(s->owner, (struct str){ s->loop->read_bytes, (size_t)n });
	return s->reading && !s->object.closing;
}

static void on_readable(struct stream *s)
{
	int error;

	if (read_once(s, &error) || error == EAGAIN || error == EWOULDBLOCK)
		return;
	if (error) {
		end(s, why_of(s, error));
		return;
	}
	s->peer_ended = true;
	poll_again(s);
	s->events->on_end(s->owner, NULL);
}

static void not_secured(struct stream *s, const char *why)
{
	s->securing = false;
	s->ended = true;
	poll_again(s);
	s->events->on_secured(s->owner, false, why);
}

void stream_acknowledge(struct stream *s)
{
	int on = 1;

	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static void go_on_securing(struct stream *s)
{
	switch (tls_io_handshake(s->tls)) {
	case TLS_WANTS_READ:
		s->read_on = UV_READABLE;
		break;
	case TLS_WANTS_WRITE:
		s->read_on = UV_WRITABLE;
		break;
	case TLS_ENDED:
	case TLS_BROKEN:
		not_secured(s, tls_io_why(s->tls));
		return;
	case TLS_DONE:
		s->securing = false;
		s->read_on = UV_READABLE;
		stream_acknowledge(s); /* TLS 1.3: Finished, and then EHLO, are the peer's */
		s->events->on_secured(s->owner, true, NULL);
		break;
	}
	poll_again(s);
}

static void tell_failure(struct stream *s)
{
	int error = s->failed, reads = 0, ignored;

	if (s->connecting) {
		s->connecting = false;
		s->ended = true;
		poll_again(s);
		s->events->on_connected(s->owner, false, strerror(error));
		return;
	}
	if (s->securing) {
		not_secured(s, strerror(error));
		return;
	}
	while (s->fd >= 0 && s->reading && reads < LAST_READS && read_once(s, &ignored))
		reads++;
	if (!s->object.closing)
		end(s, why_of(s, error));
}

static void on_timer(uv_timer_t *timer)
{
	struct stream *s = timer->data;
	uint64_t now = uv_now(&s->loop->uv);

	if (s->ended)
		return;
	if (s->failed) {
		tell_failure(s);
	} else if (s->deadline && now < s->deadline) {
		start_timer(s, s->deadline - now);
	} else if (s->deadline) {
		s->deadline = 0;
		s->events->on_timeout(s->owner);
	}
}

static int socket_error(int fd)
{
	int error = 0;
	socklen_t n = sizeof(error);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 ? errno : error;
}

static void on_connected(struct stream *s)
{
	int error = socket_error(s->fd);

	if (error) {
		s->failed = error;
		tell_failure(s);
		return;
	}
	s->connecting = false;
	s->reading = true;
	poll_again(s);
	s->events->on_connected(s->owner, true, NULL);
}

/* libuv has stopped polling: the socket is in error. */
static void on_error(struct stream *s)
{
	int error = socket_error(s->fd);

	s->polling = 0;
	s->failed = error ? error : ECONNRESET;
	tell_failure(s);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct stream *s = poll->data;

	if (s->connecting) {
		on_connected(s);
		return;
	}
	if (status < 0) {
		on_error(s);
		return;
	}
	if (s->securing) {
		go_on_securing(s);
		return;
	}
	if (events & s->read_on && s->reading)
		on_readable(s);
	if (s->object.closing || s->ended || s->failed || s->securing ||
	    !(events & s->write_on) || !s->left_over)
		return;
	s->left_over = false;
	s->events->on_writable(s->owner);
	poll_again(s);
}

static void close_object(struct net_object *o)
{
	struct stream *s = CONTAINER(o, struct stream, object);
	uv_handle_t *handles[] = { (uv_handle_t *)&s->timer, (uv_handle_t *)&s->poll };

	if (!net_object_close(o, handles, o->handles) || s->fd < 0)
		return;
	/* libuv let go of it in uv_close already. */
	tls_io_free(s->tls);
	s->tls = NULL;
	close(s->fd);
	s->fd = -1;
}

/* With error no handle is made for fd: the failure will be told. */
static struct stream *make(struct loop *l, int fd, int error, const struct stream_events *events,
			   void *owner)
{
	struct stream *s = mem_alloc(sizeof(*s));

	s->object.close = close_object;
	s->loop = l;
	s->events = events;
	s->owner = owner;
	s->fd = fd;
	s->read_on = UV_READABLE;
	s->write_on = UV_WRITABLE;
	net_must(uv_timer_init(&l->uv, &s->timer));
	net_handle_add(&s->object, (uv_handle_t *)&s->timer);
	if (!error && fd >= 0) {
		error = -uv_poll_init(&l->uv, &s->poll, fd);
		if (!error)
			net_handle_add(&s->object, (uv_handle_t *)&s->poll);
	}
	if (error) {
		if (fd >= 0)
			close(fd);
		s->fd = -1;
		fail(s, error);
	}
	return s;
}

struct stream *stream_adopt(struct loop *l, int fd, const struct stream_events *events, void *owner)
{
	struct stream *s = make(l, fd, 0, events, owner);

	s->reading = true;
	poll_again(s);
	return s;
}

struct stream *stream_connect(struct loop *l, const struct address *to,
			      const struct stream_events *events, void *owner)
{
	struct sockaddr_storage at;
	int error = 0, on = 1;
	int fd = socket(to->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	memcpy(&at, to->sockaddr, to->sockaddr_len);
	if (fd < 0)
		error = errno;
	else if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
		 (connect(fd, (struct sockaddr *)&at, to->sockaddr_len) < 0 &&
		  errno != EINPROGRESS && errno != EINTR))
		error = errno;

	struct stream *s = make(l, fd, error, events, owner);

	s->connecting = true;
	poll_again(s);
	return s;
}

bool stream_write(struct stream *s, struct buf *out)
{
	while (buf_len(out) > 0 && s->fd >= 0 && !s->failed && !s->ended && !s->connecting &&
	       !s->securing) {
		ssize_t n = give_bytes(s, buf_str(out));

		if (n >= 0) {
			buf_consume(out, (size_t)n);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			break;
		} else if (errno != EINTR) {
			fail(s, errno);
			return false;
		}
	}
	s->left_over = buf_len(out) > 0;
	poll_again(s);
	return !s->left_over;
}

void stream_reading(struct stream *s, bool on)
{
	s->reading = on;
	poll_again(s);
}

void stream_timeout(struct stream *s, int64_t in_ms)
{
	if (in_ms <= 0) {
		s->deadline = 0;
		return;
	}
	s->deadline = uv_now(&s->loop->uv) + (uint64_t)in_ms;
	if (!uv_is_active((uv_handle_t *)&s->timer) || s->timer_due > s->deadline)
		start_timer(s, (uint64_t)in_ms);
}

void stream_shutdown(struct stream *s)
{
	if (s->fd < 0)
		return;
	if (s->tls)
		tls_io_shutdown(s->tls);
	(void)shutdown(s->fd, SHUT_WR);
}

void stream_start_tls(struct stream *s, struct tls *tls)
{
	if (s->fd < 0 || s->failed || s->ended)
		return; /* that is told already */
	assert(!s->tls && !s->connecting);
	s->tls = tls_io_new(tls, s->fd);
	s->securing = true;
	poll_again(s);
}

bool stream_tls_info(const struct stream *s, struct stream_tls *ret)
{
	const SSL *ssl = s->tls && !s->securing ? tls_io_ssl(s->tls) : NULL;
	const char *name;

	if (!ssl)
		return false;
	name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	*ret = (struct stream_tls){
		.version = SSL_get_version(ssl),
		.cipher = SSL_get_cipher_name(ssl),
		.server_name = name ? name : "",
	};
	return true;
}

void stream_close(struct stream *s)
{
	if (s)
		close_object(&s->object);
}

void stream_last_word(int fd, struct str bytes)
{
	char early[512];

	(void)!send(fd, bytes.at, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_WR);
	/* Unread bytes would turn close into a reset, which may overtake our word. */
	(void)!recv(fd, early, sizeof(early), MSG_DONTWAIT);
	close(fd);
}
