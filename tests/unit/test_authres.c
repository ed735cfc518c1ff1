/* test_authres: what claims to be our word and is not goes; all else passes to the byte, however it
 * is cut.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "proto/authres.h"
#include "proto/spf_field.h"

#define US "mx.test"

/* Through the filter in pieces of n bytes. */
static struct buf filtered(struct str in, size_t n, unsigned *ret_removed)
{
	struct authres *a = mem_alloc(sizeof(*a));
	struct buf out;

	buf_init(&out, 1024 * 1024);
	authres_init(a, US);
	while (in.n) {
		struct str piece = { in.at, n < in.n ? n : in.n }, run;

		in = str_from(in, piece.n);
		while (authres_next(a, &piece, &run))
			assert_true(buf_add(&out, run));
		assert_int_equal(piece.n, 0);
	}
	assert_true(buf_add(&out, authres_end(a)));
	*ret_removed = a->removed;
	free(a);
	return out;
}

static void must_become(struct str in, struct str wanted, unsigned wanted_removed)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 7, 16, 61, 100000 };

	for (size_t i = 0; i < COUNT(pieces); i++) {
		unsigned removed;
		struct buf out = filtered(in, pieces[i], &removed);
		struct str got = buf_str(&out);

		if (!str_eq(got, wanted) || removed != wanted_removed)
			fail_msg("in pieces of %zu: %u removed of\n%.*s\ngot\n%.*s", pieces[i],
				 removed, STR_ARGS(in), STR_ARGS(got));
		buf_done(&out);
	}
}

#define AR   "Authentication-Results:"
#define TOP  "Received: from a by b; c\r\n\tfor d\r\n"
#define REST "Subject: x\r\n y\r\n\r\nbody\r\nAuthentication-Results: mx.test; spf=pass\r\n"

static void fields_that_bear_our_name_go(void **state UNUSED)
{
	static const char *const rows[] = {
		AR " mx.test; spf=pass\r\n",
		AR "mx.test;spf=pass\r\n",
		AR " mx.test\r\n",
		AR " mx.test 1; spf=pass\r\n",
		AR " MX.Test; none\r\n",
		"AUTHENTICATION-results: mx.test; none\r\n",
		"Authentication-Results : mx.test; none\r\n",
		"Authentication-Results \t: mx.test; none\r\n",
		AR "\r\n mx.test; none\r\n",
		AR " \r\n\t\r\n  mx.test; none\r\n",
		AR " mx.test\r\n\t; spf=pass\r\n\t smtp.mailfrom=a\r\n",
		AR " mx.test;\r\n spf=pass\r\n dkim=pass\r\n",
		AR " (by us) mx.test; none\r\n",
		AR " (by (a \\) \\( (very)) us)\r\n (again) mx.test; none\r\n",
		AR "(a\r\n b)mx.test(c); none\r\n",
		AR " \"mx.test\"; none\r\n",
		AR " \"m\\x.te\\st\"; none\r\n",
		AR " \"mx\r\n .test\"; none\r\n",
		AR " (without an end mx.test; none\r\n",
		AR " \"without an end mx.test; none\r\n\tmore\r\n",
		AR " mx.test; a\r\nAuthentication-Results: mx.test; b\r\n",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char in[1000];

		snprintf(in, sizeof(in), TOP "%s" REST, rows[i]);
		must_become(str_of(in), STR(TOP REST), i == COUNT(rows) - 1 ? 2 : 1);
		snprintf(in, sizeof(in), "%sA: b\r\n" REST, rows[i]);
		must_become(str_of(in), STR("A: b\r\n" REST), i == COUNT(rows) - 1 ? 2 : 1);
		snprintf(in, sizeof(in), "%s\r\n%s", rows[i], rows[i]);
		must_become(str_of(in), str_from(str_of(in), strlen(rows[i])),
			    i == COUNT(rows) - 1 ? 2 : 1);
	}
}

static void all_else_passes_to_the_byte(void **state UNUSED)
{
	static const char *const rows[] = {
		AR " other.test; spf=pass\r\n",
		AR " mx.test.other.test; spf=pass\r\n",
		AR " mx.tes; spf=pass\r\n",
		AR " mx.testx; spf=pass\r\n",
		AR " xmx.test; spf=pass\r\n",
		AR " other.test;\r\n\tmx.test; spf=pass\r\n",
		AR " (mx.test) other.test; spf=pass\r\n",
		AR " \"mx.tes\"; spf=pass\r\n",
		AR " ; mx.test\r\n",
		AR "\r\n",
		AR " \r\n \r\n",
		"Authentication-Result: mx.test; spf=pass\r\n",
		"Authentication-Results-X: mx.test; spf=pass\r\n",
		"ARC-Authentication-Results: i=1; mx.test; spf=pass\r\n",
		"X: y\r\n Authentication-Results: mx.test; folded\r\n",
		"Authentication-Results mx.test; no colon\r\n",
		"A\r\nAu: b\r\na: c\r\n",
		"no field at all\r\n",
		"",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char in[1000];

		snprintf(in, sizeof(in), TOP "%s" REST, rows[i]);
		must_become(str_of(in), str_of(in), 0);
		snprintf(in, sizeof(in), "%sA: b\r\n" REST, rows[i]);
		must_become(str_of(in), str_of(in), 0);
	}
	must_become(STR("\r\n" AR " mx.test; in the body\r\n"),
		    STR("\r\n" AR " mx.test; in the body\r\n"), 0);
	must_become(STR("Authentication-Res"), STR("Authentication-Res"), 0);
	must_become(STR(AR " ("), STR(AR " ("), 0);
	must_become(STR(""), STR(""), 0);
}

