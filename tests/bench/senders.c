/* senders.c: mail from many clients at once, for policy and domains.
 *
 *	senders PORT SESSIONS SECONDS BYTES HELO FROM TO [proxy]
 *
 * SESSIONS connections are kept open; on each one message follows the other, one command at a time,
 * until SECONDS are over and the last of them has its answer.  With 0 BYTES a message ends when its
 * recipient is taken.  With proxy the n-th session says, in
 * a PROXY header, that it is the client 198.18.0.n, 198.18.1.n and so on.  In HELO, FROM and TO {}
 * is the number of the session, {N} a random number below N, and {+} one that is never the same.
 *
 * Says how many messages were taken and how many refused, messages taken a second, how many that
 * would be if this program had a processor to itself and never waited, the median of what a message
 * took, and the first line that refused one.
 *
 * Decided against smtp-source: it has one address, one sender and one recipient, and what is asked
 * for always is in every cache.
 * SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FROM_A_NET 250
#define TIMES_MAX  1000000
#define SAID_MAX   1024

enum state { GREETING, HELO, MAIL, RCPT, DATA, BODY, RSET, QUIT };

struct sender {
	int fd; /* -1: it has gone */
	unsigned n;
	enum state waits_for; /* the answer to this */
	int64_t began_us;
	char said[SAID_MAX]; /* what has come of an answer */
	size_t said_n;
};

struct load {
	uint16_t port;
	const char *helo, *from, *to;
	bool proxy;
	char *body;
	size_t body_n;
	int epoll;
	int64_t end_us;
	unsigned left; /* sessions that are there */
	unsigned taken, refused, unique;
	unsigned *times_us;
	char first_refusal[SAID_MAX];
	uint64_t random;
};

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "senders: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* xorshift: the same numbers in every run. */
static uint64_t random_below(struct load *l, uint64_t n)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random % n;
}

/* pattern with its braces filled in, at the end of line. */
static void fill(struct load *l, const struct sender *s, const char *pattern, char *line)
{
	char *at = line + strlen(line);

	while (*pattern) {
		char *close = strchr(pattern, '}');
		uint64_t number;

		if (*pattern != '{' || !close) {
			*at++ = *pattern++;
			continue;
		}
		if (pattern[1] == '}')
			number = s->n;
		else if (pattern[1] == '+')
			number = ++l->unique;
		else
			number = random_below(l, strtoull(pattern + 1, NULL, 10));
		at += snprintf(at, 24, "%llu", (unsigned long long)number);
		pattern = close + 1;
	}
	*at = '\0';
}

static void say(struct sender *s, const char *text, size_t n)
{
	while (n) {
		ssize_t sent = send(s->fd, text, n, MSG_NOSIGNAL);

		if (sent < 0)
			fail("send");
		text += sent;
		n -= (size_t)sent;
	}
}

static void say_line(struct load *l, struct sender *s, const char *verb, const char *pattern,
		     const char *end)
{
	char line[SAID_MAX];

	(void)snprintf(line, sizeof(line), "%s", verb);
	fill(l, s, pattern, line);
	(void)strncat(line, end, sizeof(line) - strlen(line) - 1);
	say(s, line, strlen(line));
}

static void enter(struct load *l, struct sender *s, unsigned n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(l->port) };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };
	char header[128];
	int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*s = (struct sender){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .n = n + 1 };
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &e) != 0)
		fail("connect");
	if (!l->proxy)
		return;
	(void)snprintf(header, sizeof(header), "PROXY TCP4 198.18.%u.%u 127.0.0.1 %u %u\r\n",
		       n / FROM_A_NET, n % FROM_A_NET + 1, 1024 + n, l->port);
	say(s, header, strlen(header));
}

static void next_mail(struct load *l, struct sender *s)
{
	s->began_us = now_us();
	if (s->began_us >= l->end_us) {
		say(s, "QUIT\r\n", 6);
		s->waits_for = QUIT;
		return;
	}
	say_line(l, s, "MAIL FROM:<", l->from, ">\r\n");
	s->waits_for = MAIL;
}

static void took(struct load *l, const struct sender *s)
{
	if (l->taken + l->refused < TIMES_MAX)
		l->times_us[l->taken + l->refused] = (unsigned)(now_us() - s->began_us);
}

static void refused(struct load *l, struct sender *s, const char *answer)
{
	took(l, s);
	l->refused++;
	if (!l->first_refusal[0])
		(void)snprintf(l->first_refusal, sizeof(l->first_refusal), "%s", answer);
	say(s, "RSET\r\n", 6);
	s->waits_for = RSET;
}

static void end_mail(struct load *l, struct sender *s)
{
	took(l, s);
	l->taken++;
	say(s, "RSET\r\n", 6);
	s->waits_for = RSET;
}

