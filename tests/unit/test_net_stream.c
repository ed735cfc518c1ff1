/* test_net_stream: connected sockets: bytes both ways, ends, errors, deadlines, on loopback.
 *
 * A stream of ours talks to a plain socket of the test (`peer`), which is written, read and closed
 * without a loop.
 * SPDX-License-Identifier: ISC */
#include "net/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "net/listen.h"

#define DEADLINE_MS 10000
#define BULK        (8 * 1024 * 1024)

enum reaction { GO_ON, STOP, CLOSE, CLOSE_IN_BYTES };

struct world {
	struct loop *loop;
	struct timer *deadline, *later;
	struct stream *stream;
	int peer;
	enum reaction reaction; /* to anything but bytes; CLOSE_IN_BYTES: to those too */
	bool late;
	char log[32]; /* first letters of what happened; r: refused, f: failed, @: timeout */
	size_t n;
	char got[256];
	size_t got_n, total;
	struct buf out;
	char why[128];
};

static void react(struct world *w, char what, bool ends)
{
	if (w->n + 1 < sizeof(w->log))
		w->log[w->n++] = what;
	w->log[w->n] = '\0';
	if (w->reaction == CLOSE || (ends && w->reaction == CLOSE_IN_BYTES)) {
		stream_close(w->stream);
		w->stream = NULL;
	}
	if (w->reaction != GO_ON && (ends || w->reaction == CLOSE))
		loop_stop(w->loop);
}

static void on_connected(void *owner, bool ok, const char *why)
{
	struct world *w = owner;

	if (!ok)
		snprintf(w->why, sizeof(w->why), "%s", why);
	react(w, ok ? 'c' : 'r', true);
}

static void on_bytes(void *owner, struct str bytes)
{
	struct world *w = owner;

	for (size_t i = 0; i < bytes.n && w->got_n + 1 < sizeof(w->got); i++)
		w->got[w->got_n++] = bytes.at[i];
	w->total += bytes.n;
	react(w, 'b', w->reaction == CLOSE_IN_BYTES);
}

static void on_writable(void *owner)
{
	struct world *w = owner;

	react(w, 'w', true);
}

static void on_end(void *owner, const char *why)
{
	struct world *w = owner;

	if (why)
		snprintf(w->why, sizeof(w->why), "%s", why);
	react(w, why ? 'f' : 'e', true);
}

static void on_timeout(void *owner)
{
	react(owner, '@', true);
}

static const struct stream_events events = {
	.on_connected = on_connected,
	.on_bytes = on_bytes,
	.on_writable = on_writable,
	.on_end = on_end,
	.on_timeout = on_timeout,
};

static void on_deadline(void *owner)
{
	struct world *w = owner;

	w->late = true;
	loop_stop(w->loop);
}

/* A listener of the test's own; its address in *at. */
static int open_listener(struct address *at)
{
	struct err e;
	int fd = -1;

	assert_true(listen_open("127.0.0.1:0", &fd, &e));
	assert_true(listen_address(fd, at));
	return fd;
}

static void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->reaction = STOP;
	w->peer = -1;
	w->loop = loop_new();
	buf_init(&w->out, 2 * BULK);
	w->deadline = timer_new(w->loop, on_deadline, w);
	timer_set(w->deadline, DEADLINE_MS);
}

/* With a stream that has connected to w->peer. */
static void world_connect(struct world *w)
{
	struct address at;
	int fd = open_listener(&at);

	world_open(w);
	w->stream = stream_connect(w->loop, &at, &events, w);
	assert_string_equal(w->log, "");
	loop_run(w->loop);
	assert_string_equal(w->log, "c");
	w->peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	assert_true(w->peer >= 0);
	close(fd);
	w->n = 0;
	w->log[0] = '\0';
}

static void peer_close(struct world *w, bool reset)
{
	struct linger abrupt = { .l_onoff = 1 };

	if (reset)
		setsockopt(w->peer, SOL_SOCKET, SO_LINGER, &abrupt, sizeof(abrupt));
	close(w->peer);
	w->peer = -1;
}

