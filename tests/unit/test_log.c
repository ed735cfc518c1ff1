/* test_log: the log's lines as its readers see them, and what happens when nobody reads.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"

struct world {
	int read_end, write_end;
	struct log *log;
	struct buf seen;
};

static void setup(struct world *w, enum log_format format, bool prefix)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	w->read_end = ends[0];
	w->write_end = ends[1];
	assert_int_not_equal(fcntl(w->read_end, F_SETFL, O_NONBLOCK), -1);
	w->log = log_new(w->write_end, format, LOG_INFO, prefix);
	assert_non_null(w->log);
	buf_init(&w->seen, 64U << 20);
}

static void teardown(struct world *w)
{
	log_free(w->log);
	(void)close(w->read_end);
	(void)close(w->write_end);
	buf_done(&w->seen);
}

/* All that is in the pipe now is added to what was seen. */
static void read_all(struct world *w)
{
	ssize_t n;

	do {
		char *to = buf_reserve(&w->seen, 65536);

		assert_non_null(to);
		n = read(w->read_end, to, 65536);
		if (n > 0)
			buf_added(&w->seen, (size_t)n);
	} while (n > 0);
}

/* The next line without its newline; empty when there is none. */
static struct str next_line(struct world *w)
{
	struct str line, rest;

	if (!str_cut(buf_str(&w->seen), '\n', &line, &rest))
		return STR_NONE;
	buf_consume(&w->seen, line.n + 1 == buf_len(&w->seen) ? 0 : line.n + 1);
	return line;
}

static void assert_text(struct str got, const char *wanted)
{
	char *text = mem_str(got);

	assert_string_equal(text, wanted);
	free(text);
}

/* What follows "2026-08-22T10:03:11.120Z ". */
static struct str without_date(struct str line)
{
	assert_true(line.n > 25);
	assert_int_equal(line.at[10], 'T');
	assert_memory_equal(line.at + 23, "Z ", 2);
	return str_from(line, 25);
}

static void text_lines_are_keys_and_values(void **state)
{
	struct world w;

	(void)state;
	setup(&w, LOG_TEXT, false);
	log_say(w.log, LOG_INFO, "accepted", F_ID("mail", 12345), F_CSTR("client", "192.0.2.9"),
		F_PATH("from", STR("a@b.example")), F_PATH("to", STR("")), F_INT("size", 4096),
		F_INT("low", INT64_MIN), F_CSTR("note", NULL));
	log_say(w.log, LOG_WARNING, "second", F_PATH("from", STR("\"a b\"@c")));
	log_flush(w.log);
	read_all(&w);
	assert_text(without_date(next_line(&w)),
		    "info accepted mail=0000000000C1S client=192.0.2.9 from=<a@b.example> to=<> "
		    "size=4096 low=-9223372036854775808 note=\"\"");
	assert_text(without_date(next_line(&w)), "warning second from=\"<\\\"a b\\\"@c>\"");
	teardown(&w);
}

static void json_lines_have_the_same_fields(void **state)
{
	struct world w;
	struct str line;

	(void)state;
	setup(&w, LOG_JSON, true);
	log_say(w.log, LOG_ERROR, "refused", F_ID("mail", 12345), F_INT("code", -5),
		F_PATH("from", STR("a@b")), F_CSTR("text", "a \"b\"\\\r\xe4"));
	log_flush(w.log);
	read_all(&w);
	line = next_line(&w);
	assert_true(str_starts(line, STR("{\"time\":\"2")));
	assert_text(str_from(line, 33),
		    "\",\"level\":\"error\",\"event\":\"refused\",\"mail\":\"0000000000C1S\","
		    "\"code\":-5,\"from\":\"a@b\",\"text\":\"a \\\"b\\\"\\\\\\u000d\\u00e4\"}");
	teardown(&w);
}

static void values_from_outside_are_quoted(void **state)
{
	static const struct {
		struct str value;
		const char *wanted;
	} rows[] = {
		{ { "plain", 5 }, "v=plain" },      { { "a=b", 3 }, "v=a=b" },
		{ { "a b", 3 }, "v=\"a b\"" },      { { "a\"b", 3 }, "v=\"a\\\"b\"" },
		{ { "a\nb", 3 }, "v=\"a\\x0ab\"" }, { { "\x1b[2J", 4 }, "v=\"\\x1b[2J\"" },
		{ { "a\0b", 3 }, "v=\"a\\x00b\"" }, { { "\xc3\xa4", 2 }, "v=\"\\xc3\\xa4\"" },
		{ { "\x7f", 1 }, "v=\"\\x7f\"" },   { { "a\\b", 3 }, "v=\"a\\\\b\"" },
		{ { NULL, 0 }, "v=\"\"" },
	};
	struct world w;

	(void)state;
	setup(&w, LOG_TEXT, false);
	for (size_t i = 0; i < COUNT(rows); i++) {
		log_say(w.log, LOG_INFO, "e", F_STR("v", rows[i].value));
		log_flush(w.log);
		read_all(&w);
		assert_text(str_from(without_date(next_line(&w)), 7), rows[i].wanted);
		buf_clear(&w.seen);
	}
	teardown(&w);
}

