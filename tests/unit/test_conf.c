/* test_conf: the file as operators write it, and what they are told when it is wrong.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/str.h"

/* Load a file with this text; the error's text comes without the file's name. */
static struct conf *load(const char *text, struct err *e)
{
	char path[] = "/tmp/test_conf.XXXXXX";
	struct conf *c = NULL;
	size_t n = strlen(text);
	int fd = mkstemp(path);

	*e = (struct err){ .kind = ERR_NONE };
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, n), n);
	assert_int_equal(close(fd), 0);
	if (conf_load(path, &c, e)) {
		assert_string_equal(c->path, path);
	} else {
		assert_null(c);
		assert_int_equal(e->kind, ERR_INPUT);
		assert_memory_equal(e->text, path, strlen(path));
		memmove(e->text, e->text + strlen(path), strlen(e->text) - strlen(path) + 1);
	}
	assert_int_equal(unlink(path), 0);
	return c;
}

static struct conf *load_good(const char *text)
{
	struct err e;
	struct conf *c = load(text, &e);

	assert_string_equal(e.text, "");
	assert_non_null(c);
	return c;
}

static void defaults_are_the_documented_ones(void **state)
{
	struct conf *c = conf_defaults();

	(void)state;
	assert_null(c->path);
	assert_true(strlen(c->hostname) > 0);
	assert_string_equal(c->state_dir, "/var/lib/mxkeep");
	assert_string_equal(c->control, "/run/mxkeep/control.sock");
	assert_string_equal(c->database, "sqlite");
	assert_string_equal(c->user, "mxkeep");
	assert_int_equal(c->threads, 0);
	assert_int_equal(c->smtp.listen.n, 2);
	assert_string_equal(c->smtp.listen.items[0], "0.0.0.0:25");
	assert_string_equal(c->smtp.listen.items[1], "[::]:25");
	assert_int_equal(c->smtp.max_size, 50 << 20);
	assert_int_equal(c->smtp.max_line, 2048);
	assert_int_equal(c->smtp.max_recipients, 1000);
	assert_int_equal(c->smtp.idle_ms, 300000);
	assert_int_equal(c->forward.retry_max_ms, 3600000);
	assert_int_equal(c->forward.idle_ms, 10000);
	assert_string_equal(c->forward.bounces, "none");
	assert_int_equal(c->store.min_free, 64 << 20);
	assert_true(c->store.ledger_keep_ms == INT64_C(90) * 86400000);
	assert_true(c->store.audit_keep_ms == INT64_C(365) * 86400000);
	assert_int_equal(c->log.format, LOG_TEXT);
	assert_int_equal(c->log.level, LOG_INFO);
	conf_unref(c);
	conf_unref(NULL);
}

static void a_file_changes_what_it_names_and_nothing_else(void **state)
{
	struct conf *c =
		load_good("# a comment\n"
			  "hostname = \"MX2.relay.example\"\n"
			  "threads = 4\n"
			  "smtp {\n"
			  "\tlisten = {\"127.0.0.1:2525\"}  // another\n"
			  "\tmax_size = \"10M\"  idle = \"100ms\"\n"
			  "}\n"
			  "forward { retry_first = 10ms bounces = \"[::1]:25\" idle = 0 }\n"
			  "log { format = json level = debug }\n");

	(void)state;
	assert_string_equal(c->hostname, "MX2.relay.example");
	assert_int_equal(c->threads, 4);
	assert_int_equal(c->smtp.listen.n, 1);
	assert_string_equal(c->smtp.listen.items[0], "127.0.0.1:2525");
	assert_int_equal(c->smtp.max_size, 10 << 20);
	assert_int_equal(c->smtp.idle_ms, 100);
	assert_int_equal(c->smtp.max_errors, 20);
	assert_int_equal(c->forward.retry_first_ms, 10);
	assert_int_equal(c->forward.idle_ms, 0);
	assert_string_equal(c->forward.bounces, "[::1]:25");
	assert_int_equal(c->log.format, LOG_JSON);
	assert_int_equal(c->log.level, LOG_DEBUG);
	conf_unref(c);
}

