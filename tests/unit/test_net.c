/* test_net: loops, timers, ports, signals, addresses, listening and resolving, on loopback.
 *
 * Nothing waits for a time to pass but what is about timers; a test that would hang is ended by a
 * deadline of its loop.  Streams have test_net_stream.
 * SPDX-License-Identifier: ISC */
#include "net/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "net/address.h"
#include "net/listen.h"
#include "net/resolver.h"

#define DEADLINE_MS 10000

struct world {
	struct loop *loop;
	struct timer *deadline, *timer, *other;
	struct port *port;
	struct signals *signals;
	struct listener *listener;
	struct resolve *resolve;
	bool late;
	char log[64]; /* what happened, a letter each */
	size_t n;
	unsigned peer_port;
	char why[64];
};

static void note(struct world *w, char what)
{
	assert_true(w->n + 1 < sizeof(w->log));
	w->log[w->n++] = what;
	w->log[w->n] = '\0';
}

static void on_deadline(void *owner)
{
	struct world *w = owner;

	w->late = true;
	loop_stop(w->loop);
}

static void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->loop = loop_new();
	w->deadline = timer_new(w->loop, on_deadline, w);
	timer_set(w->deadline, DEADLINE_MS);
}

/* Whatever is still open is the loop's to close. */
static void world_close(struct world *w)
{
	assert_false(w->late);
	loop_free(w->loop);
}

/* ---- timers ---- */

static void on_stop(void *owner)
{
	struct world *w = owner;

	note(w, 's');
	loop_stop(w->loop);
}

static void on_first(void *owner)
{
	struct world *w = owner;

	note(w, 'a');
	timer_free(w->timer); /* from its own callback */
	w->timer = NULL;
	timer_clear(w->other);
	assert_false(timer_is_set(w->other));
}

static void on_never(void *owner)
{
	note(owner, '!');
}

static void timers_fire_once_in_order_and_not_after_clear_or_free(void **state UNUSED)
{
	struct world w;

	world_open(&w);

	struct timer *stop = timer_new(w.loop, on_stop, &w), *freed;

	w.timer = timer_new(w.loop, on_first, &w);
	w.other = timer_new(w.loop, on_never, &w);
	freed = timer_new(w.loop, on_never, &w);
	timer_set(stop, 30);
	timer_set(w.other, 20);
	timer_set(w.timer, 500);
	timer_set(w.timer, -5);
	timer_set(freed, 1);
	timer_free(freed);
	timer_free(NULL);
	assert_true(timer_is_set(w.timer));

	int64_t before = loop_now_ms(w.loop);

	loop_run(w.loop);
	assert_string_equal(w.log, "as");
	assert_in_range(loop_now_ms(w.loop) - before, 30, DEADLINE_MS);
	assert_false(timer_is_set(stop));
	world_close(&w);
}

static void *stop_from_outside(void *arg)
{
	loop_stop_soon(arg);
	return NULL;
}

static void another_thread_can_stop_a_loop_that_waits(void **state UNUSED)
{
	struct world w;
	pthread_t thread;

	world_open(&w);
	assert_int_equal(pthread_create(&thread, NULL, stop_from_outside, w.loop), 0);
	loop_run(w.loop);
	pthread_join(thread, NULL);
	world_close(&w);
}

/* ---- ports ---- */

#define SENDERS 4
#define ITEMS   5000

struct item {
	struct list link;
	int sender, number;
};

struct sender {
	pthread_t thread;
	struct inbox *to;
	int me;
};

struct tally {
	struct world w;
	int next[SENDERS];
	int left;
};

static void *send_items(void *arg)
{
	struct sender *s = arg;

	for (int i = 0; i < ITEMS; i++) {
		struct item *item = calloc(1, sizeof(*item));

		item->sender = s->me;
		item->number = i;
		if (!inbox_put(s->to, &item->link))
			free(item);
	}
	return NULL;
}

static void on_items(void *owner, struct list *items)
{
	struct tally *t = owner;
	struct list *l;

	while ((l = list_pop(items))) {
		struct item *item = LIST_ITEM(l, struct item, link);

		assert_int_equal(item->number, t->next[item->sender]++);
		free(item);
		t->left--;
	}
	if (t->left == 0) {
		port_close(t->w.port); /* from its own callback */
		loop_stop(t->w.loop);
	}
}

