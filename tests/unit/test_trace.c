/* test_trace: the Received line says who, whence, when, and cannot be forged from outside.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "proto/trace.h"

static const int64_t noon = 1795348812000; /* 2026-11-22 */

static const char *received(struct arena *a, const struct trace *t)
{
	struct str line = trace_received(a, t);

	assert_non_null(line.at);
	assert_int_equal(line.n, strlen(line.at));
	return line.at;
}

/* The line with %1$s for the id and %2$s for the date. */
#define ID   "%1$s"
#define DATE "%2$s"

struct row {
	struct trace t;
	const char *wanted;
};

static void check(const struct row *rows, size_t n)
{
	char id[ID_TEXT_MAX], date[CLOCK_DATE_MAX], wanted[512];
	struct arena *a = arena_new(65536);

	for (size_t i = 0; i < n; i++) {
		struct trace t = rows[i].t;

		t.wall_ms = noon;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(wanted, sizeof(wanted), rows[i].wanted, id_text(t.id, id),
			       clock_rfc5322(noon, date));
#pragma GCC diagnostic pop
		assert_string_equal(received(a, &t), wanted);
	}
	arena_free(a);
}

static void the_line_says_who_whence_and_when(void **state)
{
	static const struct row rows[] = {
		{ { STR("mail.b.example"), "192.0.2.9", "mx2.relay.example", true, NULL, NULL, 4711,
		    STR("a@b.example"), 0, false },
		  "Received: from mail.b.example ([192.0.2.9])\r\n"
		  "\tby mx2.relay.example with ESMTP id " ID "\r\n"
		  "\tfor <a@b.example>; " DATE "\r\n" },
		{ { STR("[IPv6:2001:db8::1]"), "2001:db8::1",
		    "mx2.relay.example", false, NULL, NULL,
		    4711,
		    STR(""), 0, false },
		  "Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n"
		  "\tby mx2.relay.example with SMTP id " ID "; " DATE "\r\n" },
		{ { STR("a b(c)\r\nX-Evil: 1;\"\xff"), "192.0.2.9", "h", true, NULL, NULL, 4711,
		    STR("\"x\ny\"@b"), 0, false },
		  "Received: from a?b?c???X-Evil:?1??? ([192.0.2.9])\r\n"
		  "\tby h with ESMTP id " ID "\r\n"
		  "\tfor <\"x?y\"@b>; " DATE "\r\n" },
		{ { STR(""), "192.0.2.9", "h", true, NULL, NULL, 4711, STR(""), 0, false },
		  "Received: from unknown ([192.0.2.9])\r\n"
		  "\tby h with ESMTP id " ID "; " DATE "\r\n" },
		{ { STR("a.example"), "192.0.2.9", "h", true, "TLSv1.3", "TLS_AES_256_GCM_SHA384",
		    4711, STR(""), 0, false },
		  "Received: from a.example ([192.0.2.9])\r\n"
		  "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\r\n"
		  "\tby h with ESMTPS id " ID "; " DATE "\r\n" },
		{ { STR("a.example"), "192.0.2.9", "h", false, "TLSv1.2", "X", 4711, STR(""), 0,
		    false },
		  "Received: from a.example ([192.0.2.9])\r\n"
		  "\t(using TLSv1.2 with cipher X)\r\n"
		  "\tby h with SMTP id " ID "; " DATE "\r\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* RFC 6531 §4.3 */
static void smtputf8_has_protocols_of_its_own(void **state)
{
	static const struct row rows[] = {
		{ { STR("a.example"), "192.0.2.9", "h", true, NULL, NULL, 4711,
		    STR("jos\xc3\xa9@b"), 0, true },
		  "Received: from a.example ([192.0.2.9])\r\n"
		  "\tby h with UTF8SMTP id " ID "\r\n\tfor <jos\xc3\xa9@b>; " DATE "\r\n" },
		{ { STR("a.example"), "192.0.2.9", "h", true, "TLSv1.3", "C", 4711,
		    STR("jos\xc3\xa9@b"), 0, true },
		  "Received: from a.example ([192.0.2.9])\r\n\t(using TLSv1.3 with cipher C)\r\n"
		  "\tby h with UTF8SMTPS id " ID "\r\n\tfor <jos\xc3\xa9@b>; " DATE "\r\n" },
		{ { STR("a.example"), "192.0.2.9", "h", true, NULL, NULL, 4711,
		    STR("jos\xc3\xa9@b"), 0, false },
		  "Received: from a.example ([192.0.2.9])\r\n"
		  "\tby h with ESMTP id " ID "\r\n\tfor <jos??@b>; " DATE "\r\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void no_line_is_longer_than_998_octets(void **state)
{
	struct arena *a = arena_new(65536);
	char helo[3000], rcpt[3000];
	struct trace t = { { helo, sizeof(helo) }, "2001:db8::1", "mx2.relay.example",
			   true, "TLSv1.3",
			   "TLS_AES_256_GCM_SHA384", 1, { rcpt, 254 }, noon, false };
	size_t length = 0;

	(void)state;
	memset(helo, 'h', sizeof(helo));
	memset(rcpt, 'r', sizeof(rcpt));
	for (int round = 0; round < 2; round++) {
		for (const char *c = received(a, &t); *c; c++) {
			length = *c == '\n' ? 0 : length + 1;
			assert_in_range(length, 0, 998);
		}
		t.only_rcpt.n = sizeof(rcpt);
	}
	arena_free(a);
}

static void past_the_arenas_maximum_there_is_no_line(void **state)
{
	struct trace t = { STR("mail.b.example"), "192.0.2.9", "mx2.relay.example", true,
			   NULL, NULL, 1,
			   STR("a@b.example"), noon, false };

	(void)state;
	for (size_t max = 0; max < 160; max += 16) {
		struct arena *a = arena_new(max);

		assert_null(trace_received(a, &t).at);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_says_who_whence_and_when),
		cmocka_unit_test(smtputf8_has_protocols_of_its_own),
		cmocka_unit_test(no_line_is_longer_than_998_octets),
		cmocka_unit_test(past_the_arenas_maximum_there_is_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
