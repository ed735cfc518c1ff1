/* test_net_preface: a PROXY header is read from a socket to its last byte and no further.
 * SPDX-License-Identifier: ISC */
#include "net/preface.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"

#define LINE "PROXY TCP4 192.0.2.9 192.0.2.25 56324 25\r\n"

struct world {
	struct loop *loop;
	struct preface *preface;
	struct timer *timer;
	int peer, fd;
	const char *pieces[4]; /* each is sent a moment after the one before */
	size_t piece;
	bool said;
	struct proxy proxy;
	char why[64];
};

static void on_preface(void *owner, const struct proxy *said, const char *why)
{
	struct world *w = owner;

	w->said = said;
	if (said)
		w->proxy = *said;
	else
		(void)snprintf(w->why, sizeof(w->why), "%s", why);
	preface_close(w->preface);
	loop_stop(w->loop);
}

static void on_time(void *owner)
{
	struct world *w = owner;
	const char *piece = w->pieces[w->piece++];

	if (!piece)
		return;
	if (piece[0])
		assert_int_equal(send(w->peer, piece, strlen(piece), 0), strlen(piece));
	else
		assert_int_equal(shutdown(w->peer, SHUT_WR), 0);
	timer_set(w->timer, 1);
}

static void run(struct world *w, int64_t within_ms)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	w->fd = pair[0];
	w->peer = pair[1];
	w->loop = loop_new();
	w->timer = timer_new(w->loop, on_time, w);
	timer_set(w->timer, 0);
	w->preface = preface_start(w->loop, w->fd, within_ms, on_preface, w);
	loop_run(w->loop);
}

/* What the header's reader has left in the socket. */
static void ends_with(struct world *w, const char *left)
{
	char got[64];
	ssize_t n = recv(w->fd, got, sizeof(got), 0);

	assert_int_equal(n < 0 ? 0 : n, strlen(left));
	if (n > 0)
		assert_memory_equal(got, left, strlen(left));
	timer_free(w->timer);
	loop_free(w->loop);
	close(w->fd);
	close(w->peer);
}

static void what_follows_stays_in_the_socket(void **state)
{
	struct world w = { .pieces = { LINE "EHLO a\r\n" } };

	(void)state;
	run(&w, 10000);
	assert_true(w.said && w.proxy.named);
	assert_int_equal(w.proxy.port, 56324);
	ends_with(&w, "EHLO a\r\n");
}

static void a_header_may_come_in_pieces(void **state)
{
	struct world w = { .pieces = { "PRO", "XY TCP4 192.0.2.9 192.0.2.25 1 25\r", "\nEHLO" } };

	(void)state;
	run(&w, 10000);
	assert_true(w.said && w.proxy.named);
	ends_with(&w, "EHLO");
}

static void what_is_no_header_is_told(void **state)
{
	struct world w = { .pieces = { "EHLO a\r\n" } };

	(void)state;
	run(&w, 10000);
	assert_false(w.said);
	assert_string_equal(w.why, "malformed PROXY header");
	ends_with(&w, "EHLO a\r\n");
}

static void an_end_is_told(void **state)
{
	struct world early = { .pieces = { "" } }, amid = { .pieces = { "PROXY TCP4", "" } };

	(void)state;
	run(&early, 10000);
	assert_false(early.said);
	assert_string_equal(early.why, "");
	ends_with(&early, "");
	run(&amid, 10000);
	assert_false(amid.said);
	assert_string_equal(amid.why, "closed amid the PROXY header");
	ends_with(&amid, "");
}

static void silence_is_told(void **state)
{
	struct world w = { .pieces = { "PROXY TCP4" } };

	(void)state;
	run(&w, 20);
	assert_false(w.said);
	assert_string_equal(w.why, "no PROXY header came in time");
	ends_with(&w, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_follows_stays_in_the_socket),
		cmocka_unit_test(a_header_may_come_in_pieces),
		cmocka_unit_test(what_is_no_header_is_told),
		cmocka_unit_test(an_end_is_told),
		cmocka_unit_test(silence_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