static void lists_may_be_empty_or_added_to(void **state)
{
	struct conf *c = load_good("smtp { listen = {} }");

	(void)state;
	assert_int_equal(c->smtp.listen.n, 0);
	conf_unref(c);
	c = load_good("smtp { proxy_from = {\"10.0.0.0/8\", \"::1\"} }");
	assert_int_equal(c->smtp.proxy_from.n, 2);
	assert_int_equal(c->smtp.proxy_from.networks[0].bits, 96 + 8);
	assert_int_equal(c->smtp.proxy_from.networks[1].bits, 128);
	assert_int_equal(c->smtp.xclient_from.n, 0);
	conf_unref(c);
	c = load_good("smtp { listen += {\"127.0.0.1:587\"} }");
	assert_int_equal(c->smtp.listen.n, 3);
	assert_string_equal(c->smtp.listen.items[2], "127.0.0.1:587");
	conf_unref(c);
	c = load_good("");
	assert_int_equal(c->smtp.listen.n, 2);
	conf_unref(c);
}

static void a_listener_has_what_its_section_says_and_else_what_smtp_says(void **state)
{
	struct conf *c = load_good("listener \"[::]:25\" { max_size = 1M idle = 30s\n"
				   "early_pipelining = reject }\n"
				   "smtp { max_errors = 7 listen_tls = {\"127.0.0.1:465\"} }\n"
				   "listener '127.0.0.1:465' { max_errors = 3 }");
	const struct conf_smtp *a = conf_smtp_at(c, "[::]:25"),
			       *b = conf_smtp_at(c, "127.0.0.1:465");

	(void)state;
	assert_int_equal(a->max_size, 1 << 20);
	assert_int_equal(a->idle_ms, 30000);
	assert_int_equal(a->early_pipelining, EARLY_PIPELINING_REJECT);
	assert_int_equal(a->max_errors, 7);
	assert_int_equal(a->max_line, 2048);
	assert_int_equal(b->max_errors, 3);
	assert_int_equal(b->max_size, 50 << 20);
	assert_ptr_equal(conf_smtp_at(c, "0.0.0.0:25"), &c->smtp);
	assert_true(conf_has_listener(c, "[::]:25"));
	assert_false(conf_has_listener(c, "0.0.0.0:25"));
	conf_unref(c);
}

