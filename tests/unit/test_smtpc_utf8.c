/* test_smtpc_utf8: mail that came with SMTPUTF8 goes to whoever can take it, and to nobody else;
 * what LIMITS says is read.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "proto/smtpc.h"

#define JOSE  "jos\xc3\xa9"
#define BUCH  "b\xc3\xbc" "cher.example"
#define BUCHA "xn--bcher-kva.example"

static struct smtpc *greeted(const char *ehlo)
{
	struct smtpc *c = smtpc_new("us");

	assert_true(smtpc_feed(c, STR("220 hi\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_INPUT);
	assert_true(smtpc_feed(c, str_of(ehlo)));
	assert_int_equal(smtpc_next(c), SMTPC_READY);
	buf_clear(smtpc_output(c));
	return c;
}

struct row {
	const char *ehlo; /* keywords behind the greeting */
	const char *sender, *rcpts[3], *orcpt;
	bool smtputf8, header;
	const char *said;  /* "": nothing was */
	const char *refused[3]; /* enhanced code, or NULL: it was asked for */
};

#define PIPED "250-PIPELINING\r\n"
#define YES   PIPED "250-DSN\r\n250 SMTPUTF8\r\n"
#define NO    PIPED "250 DSN\r\n"

static const struct row rows[] = {
	/* it takes it */
	{ YES, JOSE "@a", { "x@b" }, NULL, true, true,
	  "MAIL FROM:<" JOSE "@a> SMTPUTF8\r\nRCPT TO:<x@b>\r\nDATA\r\n", { NULL } },
	{ YES, "a@" BUCH, { JOSE "@" BUCH }, "utf-8;" JOSE "@" BUCH, true, false,
	  "MAIL FROM:<a@" BUCH "> SMTPUTF8\r\n"
	  "RCPT TO:<" JOSE "@" BUCH "> ORCPT=utf-8;" JOSE "@" BUCH "\r\nDATA\r\n", { NULL } },
	{ YES, "a@b", { "x@b" }, NULL, false, true,
	  "MAIL FROM:<a@b>\r\nRCPT TO:<x@b>\r\nDATA\r\n", { NULL } },
	{ YES, "a@b", { "x@b", JOSE "@b" }, NULL, false, false, /* where an alias led */
	  "MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<x@b>\r\nRCPT TO:<" JOSE "@b>\r\nDATA\r\n",
	  { NULL } },
	/* it does not, but need not */
	{ NO, "a@b", { "x@b" }, NULL, true, false,
	  "MAIL FROM:<a@b>\r\nRCPT TO:<x@b>\r\nDATA\r\n", { NULL } },
	{ NO, "a@" BUCH, { "x@" BUCH }, "utf-8;" JOSE "@b", true, false,
	  "MAIL FROM:<a@" BUCHA ">\r\n"
	  "RCPT TO:<x@" BUCHA "> ORCPT=utf-8;jos\\x{E9}@b\r\nDATA\r\n", { NULL } },
	{ NO, "a@b", { "x@b" }, NULL, false, true, /* 8-bit against the rules, as it came */
	  "MAIL FROM:<a@b>\r\nRCPT TO:<x@b>\r\nDATA\r\n", { NULL } },
	/* some of its recipients can have it */
	{ NO, "a@b", { JOSE "@b", "x@b", JOSE "@c" }, NULL, true, false,
	  "MAIL FROM:<a@b>\r\nRCPT TO:<x@b>\r\nDATA\r\n", { "5.6.7", NULL, "5.6.7" } },
	{ NO, "", { "x@b", JOSE "@b", "y@b" }, NULL, true, false,
	  "MAIL FROM:<>\r\nRCPT TO:<x@b>\r\nRCPT TO:<y@b>\r\nDATA\r\n", { NULL, "5.6.7", NULL } },
	/* nobody can */
	{ NO, "a@b", { JOSE "@b", JOSE "@c" }, NULL, true, false, "", { "5.6.7", "5.6.7" } },
	{ NO, JOSE "@b", { "x@b" }, NULL, true, false, "", { "5.6.7" } },
	{ NO, "a@b", { "x@b" }, NULL, true, true, "", { "5.6.9" } },
};

static void begin(struct smtpc *c, const struct row *row, struct str to[3],
		  struct smtpc_rcpt_dsn dsn[3])
{
	struct smtpc_mail m = { .sender = str_of(row->sender), .rcpts = to, .dsn = dsn,
				.smtputf8 = row->smtputf8, .utf8_header = row->header };

