/* test_admin_waiting: a request that takes long keeps no other waiting, but for the bound of how
 * many there may be.  The long one is a trial whose answer comes when the test says so.
 * SPDX-License-Identifier: ISC */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/errand.h"
#include "admin_world.h"

#define TRY_PATH "/v1/domains/example.com/policy/test"
#define TRY_BODY "{\"client\": \"192.0.2.1\"}"

/* Who waits in it is let out by open_gate. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned inside, left;
	bool open;
};

struct waiting {
	struct world w; /* first: world_ask takes it */
	struct gate gate;
};

struct asker {
	pthread_t thread;
	struct world *w;
	long status;
};

/* board_try_fn */
static bool wait_in_gate(void *relay, const struct board_trial *q, struct arena *a,
			 struct board_trial_answer *ret, struct err *e)
{
	struct gate *g = relay;

	(void)q;
	(void)a;
	(void)e;
	pthread_mutex_lock(&g->lock);
	g->inside++;
	pthread_cond_broadcast(&g->changed);
	while (!g->open)
		pthread_cond_wait(&g->changed, &g->lock);
	g->inside--;
	g->left++;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	*ret = (struct board_trial_answer){ .text = "250 2.1.5 OK", .by = "" };
	return true;
}

static void await_inside(struct gate *g, unsigned n)
{
	pthread_mutex_lock(&g->lock);
	while (g->inside != n)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void await_left(struct gate *g, unsigned n)
{
	pthread_mutex_lock(&g->lock);
	while (g->left != n)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void open_gate(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->open = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

static unsigned inside(struct gate *g)
{
	unsigned n;

	pthread_mutex_lock(&g->lock);
	n = g->inside;
	pthread_mutex_unlock(&g->lock);
	return n;
}

static int start(void **state)
{
	struct waiting *t = calloc(1, sizeof(*t));
	struct admin_world view;
	struct err e;

	pthread_mutex_init(&t->gate.lock, NULL);
	pthread_cond_init(&t->gate.changed, NULL);
	world_start(&t->w);
	admin_stop(t->w.admin);
	view = world_view(&t->w);
	view.try_policy = wait_in_gate;
	view.relay = &t->gate;
	if (!admin_start(&view, &t->w.admin, &e))
		fail_msg("%s", e.text);
	assert_int_equal(world_ask(&t->w, "POST", "/v1/domains",
				   "{\"name\":\"example.com\",\"primary\":\"mail.example.com:25\"}",
				   NULL),
			 200);
	*state = t;
	return 0;
}

static int stop(void **state)
{
	struct waiting *t = *state;

	world_stop(&t->w);
	pthread_cond_destroy(&t->gate.changed);
	pthread_mutex_destroy(&t->gate.lock);
	free(t);
	return 0;
}

static void *ask_trial(void *arg)
{
	struct asker *a = arg;

	a->status = world_ask(a->w, "POST", TRY_PATH, TRY_BODY, NULL);
	return NULL;
}

static void begin(struct asker *a, struct world *w)
{
	*a = (struct asker){ .w = w };
	assert_int_equal(pthread_create(&a->thread, NULL, ask_trial, a), 0);
}

static void a_request_that_waits_keeps_no_other_waiting(void **state)
{
	static const char *const paths[] = { "/v1/status", "/v1/queue", "/v1/domains/example.com",
					     "/v1/policy/report", "/v1/audit" };
	struct waiting *t = *state;
	struct asker a;

	begin(&a, &t->w);
	await_inside(&t->gate, 1);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(world_ask(&t->w, "GET", paths[i], NULL, NULL), 200);
	assert_int_equal(world_ask(&t->w, "GET", "/metrics", NULL, NULL), 200);
	assert_int_equal(world_ask(&t->w, "PATCH", "/v1/domains/example.com",
				   "{\"mode\":\"reflector\"}", NULL),
			 200);
	assert_int_equal(inside(&t->gate), 1);
	open_gate(&t->gate);
	pthread_join(a.thread, NULL);
	assert_int_equal(a.status, 200);
}

static void past_the_bound_one_is_told_so_and_the_status_is_answered(void **state)
{
	struct waiting *t = *state;
	struct asker askers[ERRANDS_MAX];
	json_t *answer;

	for (unsigned i = 0; i < ERRANDS_MAX; i++) {
		begin(&askers[i], &t->w);
		await_inside(&t->gate, i + 1);
	}
	assert_int_equal(world_ask(&t->w, "GET", "/v1/queue", NULL, &answer), 503);
	assert_string_equal(json_string_value(json_object_get(answer, "error")),
			    "48 requests are in hand already: try again when some are done");
	json_decref(answer);
	assert_int_equal(world_ask(&t->w, "GET", "/v1/status", NULL, NULL), 200);
	assert_int_equal(world_ask(&t->w, "GET", "/metrics", NULL, NULL), 200);
	assert_int_equal(inside(&t->gate), ERRANDS_MAX);
	open_gate(&t->gate);
	for (unsigned i = 0; i < ERRANDS_MAX; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].status, 200);
	}
	assert_int_equal(world_ask(&t->w, "GET", "/v1/queue", NULL, NULL), 200);
}

static void *stop_admin(void *arg)
{
	struct world *w = arg;

	admin_stop(w->admin);
	return NULL;
}

static void a_request_in_hand_is_answered_although_the_daemon_stops(void **state)
{
	struct waiting *t = *state;
	pthread_t stopper;
	struct asker a;

	begin(&a, &t->w);
	await_inside(&t->gate, 1);
	assert_int_equal(pthread_create(&stopper, NULL, stop_admin, &t->w), 0);
	while (access(t->w.socket, F_OK) == 0)
		(void)poll(NULL, 0, 1);
	open_gate(&t->gate);
	pthread_join(a.thread, NULL);
	pthread_join(stopper, NULL);
	t->w.admin = NULL;
	assert_int_equal(a.status, 200);
}

static void an_operator_who_went_away_leaves_nothing_behind(void **state)
{
	static const char request[] = "POST " TRY_PATH " HTTP/1.1\r\nHost: x\r\n"
				      "Content-Length: 23\r\n\r\n" TRY_BODY;
	struct waiting *t = *state;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", t->w.socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
	await_inside(&t->gate, 1);
	(void)close(fd);
	open_gate(&t->gate);
	await_left(&t->gate, 1);
	assert_int_equal(world_ask(&t->w, "GET", "/v1/queue", NULL, NULL), 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_that_waits_keeps_no_other_waiting),
		TEST(past_the_bound_one_is_told_so_and_the_status_is_answered),
		TEST(a_request_in_hand_is_answered_although_the_daemon_stops),
		TEST(an_operator_who_went_away_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