static void peer_say(struct world *w, const char *text)
{
	assert_int_equal(send(w->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void world_close(struct world *w)
{
	assert_false(w->late);
	if (w->peer >= 0)
		close(w->peer);
	buf_done(&w->out);
	stream_close(w->stream);
	loop_free(w->loop);
}

static void bytes_go_both_ways(void **state UNUSED)
{
	struct world w;
	char got[32] = "";

	world_connect(&w);
	assert_true(buf_add(&w.out, STR("hello")));
	assert_true(stream_write(w.stream, &w.out));
	assert_int_equal(buf_len(&w.out), 0);
	assert_int_equal(recv(w.peer, got, sizeof(got), 0), 5);
	assert_string_equal(got, "hello");
	peer_say(&w, "220 hi\r\n");
	peer_close(&w, false);
	loop_run(w.loop);
	assert_string_equal(w.log, "be");
	assert_string_equal(w.got, "220 hi\r\n");
	world_close(&w);
}

static void a_refused_connection_says_why(void **state UNUSED)
{
	struct world w;
	struct address at;

	close(open_listener(&at));
	world_open(&w);
	w.stream = stream_connect(w.loop, &at, &events, &w);
	assert_string_equal(w.log, "");
	loop_run(w.loop);
	assert_string_equal(w.log, "r");
	assert_string_equal(w.why, "Connection refused");
	world_close(&w);
}

static void an_address_that_cannot_be_tried_is_refused_from_the_loop(void **state UNUSED)
{
	struct world w;
	struct address at;

	/* TCP to a multicast group fails in connect(2) itself. */
	assert_true(address_parse("224.0.0.1", 25, &at));
	world_open(&w);
	w.stream = stream_connect(w.loop, &at, &events, &w);
	stream_timeout(w.stream, 5000);
	assert_false(buf_add(&w.out, STR("x")) && stream_write(w.stream, &w.out));
	stream_reading(w.stream, true);
	stream_shutdown(w.stream);
	loop_run(w.loop);
	assert_string_equal(w.log, "r");
	assert_true(w.why[0]);
	world_close(&w);
}

static void bytes_before_a_reset_are_read(void **state UNUSED)
{
	struct world w;

	world_connect(&w);
	peer_say(&w, "421 closing\r\n");
	peer_close(&w, true);
	loop_run(w.loop);
	assert_string_equal(w.got, "421 closing\r\n");
	assert_string_equal(w.log, "bf");
	assert_string_equal(w.why, "Connection reset by peer");
	world_close(&w);
}

static void bytes_are_read_although_a_write_failed_and_the_end_is_told_from_the_loop(
	void **s UNUSED)
{
	struct world w;

	world_connect(&w);
	peer_say(&w, "421 closing\r\n");
	peer_close(&w, true);
	assert_true(buf_add(&w.out, STR("QUIT\r\n")));
	assert_false(stream_write(w.stream, &w.out));
	assert_false(stream_write(w.stream, &w.out));
	assert_string_equal(w.log, "");
	loop_run(w.loop);
	assert_string_equal(w.got, "421 closing\r\n");
	assert_string_equal(w.log, "bf");
	assert_true(w.why[0]);
	world_close(&w);
}

static void a_paused_stream_reads_nothing_until_it_goes_on(void **state UNUSED)
{
	struct world w;

	world_connect(&w);
	stream_reading(w.stream, false);
	peer_say(&w, "one");
	stream_timeout(w.stream, 20);
	loop_run(w.loop);
	assert_string_equal(w.log, "@");
	stream_reading(w.stream, true);
	peer_close(&w, false);
	loop_run(w.loop);
	assert_string_equal(w.log, "@be");
	assert_string_equal(w.got, "one");
	world_close(&w);
}

static void what_does_not_fit_is_written_when_the_peer_has_read(void **state UNUSED)
{
	struct world w;
	char *at, *chunk = malloc(65536);
	size_t got = 0;
	bool done;

	world_connect(&w);
	at = buf_reserve(&w.out, BULK);
	memset(at, 'x', BULK);
	buf_added(&w.out, BULK);
	assert_false(stream_write(w.stream, &w.out));
	fcntl(w.peer, F_SETFL, O_NONBLOCK);
	do {
		ssize_t n;

		while ((n = recv(w.peer, chunk, 65536, 0)) > 0)
			got += (size_t)n;
		loop_run(w.loop); /* stops at on_writable */
		done = stream_write(w.stream, &w.out);
	} while (!done);
	stream_shutdown(w.stream);
	fcntl(w.peer, F_SETFL, 0);
	for (ssize_t n; (n = recv(w.peer, chunk, 65536, 0)) > 0;)
		got += (size_t)n;
	assert_int_equal(got, BULK);
	assert_int_equal(w.log[0], 'w');
	free(chunk);
	world_close(&w);
}

/* A busy machine may stop us for longer than a sign: not for the silence. */
#define SIGN_MS	   20
#define SILENCE_MS 1000

static void on_sign_of_life(void *owner)
{
	struct world *w = owner;

	react(w, '.', false);
	stream_timeout(w->stream, SILENCE_MS);
	if (w->n < 4)
		timer_set(w->later, SIGN_MS);
}

static void a_deadline_moves_with_each_sign_of_life(void **state UNUSED)
{
	struct world w;
	int64_t began;

	world_connect(&w);
	began = loop_now_ms(w.loop);
	w.later = timer_new(w.loop, on_sign_of_life, &w);
	timer_set(w.later, SIGN_MS);
	stream_timeout(w.stream, SILENCE_MS);
	loop_run(w.loop);
	assert_string_equal(w.log, "....@");
	assert_true(loop_now_ms(w.loop) - began >= 4 * SIGN_MS + SILENCE_MS);
	/* A shorter one comes when it is due, not when the longer would have. */
	stream_timeout(w.stream, 3600 * 1000);
	stream_timeout(w.stream, 10);
	loop_run(w.loop);
	assert_string_equal(w.log, "....@@");
	/* Off is off. */
	stream_timeout(w.stream, 10);
	stream_timeout(w.stream, 0);
	timer_clear(w.deadline);
	timer_set(w.deadline, 40);
	loop_run(w.loop);
	assert_string_equal(w.log, "....@@");
	assert_true(w.late);
	w.late = false;
	world_close(&w);
}

static void a_stream_may_be_closed_in_each_of_its_callbacks(void **state UNUSED)
{
	struct world w;
	struct address at;
	int fd = open_listener(&at);

	world_open(&w);
	w.reaction = CLOSE;
	w.stream = stream_connect(w.loop, &at, &events, &w);
	loop_run(w.loop);
	assert_string_equal(w.log, "c");
	assert_null(w.stream);
	world_close(&w);
	close(fd);

	for (int reset = 0; reset < 2; reset++) {
		world_connect(&w);
		w.reaction = CLOSE_IN_BYTES;
		peer_say(&w, "bytes");
		peer_close(&w, reset);
		loop_run(w.loop);
		assert_string_equal(w.log, "b");
		world_close(&w);

		world_connect(&w);
		w.reaction = CLOSE;
		peer_close(&w, reset);
		loop_run(w.loop);
		assert_string_equal(w.log, reset ? "f" : "e");
		world_close(&w);
	}

	world_connect(&w);
	w.reaction = CLOSE;
	stream_timeout(w.stream, 1);
	loop_run(w.loop);
	assert_string_equal(w.log, "@");
	world_close(&w);
}

static void nothing_comes_after_the_end(void **state UNUSED)
{
	struct world w;

	world_connect(&w);
	peer_close(&w, true);
	loop_run(w.loop);
	assert_string_equal(w.log, "f");
	/* The owner is slow to close. */
	stream_timeout(w.stream, 1);
	stream_reading(w.stream, true);
	timer_set(w.deadline, 20);
	loop_run(w.loop);
	assert_string_equal(w.log, "f");
	w.late = false;
	world_close(&w);
}

static void an_adopted_socket_is_read_at_once_and_closed_with_the_loop(void **state UNUSED)
{
	struct world w;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	world_open(&w);
	w.peer = pair[1];
	w.stream = stream_adopt(w.loop, pair[0], &events, &w);
	peer_say(&w, "hi");
	w.reaction = CLOSE_IN_BYTES;
	loop_run(w.loop);
	assert_string_equal(w.got, "hi");
	assert_int_equal(recv(w.peer, w.got, 1, 0), 0);
	world_close(&w);

	world_connect(&w);
	w.stream = NULL; /* forgotten */
	world_close(&w);
}

static void who_is_turned_away_hears_why(void **state UNUSED)
{
	struct address at;
	int fd = open_listener(&at), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage to;
	char got[32] = "";

	memcpy(&to, at.sockaddr, at.sockaddr_len);
	assert_int_equal(connect(client, (struct sockaddr *)&to, at.sockaddr_len), 0);
	assert_int_equal(send(client, "EHLO x\r\n", 8, 0), 8);
	stream_last_word(accept4(fd, NULL, NULL, SOCK_NONBLOCK), STR("421 full\r\n"));
	assert_int_equal(recv(client, got, sizeof(got), 0), 10);
	assert_string_equal(got, "421 full\r\n");
	assert_int_equal(recv(client, got, sizeof(got), 0), 0);
	close(client);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways),
		cmocka_unit_test(a_refused_connection_says_why),
		cmocka_unit_test(an_address_that_cannot_be_tried_is_refused_from_the_loop),
		cmocka_unit_test(bytes_before_a_reset_are_read),
		cmocka_unit_test(
			bytes_are_read_although_a_write_failed_and_the_end_is_told_from_the_loop),
		cmocka_unit_test(a_paused_stream_reads_nothing_until_it_goes_on),
		cmocka_unit_test(what_does_not_fit_is_written_when_the_peer_has_read),
		cmocka_unit_test(a_deadline_moves_with_each_sign_of_life),
		cmocka_unit_test(a_stream_may_be_closed_in_each_of_its_callbacks),
		cmocka_unit_test(nothing_comes_after_the_end),
		cmocka_unit_test(who_is_turned_away_hears_why),
		cmocka_unit_test(an_adopted_socket_is_read_at_once_and_closed_with_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
