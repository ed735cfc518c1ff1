/* test_smtpd: what the engine promises its caller; what it says to clients stands in tests/dialog.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/smtpd.h"

static const struct smtpd_limits limits = {
	.max_size = 1 << 30, .max_line = 2048, .max_rcpts = 1000, .max_errors = 20,
	.max_commands = 100000,
};

static struct smtpd *engine(void)
{
	struct smtpd *s = smtpd_new("mx.test", &limits);

	buf_clear(smtpd_output(s));
	return s;
}

static void feed(struct smtpd *s, const char *text)
{
	assert_true(smtpd_feed(s, str_of(text)));
}

static enum smtpd_want next(struct smtpd *s)
{
	return smtpd_next(s).want;
}

static void says(struct smtpd *s, const char *prefix)
{
	assert_true(str_starts(buf_str(smtpd_output(s)), str_of(prefix)));
	buf_clear(smtpd_output(s));
}

static void answer(struct smtpd *s, enum smtpd_want wanted, enum reply_id id)
{
	assert_int_equal(next(s), wanted);
	smtpd_answer(s, reply_get(id));
}

static struct smtpd *engine_in_data(void)
{
	struct smtpd *s = engine();

	feed(s, "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
	answer(s, WANT_HELO, REPLY_OK);
	answer(s, WANT_MAIL, REPLY_SENDER_OK);
	answer(s, WANT_RCPT, REPLY_RCPT_OK);
	answer(s, WANT_DATA, REPLY_OK);
	assert_int_equal(next(s), WANT_INPUT);
	buf_clear(smtpd_output(s));
	return s;
}

static void no_line_is_read_while_a_request_is_unanswered(void **state)
{
	struct smtpd *s = engine();

	(void)state;
	feed(s, "EHLO a\r\nNOOP\r\nFOO\r\n");
	assert_int_equal(next(s), WANT_HELO);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next(s), WANT_ANSWER);
	assert_int_equal(buf_len(smtpd_output(s)), 0);
	smtpd_answer(s, reply_get(REPLY_OK));
	assert_int_equal(next(s), WANT_INPUT);
	says(s, "250-mx.test");
	smtpd_free(s);
}

static void a_request_carries_what_the_client_said(void **state)
{
	struct smtpd *s = engine();
	struct smtpd_request r;

	(void)state;
	feed(s, "EHLO me.example\r\nMAIL FROM:<a@b.example> size=123 body=8BitMime\r\n");
	r = smtpd_next(s);
	assert_int_equal(r.want, WANT_HELO);
	assert_true(r.esmtp && str_eq(r.helo, STR("me.example")));
	smtpd_answer(s, reply_get(REPLY_OK));
	r = smtpd_next(s);
	assert_int_equal(r.want, WANT_MAIL);
	assert_true(str_eq(r.path.address, STR("a@b.example")));
	assert_int_equal(r.size, 123);
	assert_true(r.body_8bit);
	smtpd_answer(s, reply_get(REPLY_SENDER_OK));
	feed(s, "HELO other\r\n");
	r = smtpd_next(s);
	assert_int_equal(r.want, WANT_HELO);
	assert_false(r.esmtp || r.body_8bit || r.size);
	smtpd_free(s);
}

static void a_refused_request_leaves_the_state_as_it_was(void **state)
{
	struct smtpd *s = engine();

	(void)state;
	feed(s, "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
	answer(s, WANT_HELO, REPLY_NO_MEMORY);
	assert_string_equal(smtpd_state_name(s), "greeted");
	assert_int_equal(next(s), WANT_INPUT); /* everything else was misplaced */
	feed(s, "EHLO a\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\n");
	answer(s, WANT_HELO, REPLY_OK);
	answer(s, WANT_MAIL, REPLY_NO_SPACE);
	assert_string_equal(smtpd_state_name(s), "ready");
	answer(s, WANT_MAIL, REPLY_SENDER_OK);
	feed(s, "RCPT TO:<a@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
	answer(s, WANT_RCPT, REPLY_NO_SUCH_USER);
	assert_string_equal(smtpd_state_name(s), "mail");
	answer(s, WANT_RCPT, REPLY_RCPT_OK);
	answer(s, WANT_RCPT, REPLY_NO_SUCH_USER);
	assert_string_equal(smtpd_state_name(s), "rcpt");
	answer(s, WANT_DATA, REPLY_NO_SPACE);
	assert_string_equal(smtpd_state_name(s), "rcpt");
	assert_false(smtpd_in_data(s));
	feed(s, "HELO b\r\n"); /* the caller forgot the mail, so the engine does too */
	answer(s, WANT_HELO, REPLY_NO_MEMORY);
	assert_string_equal(smtpd_state_name(s), "ready");
	smtpd_free(s);
}

