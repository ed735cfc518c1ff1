/* test_header: what the header section of a message shows, whole and byte by byte.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "proto/header.h"
#include "proto/trace.h"

#define OURS "Received: from a ([192.0.2.9])\r\n\tby mx.test with ESMTP id 02K1Z3S4T5V6W; x\r\n"

static struct header scan(struct str bytes, size_t piece)
{
	struct header h;

	header_init(&h, "mx.test");
	while (bytes.n) {
		header_feed(&h, (struct str){ bytes.at, piece < bytes.n ? piece : bytes.n });
		bytes = str_from(bytes, piece);
	}
	return h;
}

struct row {
	const char *text;
	size_t size; /* 0: all of it */
	unsigned received, passes;
	bool ended;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str text = str_of(rows[i].text);
		size_t size = rows[i].size ? rows[i].size : text.n;

		for (size_t piece = 1; piece <= text.n; piece++) {
			struct header h = scan(text, piece);

			if (h.size != size || h.received != rows[i].received ||
			    h.passes != rows[i].passes || header_ended(&h) != rows[i].ended)
				fail_msg("row %zu by %zu: size %zu received %u passes %u", i, piece,
					 (size_t)h.size, h.received, h.passes);
		}
	}
}

static void bytes_past_ascii_count_in_the_section_only(void **state)
{
	static const struct {
		const char *text;
		bool has_8bit;
	} rows[] = {
		{ "Subject: caf\xc3\xa9\r\n\r\n", true },
		{ "A: b\r\n\tcaf\xe9\r\n", true },
		{ "Received: from \xc3\xa9 by b\r\n\r\n", true },
		{ "Subject: cafe\r\n\r\ncaf\xc3\xa9\r\n", false },
		{ "Subject: cafe\r\ncaf\xc3\xa9: no field\r\n", false },
		{ "caf\xc3\xa9\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t piece = 1; piece < 40; piece++)
			if (scan(str_of(rows[i].text), piece).has_8bit != rows[i].has_8bit)
				fail_msg("row %zu by %zu", i, piece);
}

static void the_section_ends_where_the_header_does(void **state)
{
	static const struct row rows[] = {
		{ "", 0, 0, 0, false },
		{ "\r\nReceived: no\r\n", 2, 0, 0, true },
		{ "A: b\r\n", 0, 0, 0, false },
		{ "A: b\r\n\r\nReceived: no\r\n", 8, 0, 0, true },
		{ "A: b\r\n\tc\r\n d: e\r\n\r\n", 19, 0, 0, true },
		{ "A:\r\n\r\n", 6, 0, 0, true },
		{ "A : b\r\nReceived : c\r\n", 0, 1, 0, false },
		{ "A: b\r\nno field\r\nReceived: c\r\n", 10, 0, 0, true },
		{ "A: b\r\n:\r\n", 7, 0, 0, true },
		{ " begins with a blank\r\nReceived: c\r\n", 1, 0, 0, true },
		{ "From a@b Sun\r\nReceived: c\r\n", 6, 0, 0, true },
		{ "caf\xc3\xa9: b\r\n", 4, 0, 0, true },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void received_fields_are_counted_and_no_others(void **state)
{
	static const struct row rows[] = {
		{ "Received: a\r\nRECEIVED: b\r\nreceived:c\r\n", 0, 3, 0, false },
		{ "X-Received: a\r\nReceive: b\r\nReceivedd: c\r\nRec: d\r\n", 0, 0, 0, false },
		{ "A: b\r\n Received: c\r\n", 0, 0, 0, false },
		{ "Received-SPF: pass\r\n", 0, 0, 0, false },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void our_own_fields_are_told_by_name_and_id(void **state)
{
#define FROM "Received: from a by "
	static const struct row rows[] = {
		{ OURS, 0, 1, 1, false },
		{ OURS OURS "A: b\r\n\r\n", 2 * (sizeof(OURS) - 1) + 8, 2, 2, true },
		{ FROM "MX.Test id 02K1Z3S4T5V6W\r\n", 0, 1, 1, false },
		{ FROM "mx.test (mxkeep) id 02K1Z3S4T5V6W;\r\n", 0, 1, 1, false },
		{ FROM "mx.test\r\n id\r\n\t02K1Z3S4T5V6W\r\n", 0, 1, 1, false },
		{ FROM "mx.test. id 02K1Z3S4T5V6W\r\n", 0, 1, 0, false },
		{ FROM "mx.tes id 02K1Z3S4T5V6W\r\n", 0, 1, 0, false },
		{ FROM "mx.test id 02K1Z3S4T5V6\r\n", 0, 1, 0, false },
		{ FROM "mx.test id 02K1Z3S4T5V6W7\r\n", 0, 1, 0, false },
		{ FROM "mx.test id 4XbQ3k0000z12\r\n", 0, 1, 0, false },
		{ FROM "mx.test with ESMTP\r\n", 0, 1, 0, false },
		{ FROM "b (by mx.test id 02K1Z3S4T5V6W)\r\n", 0, 1, 0, false },
		{ FROM "(c (d) by) mx.test id 02K1Z3S4T5V6W\r\n", 0, 1, 1, false },
		{ "X: from a by mx.test id 02K1Z3S4T5V6W\r\n", 0, 0, 0, false },
		{ FROM "mx.test\r\nB: id 02K1Z3S4T5V6W\r\n", 0, 1, 0, false },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void the_line_that_we_write_is_our_own(void **state)
{
	struct arena *a = arena_new(65536);
	struct str line = trace_received(a, &(struct trace){ .helo = STR("by mx.test (x"),
							     .client = "2001:db8::1",
							     .hostname = "mx.test",
							     .id = 4711,
							     .esmtp = true,
							     .only_rcpt = STR("a@b.example") });
	struct header h = scan(line, 1);

	(void)state;
	header_feed(&h, STR("\r\n"));
	assert_true(header_ended(&h));
	assert_int_equal(h.passes, 1);
	arena_free(a);
}

/* n times text, then an empty line; what is said to it. */
static const struct reply *verdict_on(size_t n, struct str text)
{
	struct header h;

	header_init(&h, "mx.test");
	for (size_t i = 0; i < n; i++)
		header_feed(&h, text);
	header_feed(&h, STR("\r\n"));
	return header_refusal(&h);
}

static void loops_are_refused_and_long_ways_are_not(void **state)
{
	(void)state;
	assert_null(verdict_on(0, STR_NONE));
	assert_null(verdict_on(HEADER_HOPS_MAX, STR("Received: a\r\n")));
	assert_ptr_equal(verdict_on(HEADER_HOPS_MAX + 1, STR("Received: a\r\n")),
			 reply_get(REPLY_MAIL_LOOP));
	assert_null(verdict_on(HEADER_PASSES_MAX, STR(OURS)));
	assert_ptr_equal(verdict_on(HEADER_PASSES_MAX + 1, STR(OURS)),
			 reply_get(REPLY_MAIL_LOOP));
}

static void a_header_is_bounded_and_a_body_is_not(void **state)
{
	static char line[1024];
	struct str long_line = { line, sizeof(line) };

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "A: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	assert_null(verdict_on(1023, long_line));
	assert_ptr_equal(verdict_on(1024, long_line), reply_get(REPLY_HEADER_TOO_BIG));
	/* One field of a megabyte; a body of two, which has no field. */
	long_line.n -= 2;
	assert_null(verdict_on(1023, long_line));
	memset(line, 'x', sizeof(line));
	assert_null(verdict_on(2048, long_line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_past_ascii_count_in_the_section_only),
		cmocka_unit_test(the_section_ends_where_the_header_does),
		cmocka_unit_test(received_fields_are_counted_and_no_others),
		cmocka_unit_test(our_own_fields_are_told_by_name_and_id),
		cmocka_unit_test(the_line_that_we_write_is_our_own),
		cmocka_unit_test(loops_are_refused_and_long_ways_are_not),
		cmocka_unit_test(a_header_is_bounded_and_a_body_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
