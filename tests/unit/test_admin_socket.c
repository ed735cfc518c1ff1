/* test_admin_socket: who may speak on the control socket, and what it survives.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/api.h"
#include "admin_world.h"
#include "base/attr.h"

static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	world_start(w);
	*state = w;
	return 0;
}

static int stop(void **state)
{
	world_stop(*state);
	free(*state);
	return 0;
}

static void answers(struct world *w)
{
	assert_int_equal(world_ask(w, "GET", "/v1/status", NULL, NULL), 200);
}

static int connect_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void rubbish_on_the_socket_hurts_nobody(void **state)
{
	static const char *const rows[] = {
		"",
		"\r\n\r\n",
		"GET\r\n\r\n",
		"GET /v1/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET v1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"* * *\r\n\r\n",
		"POST /v1/domains HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{",
		"POST /v1/domains HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{",
		"POST /v1/flush HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\r\n",
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = connect_to(w->socket);

		assert_true(fd >= 0);
		assert_int_equal(write(fd, rows[i], strlen(rows[i])), strlen(rows[i]));
		(void)close(fd);
	}
	answers(w);
}

static void the_socket_file_has_its_mode_and_goes_at_the_end(void **state)
{
	struct world *w = *state;
	struct stat st;

	assert_int_equal(lstat(w->socket, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
	admin_stop(w->admin);
	w->admin = NULL;
	assert_int_not_equal(lstat(w->socket, &st), 0);
}

static void a_living_socket_is_left_alone_and_a_dead_one_replaced(void **state)
{
	struct world *w = *state;
	struct admin_world view = world_view(w);
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct admin *second = NULL;
	struct err e;
	int fd;

	assert_false(admin_start(&view, &second, &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "another daemon"));
	answers(w);

	admin_stop(w->admin);
	w->admin = NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", w->socket);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	(void)close(fd);
	assert_true(admin_start(&view, &w->admin, &e));
	answers(w);
}

static void what_is_no_socket_is_not_removed(void **state)
{
	struct world *w = *state;
	struct admin_world view = world_view(w);
	struct stat st;
	struct err e;
	int fd;

	admin_stop(w->admin);
	w->admin = NULL;
	fd = open(w->socket, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_false(admin_start(&view, &w->admin, &e));
	assert_non_null(strstr(e.text, "no socket"));
	assert_int_equal(lstat(w->socket, &st), 0);
}

/* In a child with another uid: exit status 0 when it got 403. */
static int ask_as_stranger(const char *path)
{
	static const char request[] = "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
	char answer[64] = "";
	int fd;

	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 2;
	fd = connect_to(path);
	if (fd < 0 || write(fd, request, sizeof(request) - 1) < 0 ||
	    read(fd, answer, sizeof(answer) - 1) < 0)
		return 3;
	return strncmp(answer, "HTTP/1.1 403 ", 13) == 0 ? 0 : 4;
}

static void other_users_are_refused(void **state)
{
	struct world *w = *state;
	int status = 0;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(w->dir, 0755), 0);
	assert_int_equal(chmod(w->socket, 0666), 0);
	pid = fork();
	if (pid == 0)
		_exit(ask_as_stranger(w->socket));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void bodies_that_are_too_large_get_413_and_the_socket_lives_on(void **state)
{
	struct world *w = *state;
	size_t n = API_FILE_MAX + 1;
	char *bytes = malloc(n);

	assert_non_null(bytes);
	memset(bytes, 'a', n);
	assert_int_equal(
		world_send(w, "POST", "/v1/domains/example.com/recipients/import", bytes, n, NULL),
		413);
	assert_int_equal(world_send(w, "POST", "/v1/domains", bytes, API_TEXT_MAX + 1, NULL), 413);
	memset(bytes, '[', API_TEXT_MAX);
	assert_int_equal(world_send(w, "POST", "/v1/domains", bytes, API_TEXT_MAX, NULL), 400);
	free(bytes);
	answers(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rubbish_on_the_socket_hurts_nobody),
		TEST(bodies_that_are_too_large_get_413_and_the_socket_lives_on),
		TEST(the_socket_file_has_its_mode_and_goes_at_the_end),
		TEST(a_living_socket_is_left_alone_and_a_dead_one_replaced),
		TEST(what_is_no_socket_is_not_removed),
		TEST(other_users_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
