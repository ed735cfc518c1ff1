/* listen: listening sockets, opened by us or handed over by systemd, and accepting on them.
 *
 * A wake-up takes a few connections only: what is left wakes this loop again, or another that
 * shares the socket and is less busy.
 * SPDX-License-Identifier: ISC */
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "net/net_private.h"

#define ACCEPTS_A_WAKE 8
#define PAUSE_MS       100
#define INHERITED_AT   3 /* SD_LISTEN_FDS_START */

/* ---- opening ---- */

static bool parse(const char *text, struct address *ret, struct err *e)
{
	struct str all = str_of(text);
	ptrdiff_t colon = str_rfind(all, ':');
	struct str host = { text, colon < 0 ? 0 : (size_t)colon };
	char literal[ADDRESS_TEXT_MAX];
	uint64_t port;

	if (host.n >= 2 && host.at[0] == '[' && host.at[host.n - 1] == ']')
		host = (struct str){ host.at + 1, host.n - 2 };
	else if (str_find(host, ':') >= 0)
		host = STR_NONE; /* a bare IPv6 address: where does it end? */
	snprintf(literal, sizeof(literal), "%.*s", STR_ARGS(host));
	if (host.n == 0 || host.n >= sizeof(literal) ||
	    !str_to_u64(str_from(all, (size_t)colon + 1), UINT16_MAX, &port) ||
	    !address_parse(literal, (unsigned)port, ret))
		return err_set(e, ERR_INPUT, "%s: not of the form ADDRESS:PORT or [ADDRESS]:PORT",
			       text);
	return true;
}

static bool set_on(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

static bool bind_to(int fd, const struct address *a)
{
	struct sockaddr_storage to;

	memcpy(&to, a->sockaddr, a->sockaddr_len);
	return set_on(fd, SOL_SOCKET, SO_REUSEADDR) &&
	       (!a->ipv6 || set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
	       bind(fd, (struct sockaddr *)&to, a->sockaddr_len) == 0 && listen(fd, SOMAXCONN) == 0;
}

bool listen_open(const char *text, int *ret_fd, struct err *e)
{
	struct address a;

	if (!parse(text, &a, e))
		return false;

	int fd = socket(a.ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(e, "cannot make a socket for %s", text);
	if (!bind_to(fd, &a)) {
		err_errno(e, "cannot listen on %s", text);
		close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}

static bool adopt_inherited(int fd, struct err *e)
{
	int listens = 0, flags = fcntl(fd, F_GETFL);
	socklen_t n = sizeof(listens);

	if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) < 0)
		return err_errno(e, "descriptor %d from the service manager", fd);
	if (!listens)
		return err_set(e, ERR_INPUT,
			       "descriptor %d from the service manager is no listening socket", fd);
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_errno(e, "descriptor %d from the service manager", fd);
	return true;
}

bool listen_inherited(unsigned *ret_n, struct err *e)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t for_pid = 0, n = 0;

	/* Meant for a parent of ours: not for us. */
	if (!str_to_u64(str_of(pid), INT32_MAX, &for_pid) || for_pid != (uint64_t)getpid())
		fds = NULL;
	if (fds && !str_to_u64(str_of(fds), 1024, &n))
		return err_set(e, ERR_INPUT, "LISTEN_FDS is no number of descriptors");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (unsigned i = 0; i < n; i++)
		if (!adopt_inherited(INHERITED_AT + (int)i, e))
			return false;
	*ret_n = (unsigned)n;
	return true;
}

bool listen_address(int fd, struct address *ret)
{
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);

	return getsockname(fd, (struct sockaddr *)&at, &n) == 0 &&
	       address_from_sockaddr(&at, n, ret);
}

/* ---- accepting ---- */

struct listener {
	struct net_object object;
	uv_poll_t poll;
	uv_timer_t pause;
	int fd;
	on_accept_fn *on_accept;
	void *owner;
};

static void on_connection(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *pause)
{
	struct listener *li = pause->data;

	net_must(uv_poll_start(&li->poll, UV_READABLE, on_connection));
}

static void pause_accepting(struct listener *li)
{
	uv_poll_stop(&li->poll);
	net_must(uv_timer_start(&li->pause, on_pause_over, PAUSE_MS, 0));
}

/* True when one came, whatever became of it. */
static bool accept_one(struct listener *li)
{
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);
	struct address peer;
	int fd = accept4(li->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		if (address_from_sockaddr(&from, n, &peer))
			li->on_accept(li->owner, fd, &peer);
		else
			close(fd);
		return true;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return false;
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		/* The connection stays in the kernel's queue; asking at once again would spin. */
		pause_accepting(li);
		return false;
	}
	return true; /* accept(2): errors of that one connection come here too */
}

static void on_connection(uv_poll_t *poll, int status, int events UNUSED)
{
	struct listener *li = poll->data;

	if (status < 0) {
		pause_accepting(li);
		return;
	}

	for (int i = 0; i < ACCEPTS_A_WAKE && !li->object.closing && accept_one(li); i++)
		;
}

static void listener_close(struct net_object *o)
{
	struct listener *li = CONTAINER(o, struct listener, object);

	net_object_close(
		o, (uv_handle_t *[]){ (uv_handle_t *)&li->poll, (uv_handle_t *)&li->pause }, 2);
}

struct listener *listener_start(struct loop *l, int fd, on_accept_fn *on_accept, void *owner)
{
	struct listener *li = mem_alloc(sizeof(*li));

	li->object.close = listener_close;
	li->fd = fd;
	li->on_accept = on_accept;
	li->owner = owner;
	/* Linux hands this on to the sockets that accept makes: a call less for each. */
	(void)set_on(fd, IPPROTO_TCP, TCP_NODELAY);
	net_must(uv_poll_init(&l->uv, &li->poll, fd));
	net_handle_add(&li->object, (uv_handle_t *)&li->poll);
	net_must(uv_timer_init(&l->uv, &li->pause));
	net_handle_add(&li->object, (uv_handle_t *)&li->pause);
	net_must(uv_poll_start(&li->poll, UV_READABLE, on_connection));
	return li;
}

void listener_stop(struct listener *li)
{
	if (li)
		listener_close(&li->object);
}