static void the_states_say_when_a_session_is_idle(void **state)
{
	struct smtpd *s = engine();

	(void)state;
	assert_true(smtpd_is_idle(s));
	feed(s, "EHLO a\r\n");
	assert_int_equal(next(s), WANT_HELO);
	assert_false(smtpd_is_idle(s));
	smtpd_answer(s, reply_get(REPLY_OK));
	assert_true(smtpd_is_idle(s));
	smtpd_free(s);

	s = engine_in_data();
	assert_true(smtpd_in_data(s) && !smtpd_is_idle(s));
	feed(s, "x\r\n.\r\n");
	assert_int_equal(next(s), WANT_CHUNK);
	assert_int_equal(next(s), WANT_END);
	assert_false(smtpd_in_data(s) || smtpd_is_idle(s));
	assert_string_equal(smtpd_state_name(s), "end");
	smtpd_answer(s, reply_get(REPLY_STORE_FAILED));
	assert_true(smtpd_is_idle(s));
	smtpd_free(s);
}

static void hanging_up_says_one_421_and_closes(void **state)
{
	struct smtpd *s = engine_in_data();

	(void)state;
	smtpd_hangup(s, reply_get(REPLY_IDLE));
	smtpd_hangup(s, reply_get(REPLY_SHUTTING_DOWN));
	says(s, "421 4.4.2 ");
	feed(s, "NOOP\r\n");
	assert_false(smtpd_wants_input(s));
	for (int i = 0; i < 3; i++)
		assert_int_equal(next(s), WANT_CLOSE);
	assert_int_equal(buf_len(smtpd_output(s)), 0);
	assert_false(smtpd_is_idle(s));
	assert_string_equal(smtpd_state_name(s), "closed");
	smtpd_free(s);
}

static void an_answer_after_hanging_up_is_nobodys(void **state)
{
	struct smtpd *s = engine();

	(void)state;
	feed(s, "EHLO a\r\nNOOP\r\n");
	assert_int_equal(next(s), WANT_HELO);
	smtpd_hangup(s, reply_get(REPLY_SHUTTING_DOWN));
	says(s, "421 4.3.2 ");
	smtpd_answer(s, reply_get(REPLY_OK));
	assert_int_equal(next(s), WANT_CLOSE);
	assert_int_equal(buf_len(smtpd_output(s)), 0);
	smtpd_free(s);
}

static void an_answer_of_421_closes(void **state)
{
	struct smtpd *s = engine();

	(void)state;
	feed(s, "EHLO a\r\nNOOP\r\n");
	answer(s, WANT_HELO, REPLY_TOO_MANY_FROM_YOU);
	says(s, "421 ");
	assert_int_equal(next(s), WANT_CLOSE);
	smtpd_free(s);
}

static void input_is_bounded_and_says_when_it_is_enough(void **state)
{
	struct smtpd *s = engine();
	size_t fed = 0;

	(void)state;
	feed(s, "EHLO a\r\n");
	assert_int_equal(next(s), WANT_HELO);
	while (smtpd_wants_input(s)) {
		feed(s, "NOOP\r\n");
		fed += 6;
	}
	assert_in_range(fed, 8 * 1024, 64 * 1024);
	while (smtpd_feed(s, STR("NOOP\r\n")))
		fed += 6;
	assert_in_range(fed, SMTPD_INPUT_MAX - 20, SMTPD_INPUT_MAX);
	smtpd_free(s);
}

static void commands_wait_while_the_client_does_not_read(void **state)
{
	struct smtpd *s = engine();
	size_t replies = 0;

	(void)state;
	for (int i = 0; i < 20000; i++)
		feed(s, "NOOP\r\n");
	for (int round = 0; round < 100; round++) {
		assert_int_equal(next(s), WANT_INPUT);
		assert_in_range(buf_len(smtpd_output(s)), 0, SMTPD_OUTPUT_MAX);
		replies += buf_len(smtpd_output(s)) / strlen("250 2.0.0 ok\r\n");
		assert_int_equal(buf_len(smtpd_output(s)) >= SMTPD_OUTPUT_MAX / 2,
				 !smtpd_wants_input(s));
		buf_clear(smtpd_output(s));
	}
	assert_int_equal(replies, 20000);
	smtpd_free(s);
}

static void content_comes_in_large_spans_of_the_input(void **state)
{
	struct smtpd *s = engine_in_data();
	struct smtpd_request r;

	(void)state;
	for (int i = 0; i < 1000; i++)
		feed(s, "0123456789012345678901234567890123456789\r\n");
	r = smtpd_next(s);
	assert_int_equal(r.want, WANT_CHUNK);
	assert_int_equal(r.bytes.n, 42000);
	assert_int_equal(next(s), WANT_INPUT);
	feed(s, ".\r\n");
	r = smtpd_next(s);
	assert_int_equal(r.want, WANT_END);
	assert_int_equal(r.size, 42000);
	smtpd_free(s);
}

