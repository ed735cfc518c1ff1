/* test_smtpc_ask: a server is asked whether it takes a user, and nothing is sent; what its answers
 * say of the user.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/smtpc.h"

static const struct str rcpt = { "anna@a.test", sizeof("anna@a.test") - 1 };

static struct smtpc *greeted(const char *extensions)
{
	struct smtpc *c = smtpc_new("mx.test");

	assert_true(smtpc_feed(c, STR("220 hi\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_INPUT);
	assert_true(smtpc_feed(c, str_of(extensions)));
	assert_int_equal(smtpc_next(c), SMTPC_READY);
	buf_consume(smtpc_output(c), buf_len(smtpc_output(c)));
	return c;
}

static void ask(struct smtpc *c)
{
	smtpc_send(c, &(struct smtpc_mail){ .sender = STR_NONE,
					    .rcpts = &rcpt,
					    .rcpt_count = 1,
					    .envid = STR_NONE,
					    .only_ask = true });
}

static void says(struct smtpc *c, const char *wanted)
{
	struct str got = buf_str(smtpc_output(c));

	assert_true(str_eq(got, str_of(wanted)));
	buf_consume(smtpc_output(c), got.n);
}

static void hears(struct smtpc *c, const char *reply, enum smtpc_event wanted)
{
	assert_true(smtpc_feed(c, str_of(reply)));
	assert_int_equal(smtpc_next(c), wanted);
}

static void a_user_is_asked_for_step_by_step(void **state)
{
	struct smtpc *c = greeted("250 hi\r\n");

	(void)state;
	ask(c);
	says(c, "MAIL FROM:<>\r\n");
	hears(c, "250 ok\r\n", SMTPC_INPUT);
	says(c, "RCPT TO:<anna@a.test>\r\n");
	hears(c, "250 2.1.5 ok\r\n", SMTPC_INPUT);
	says(c, "RSET\r\n");
	hears(c, "250 ok\r\n", SMTPC_DONE);
	assert_int_equal(smtpc_user(c, 0), SMTPC_USER_YES);
	assert_int_equal(smtpc_result(c, 0)->code, 250);
	assert_int_equal(smtpc_next(c), SMTPC_READY);
	/* The next one needs no RSET before it. */
	ask(c);
	says(c, "MAIL FROM:<>\r\n");
	hears(c, "550 5.7.1 no bounces here\r\n", SMTPC_DONE);
	assert_int_equal(smtpc_user(c, 0), SMTPC_USER_UNSAID);
	smtpc_free(c);
}

static void pipelined_it_goes_in_one_piece(void **state)
{
	struct smtpc *c = greeted("250-hi\r\n250 PIPELINING\r\n");

	(void)state;
	ask(c);
	says(c, "MAIL FROM:<>\r\nRCPT TO:<anna@a.test>\r\nRSET\r\n");
	hears(c, "250 ok\r\n550 5.1.1 nobody\r\n250 ok\r\n", SMTPC_DONE);
	assert_int_equal(smtpc_user(c, 0), SMTPC_USER_NO);
	assert_string_equal(smtpc_result(c, 0)->enhanced, "5.1.1");
	assert_int_equal(smtpc_next(c), SMTPC_READY);
	ask(c);
	says(c, "MAIL FROM:<>\r\nRCPT TO:<anna@a.test>\r\nRSET\r\n");
	hears(c, "451 4.7.1 later\r\n503 need MAIL\r\n250 ok\r\n", SMTPC_DONE);
	assert_int_equal(smtpc_user(c, 0), SMTPC_USER_UNSAID);
	assert_int_equal(smtpc_next(c), SMTPC_READY);
	ask(c);
	hears(c, "250 ok\r\n421 too busy\r\n", SMTPC_BROKEN);
	assert_int_equal(smtpc_user(c, 0), SMTPC_USER_UNSAID);
	smtpc_free(c);
}

static void only_what_is_about_the_user_says_no(void **state)
{
	static const struct {
		const char *reply;
		enum smtpc_user wanted;
	} rows[] = {
		{ "250 ok", SMTPC_USER_YES },
		{ "251 2.1.5 will forward", SMTPC_USER_YES },
		{ "550 5.1.1 no such user", SMTPC_USER_NO },
		{ "550 5.1.0 unknown", SMTPC_USER_NO },
		{ "553 5.1.3 not an address", SMTPC_USER_NO },
		{ "550 no such user", SMTPC_USER_NO },
		{ "551 not local", SMTPC_USER_NO },
		{ "550 5.7.1 your address is listed", SMTPC_USER_UNSAID },
		{ "550 5.1.8 bad sender", SMTPC_USER_UNSAID },
		{ "550 5.1.7 bad sender", SMTPC_USER_UNSAID },
		{ "552 5.2.2 mailbox full", SMTPC_USER_UNSAID },
		{ "554 go away", SMTPC_USER_UNSAID },
		{ "450 4.1.1 unverified", SMTPC_USER_UNSAID },
		{ "451 greylisted", SMTPC_USER_UNSAID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtpc *c = greeted("250-hi\r\n250 PIPELINING\r\n");
		char reply[200];

		ask(c);
		snprintf(reply, sizeof(reply), "250 ok\r\n%s\r\n250 ok\r\n", rows[i].reply);
		hears(c, reply, SMTPC_DONE);
		assert_int_equal(smtpc_user(c, 0), rows[i].wanted);
		smtpc_free(c);
	}
}

static void mail_that_is_sent_tells_of_each_user(void **state)
{
	const struct str rcpts[] = { STR("a@a.test"), STR("b@a.test"), STR("c@a.test") };
	struct smtpc *c = greeted("250-hi\r\n250 PIPELINING\r\n");

	(void)state;
	smtpc_send(c, &(struct smtpc_mail){ .sender = STR("x@y.test"),
					    .rcpts = rcpts,
					    .rcpt_count = 3,
					    .envid = STR_NONE });
	hears(c, "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n451 later\r\n354 go\r\n", SMTPC_BODY);
	smtpc_body_end(c);
	hears(c, "550 5.7.1 spam\r\n", SMTPC_DONE);
	assert_int_equal(smtpc_user(c, 0), SMTPC_USER_YES);
	assert_int_equal(smtpc_user(c, 1), SMTPC_USER_NO);
	assert_int_equal(smtpc_user(c, 2), SMTPC_USER_UNSAID);
	smtpc_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_asked_for_step_by_step),
		cmocka_unit_test(pipelined_it_goes_in_one_piece),
		cmocka_unit_test(only_what_is_about_the_user_says_no),
		cmocka_unit_test(mail_that_is_sent_tells_of_each_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
