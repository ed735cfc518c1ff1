/* test_cli: the built program against an admin thread: exit status, tables, one clear line.
 *
 * $BUILD says where the program is; else the current directory, as in make check.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin_world.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"

#define WORDS_MAX 16
#define OUT_MAX   (256 * 1024)

struct fixture {
	struct world world;
	char program[256];
	char *out, *err; /* of the last run */
};

static int start(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *build = getenv("BUILD");

	(void)snprintf(f->program, sizeof(f->program), "%s/mxkeep", build ? build : ".");
	if (access(f->program, X_OK) != 0)
		fail_msg("%s is not built", f->program);
	f->out = calloc(1, OUT_MAX);
	f->err = calloc(1, OUT_MAX);
	world_start(&f->world);
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;

	world_stop(&f->world);
	free(f->out);
	free(f->err);
	free(f);
	return 0;
}

static void read_back(const char *path, char *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, out, OUT_MAX - 1);
	assert_true(n >= 0);
	out[n] = '\0';
	(void)close(fd);
}

/* The words of the command line, blank between. */
static void split(char *line, char **argv, size_t at)
{
	char *rest = line;

	for (char *word; (word = strsep(&rest, " ")) && at < WORDS_MAX;)
		argv[at++] = word;
	argv[at] = NULL;
}