/* A whole answer has come. */
static void go_on(struct load *l, struct sender *s, const char *answer)
{
	if (answer[0] != '2' && answer[0] != '3') {
		refused(l, s, answer);
		return;
	}
	switch (s->waits_for) {
	case GREETING:
		say_line(l, s, "EHLO ", l->helo, "\r\n");
		break;
	case MAIL:
		say_line(l, s, "RCPT TO:<", l->to, ">\r\n");
		break;
	case RCPT:
		if (!l->body_n) {
			end_mail(l, s);
			return;
		}
		say(s, "DATA\r\n", 6);
		break;
	case DATA:
		say(s, l->body, l->body_n);
		break;
	case BODY:
		took(l, s);
		l->taken++;
		next_mail(l, s);
		return;
	case HELO:
	case RSET:
	case QUIT:
		next_mail(l, s);
		return;
	}
	s->waits_for++;
}

/* The last line of an answer has a blank behind the code. */
static bool is_whole(const struct sender *s)
{
	const char *line = s->said;

	if (!s->said_n || s->said[s->said_n - 1] != '\n')
		return false;
	for (const char *at = line; (at = strchr(at, '\n')) && at[1]; line = ++at)
		;
	return strlen(line) > 3 && line[3] == ' ';
}

static void hear(struct load *l, struct sender *s)
{
	ssize_t n = recv(s->fd, s->said + s->said_n, sizeof(s->said) - 1 - s->said_n, 0);

	if (n <= 0) {
		if (s->waits_for != QUIT && !l->first_refusal[0])
			(void)snprintf(l->first_refusal, sizeof(l->first_refusal), "hung up\n");
		(void)close(s->fd);
		s->fd = -1;
		l->left--;
		return;
	}
	s->said_n += (size_t)n;
	s->said[s->said_n] = '\0';
	if (!is_whole(s))
		return;
	s->said_n = 0;
	if (s->waits_for != QUIT)
		go_on(l, s, s->said);
}

static void make_body(struct load *l, size_t bytes)
{
	static const char head[] = "From: a@load.test\r\nSubject: load\r\n\r\n", dot[] = ".\r\n";
	static const char line[] = "It is a line of a letter, and there are many like it.\r\n";

	l->body = malloc(bytes + 256);
	l->times_us = malloc(TIMES_MAX * sizeof(*l->times_us));
	if (!l->body || !l->times_us)
		fail("malloc");
	if (!bytes)
		return;
	memcpy(l->body, head, sizeof(head));
	for (l->body_n = sizeof(head) - 1; l->body_n < bytes; l->body_n++)
		l->body[l->body_n] = line[(l->body_n - sizeof(head) + 1) % (sizeof(line) - 1)];
	while (l->body[l->body_n - 1] != '\n')
		l->body_n--;
	memcpy(l->body + l->body_n, dot, sizeof(dot) - 1);
	l->body_n += sizeof(dot) - 1;
}

static int by_size(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double own_seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tell(const struct load *l, double seconds)
{
	unsigned all = l->taken + l->refused, n = all < TIMES_MAX ? all : TIMES_MAX;
	double taken = l->taken;

	qsort(l->times_us, n, sizeof(*l->times_us), by_size);
	(void)printf("taken=%u refused=%u rate=%.0f ceiling=%.0f median_ms=%.2f why=%s", l->taken,
		     l->refused, taken / seconds, taken / own_seconds(),
		     n ? l->times_us[n / 2] / 1000.0 : 0.0,
		     l->first_refusal[0] ? l->first_refusal : "\n");
}

static void run(struct load *l, unsigned sessions)
{
	struct epoll_event events[64];

	for (l->left = sessions; l->left;) {
		int n = epoll_wait(l->epoll, events, 64, -1);

		for (int i = 0; i < n; i++)
			hear(l, events[i].data.ptr);
	}
}

int main(int argc, char **argv)
{
	struct load l = { .random = 88172645463325252ULL, .epoll = epoll_create1(0) };
	struct rlimit files;
	struct sender *all;
	unsigned sessions;
	int64_t began;

	if (argc < 8 || argc > 9)
		return 2;
	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	l.port = (uint16_t)strtoul(argv[1], NULL, 10);
	sessions = (unsigned)strtoul(argv[2], NULL, 10);
	l.helo = argv[5];
	l.from = argv[6];
	l.to = argv[7];
	l.proxy = argc == 9;
	make_body(&l, strtoul(argv[4], NULL, 10));
	all = calloc(sessions, sizeof(*all));
	if (!all)
		fail("calloc");
	began = now_us();
	l.end_us = began + (int64_t)(strtod(argv[3], NULL) * 1e6);
	for (unsigned i = 0; i < sessions; i++)
		enter(&l, &all[i], i);
	run(&l, sessions);
	tell(&l, (double)(now_us() - began) / 1e6);
	free(all);
	free(l.body);
	free(l.times_us);
	return 0;
}