static void the_last_word_is_what_ended_the_session(void **state)
{
	static const struct {
		const char *said;
		enum reply_id last;
	} rows[] = {
		{ "QUIT\r\n", REPLY_BYE },
		{ "BDAT x\r\n", REPLY_BAD_CHUNK },
		{ "FOO\r\nQUIT\r\n", REPLY_BYE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtpd *s = engine();

		feed(s, rows[i].said);
		assert_int_equal(next(s), WANT_CLOSE);
		assert_int_equal(smtpd_last_word(s), rows[i].last);
		smtpd_free(s);
	}
}

static void the_end_says_whether_content_came_in_chunks(void **state)
{
	struct smtpd *s = engine_in_data();
	struct smtpd_request r;

	(void)state;
	feed(s, ".\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 0 LAST\r\n");
	r = smtpd_next(s);
	assert_true(r.want == WANT_END && !r.chunked);
	smtpd_answer(s, reply_get(REPLY_OK));
	answer(s, WANT_MAIL, REPLY_SENDER_OK);
	answer(s, WANT_RCPT, REPLY_RCPT_OK);
	answer(s, WANT_DATA, REPLY_OK);
	r = smtpd_next(s);
	assert_true(r.want == WANT_END && r.chunked);
	smtpd_free(s);
}

static void an_idle_session_keeps_no_input_buffer(void **state)
{
	struct smtpd *s = engine_in_data();

	(void)state;
	for (int i = 0; i < 1000; i++)
		feed(s, "0123456789012345678901234567890123456789\r\n");
	assert_int_equal(next(s), WANT_CHUNK);
	feed(s, ".\r\n");
	answer(s, WANT_END, REPLY_OK);
	assert_int_equal(next(s), WANT_INPUT);
	says(s, "250 ");
	assert_int_equal(next(s), WANT_INPUT);
	assert_null(smtpd_output(s)->mem);
	smtpd_free(s);
}

static void a_mail_may_be_held_to_less_than_the_session(void **state)
{
	struct smtpd_request r;

	(void)state;
	for (int chunked = 0; chunked < 2; chunked++) {
		struct smtpd *s = engine();

		feed(s, "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
		feed(s, chunked ? "BDAT 12 LAST\r\n0123456789\r\n" : "DATA\r\n");
		answer(s, WANT_HELO, REPLY_OK);
		answer(s, WANT_MAIL, REPLY_SENDER_OK);
		answer(s, WANT_RCPT, REPLY_RCPT_OK);
		assert_int_equal(next(s), WANT_DATA);
		smtpd_limit_size(s, 10);
		smtpd_limit_size(s, 11);
		smtpd_answer(s, reply_get(REPLY_OK));
		if (!chunked)
			feed(s, "0123456789\r\n.\r\n");
		buf_clear(smtpd_output(s));
		while ((r = smtpd_next(s)).want == WANT_CHUNK)
			;
		assert_int_equal(r.want, WANT_DROP);
		smtpd_answer(s, r.refuse);
		says(s, "552 5.3.4");
		/* The next mail has the session's limit again. */
		feed(s, "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n0123456789\r\n.\r\n");
		answer(s, WANT_MAIL, REPLY_SENDER_OK);
		answer(s, WANT_RCPT, REPLY_RCPT_OK);
		answer(s, WANT_DATA, REPLY_OK);
		while ((r = smtpd_next(s)).want == WANT_CHUNK)
			;
		assert_int_equal(r.want, WANT_END);
		smtpd_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_may_be_held_to_less_than_the_session),
		cmocka_unit_test(no_line_is_read_while_a_request_is_unanswered),
		cmocka_unit_test(a_request_carries_what_the_client_said),
		cmocka_unit_test(a_refused_request_leaves_the_state_as_it_was),
		cmocka_unit_test(the_states_say_when_a_session_is_idle),
		cmocka_unit_test(hanging_up_says_one_421_and_closes),
		cmocka_unit_test(an_answer_after_hanging_up_is_nobodys),
		cmocka_unit_test(an_answer_of_421_closes),
		cmocka_unit_test(input_is_bounded_and_says_when_it_is_enough),
		cmocka_unit_test(commands_wait_while_the_client_does_not_read),
		cmocka_unit_test(content_comes_in_large_spans_of_the_input),
		cmocka_unit_test(the_last_word_is_what_ended_the_session),
		cmocka_unit_test(the_end_says_whether_content_came_in_chunks),
		cmocka_unit_test(an_idle_session_keeps_no_input_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