static void a_prefix_gives_journald_the_level(void **state)
{
	struct world w;

	(void)state;
	setup(&w, LOG_TEXT, true);
	log_say(w.log, LOG_ERROR, "bad", F_INT("n", 1));
	log_flush(w.log);
	read_all(&w);
	assert_true(str_starts(next_line(&w), STR("<3>2")));
	teardown(&w);
}

static void levels_that_are_off_cost_no_line(void **state)
{
	struct world w;

	(void)state;
	setup(&w, LOG_TEXT, false);
	assert_false(log_is_on(w.log, LOG_DEBUG));
	assert_false(log_is_on(NULL, LOG_ERROR));
	log_say(w.log, LOG_DEBUG, "hidden", F_INT("n", 1));
	log_say(NULL, LOG_ERROR, "nowhere", F_INT("n", 1));
	log_set_level(w.log, LOG_DEBUG);
	log_write(w.log, LOG_DEBUG, "shown", NULL, 0);
	log_flush(w.log);
	read_all(&w);
	assert_text(without_date(next_line(&w)), "debug shown");
	teardown(&w);
}

/* Whatever the length of the values, a line is whole, bounded and well-formed. */
static void long_lines_are_cut_with_dots(void **state)
{
	static char big[5000];
	struct world w;

	(void)state;
	for (int fill = 0; fill < 3; fill++) {
		memset(big, "x\x01\""[fill], sizeof(big));
		for (size_t n = 3900; n < 4120; n++) {
			struct str part = { big, fill ? n / 4 : n };
			struct str line;

			setup(&w, n % 2 ? LOG_TEXT : LOG_JSON, false);
			log_say(w.log, LOG_INFO, "e", F_STR("a", part), F_PATH("b", part),
				F_INT("number", INT64_MIN), F_STR("c", part), F_STR("d", part));
			log_flush(w.log);
			read_all(&w);
			line = buf_str(&w.seen);
			assert_in_range(line.n, 3800, 4096);
			assert_int_equal(str_find(line, '\n'), line.n - 1);
			line.n--;
			if (n % 2) {
				assert_true(str_eq(str_from(line, line.n - 3), STR("...")) ||
					    str_eq(str_from(line, line.n - 4), STR("...\"")) ||
					    str_eq(str_from(line, line.n - 4), STR("...>")) ||
					    str_eq(str_from(line, line.n - 5), STR("...>\"")));
			} else {
				assert_true(
					str_eq(str_from(line, line.n - 12), STR(",\"cut\":true}")));
			}
			teardown(&w);
		}
	}
}

static uint64_t count_of_lost(struct str line)
{
	ptrdiff_t at = str_rfind(line, '=');
	uint64_t lines = 0;

	if (str_starts(without_date(line), STR("warning log_lost lines=")))
		assert_true(str_to_u64(str_from(line, (size_t)at + 1), UINT64_MAX, &lines));
	return lines;
}

static void a_stalled_reader_costs_counted_lines_and_no_time(void **state)
{
	enum { LINES = 20000 };
	static char big[100];
	uint64_t seen = 0, lost = 0;
	struct world w;
	struct str line;

	(void)state;
	memset(big, 'x', sizeof(big));
	setup(&w, LOG_TEXT, false);
	for (int i = 0; i < LINES; i++)
		log_say(w.log, LOG_INFO, "e", F_STR("v", ((struct str){ big, sizeof(big) })));

	/* Read until the account is complete; the last line comes when the ring has been emptied.
	 */
	assert_int_not_equal(fcntl(w.read_end, F_SETFL, 0), -1);
	while (seen + lost < LINES) {
		char *to = buf_reserve(&w.seen, 65536);
		ssize_t n = read(w.read_end, to, 65536);
		struct str rest;

		assert_true(n > 0);
		buf_added(&w.seen, (size_t)n);
		while (str_cut(buf_str(&w.seen), '\n', &line, &rest)) {
			uint64_t told = count_of_lost(line);

			lost += told;
			seen += told == 0;
			buf_consume(&w.seen, line.n + 1);
		}
	}
	assert_int_equal(seen + lost, LINES);
	assert_true(lost > 0);
	assert_true(seen * 140 > 1000000);
	teardown(&w);
}

