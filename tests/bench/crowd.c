/* crowd.c: many connections that do next to nothing, for idle-connections and slowloris.
 *
 *	crowd PORT COUNT DRIP_MS clear|tls
 *
 * Connects COUNT times from 127.0.1.0, 127.0.1.1 and so on, 50 from each, and waits for each
 * greeting; then says "ready" and keeps the connections until its input ends.  With DRIP_MS each of
 * them sends a byte of a command every so often, and connects again when it has been closed.  With
 * tls the port must want TLS from the first byte.
 * SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FROM_EACH 50
#define SLICES    100

struct crowd {
	uint16_t port;
	SSL_CTX *tls; /* NULL: in clear */
	unsigned again; /* who was sent away and has come again */
};

struct member {
	int fd; /* -1: it is not there */
	SSL *ssl;
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void leave(struct member *m)
{
	SSL_free(m->ssl);
	if (m->fd >= 0)
		(void)close(m->fd);
	*m = (struct member){ .fd = -1 };
}

/* A connected socket from the n-th member's address, or -1. */
static int connect_from(uint16_t port, unsigned n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	from.sin_addr.s_addr = htonl(0x7f000100U + n / FROM_EACH);
	/* Or the port would be taken for all destinations. */
	if (fd >= 0 && setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool secure(const struct crowd *c, struct member *m)
{
	m->ssl = c->tls ? SSL_new(c->tls) : NULL;
	return !c->tls || (m->ssl && SSL_set_fd(m->ssl, m->fd) == 1 && SSL_connect(m->ssl) == 1);
}

static ssize_t hear(struct member *m, char *to, int max)
{
	return m->ssl ? SSL_read(m->ssl, to, max) : recv(m->fd, to, (size_t)max, 0);
}

/* The n-th comes; false when there is no connection, or no greeting. */
static bool enter(const struct crowd *c, struct member *m, unsigned n)
{
	char greeting[512] = "";

	*m = (struct member){ .fd = connect_from(c->port, n) };
	if (m->fd >= 0 && secure(c, m) && hear(m, greeting, sizeof(greeting) - 1) > 3 &&
	    greeting[0] == '2' && fcntl(m->fd, F_SETFL, O_NONBLOCK) == 0)
		return true;
	(void)fprintf(stderr, "crowd: connection %u failed: %s%s\n", n + 1, strerror(errno),
		      greeting);
	leave(m);
	return false;
}

/* Nothing has been said to it and nothing has ended. */
static bool is_there(struct member *m)
{
	char told[512];
	ssize_t n;

	if (m->fd < 0)
		return false;
	n = hear(m, told, sizeof(told));
	return n < 0 && (m->ssl ? SSL_get_error(m->ssl, (int)n) == SSL_ERROR_WANT_READ :
				  errno == EAGAIN);
}

static void drip(struct crowd *c, struct member *m, unsigned n)
{
	if (is_there(m) &&
	    (m->ssl ? SSL_write(m->ssl, "N", 1) : send(m->fd, "N", 1, MSG_NOSIGNAL)) == 1)
		return;
	leave(m);
	c->again++;
	(void)enter(c, m, n);
}

static bool input_ended(int64_t wait_ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char byte;

	return poll(&in, 1, wait_ms < 0 ? -1 : (int)wait_ms) > 0 &&
	       read(STDIN_FILENO, &byte, 1) <= 0;
}

/* In slices, so that they do not all come at the same moment. */
static void stay(struct crowd *c, struct member *all, unsigned count, int64_t drip_ms)
{
	for (unsigned slice = 0; !input_ended(drip_ms ? drip_ms / SLICES : -1); slice++) {
		int64_t began = now_ms();

		for (unsigned n = slice % SLICES; drip_ms && n < count; n += SLICES)
			drip(c, &all[n], n);
		if (now_ms() - began > 1000)
			(void)fprintf(stderr, "crowd: a slice took more than a second\n");
	}
	(void)printf("%u came again\n", c->again);
}

int main(int argc, char **argv)
{
	struct rlimit files;

	if (argc != 5)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);

	struct crowd crowd = { .port = (uint16_t)strtoul(argv[1], NULL, 10) };
	unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
	struct member *all = calloc(count, sizeof(*all));

	if (strcmp(argv[4], "tls") == 0)
		crowd.tls = SSL_CTX_new(TLS_client_method());
	if (!all)
		return 1;
	for (unsigned n = 0; n < count; n++) {
		if (!enter(&crowd, &all[n], n))
			return 1;
	}
	(void)puts("ready");
	(void)fflush(stdout);
	stay(&crowd, all, count, strtol(argv[3], NULL, 10));
	for (unsigned n = 0; n < count; n++)
		leave(&all[n]);
	SSL_CTX_free(crowd.tls);
	free(all);
	return 0;
}