/* clang-format off */
static const struct {
	const char *file, *wanted;
} bad_files[] = {
	{ "hostname = \"a b\"",
	  ":1: hostname: \"a b\" is wrong: it must be a domain name" },
	{ "\n\nthreads = 65",
	  ":3: threads: \"65\" is wrong: it must be a number from 1 to 64 or auto" },
	{ "threads = 0",
	  ":1: threads: \"0\" is wrong: it must be a number from 1 to 64 or "
	  "auto" },
	{ "smtp {\n\tmax_size = \"3G\"\n}",
	  ":2: smtp.max_size: \"3G\" is wrong: it must be a size such as 512, 64k, 10M or "
	  "1G, from 64k to 2G" },
	{ "smtp {\n\n\tidle = 5\n}",
	  ":3: smtp.idle: \"5\" is wrong: it must be a time such as 500ms, 30s, 5m, 1h or "
	  "30d, from 100ms to 1h" },
	{ "smtp { max_errors = ten }",
	  ":1: smtp.max_errors: \"ten\" is wrong: it must be a "
	  "number from 1 to 10000" },
	{ "smtp { max_errors = -1 }",
	  ":1: smtp.max_errors: \"-1\" is wrong: it must be a "
	  "number from 1 to 10000" },
	{ "smtp { max_errors = 020x }",
	  ":1: smtp.max_errors: \"020x\" is wrong: it must be "
	  "a number from 1 to 10000" },
	{ "log { level = \"noisy\\n\\e\" }",
	  ":1: log.level: \"noisy\\x0a\\x1b\" is wrong: it must be error or warning or info "
	  "or debug" },
	{ "smtp { listen = {\"127.0.0.1:25\",\n\"mx.example:25\"} }",
	  ":2: smtp.listen: \"mx.example:25\" is wrong: it must be ADDRESS:PORT or "
	  "[IPV6-ADDRESS]:PORT, with a port from 1 to 65535" },
	{ "smtp { listen = {\"127.0.0.1\"} }",
	  ":1: smtp.listen: \"127.0.0.1\" is wrong: it must be ADDRESS:PORT or "
	  "[IPV6-ADDRESS]:PORT, with a port from 1 to 65535" },
	{ "smtp { proxy_from = {\"::1\",\n\"10.0.0.1/8\"} }",
	  ":2: smtp.proxy_from: \"10.0.0.1/8\" is wrong: it must be an address, or a network "
	  "with no bit set behind its length, such as 192.0.2.0/24 or 2001:db8::/32" },
	{ "forward { bounces = \"nobody\" }",
	  ":1: forward.bounces: \"nobody\" is wrong: it must be \"none\" or HOST:PORT, with "
	  "a port from 1 to 65535" },
	{ "database = postgresql",
	  ":1: database: \"postgresql\" is wrong: it must be \"sqlite\"" },
	{ "state_dir = \"\"", ":1: state_dir: \"\" is wrong: it must be an absolute path" },
	{ "forward { retry_first = \"2h\" }",
	  ": forward.retry_first must not be longer than forward.retry_max" },
	{ "\nhostnam = \"a\"", ":2: no such option 'hostnam'" },
	{ "smtp {\n\nfoo = 1 }", ":3: in section smtp: no such option 'foo'" },
	{ "mail { }", ":1: no such option 'mail'" },
	{ "hostname = {\"a\", \"b\"}", ":1: unexpected token '{'" },
	{ "smtp = 5", ":1: missing opening brace for section 'smtp'" },
	{ "smtp {\nidle = \"5m\"\n", ":3: in section smtp: missing closing brace" },
	{ "smtp {\nidle = \"5m\" # }", ":3: in section smtp: missing closing brace" },
	{ "threads = 2\n /* and so\n on", ":2: a comment begins here and does not end" },
	{ "# a\n\n// b\n/* c\n * d */ /**/ threads = x", ":5: threads: \"x\" is wrong: it must "
							  "be a number from 1 to 64 or auto" },
	{ "user = \"#\\\"//\" # \"\n\nuser = '/*\\'' foo=1", ":3: no such option 'foo'" },
	{ "smtp {", ":2: in section smtp: missing closing brace" },
	{ "smtp", ":2: missing opening brace for section 'smtp'" },
	{ "smtp { listen = {\"1.2.3.4:5\"", ":2: in section smtp: missing closing brace" },
	{ "user =", ":2: unexpected token '='" },
	{ "}\n", ":1: unexpected closing brace" },
	{ "hostname \"a\"", ":1: missing equal sign after option 'hostname'" },
	{ "smtp|idle = \"5m\"", ":1: write 'idle' inside of its section" },
	{ "listener \"0.0.0.0:25\" {\n}\nlistener \"0.0.0.0:26\" { idle = 1m }",
	  ": listener \"0.0.0.0:26\": no such address in smtp.listen or smtp.listen_tls" },
	{ "listener \"[::]:25\" {\nmax_errors = 0 }",
	  ":2: smtp.max_errors: \"0\" is wrong: it must be a number from 1 to 10000" },
	{ "listener \"[::]:25\" {\n\nlisten = {\"[::]:25\"} }",
	  ":3: in section listener: no such option 'listen'" },
	{ "listener \"[::]:25\" {\nidle = 1m\n",
	  ":3: in section listener: missing closing brace" },
	{ "listener \"[::]:25\" {}\nlistener \"[::]:25\" {}",
	  ":2: found duplicate title '[::]:25'" },
	{ "listener { idle = 1m }", ":1: missing title for section 'listener'" },
	{ "\nhostname = \"a\n\\\"", ":2: a string begins here and does not end" },
};
/* clang-format on */