static void a_broken_pipe_is_survived_and_told_when_mended(void **state)
{
	struct world w;
	int ends[2];

	(void)state;
	setup(&w, LOG_TEXT, false);
	assert_int_equal(close(w.read_end), 0);
	log_say(w.log, LOG_INFO, "one", F_INT("n", 1));
	log_flush(w.log);
	log_say(w.log, LOG_INFO, "two", F_INT("n", 2));
	log_flush(w.log);

	assert_int_equal(pipe(ends), 0);
	assert_int_not_equal(dup2(ends[1], w.write_end), -1);
	w.read_end = ends[0];
	log_say(w.log, LOG_INFO, "three", F_INT("n", 3));
	log_free(w.log);
	w.log = NULL;
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(close(w.write_end), 0);
	w.write_end = -1;
	read_all(&w);
	assert_text(without_date(next_line(&w)), "info three n=3");
	assert_text(without_date(next_line(&w)), "warning log_lost lines=2");
	teardown(&w);
}

static void *say_many(void *arg)
{
	for (int i = 0; i < 1000; i++)
		log_say(arg, i % 50 ? LOG_INFO : LOG_ERROR, "thread", F_INT("i", i));
	return NULL;
}

static void lines_of_many_threads_stay_whole(void **state)
{
	pthread_t threads[4];
	size_t lines = 0;
	struct world w;
	struct str line, rest;
	char path[] = "/tmp/test_log.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(unlink(path), 0);
	setup(&w, LOG_TEXT, false);
	log_free(w.log);
	w.log = log_new(fd, LOG_TEXT, LOG_INFO, false);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, say_many, w.log), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	log_flush(w.log);
	assert_int_equal(close(w.read_end), 0);
	w.read_end = fd;
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	read_all(&w);
	for (rest = buf_str(&w.seen); str_cut(rest, '\n', &line, &rest); lines++) {
		line = without_date(line);
		assert_true(str_starts(line, STR("info thread i=")) ||
			    str_starts(line, STR("error thread i=")));
	}
	assert_int_equal(lines, 4000);
	teardown(&w);
}

static void quoting_makes_bytes_fit_for_a_terminal(void **state)
{
	static const struct {
		struct str in;
		size_t max;
		const char *wanted;
	} rows[] = {
		{ { "plain text", 10 }, 64, "plain text" },
		{ { "a\x1b[1mb\r\n", 8 }, 64, "a\\x1b[1mb\\x0d\\x0a" },
		{ { "a\0b", 3 }, 64, "a\\x00b" },
		{ { "gr\xc3\xbc\xc3\x9f", 6 }, 64, "gr\xc3\xbc\xc3\x9f" },
		{ { "\xc2\x9b", 2 }, 64, "\\xc2\\x9b" },
		{ { "\xc0\xaf", 2 }, 64, "\\xc0\\xaf" },
		{ { "\xed\xa0\x80", 3 }, 64, "\\xed\\xa0\\x80" },
		{ { "\xe2\x80\xae", 3 }, 64, "\\xe2\\x80\\xae" },
		{ { "\xf0\x9f\x93\xac", 4 }, 64, "\xf0\x9f\x93\xac" },
		{ { "\xf5\x80\x80\x80", 4 }, 64, "\\xf5\\x80\\x80\\x80" },
		{ { "\xe2\x82", 2 }, 64, "\\xe2\\x82" },
		{ { "123456789", 9 }, 10, "123456789" },
		{ { "123456789a", 10 }, 10, "123456..." },
		{ { "12345\x01zz", 8 }, 10, "12345..." },
		{ { "12345\xc3\xbc\xc3\xbc\xc3\xbc", 11 }, 10, "12345..." },
		{ { "123", 3 }, 3, ".." },
		{ { "12", 2 }, 3, "12" },
		{ { "123", 3 }, 1, "" },
		{ { NULL, 0 }, 10, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[64];

		assert_string_equal(log_quote(rows[i].in, out, rows[i].max), rows[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_lines_are_keys_and_values),
		cmocka_unit_test(json_lines_have_the_same_fields),
		cmocka_unit_test(values_from_outside_are_quoted),
		cmocka_unit_test(a_prefix_gives_journald_the_level),
		cmocka_unit_test(levels_that_are_off_cost_no_line),
		cmocka_unit_test(long_lines_are_cut_with_dots),
		cmocka_unit_test(a_stalled_reader_costs_counted_lines_and_no_time),
		cmocka_unit_test(a_broken_pipe_is_survived_and_told_when_mended),
		cmocka_unit_test(lines_of_many_threads_stay_whole),
		cmocka_unit_test(quoting_makes_bytes_fit_for_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