static void what_stands_behind_no_field_is_looked_at_too(void **state UNUSED)
{
	must_become(STR("From nobody\r\n" AR " mx.test; none\r\nA: b\r\n\r\n"),
		    STR("From nobody\r\nA: b\r\n\r\n"), 1);
}

static void a_field_that_does_not_come_to_its_word_goes(void **state UNUSED)
{
	static const char rest[] = ") mx.test; none\r\nA: b\r\n\r\n";
	char *in = mem_alloc(10000);
	size_t n = strlen(AR " (");

	memcpy(in, AR " (", n);
	memset(in + n, 'x', 5000);
	memcpy(in + n + 5000, rest, strlen(rest));
	must_become(str_of(in), STR("A: b\r\n\r\n"), 1);
	free(in);
}

/* -- our own ----------------------------------------------------------------------------------- */

static void must_write(const struct spf_field *f, const char *wanted)
{
	struct arena *a = arena_new(16 * 1024);
	struct str text = spf_field_text(a, f);

	assert_non_null(text.at);
	if (!str_eq(text, str_of(wanted)))
		fail_msg("got\n%.*s\nwanted\n%s", STR_ARGS(text), wanted);
	arena_free(a);
}

static void what_spf_found_is_written_as_two_fields(void **state UNUSED)
{
	must_write(&(struct spf_field){ .result = "fail",
					.sender = STR("a.b+c@s.test"),
					.domain = STR("s.test"),
					.helo = STR("h.test"),
					.client = "192.0.2.1",
					.hostname = US,
					.mechanism = "-all",
					.problem = "" },
		   "Authentication-Results: mx.test;\r\n"
		   "\tspf=fail smtp.mailfrom=a.b+c@s.test\r\n"
		   "\tsmtp.remote-ip=192.0.2.1\r\n"
		   "Received-SPF: fail\r\n"
		   "\treceiver=mx.test; client-ip=192.0.2.1;\r\n"
		   "\tenvelope-from=\"a.b+c@s.test\";\r\n"
		   "\thelo=h.test;\r\n"
		   "\tidentity=mailfrom;\r\n"
		   "\tmechanism=-all\r\n");
	must_write(&(struct spf_field){ .result = "permerror",
					.of_helo = true,
					.sender = STR_NONE,
					.domain = STR("h.test"),
					.helo = STR("h.test"),
					.client = "2001:db8::1",
					.hostname = US,
					.mechanism = "",
					.problem = "more than one record" },
		   "Authentication-Results: mx.test;\r\n"
		   "\tspf=permerror smtp.helo=h.test\r\n"
		   "\tsmtp.remote-ip=\"2001:db8::1\"\r\n"
		   "Received-SPF: permerror\r\n"
		   "\treceiver=mx.test; client-ip=\"2001:db8::1\";\r\n"
		   "\tenvelope-from=\"\";\r\n"
		   "\thelo=h.test;\r\n"
		   "\tidentity=helo;\r\n"
		   "\tproblem=\"more than one record\"\r\n");
}

static void nothing_from_outside_breaks_out_of_a_value(void **state UNUSED)
{
	must_write(&(struct spf_field){ .result = "none",
					.sender = STR("\"a\\\"; spf=pass\"@s.test"),
					.domain = STR("s.test"),
					.helo = STR("x; spf=pass (\r\nX: y\x80\\\")"),
					.client = "192.0.2.1",
					.hostname = US,
					.mechanism = "",
					.problem = "" },
		   "Authentication-Results: mx.test;\r\n"
		   "\tspf=none smtp.mailfrom=s.test\r\n"
		   "\tsmtp.remote-ip=192.0.2.1\r\n"
		   "Received-SPF: none\r\n"
		   "\treceiver=mx.test; client-ip=192.0.2.1;\r\n"
		   "\tenvelope-from=\"\\\"a\\\\\\\"; spf=pass\\\"@s.test\";\r\n"
		   "\thelo=\"x; spf=pass (??X: y?\\\\\\\")\";\r\n"
		   "\tidentity=mailfrom\r\n");
}

static void values_are_cut_to_a_length(void **state UNUSED)
{
	struct arena *a = arena_new(64 * 1024);
	char helo[3000];
	struct str text;

	memset(helo, '"', sizeof(helo));
	text = spf_field_text(a, &(struct spf_field){ .result = "none",
						      .sender = { helo, sizeof(helo) },
						      .domain = { helo, sizeof(helo) },
						      .helo = { helo, sizeof(helo) },
						      .client = "192.0.2.1",
						      .hostname = US,
						      .mechanism = "",
						      .problem = "" });
	assert_non_null(text.at);
	while (text.n) {
		struct str line;

		str_cut(text, '\n', &line, &text);
		assert_true(line.n < 998);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_that_bear_our_name_go),
		cmocka_unit_test(all_else_passes_to_the_byte),
		cmocka_unit_test(what_stands_behind_no_field_is_looked_at_too),
		cmocka_unit_test(a_field_that_does_not_come_to_its_word_goes),
		cmocka_unit_test(what_spf_found_is_written_as_two_fields),
		cmocka_unit_test(nothing_from_outside_breaks_out_of_a_value),
		cmocka_unit_test(values_are_cut_to_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