static void errors_name_line_option_and_what_is_allowed(void **state)
{
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_files); i++) {
		assert_null(load(bad_files[i].file, &e));
		assert_string_equal(e.text, bad_files[i].wanted);
		/* The one after a bad one is read afresh. */
		conf_unref(load_good("hostname = \"b.example\""));
	}
}

static void files_that_are_no_files_are_refused(void **state)
{
	struct conf *c = NULL;
	struct err e;

	(void)state;
	assert_false(conf_load("/nonexistent/mxkeep.conf", &c, &e));
	assert_string_equal(e.text,
			    "cannot open /nonexistent/mxkeep.conf: No such file or directory");
	assert_false(conf_load("/", &c, &e));
	assert_string_equal(e.text, "cannot read /: Is a directory");
	assert_false(conf_load("/dev/zero", &c, &e));
	assert_non_null(strstr(e.text, "/dev/zero: larger than a configuration can be"));
	assert_null(c);
}

/* What a function prints. */
static char *printed(void (*print)(const struct conf *c, FILE *out), const struct conf *c)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	print(c, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void print_sample(const struct conf *c, FILE *out)
{
	(void)c;
	conf_sample(out);
}

static void print_man(const struct conf *c, FILE *out)
{
	(void)c;
	conf_man(out);
}

static void a_dump_loads_to_the_same_settings(void **state)
{
	struct conf *c = load_good("user = \"a\\\"b\\\\c${NOT_SET}\\${HOME}\\x07\"\n"
				   "threads = 3 smtp { listen = {\"[::1]:1\"} idle = 90s }\n"
				   "store { min_free = 0 } forward { idle = 1500ms }\n"
				   "listener \"[::1]:1\" { max_recipients = 200 idle = 90s\n"
				   "max_size = 1M greet_delay = 2s }");
	char *first = printed(conf_dump, c), *second;
	struct conf *again = load_good(first);

	(void)state;
	second = printed(conf_dump, again);
	assert_string_equal(first, second);
	assert_string_equal(again->user, "a\"b\\c${HOME}\x07");
	assert_non_null(strstr(first, "\tidle = \"90s\"\n"));
	assert_non_null(strstr(first, "\tidle = \"1500ms\"\n"));
	assert_non_null(strstr(first, "threads = 3\n"));
	assert_non_null(strstr(first, "\tmin_free = \"0\"\n"));
	assert_non_null(strstr(first, "\tlevel = \"info\"\n"));
	assert_non_null(strstr(first, "listener \"[::1]:1\" {\n\tmax_size = \"1M\"\n"
				      "\tmax_recipients = 200\n\tgreet_delay = \"2s\"\n}\n"));
	free(first);
	free(second);
	conf_unref(c);
	conf_unref(again);
}

static void the_sample_is_the_defaults_with_and_without_its_hashes(void **state)
{
	char *sample = printed(print_sample, NULL);
	struct conf *as_is = load_good(sample), *defaults = conf_defaults(), *bare;
	size_t at = 0;

	(void)state;
	assert_null(conf_needs_restart(as_is, defaults, &at));
	for (char *hash = sample; (hash = strchr(hash, '#')) != NULL; hash++) {
		if (hash[1] != ' ')
			*hash = ' ';
	}
	bare = load_good(sample);
	assert_string_equal(bare->hostname, "mx2.relay.example");
	free(bare->hostname);
	bare->hostname = mem_str(str_of(defaults->hostname));

	char *dump_bare = printed(conf_dump, bare), *dump_defaults = printed(conf_dump, defaults);

	assert_string_equal(dump_bare, dump_defaults);
	free(dump_bare);
	free(dump_defaults);
	free(sample);
	conf_unref(as_is);
	conf_unref(bare);
	conf_unref(defaults);
}

static void the_manual_tells_default_and_bounds(void **state)
{
	char *man = printed(print_man, NULL);

	(void)state;
	assert_non_null(strstr(man, ".SS Section smtp\n"));
	assert_non_null(strstr(man, ".TP\n\\fBmax_size\\fR = \\fIsize\\fR\n"));
	assert_non_null(strstr(man, "Default: 50M.\nAllowed: from 64k to 2G.\n"));
	assert_non_null(strstr(man, ".SS Section listener \"ADDRESS:PORT\"\n"));
	assert_non_null(strstr(man, ",\n\\fBmin_rate\\fR.\n"));
	assert_null(strstr(man, "\n'"));
	free(man);
}

static void only_what_is_read_at_start_needs_a_restart(void **state)
{
	static const struct {
		const char *file, *wanted, *and;
	} rows[] = {
		{ "", NULL, NULL },
		{ "smtp { idle = 1m max_size = 1M } forward { bounces = \"a.example:25\" }", NULL,
		  NULL },
		{ "log { level = debug }", NULL, NULL },
		{ "threads = 2", "threads", NULL },
		{ "smtp { proxy_from = {\"10.0.0.0/8\"} xclient_from = {\"::1\"} }", NULL, NULL },
		{ "smtp { listen = {\"0.0.0.0:25\"} }", "smtp.listen", NULL },
		{ "smtp { listen = {\"0.0.0.0:25\", \"[::]:26\"} }", "smtp.listen", NULL },
		{ "state_dir = \"/tmp\" smtp { listen = {} }", "state_dir", "smtp.listen" },
	};
	struct conf *old = load_good("");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf *fresh = load_good(rows[i].file);
		const char *wanted[] = { rows[i].wanted, rows[i].and, NULL }, *got;
		size_t at = 0, n = 0;

		while ((got = conf_needs_restart(old, fresh, &at)))
			assert_string_equal(got, wanted[n++]);
		assert_null(wanted[n]);
		conf_unref(fresh);
	}
	conf_unref(old);
}