static void a_port_hands_over_what_many_threads_put_in_order(void **state UNUSED)
{
	struct tally t = { .left = SENDERS * ITEMS };
	struct sender senders[SENDERS];

	world_open(&t.w);
	t.w.port = port_open(t.w.loop, on_items, &t);
	for (int i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ .to = port_inbox(t.w.port), .me = i };
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_items, &senders[i]),
				 0);
	}
	loop_run(t.w.loop);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(senders[i].thread, NULL);
	assert_int_equal(t.left, 0);
	port_close(NULL);
	world_close(&t.w);
}

/* ---- signals ---- */

static void on_signal(void *owner, int signo)
{
	struct world *w = owner;

	note(w, signo == SIGUSR1 ? '1' : '2');
	if (signo == SIGUSR1) {
		raise(SIGUSR2);
		return;
	}
	signals_close(w->signals);
	loop_stop(w->loop);
}

static void signals_come_from_the_loop(void **state UNUSED)
{
	static const int signos[] = { SIGUSR1, SIGUSR2 };
	struct world w;

	world_open(&w);
	w.signals = signals_watch(w.loop, signos, COUNT(signos), on_signal, &w);
	raise(SIGUSR1);
	assert_string_equal(w.log, "");
	loop_run(w.loop);
	assert_string_equal(w.log, "12");
	signals_close(NULL);
	world_close(&w);
}

/* ---- addresses ---- */

static void addresses_are_read_and_shown(void **state UNUSED)
{
	static const struct {
		const char *literal;
		unsigned port;
		const char *text; /* NULL: refused */
		bool ipv6;
	} rows[] = {
		{ "192.0.2.9", 25, "192.0.2.9", false },
		{ "2001:DB8:0::1", 65535, "2001:db8::1", true },
		{ "::ffff:192.0.2.9", 25, "192.0.2.9", false },
		{ "::", 0, "::", true },
		{ "192.0.2.9", 65536, NULL, false },
		{ "192.0.2", 25, NULL, false },
		{ "[::1]", 25, NULL, false },
		{ "localhost", 25, NULL, false },
		{ "", 25, NULL, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a, again;
		bool ok = address_parse(rows[i].literal, rows[i].port, &a);

		assert_int_equal(ok, rows[i].text != NULL);
		if (!ok)
			continue;
		assert_string_equal(a.text, rows[i].text);
		assert_int_equal(a.port, rows[i].port);
		assert_int_equal(a.ipv6, rows[i].ipv6);
		assert_true(address_from_sockaddr(a.sockaddr, a.sockaddr_len, &again));
		assert_memory_equal(&a, &again, sizeof(a));
		assert_false(address_from_sockaddr(a.sockaddr, 8, &again));

		struct ip ip = address_ip(&a), wanted;

		assert_true(ip_parse(str_of(rows[i].literal), &wanted) && ip_eq(&ip, &wanted));
		again = address_of_ip(&ip, rows[i].port);
		assert_string_equal(again.text, a.text);
		assert_int_equal(again.port, a.port);
		assert_memory_equal(again.sockaddr, a.sockaddr, a.sockaddr_len);
	}

	struct sockaddr local = { .sa_family = AF_UNIX };
	struct address a;

	assert_false(address_from_sockaddr(&local, sizeof(local), &a));
	assert_false(address_from_sockaddr(&local, 1, &a));
}

/* ---- listening ---- */

static void listeners_are_named_by_address_and_port(void **state UNUSED)
{
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = {
		{ "127.0.0.1:0", ERR_NONE },
		{ "127.0.0.1", ERR_INPUT },
		{ ":25", ERR_INPUT },
		{ "127.0.0.1:", ERR_INPUT },
		{ "127.0.0.1:-1", ERR_INPUT },
		{ "127.0.0.1:65536", ERR_INPUT },
		{ "::1:25", ERR_INPUT },
		{ "[127.0.0.1:25", ERR_INPUT },
		{ "[]:25", ERR_INPUT },
		{ "localhost:25", ERR_INPUT },
		{ "", ERR_INPUT },
		{ "192.0.2.1:0", ERR_TEMP },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { .kind = ERR_NONE };
		int fd = -1;
		bool ok = listen_open(rows[i].text, &fd, &e);

		assert_int_equal(ok, rows[i].kind == ERR_NONE);
		if (!ok) {
			assert_int_equal(fd, -1);
			assert_non_null(strstr(e.text, rows[i].text));
			assert_int_equal(e.kind == ERR_INPUT, rows[i].kind == ERR_INPUT);
			continue;
		}
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
}

/* Listens on a port of the kernel's choice. */
static int open_listener(const char *text, struct address *at)
{
	struct err e;
	int fd = -1;

	assert_true(listen_open(text, &fd, &e));
	assert_true(listen_address(fd, at));
	assert_true(at->port > 0);
	return fd;
}

static void a_port_in_use_is_refused_with_its_name(void **state UNUSED)
{
	struct address at;
	int fd = open_listener("127.0.0.1:0", &at), second = -1;
	char text[64];
	struct err e;

	snprintf(text, sizeof(text), "127.0.0.1:%u", at.port);
	assert_false(listen_open(text, &second, &e));
	assert_non_null(strstr(e.text, text));
	close(fd);
}

/* The loopback of IPv6 may be missing on the machine. */
static void an_ipv6_listener_leaves_ipv4_alone(void **state UNUSED)
{
	struct address at;
	struct err e;
	int fd, other;
	char text[64];

	if (!listen_open("[::]:0", &fd, &e))
		skip();
	assert_true(listen_address(fd, &at));
	assert_true(at.ipv6);
	snprintf(text, sizeof(text), "0.0.0.0:%u", at.port);
	assert_true(listen_open(text, &other, &e));
	close(other);
	close(fd);
}

static int connect_to(const struct address *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage to;

	memcpy(&to, at->sockaddr, at->sockaddr_len);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, at->sockaddr_len), 0);
	return fd;
}

