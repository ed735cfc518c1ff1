/* crowd.c: many connections that do next to nothing, for idle-connections and slowloris.
 *
 *	crowd PORT COUNT DRIP_MS
 *
 * Connects COUNT times from 127.0.1.1, 127.0.1.2 and so on, 50 from each, and waits for each
 * greeting; then says "ready" and keeps the connections until its input ends.  With DRIP_MS each of
 * them sends a byte of a command every so often, and connects again when it has been closed.
 * SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"

#define FROM_EACH 50
#define SLICES    100

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The n-th connection; -1 when there is none, or no greeting. */
static int enter(uint16_t port, unsigned n)
{
	unsigned host = n / FROM_EACH;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char greeting[512];

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	from.sin_addr.s_addr = htonl(0x7f000101U + host / 250 * 256 + host % 250);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    recv(fd, greeting, sizeof(greeting), 0) > 3 && greeting[0] == '2' &&
	    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* One byte; who was sent away comes again. */
static void drip(uint16_t port, int *fd, unsigned n)
{
	char told[512];

	if (*fd >= 0 && recv(*fd, told, sizeof(told), 0) < 0 && errno == EAGAIN &&
	    send(*fd, "N", 1, MSG_NOSIGNAL) == 1)
		return;
	if (*fd >= 0)
		(void)close(*fd);
	*fd = enter(port, n);
}

static bool input_ended(int64_t wait_ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char byte;

	return poll(&in, 1, wait_ms < 0 ? -1 : (int)wait_ms) > 0 &&
	       read(STDIN_FILENO, &byte, 1) <= 0;
}

int main(int argc, char **argv)
{
	struct rlimit files;

	if (argc != 4)
		return 2;
	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);

	uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
	unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
	int64_t drip_ms = strtol(argv[3], NULL, 10);
	int *fds = calloc(count, sizeof(*fds));

	if (!fds)
		return 1;
	for (unsigned n = 0; n < count; n++) {
		fds[n] = enter(port, n);
		if (fds[n] < 0) {
			(void)fprintf(stderr, "crowd: connection %u failed\n", n + 1);
			return 1;
		}
	}
	(void)puts("ready");
	(void)fflush(stdout);
	/* In slices, so that they do not all come at the same moment. */
	for (unsigned slice = 0; !input_ended(drip_ms ? drip_ms / SLICES : -1); slice++) {
		int64_t began = now_ms();

		for (unsigned n = slice % SLICES; drip_ms && n < count; n += SLICES)
			drip(port, &fds[n], n);
		if (now_ms() - began > 1000)
			(void)fprintf(stderr, "crowd: a slice took more than a second\n");
	}
	free(fds);
	return 0;
}
