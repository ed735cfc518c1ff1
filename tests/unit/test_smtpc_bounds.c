/* test_smtpc_bounds: what a hostile or huge dialogue may cost, and what is told besides results.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

/* A client that has said EHLO and got `ehlo` for it. */
static struct smtpc *ready(const char *ehlo)
{
	struct smtpc *c = smtpc_new("us");

	assert_int_equal(smtpc_phase(c), SMTPC_PHASE_GREETING);
	assert_true(smtpc_feed(c, STR("220-primary ESMTP\r\n220 at your service\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_INPUT);
	assert_int_equal(smtpc_phase(c), SMTPC_PHASE_COMMAND);
	assert_true(smtpc_feed(c, str_of(ehlo)));
	assert_int_equal(smtpc_next(c), SMTPC_READY);
	assert_int_equal(smtpc_phase(c), SMTPC_PHASE_IDLE);
	buf_clear(smtpc_output(c));
	return c;
}

static void what_the_server_offers_is_told(void **state UNUSED)
{
	struct smtpc *c = ready("250-x\r\n250-Pipelining\r\n250-SIZE 52428800\r\n250-8BITMIMEX\r\n"
				"250-8BIT\r\n250 ENHANCEDSTATUSCODES\r\n");
	const struct smtpc_caps *caps = smtpc_caps(c);

	assert_true(caps->esmtp && caps->pipelining && caps->size && caps->enhanced);
	assert_false(caps->mime8bit);
	assert_int_equal(caps->max_size, 52428800);
	assert_string_equal(smtpc_greeting(c), "primary ESMTP at your service");
	smtpc_free(c);

	c = ready("250-x\r\n250 SIZE 99999999999999999999\r\n");
	assert_true(smtpc_caps(c)->size);
	assert_int_equal(smtpc_caps(c)->max_size, 0);
	smtpc_free(c);
}

/* Mail handed to ourselves comes round until it fails as a loop. */
static void a_server_that_greets_as_we_do_gets_no_mail(void **state UNUSED)
{
	static const struct {
		const char *says;
		enum smtpc_event wanted;
	} rows[] = {
		{ "220 us ESMTP mxkeep\r\n", SMTPC_BROKEN },
		{ "220 US ESMTP mxkeep\r\n", SMTPC_BROKEN },
		{ "220 us\r\n", SMTPC_INPUT },
		{ "220 us ESMTP Postfix\r\n", SMTPC_INPUT },
		{ "220 us2 ESMTP mxkeep\r\n", SMTPC_INPUT },
		{ "220 b.us ESMTP mxkeep\r\n", SMTPC_INPUT },
		{ "220\r\n", SMTPC_INPUT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtpc *c = smtpc_new("us");

		assert_true(smtpc_feed(c, str_of(rows[i].says)));
		assert_int_equal(smtpc_next(c), rows[i].wanted);
		smtpc_free(c);
	}
}

static void bytes_from_an_idle_server_end_the_connection(void **state UNUSED)
{
	static const struct {
		const char *says, *why;
	} rows[] = {
		{ "421 4.4.2 idle\r\n", "421 4.4.2 idle" },
		{ "250 hello?\r\n", "server answered before it was asked" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtpc *c = ready("250 x\r\n");

		assert_true(smtpc_feed(c, str_of(rows[i].says)));
		assert_int_equal(smtpc_next(c), SMTPC_BROKEN);
		assert_string_equal(smtpc_why(c)->text, rows[i].why);
		smtpc_free(c);
	}
}

static void feed_lines(struct smtpc *c, size_t n, const char *line)
{
	for (size_t i = 0; i < n; i++)
		assert_true(smtpc_feed(c, str_of(line)));
}

static void replies_are_bounded_in_line_length_and_lines(void **state UNUSED)
{
	static const struct {
		size_t line, lines;
		enum smtpc_event event;
	} rows[] = {
		{ 2048, 1, SMTPC_INPUT }, { 2049, 1, SMTPC_BROKEN }, { 2048, 128, SMTPC_INPUT },
		{ 9, 128, SMTPC_INPUT },  { 9, 129, SMTPC_BROKEN },
	};
	char line[2050];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtpc *c = smtpc_new("us");

		memset(line, 'x', sizeof(line));
		memcpy(line, "220-", 4);
		memcpy(line + rows[i].line - 2, "\r\n", 3);
		feed_lines(c, rows[i].lines - 1, line);
		line[3] = ' ';
		assert_true(smtpc_feed(c, str_of(line)));
		assert_int_equal(smtpc_next(c), rows[i].event);
		assert_true(strlen(smtpc_greeting(c)) < 160);
		smtpc_free(c);
	}
	/* Not even a line end is needed. */
	struct smtpc *c = smtpc_new("us");

	memset(line, '2', sizeof(line));
	assert_true(smtpc_feed(c, (struct str){ line, 2047 }));
	assert_int_equal(smtpc_next(c), SMTPC_INPUT);
	assert_true(smtpc_feed(c, (struct str){ line, 1 }));
	assert_int_equal(smtpc_next(c), SMTPC_BROKEN);
	smtpc_free(c);
}

static void a_flood_is_refused(void **state UNUSED)
{
	struct smtpc *c = smtpc_new("us");
	char *flood = calloc(1, 256 * 1024 + 1);

	assert_false(smtpc_feed(c, (struct str){ flood, 256 * 1024 + 1 }));
	assert_int_equal(smtpc_next(c), SMTPC_BROKEN);
	assert_true(smtpc_feed(c, (struct str){ flood, 256 * 1024 + 1 }));
	free(flood);
	smtpc_free(c);
}

static void result_text_is_bounded_and_holds_no_line_end_or_nul(void **state UNUSED)
{
	struct smtpc *c = ready("250 x\r\n");
	struct str rcpt = STR("x@y");
	struct smtpc_mail m = { .rcpts = &rcpt, .rcpt_count = 1 };
	char line[600];
	static const char odd[] = "550 a\0b\nc\rd\x1b\xff\r\n";

	smtpc_send(c, &m);
	assert_true(smtpc_feed(c, (struct str){ odd, sizeof(odd) - 1 }));
	assert_int_equal(smtpc_next(c), SMTPC_DONE);
	assert_string_equal(smtpc_result(c, 0)->text, "550 a?b?c?d\x1b\xff");

	memset(line, 'x', sizeof(line));
	memcpy(line, "550-", 4);
	memcpy(line + sizeof(line) - 3, "\r\n", 3);
	assert_int_equal(smtpc_next(c), SMTPC_READY);
	smtpc_send(c, &m);
	assert_true(smtpc_feed(c, str_of(line)));
	line[3] = ' ';
	assert_true(smtpc_feed(c, str_of(line)));
	assert_int_equal(smtpc_next(c), SMTPC_DONE);
	assert_int_equal(strlen(smtpc_result(c, 0)->text), 480);
	smtpc_free(c);
}

static void an_enhanced_code_is_taken_when_it_is_one(void **state UNUSED)
{
	static const struct {
		const char *reply, *enhanced;
	} rows[] = {
		{ "550 5.1.1 no\r\n", "5.1.1" },
		{ "550 5.1.1\r\n", "5.1.1" },
		{ "550 5.123.456 a\r\n", "5.123.456" },
		{ "550 5.1234.1 a\r\n", "" },
		{ "550 5.1.1234 a\r\n", "" },
		{ "550 5.1.1x\r\n", "" },
		{ "550 5.1x1 a\r\n", "" },
		{ "550 5..1 a\r\n", "" },
		{ "550 5.1. a\r\n", "" },
		{ "550 5.123\r\n", "" },
		{ "550 5x1.1 a\r\n", "" },
		{ "550 4.1.1 a\r\n", "" },
		{ "450 4.1.1 a\r\n", "4.1.1" },
		{ "550 5.1\r\n", "" },
	};
	struct str rcpt = STR("x@y");
	struct smtpc_mail m = { .rcpts = &rcpt, .rcpt_count = 1 };
	struct smtpc *c = ready("250 x\r\n");

	for (size_t i = 0; i < COUNT(rows); i++) {
		smtpc_send(c, &m);
		assert_true(smtpc_feed(c, str_of(rows[i].reply)));
		assert_int_equal(smtpc_next(c), SMTPC_DONE);
		assert_string_equal(smtpc_result(c, 0)->enhanced, rows[i].enhanced);
	}
	smtpc_free(c);
}

#define MANY 1000

static void a_thousand_recipients_are_pipelined_in_groups(void **state UNUSED)
{
	struct smtpc *c = ready("250-x\r\n250 PIPELINING\r\n");
	struct str *rcpts = calloc(MANY, sizeof(*rcpts));
	char(*text)[64] = calloc(MANY, sizeof(*text));
	struct smtpc_mail m = { .sender = STR("a@b"), .rcpts = rcpts, .rcpt_count = MANY };
	struct buf *out = smtpc_output(c);
	size_t rounds = 0, asked = 0, heard = 0;

	for (size_t i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof(text[i]), "recipient-number-%zu@domain.example", i);
		rcpts[i] = str_of(text[i]);
	}
	smtpc_send(c, &m);
	while (smtpc_next(c) == SMTPC_INPUT) {
		assert_true(buf_len(out) < 20 * 1024);
		for (struct str s = buf_str(out); s.n > 0; s = str_from(s, 1))
			asked += s.at[0] == '\n';
		buf_clear(out);
		rounds++;
		/* Every third is refused; MAIL is the first, DATA the last. */
		for (; heard < asked; heard++)
			assert_true(smtpc_feed(c, heard == MANY + 1 ? STR("354 go\r\n")
						  : heard % 3 == 0 && heard > 0
							  ? STR("550 no\r\n")
							  : STR("250 ok\r\n")));
	}
	assert_int_equal(asked, MANY + 2);
	assert_in_range(rounds, 2, 10);
	smtpc_body_end(c);
	assert_int_equal(smtpc_phase(c), SMTPC_PHASE_FINAL);
	assert_string_equal(smtpc_state_name(c), "dot");
	assert_true(smtpc_feed(c, STR("250 queued\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_DONE);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(smtpc_result(c, i)->code, (i + 1) % 3 == 0 ? 550 : 250);
	smtpc_free(c);
	free(text);
	free(rcpts);
}

static void a_refused_mail_stops_the_group(void **state UNUSED)
{
	struct smtpc *c = ready("250-x\r\n250 PIPELINING\r\n");
	struct str *rcpts = calloc(MANY, sizeof(*rcpts));
	struct smtpc_mail m = { .sender = STR("a@b"), .rcpts = rcpts, .rcpt_count = MANY };
	size_t asked = 0;

	for (size_t i = 0; i < MANY; i++)
		rcpts[i] = STR("somebody-with-a-name-of-some-length@domain.example");
	smtpc_send(c, &m);
	for (struct str s = buf_str(smtpc_output(c)); s.n > 0; s = str_from(s, 1))
		asked += s.at[0] == '\n';
	assert_in_range(asked, 2, MANY);
	buf_clear(smtpc_output(c));
	assert_true(smtpc_feed(c, STR("451 no\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_INPUT);
	feed_lines(c, asked - 1, "503 no\r\n");
	assert_int_equal(smtpc_next(c), SMTPC_DONE);
	assert_int_equal(buf_len(smtpc_output(c)), 0);
	assert_int_equal(smtpc_result(c, 0)->code, 451);
	assert_int_equal(smtpc_result(c, MANY - 1)->code, 451);
	smtpc_free(c);
	free(rcpts);
}

/* In BODY, one recipient. */
static struct smtpc *in_body(void)
{
	static const struct str rcpt = { "x@y", 3 };
	struct smtpc_mail m = { .sender = STR("a@b"), .rcpts = &rcpt, .rcpt_count = 1 };
	struct smtpc *c = ready("250-x\r\n250 PIPELINING\r\n");

	smtpc_send(c, &m);
	assert_true(smtpc_feed(c, STR("250 ok\r\n250 ok\r\n354 go\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_BODY);
	assert_int_equal(smtpc_phase(c), SMTPC_PHASE_DATA);
	buf_clear(smtpc_output(c));
	return c;
}

static void content_waits_while_the_output_is_full(void **state UNUSED)
{
	struct smtpc *c = in_body();
	struct buf *out = smtpc_output(c);
	size_t n = 3 * 1000, given = 0, taken = 0;
	char *lines = calloc(1, n + 1);

	for (size_t i = 0; i < n; i += 3)
		memcpy(lines + i, ".\r\n", 3);
	while (taken < 4u * SMTPC_OUTPUT_MAX) {
		if (smtpc_body(c, (struct str){ lines, n })) {
			given += n / 3 * 4;
			continue;
		}
		assert_in_range(buf_len(out), SMTPC_OUTPUT_MAX - n / 3 * 4 - 64, SMTPC_OUTPUT_MAX);
		taken += buf_len(out);
		buf_clear(out);
	}
	assert_int_equal(taken + buf_len(out), given);
	smtpc_body_end(c);
	assert_false(smtpc_next(c) == SMTPC_BROKEN);
	free(lines);
	smtpc_free(c);
}

static void a_lost_connection_leaves_results_behind(void **state UNUSED)
{
	struct smtpc *c = in_body();

	assert_true(smtpc_body(c, STR("half")));
	smtpc_lost(c, "connection reset");
	assert_int_equal(smtpc_next(c), SMTPC_BROKEN);
	assert_int_equal(smtpc_result(c, 0)->code, 0);
	assert_string_equal(smtpc_result(c, 0)->text, "connection reset");
	assert_string_equal(smtpc_why(c)->text, "connection reset");
	assert_false(smtpc_dot_sent(c));
	/* The caller may have been amid its content. */
	assert_true(smtpc_body(c, STR("more")));
	smtpc_body_end(c);
	assert_int_equal(smtpc_next(c), SMTPC_BROKEN);
	assert_false(smtpc_dot_sent(c));
	smtpc_free(c);

	c = in_body();
	smtpc_body_end(c);
	smtpc_lost(c, "timed out");
	assert_int_equal(smtpc_result(c, 0)->code, 0);
	assert_true(smtpc_dot_sent(c));
	smtpc_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_server_offers_is_told),
		cmocka_unit_test(a_server_that_greets_as_we_do_gets_no_mail),
		cmocka_unit_test(bytes_from_an_idle_server_end_the_connection),
		cmocka_unit_test(replies_are_bounded_in_line_length_and_lines),
		cmocka_unit_test(a_flood_is_refused),
		cmocka_unit_test(result_text_is_bounded_and_holds_no_line_end_or_nul),
		cmocka_unit_test(an_enhanced_code_is_taken_when_it_is_one),
		cmocka_unit_test(a_thousand_recipients_are_pipelined_in_groups),
		cmocka_unit_test(a_refused_mail_stops_the_group),
		cmocka_unit_test(content_waits_while_the_output_is_full),
		cmocka_unit_test(a_lost_connection_leaves_results_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