static void on_accept(void *owner, int fd, const struct address *peer)
{
	struct world *w = owner;

	note(w, 'a');
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_string_equal(peer->text, "127.0.0.1");
	assert_true(peer->port > 0);
	close(fd);
	if (w->n == 3) {
		listener_stop(w->listener); /* from its own callback */
		loop_stop(w->loop);
	}
}

static void connections_are_handed_to_the_owner_until_it_stops(void **state UNUSED)
{
	struct world w;
	struct address at;
	int fd = open_listener("127.0.0.1:0", &at);
	int clients[5];

	world_open(&w);
	w.listener = listener_start(w.loop, fd, on_accept, &w);
	for (size_t i = 0; i < COUNT(clients); i++)
		clients[i] = connect_to(&at);
	loop_run(w.loop);
	assert_string_equal(w.log, "aaa");
	for (size_t i = 0; i < COUNT(clients); i++)
		close(clients[i]);
	listener_stop(NULL);
	world_close(&w);
	close(fd);
}

static void on_two_accepted(void *owner, int fd, const struct address *peer UNUSED)
{
	struct world *w = owner;

	note(w, 'a');
	close(fd);
	loop_stop(w->loop);
}

static void on_fds_back(void *owner)
{
	struct world *w = owner;
	struct rlimit limit;

	note(w, 'b');
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max < 1024 ? limit.rlim_max : 1024;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void without_descriptors_accepting_pauses_and_resumes(void **state UNUSED)
{
	struct world w;
	struct address at;
	int fd = open_listener("127.0.0.1:0", &at), client = connect_to(&at), next = dup(client);
	struct rlimit limit;

	world_open(&w);
	w.listener = listener_start(w.loop, fd, on_two_accepted, &w);
	w.timer = timer_new(w.loop, on_fds_back, &w);
	timer_set(w.timer, 10);
	/* libuv has its descriptors already; `next` is the lowest free one but for its own. */
	close(next);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	loop_run(w.loop);
	assert_string_equal(w.log, "ba");
	close(client);
	world_close(&w);
	close(fd);
}

/* In a child, whose descriptor 3 can be anything: its exit status. */
static int inherit_in_child(int listener, const char *fds, bool for_us)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		char pid[16];
		unsigned n = 99;
		struct err e;

		if (listener != 3)
			dup2(listener, 3);
		snprintf(pid, sizeof(pid), "%d", for_us ? (int)getpid() : 1);
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", fds, 1);
		if (!listen_inherited(&n, &e))
			_exit(e.text[0] ? 100 : 101);
		if (getenv("LISTEN_PID") || getenv("LISTEN_FDS"))
			_exit(102);
		if (n == 1 &&
		    (!(fcntl(3, F_GETFL) & O_NONBLOCK) || !(fcntl(3, F_GETFD) & FD_CLOEXEC)))
			_exit(103);
		_exit((int)n);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void sockets_of_the_service_manager_are_taken_when_they_are_ours_and_listen(void **s UNUSED)
{
	struct address at;
	int fd = open_listener("127.0.0.1:0", &at), client = connect_to(&at);
	unsigned n = 99;
	struct err e;

	assert_int_equal(inherit_in_child(fd, "1", true), 1);
	assert_int_equal(inherit_in_child(fd, "1", false), 0);
	assert_int_equal(inherit_in_child(fd, "x", true), 100);
	assert_int_equal(inherit_in_child(client, "1", true), 100);
	assert_true(listen_inherited(&n, &e));
	assert_int_equal(n, 0);
	close(client);
	close(fd);
}

/* ---- resolving ---- */

static void on_resolved(void *owner, const struct address *addresses, size_t n, const char *why)
{
	struct world *w = owner;

	note(w, n > 0 ? 'y' : 'n');
	if (n > 0) {
		snprintf(w->why, sizeof(w->why), "%s", addresses[0].text);
		w->peer_port = addresses[0].port;
	} else {
		snprintf(w->why, sizeof(w->why), "%s", why);
	}
	loop_stop(w->loop);
}

static void names_and_literals_are_answered_from_the_loop(void **state UNUSED)
{
	/* A label of 64 bytes never reaches a name server. */
	static const char bad[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example";
	static const struct {
		const char *host, *first;
	} rows[] = {
		{ "192.0.2.9", "192.0.2.9" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "localhost", NULL },
	};
	struct world w;

	for (size_t i = 0; i < COUNT(rows); i++) {
		world_open(&w);
		assert_non_null(resolve_start(w.loop, rows[i].host, 2525, on_resolved, &w));
		assert_string_equal(w.log, "");
		loop_run(w.loop);
		assert_string_equal(w.log, "y");
		assert_int_equal(w.peer_port, 2525);
		if (rows[i].first)
			assert_string_equal(w.why, rows[i].first);
		world_close(&w);
	}
	world_open(&w);
	resolve_start(w.loop, bad, 25, on_resolved, &w);
	loop_run(w.loop);
	assert_string_equal(w.log, "n");
	assert_true(w.why[0]);
	world_close(&w);
}

static void on_not_wanted(void *owner, const struct address *addresses UNUSED, size_t n UNUSED,
			  const char *why UNUSED)
{
	note(owner, '!');
}

static void a_cancelled_question_is_not_answered(void **state UNUSED)
{
	struct world w;

	world_open(&w);
	for (int i = 0; i < 200; i++)
		resolve_cancel(resolve_start(w.loop, i % 2 ? "localhost" : "127.0.0.1", 25,
					     on_not_wanted, &w));
	resolve_cancel(NULL);
	/* Put last, answered last but for threads that take longer. */
	resolve_start(w.loop, "localhost", 25, on_resolved, &w);
	loop_run(w.loop);
	assert_string_equal(w.log, "y");
	world_close(&w);
}

static void a_loop_may_go_while_questions_are_open(void **state UNUSED)
{
	struct world w;

	for (int i = 0; i < 20; i++) {
		world_open(&w);
		for (int j = 0; j < 80; j++)
			resolve_start(w.loop, "localhost", 25, on_not_wanted, &w);
		world_close(&w);
	}
	assert_string_equal(w.log, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_once_in_order_and_not_after_clear_or_free),
		cmocka_unit_test(another_thread_can_stop_a_loop_that_waits),
		cmocka_unit_test(a_port_hands_over_what_many_threads_put_in_order),
		cmocka_unit_test(signals_come_from_the_loop),
		cmocka_unit_test(addresses_are_read_and_shown),
		cmocka_unit_test(listeners_are_named_by_address_and_port),
		cmocka_unit_test(a_port_in_use_is_refused_with_its_name),
		cmocka_unit_test(an_ipv6_listener_leaves_ipv4_alone),
		cmocka_unit_test(connections_are_handed_to_the_owner_until_it_stops),
		cmocka_unit_test(without_descriptors_accepting_pauses_and_resumes),
		cmocka_unit_test(
			sockets_of_the_service_manager_are_taken_when_they_are_ours_and_listen),
		cmocka_unit_test(names_and_literals_are_answered_from_the_loop),
		cmocka_unit_test(a_cancelled_question_is_not_answered),
		cmocka_unit_test(a_loop_may_go_while_questions_are_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