static int run(struct fixture *f, const char *words)
{
	char out[96], err[96], variable[128], *line = mem_str(str_of(words));
	char *argv[WORDS_MAX + 2] = { f->program };
	char *const env[] = { variable, NULL };
	posix_spawn_file_actions_t files;
	int status = 0;
	pid_t pid;

	split(line, argv, 1);
	(void)snprintf(out, sizeof(out), "%s/out", f->world.dir);
	(void)snprintf(err, sizeof(err), "%s/err", f->world.dir);
	(void)snprintf(variable, sizeof(variable), "MXKEEP_SOCKET=%s", f->world.socket);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addopen(&files, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(posix_spawn(&pid, f->program, &files, NULL, argv, env), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	posix_spawn_file_actions_destroy(&files);
	free(line);
	read_back(out, f->out);
	read_back(err, f->err);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void gives(struct fixture *f, int wanted, const char *words)
{
	int status = run(f, words);

	if (status != wanted)
		fail_msg("mxkeep %s: %d, wanted %d: %s", words, status, wanted, f->err);
	if (wanted == 0 && f->err[0])
		fail_msg("mxkeep %s: says %s", words, f->err);
	if (wanted == 1 && (lines(f->err) != 1 || strncmp(f->err, "mxkeep: ", 8) != 0))
		fail_msg("mxkeep %s: not one line: %s", words, f->err);
}

static void shows(struct fixture *f, const char *words, const char *text)
{
	gives(f, 0, words);
	if (!strstr(f->out, text))
		fail_msg("mxkeep %s: no '%s' in: %s", words, text, f->out);
}

static const char *with_id(const char *before, msgid id, const char *behind, char out[128])
{
	char name[ID_TEXT_MAX];

	(void)snprintf(out, 128, "%s%s%s", before, id_text(id, name), behind);
	return out;
}

static void add_example(struct fixture *f)
{
	gives(f, 0, "domain add example.com --primary mail.example.com:2525");
}

static void usage_errors_exit_2(void **state)
{
	static const char *const rows[] = {
		"",
		"nonsense",
		"domain",
		"domain nonsense",
		"domain add",
		"domain add a.b",
		"domain add a.b c.d --primary h:25",
		"domain add a.b --primary",
		"domain add a.b --primary h:25 --colour red",
		"domain list --force",
		"domain set a.b",
		"domain set a.b mode",
		"domain set a.b =x",
		"domain remove a.b --force=yes",
		"recipient add a.b",
		"recipient import a.b",
		"recipient list a.b --limit x",
		"recipient forget a.b",
		"recipient forget a.b bob --all",
		"queue show",
		"queue list --limit 0",
		"queue list -x",
		"failed retry",
		"failed delete",
		"failed retry X --all",
		"failed retry X --domain a.b",
		"explain",
		"audit --limit -1",
		"status now",
		"--nonsense",
		"-s",
		"help nonsense",
		"domain show \xff",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		gives(*state, 2, rows[i]);
		assert_memory_equal(((struct fixture *)*state)->err, "mxkeep: ", 8);
	}
}

static void refusals_exit_1_with_one_line(void **state)
{
	static const char *const rows[] = {
		"domain add example.com --primary h:25",
		"domain add bad_name! --primary h:25",
		"domain add c.test --primary 127.0.0.1:99999",
		"domain show nowhere.test",
		"domain show ..",
		"domain show a/b",
		"domain show a%00b",
		"domain show \x1b[2J",
		"domain set example.com mode=sideways",
		"domain set example.com nonsense=1",
		"domain set nowhere.test mode=backup",
		"domain remove nowhere.test",
		"recipient add nowhere.test bob",
		"recipient remove nowhere.test bob",
		"recipient forget nowhere.test bob",
		"recipient forget nowhere.test --all",
		"recipient list nowhere.test",
		"recipient import example.com /nonexistent",
		"recipient import example.com /",
		"queue show 0000000000001",
		"queue show nonsense",
		"queue list --state gone",
		"queue delete 0000000000001",
		"queue flush nowhere.test",
		"explain 0000000000001",
		"failed show 0000000000001",
		"failed retry 0000000000001",
		"-s /nonexistent/control.sock status",
		"--socket=/dev/null status",
	};
	struct fixture *f = *state;

	add_example(f);
	for (size_t i = 0; i < COUNT(rows); i++) {
		gives(f, 1, rows[i]);
		assert_null(strchr(f->err, '\x1b'));
	}
	gives(f, 1, "-s /nonexistent/control.sock status");
	assert_string_equal(f->err, "mxkeep: no daemon answers at /nonexistent/control.sock: "
				    "No such file or directory\n");
}

static void help_and_version_are_told(void **state)
{
	shows(*state, "--version", "mxkeep " PACKAGE_VERSION);
	shows(*state, "help", "domain add NAME --primary HOST:PORT");
	shows(*state, "--help", "MXKEEP_SOCKET");
	shows(*state, "help queue", "queue flush [DOMAIN]");
	shows(*state, "queue --help", "queue flush [DOMAIN]");
	shows(*state, "domain add --help", "domain add NAME");
	assert_null(strstr(((struct fixture *)*state)->out, "domain remove"));
	shows(*state, "help explain", "explain ID");
}

static void a_domain_is_added_with_what_to_publish(void **state)
{
	struct fixture *f = *state;

	shows(f, "status", "no domain yet");
	shows(f, "domain add example.com --primary mail.example.com:2525",
	      "    example.com. IN MX 20 mx2.relay.example.\n");
	assert_non_null(strstr(f->out, "temporary refusal until recipients are loaded"));
	shows(f,
	      "domain add b.test --primary=192.0.2.1:26 --primary [2001:db8::1]:27 --mode "
	      "reflector --unknown accept --subaddress + --lifetime 7d",
	      "    b.test. IN MX 10 mx2.relay.example.\n");
	assert_non_null(strstr(f->out, "192.0.2.1:26, [2001:db8::1]:27 (reflector, kept for 7d)"));
	shows(f, "domain list", "DOMAIN      MODE      PRIMARIES");
	shows(f, "domain show b.test", "subaddress  +\n");
	shows(f, "domain set b.test primary=h1.test:25 primary=h2.test:26 unknown=defer",
	      "primaries   h1.test:25, h2.test:26\n");
	shows(f, "--json domain show b.test", "\"unknown\": \"defer\"");
	shows(f, "domain remove b.test", "b.test");
	gives(f, 1, "domain show b.test");
}

static void write_file(struct fixture *f, const char *name, const char *bytes, char path[128])
{
	FILE *file;

	(void)snprintf(path, 128, "%s/%s", f->world.dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(bytes, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void users_are_added_imported_listed_and_removed(void **state)
{
	struct fixture *f = *state;
	char path[128], words[256];

	add_example(f);
	shows(f, "recipient add example.com bob ann", "example.com: 2 users added or changed\n");
	shows(f, "recipient add example.com cy --reject", "1 user added");
	write_file(f, "users", "dora\nemil@example.com\n", path);
	(void)snprintf(words, sizeof(words), "recipient import example.com %s", path);
	shows(f, words, "2 lines read, 2 users added or changed");
	write_file(f, "users", "fritz\ntwo words\n", path);
	gives(f, 1, words);
	assert_non_null(strstr(f->err, "line 2"));
	shows(f, "recipient list example.com", "cy   reject list        100 %");
	shows(f, "recipient add example.com sales-* --alias ann@example.com", "1 user added");
	shows(f, "recipient list example.com --after s", "sales-* alias ann@example.com list");
	gives(f, 1, "recipient add example.com out --alias x@elsewhere.test");
	assert_non_null(strstr(f->err, "we do not relay for the domain of x@elsewhere.test"));
	gives(f, 1, "recipient add example.com one two --alias ann@example.com");
	gives(f, 2, "recipient add example.com one --alias ann@example.com --reject");
	shows(f, "recipient remove example.com sales-*", "1 user removed");
	assert_null(strstr(f->out, "fritz"));
	shows(f, "recipient remove example.com bob nobody", "1 user removed");
	shows(f, "recipient forget example.com --all", "example.com: 0 learned entries forgotten");
	gives(f, 1, "recipient forget example.com ann");
	assert_non_null(strstr(f->err, "nothing was learned of ann in example.com"));
	assert_int_equal(run(f, "recipient list example.com --limit 2"), 0);
	assert_string_equal(f->err, "mxkeep: there is more; continue with --after cy\n");
	shows(f, "recipient list example.com --after dora", "emil");
	assert_int_equal(lines(f->out), 2);
	write_file(f, "users", "dora\ncy\ngerd\n", path);
	(void)snprintf(words, sizeof(words), "recipient import example.com %s --replace", path);
	shows(f, words, "example.com: 3 lines read; 1 user");
	shows(f, words, "example.com: 3 lines read; 0 users added, 0 removed, 3 kept");
	write_file(f, "users", "# nobody\n", path);
	gives(f, 1, words);
	assert_non_null(strstr(f->err, "--force"));
	(void)snprintf(words, sizeof(words), "recipient import example.com %s --force", path);
	gives(f, 2, words);
	(void)snprintf(words, sizeof(words), "recipient import example.com %s --replace --force",
		       path);
	shows(f, words, "0 users added, 3 removed, 0 kept");
}

/* More users than the daemon gives at once. */
static void long_lists_are_followed_page_by_page(void **state)
{
	struct fixture *f = *state;
	char path[128], words[256], *users = calloc(1, 64 * 1024);
	size_t n = 0;

	add_example(f);
	for (unsigned i = 0; i < 2500; i++)
		n += (size_t)snprintf(users + n, 64 * 1024 - n, "user%u\n", i);
	write_file(f, "users", users, path);
	free(users);
	(void)snprintf(words, sizeof(words), "recipient import example.com %s", path);
	gives(f, 0, words);
	gives(f, 0, "recipient list example.com --limit 5000");
	assert_int_equal(lines(f->out), 2501);
	assert_int_equal(run(f, "recipient list example.com --limit 1500"), 0);
	assert_int_equal(lines(f->out), 1501);
	assert_non_null(strstr(f->err, "--after"));
}

static void the_queue_is_listed_held_and_deleted(void **state)
{
	struct fixture *f = *state;
	char words[128];
	msgid id;

	add_example(f);
	id = world_accept(&f->world, "x\x1b[2J@y.example", "a@example.com", "b@example.com", NULL);
	shows(f, "queue list", "STATE");
	assert_int_equal(lines(f->out), 3);
	assert_null(strchr(f->out, '\x1b'));
	assert_non_null(strstr(f->out, "<x\\x1b[2J@y.example>"));
	assert_non_null(strstr(f->out, " 5m "));
	shows(f, "queue list --domain example.com --state queued", "<b@example.com>");
	shows(f, with_id("queue hold ", id, "", words), "2 recipients held\n");
	shows(f, "queue list --state held", "held");
	gives(f, 1, with_id("queue hold ", id, "", words));
	shows(f, with_id("queue show ", id, "", words), "<a@example.com> held");
	shows(f, with_id("queue show ", id, " --headers", words), "Subject: caf\\xe9 \\x1b[2J\n");
	assert_null(strchr(f->out, '\x1b'));
	shows(f, with_id("queue release ", id, "", words), "2 recipients released\n");
	shows(f, "queue flush", "2 recipients due now\n");
	gives(f, 1, "domain remove example.com");
	shows(f, with_id("queue delete ", id, "", words), "2 recipients deleted\n");
	gives(f, 1, with_id("queue delete ", id, "", words));
	shows(f, with_id("explain ", id, "", words), "a@example.com: deleted");
}

static void the_failed_list_is_shown_retried_and_given_up(void **state)
{
	struct fixture *f = *state;
	char words[128];
	msgid id;

	add_example(f);
	id = world_accept(&f->world, "x@y.example", "a@example.com", NULL, NULL);
	world_settle(&f->world, id, 0, OUTCOME_FAILED, "550 5.1.1 moved away");
	shows(f, "failed list --domain example.com", "550 5.1.1 moved away");
	assert_non_null(strstr(f->out, "mail.example.com:2525"));
	shows(f, with_id("failed show ", id, "", words), "550 5.1.1 moved away");
	shows(f, with_id("failed retry ", id, "", words), "1 recipient queued again\n");
	world_settle(&f->world, id, 0, OUTCOME_FAILED, "550 5.1.1 moved away");
	shows(f, "failed retry --all", "1 recipient queued again\n");
	world_settle(&f->world, id, 0, OUTCOME_FAILED, "550 5.1.1 moved away");
	shows(f, "failed delete --all --domain example.com", "1 recipient deleted\n");
	shows(f, with_id("explain ", id, "", words), "550 5.1.1 moved away");
	shows(f, with_id("--json explain ", id, "", words), "\"state\": \"deleted\"");
}

static void status_and_audit_are_tables(void **state)
{
	struct fixture *f = *state;
	const struct board_primary p = { .host = "mail.example.com",
					 .port = 2525,
					 .state = PRIMARY_DOWN,
					 .since_ms = clock_wall_ms() - 180500,
					 .why = "Connection\x1b refused",
					 .greeting = "" };

	add_example(f);
	board_set_primaries(&f->world.board, &p, 1);
	board_count(&f->world.board, COUNTER_accepted, 7);
	shows(f, "status", "on mx2.relay.example, up 1m, 0 sessions open\n");
	assert_non_null(strstr(f->out, "mail on its way in: none\n"));
	assert_non_null(strstr(f->out, "takes mail: yes"));
	assert_non_null(strstr(f->out, "mail.example.com:2525 down     3m"));
	assert_non_null(strstr(f->out, "Connection\\x1b refused"));
	assert_non_null(strstr(f->out, "           7  messages accepted\n"));
	assert_null(strstr(f->out, "OFF"));
	shows(f, "domain set example.com enabled=no lifetime=50h", "lifetime    50h\n");
	shows(f, "status", "example.com: switched OFF (enabled=no): no new mail is taken for it\n");
	shows(f, "status --json", "\"settings_stale\": false");
	shows(f, "audit", "uid:");
	shows(f, "audit --limit 1", "example.com");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(usage_errors_exit_2),
		TEST(refusals_exit_1_with_one_line),
		TEST(help_and_version_are_told),
		TEST(a_domain_is_added_with_what_to_publish),
		TEST(users_are_added_imported_listed_and_removed),
		TEST(long_lists_are_followed_page_by_page),
		TEST(the_queue_is_listed_held_and_deleted),
		TEST(the_failed_list_is_shown_retried_and_given_up),
		TEST(status_and_audit_are_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