static void a_reference_keeps_a_snapshot_alive(void **state)
{
	struct conf *c = conf_defaults(), *kept = conf_ref(c);

	(void)state;
	assert_ptr_equal(kept, c);
	conf_unref(c);
	assert_string_equal(kept->user, "mxkeep");
	conf_unref(kept);
}

static void host_and_port_are_split_and_checked(void **state)
{
#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"
	static const struct {
		const char *text, *host; /* NULL: refused */
		unsigned port;
	} rows[] = {
		{ "mail.example:25", "mail.example", 25 },
		{ "localhost:65535", "localhost", 65535 },
		{ "1.2.3.4:2525", "1.2.3.4", 2525 },
		{ "[::1]:25", "::1", 25 },
		{ "[2001:db8::25]:1", "2001:db8::25", 1 },
		{ LABEL_63 ".example:25", LABEL_63 ".example", 25 },
		{ LABEL_63 "4.example:25", NULL, 0 },
		{ "mail.example", NULL, 0 },
		{ "mail.example:", NULL, 0 },
		{ "mail.example:0", NULL, 0 },
		{ "mail.example:65536", NULL, 0 },
		{ "mail.example:25x", NULL, 0 },
		{ ":25", NULL, 0 },
		{ "[]:25", NULL, 0 },
		{ "::1:25", NULL, 0 },
		{ "[1.2.3.4]:25", NULL, 0 },
		{ "[::1]25", NULL, 0 },
		{ "[mail.example]:25", NULL, 0 },
		{ "1.2.3.400:25", NULL, 0 },
		{ "1.2.3:25", NULL, 0 },
		{ "-mail.example:25", NULL, 0 },
		{ "mail-.example:25", NULL, 0 },
		{ "mail..example:25", NULL, 0 },
		{ "mail.example.:25", NULL, 0 },
		{ ".example:25", NULL, 0 },
		{ "mail_1.example:25", NULL, 0 },
		{ "mail.b\u00fccher.example:25", "mail.xn--bcher-kva.example", 25 },
		{ "b\xff.example:25", NULL, 0 },
		{ "mail example:25", NULL, 0 },
		{ "", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char host[254] = "untouched";
		unsigned port = 7;
		struct err e;
		bool good = conf_host_port(rows[i].text, host, sizeof(host), &port, &e);

		assert_int_equal(good, rows[i].host != NULL);
		assert_string_equal(host, good ? rows[i].host : "untouched");
		assert_int_equal(port, good ? rows[i].port : 7);
	}
}

static void name_servers_are_addresses_with_or_without_port(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", 53 },
		{ "192.0.2.1:5353", "192.0.2.1", 5353 },
		{ "2001:db8::1", "2001:db8::1", 53 },
		{ "[2001:db8::1]:54", "2001:db8::1", 54 },
		{ "", NULL, 0 },
		{ "[2001:db8::1]", NULL, 0 },
		{ "192.0.2.1:0", NULL, 0 },
		{ "192.0.2.1:65536", NULL, 0 },
		{ "192.0.2.1:", NULL, 0 },
		{ "192.0.2.1@53", NULL, 0 },
		{ "ns.example.net", NULL, 0 },
		{ "ns.example.net:53", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char host[CONF_IP_MAX];
		unsigned port = 0;

		if (conf_ip_port(rows[i].text, 53, host, &port) != (rows[i].host != NULL))
			fail_msg("%s", rows[i].text);
		if (rows[i].host) {
			assert_string_equal(host, rows[i].host);
			assert_int_equal(port, rows[i].port);
		}
	}
}

static void zones_have_a_server(void **state)
{
	static const struct {
		const char *text, *zone, *server;
	} rows[] = {
		{ "example.net=192.0.2.1", "example.net", "192.0.2.1" },
		{ "example.net.=[2001:db8::1]:5353", "example.net", "[2001:db8::1]:5353" },
		{ "2.0.192.in-addr.arpa=192.0.2.1", "2.0.192.in-addr.arpa", "192.0.2.1" },
		{ ".=192.0.2.1", ".", "192.0.2.1" },
		{ "example.net", NULL, NULL },
		{ "example.net=", NULL, NULL },
		{ "=192.0.2.1", NULL, NULL },
		{ "example.net=ns.example.net", NULL, NULL },
		{ "exa mple.net=192.0.2.1", NULL, NULL },
		{ "example.net=192.0.2.1=1", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char zone[CONF_ZONE_MAX];
		const char *server;

		if (conf_zone_server(rows[i].text, zone, &server) != (rows[i].zone != NULL))
			fail_msg("%s", rows[i].text);
		if (rows[i].zone) {
			assert_string_equal(zone, rows[i].zone);
			assert_string_equal(server, rows[i].server);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_documented_ones),
		cmocka_unit_test(a_file_changes_what_it_names_and_nothing_else),
		cmocka_unit_test(lists_may_be_empty_or_added_to),
		cmocka_unit_test(a_listener_has_what_its_section_says_and_else_what_smtp_says),
		cmocka_unit_test(errors_name_line_option_and_what_is_allowed),
		cmocka_unit_test(files_that_are_no_files_are_refused),
		cmocka_unit_test(a_dump_loads_to_the_same_settings),
		cmocka_unit_test(the_sample_is_the_defaults_with_and_without_its_hashes),
		cmocka_unit_test(the_manual_tells_default_and_bounds),
		cmocka_unit_test(only_what_is_read_at_start_needs_a_restart),
		cmocka_unit_test(a_reference_keeps_a_snapshot_alive),
		cmocka_unit_test(host_and_port_are_split_and_checked),
		cmocka_unit_test(name_servers_are_addresses_with_or_without_port),
		cmocka_unit_test(zones_have_a_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