	for (; m.rcpt_count < 3 && row->rcpts[m.rcpt_count]; m.rcpt_count++) {
		to[m.rcpt_count] = str_of(row->rcpts[m.rcpt_count]);
		dsn[m.rcpt_count] = (struct smtpc_rcpt_dsn){ .orcpt = str_of(row->orcpt) };
	}
	smtpc_send(c, &m);
}

/* Answers what was asked, and ends the mail well. */
static void finish(struct smtpc *c, const struct row *row)
{
	assert_true(smtpc_feed(c, STR("250 ok\r\n")));
	for (size_t i = 0; i < 3 && row->rcpts[i]; i++)
		if (!row->refused[i])
			assert_true(smtpc_feed(c, STR("250 ok\r\n")));
	assert_true(smtpc_feed(c, STR("354 go\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_BODY);
	smtpc_body_end(c);
	assert_int_equal(smtpc_next(c), SMTPC_INPUT);
	assert_true(smtpc_feed(c, STR("250 2.0.0 kept\r\n")));
}

static void a_server_without_smtputf8_gets_what_it_can_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		char ehlo[200] = "250-hi\r\n";
		struct str to[3];
		struct smtpc_rcpt_dsn dsn[3];
		struct smtpc *c;

		strncat(ehlo, row->ehlo, sizeof(ehlo) - 20);
		c = greeted(ehlo);
		begin(c, row, to, dsn);
		if (!str_eq(buf_str(smtpc_output(c)), str_of(row->said)))
			fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(smtpc_output(c))));
		if (*row->said)
			finish(c, row);
		assert_int_equal(smtpc_next(c), SMTPC_DONE);
		for (size_t k = 0; k < 3 && row->rcpts[k]; k++) {
			const struct smtpc_reply *r = smtpc_result(c, k);
			const char *refused = row->refused[k];

			assert_string_equal(r->enhanced, refused ? refused : "2.0.0");
			assert_true(r->code / 100 == (refused ? 5 : 2));
		}
		assert_int_equal(smtpc_next(c), SMTPC_READY);
		smtpc_free(c);
	}
}

static void refused_recipients_do_not_hide_the_others_answers(void **state)
{
	const struct row row = { .sender = "a@b", .rcpts = { JOSE "@b", "x@b", "y@b" },
				 .smtputf8 = true };
	struct smtpc *c = greeted("250 hi\r\n"); /* without PIPELINING */
	struct str to[3];
	struct smtpc_rcpt_dsn dsn[3];

	(void)state;
	begin(c, &row, to, dsn);
	assert_true(smtpc_feed(c, STR("250 ok\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_INPUT);
	assert_true(smtpc_feed(c, STR("550 5.1.1 no\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_INPUT);
	assert_true(smtpc_feed(c, STR("450 4.2.1 later\r\n")));
	assert_int_equal(smtpc_next(c), SMTPC_DONE);
	assert_string_equal(smtpc_result(c, 0)->enhanced, "5.6.7");
	assert_string_equal(smtpc_result(c, 1)->enhanced, "5.1.1");
	assert_string_equal(smtpc_result(c, 2)->enhanced, "4.2.1");
	smtpc_free(c);
}

static void limits_are_read(void **state)
{
	static const struct {
		const char *ehlo;
		uint64_t mails, rcpts;
	} said[] = {
		{ "250-hi\r\n250 LIMITS RCPTMAX=20 MAILMAX=5\r\n", 5, 20 },
		{ "250-hi\r\n250-limits mailmax=1  RCPTDOMAINMAX=1\r\n250 SIZE\r\n", 1, 0 },
		{ "250-hi\r\n250 LIMITS RCPTMAX=x MAILMAX= RCPTMAX\r\n", 0, 0 },
		{ "250-hi\r\n250 LIMITS\r\n", 0, 0 },
		{ "250-hi\r\n250 LIMITS RCPTMAX=0 MAILMAX=99999999999999999999\r\n", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(said); i++) {
		struct smtpc *c = greeted(said[i].ehlo);

		assert_int_equal(smtpc_caps(c)->mail_max, said[i].mails);
		assert_int_equal(smtpc_caps(c)->rcpt_max, said[i].rcpts);
		smtpc_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_without_smtputf8_gets_what_it_can_take),
		cmocka_unit_test(refused_recipients_do_not_hide_the_others_answers),
		cmocka_unit_test(limits_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
