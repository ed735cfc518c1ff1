/* test_dsn: a whole report to the byte, and what text from outside must not do to one.
 * SPDX-License-Identifier: ISC */
#include "proto/dsn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

#define ROOM (1024 * 1024)

/* 2026-11-22 15:20:12 UTC */
#define NOW     INT64_C(1795360812000)
#define BOUNCE  INT64_C(0x1111111111111111)
#define PRIMARY INT64_C(0x2222222222222222)

static struct dsn_rcpt rcpts[] = {
	{ .address = { "x@y.example", 11 },
	  .status = "5.1.1",
	  .diagnostic = { "550 5.1.1 no such user", 22 },
	  .remote_mta = { "mail.y.example:2525", 19 },
	  .reason = "The server of the domain refused the message." },
	{ .address = { "z@y.example", 11 },
	  .status = "4.4.7",
	  .reason = "The server of the domain could not be reached for 30 days." },
};

static struct dsn sample(struct str headers)
{
	return (struct dsn){ .hostname = "mx2.relay.example",
			     .id = BOUNCE,
			     .original = PRIMARY,
			     .to = STR("a@b.example"),
			     .arrived_ms = NOW - 30 * INT64_C(86400000),
			     .now_ms = NOW,
			     .rcpts = rcpts,
			     .rcpt_count = COUNT(rcpts),
			     .headers = headers };
}

static char *write_one(const struct dsn *d, size_t room, bool ok)
{
	struct buf out;
	char *text;

	buf_init(&out, room);
	assert_int_equal(dsn_write(&out, d), ok);
	text = calloc(1, buf_len(&out) + 1);
	memcpy(text, buf_str(&out).at, buf_len(&out));
	assert_int_equal(strlen(text), buf_len(&out));
	buf_done(&out);
	return text;
}

static const char wanted[] =
	"Date: Sun, 22 Nov 2026 15:20:12 +0000\r\n"
	"From: Mail Delivery System <MAILER-DAEMON@mx2.relay.example>\r\n"
	"To: <a@b.example>\r\n"
	"Subject: Undelivered mail, returned to its sender\r\n"
	"Message-ID: <%1$s@mx2.relay.example>\r\n"
	"Auto-Submitted: auto-replied\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/report; report-type=delivery-status;\r\n"
	"\tboundary=\"=_report_%1$s_0\"\r\n"
	"\r\n"
	"This is a delivery report in MIME format.\r\n"
	"\r\n"
	"--=_report_%1$s_0\r\n"
	"Content-Type: text/plain; charset=us-ascii\r\n"
	"\r\n"
	"This is the mail system at mx2.relay.example.\r\n"
	"\r\n"
	"Your message could not be delivered to:\r\n"
	"\r\n"
	"  <x@y.example>\r\n"
	"    The server of the domain refused the message.\r\n"
	"    The receiving server said:\r\n"
	"    550 5.1.1 no such user\r\n"
	"\r\n"
	"  <z@y.example>\r\n"
	"    The server of the domain could not be reached for 30 days.\r\n"
	"\r\n"
	"Nothing more will be tried for these recipients.  The message came in as\r\n"
	"%2$s on Fri, 23 Oct 2026 15:20:12 +0000\r\n"
	"and its headers are below; its content is not returned.\r\n"
	"\r\n"
	"--=_report_%1$s_0\r\n"
	"Content-Type: message/delivery-status\r\n"
	"\r\n"
	"Reporting-MTA: dns; mx2.relay.example\r\n"
	"Arrival-Date: Fri, 23 Oct 2026 15:20:12 +0000\r\n"
	"\r\n"
	"Final-Recipient: rfc822; x@y.example\r\n"
	"Action: failed\r\n"
	"Status: 5.1.1\r\n"
	"Remote-MTA: dns; mail.y.example\r\n"
	"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
	"Last-Attempt-Date: Sun, 22 Nov 2026 15:20:12 +0000\r\n"
	"\r\n"
	"Final-Recipient: rfc822; z@y.example\r\n"
	"Action: failed\r\n"
	"Status: 4.4.7\r\n"
	"Last-Attempt-Date: Sun, 22 Nov 2026 15:20:12 +0000\r\n"
	"\r\n"
	"--=_report_%1$s_0\r\n"
	"Content-Type: text/rfc822-headers; charset=us-ascii\r\n"
	"\r\n"
	"Subject: hello\r\n"
	"\tworld\r\n"
	"From: a@b.example\r\n"
	"\r\n"
	"--=_report_%1$s_0--\r\n";

static void a_report_names_the_mail_and_what_became_of_each_recipient(void **state UNUSED)
{
	struct dsn d = sample(
		STR("Subject: hello\r\n\tworld\r\nFrom: a@b.example\r\n\r\nsecret body\r\n"));
	char bounce[ID_TEXT_MAX], original[ID_TEXT_MAX];
	char *text = write_one(&d, ROOM, true), *want = NULL;

	assert_true(asprintf(&want, wanted, id_text(BOUNCE, bounce), id_text(PRIMARY, original)) >
		    0);
	assert_string_equal(text, want);
	free(want);
	free(text);
}

/* What stands between the head of the third part and the closing boundary. */
static char *headers_part(struct str headers)
{
	static const char head[] = "Content-Type: text/rfc822-headers; charset=us-ascii\r\n\r\n";
	struct dsn d = sample(headers);
	char *text = write_one(&d, ROOM, true);
	char *from = strstr(text, head), *end;

	assert_non_null(from);
	from = strdup(from + sizeof(head) - 1);
	free(text);
	end = strstr(from, "\r\n--=_report_");
	assert_non_null(end);
	*end = '\0';
	return from;
}

static void only_whole_header_lines_are_returned_and_all_text_is_printable(void **state UNUSED)
{
	static const struct {
		struct str headers;
		const char *wanted;
	} rows[] = {
		{ { "", 0 }, "" },
		{ { "\r\nbody\r\n", 8 }, "" },
		{ { "no line end", 11 }, "" },
		{ { "A: 1\r\nB: cut of", 15 }, "A: 1\r\n" },
		{ { "A: 1\r\n\r\nbody", 12 }, "A: 1\r\n" },
		{ { "A: \xe4\x1b[0m\0\r\r\n\tx\r\n", 16 }, "A: ??[0m??\r\n\tx\r\n" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *part = headers_part(rows[i].headers);

		assert_string_equal(part, rows[i].wanted);
		free(part);
	}
}

static void long_headers_are_cut_at_64_KiB_and_long_lines_below_998(void **state UNUSED)
{
	size_t n = 200 * 1024;
	char *headers = calloc(1, n + 1);

	for (size_t i = 0; i + 5000 <= n; i += 5000) {
		memset(headers + i, 'h', 4998);
		memcpy(headers + i + 4998, "\r\n", 2);
	}

	char *part = headers_part((struct str){ headers, n });
	char *line = part;
	size_t lines = 0;

	for (char *end = strstr(line, "\r\n"); end; end = strstr(line, "\r\n"), lines++) {
		assert_in_range(end - line, 1, 996);
		line = end + 2;
	}
	assert_int_equal(lines, 13);
	free(part);
	free(headers);
}

static void a_header_cannot_pretend_to_be_the_boundary(void **state UNUSED)
{
	char bounce[ID_TEXT_MAX], header[64];
	size_t n = (size_t)snprintf(header, sizeof(header), "--=_report_%s_0--\r\n",
				    id_text(BOUNCE, bounce));
	struct dsn d = sample((struct str){ header, n });
	char *text = write_one(&d, ROOM, true);
	char line[64];

	snprintf(line, sizeof(line), "\r\n--=_report_%s_1--\r\n", bounce);
	assert_non_null(strstr(text, line));
	assert_ptr_equal(strstr(text, line) + strlen(line), text + strlen(text));
	free(text);
}

static void a_hostile_reply_or_address_stays_one_line(void **state UNUSED)
{
	struct dsn_rcpt bad = { .address = STR("x\r\nBcc: y@z"),
				.status = "5.0.0",
				.diagnostic = STR("550 a\r\n.\r\nb\xc3\xa4"),
				.remote_mta = STR("[2001:db8::1]:25"),
				.reason = "refused" };
	struct dsn d = sample(STR("A: 1\r\n"));

	d.rcpts = &bad;
	d.rcpt_count = 1;
	d.to = STR("a>\r\nBcc: <v@w");

	char *text = write_one(&d, ROOM, true);

	assert_non_null(strstr(text, "\r\nTo: <a>??Bcc: <v@w>\r\n"));
	assert_non_null(strstr(text, "\r\nFinal-Recipient: rfc822; x??Bcc: y@z\r\n"));
	assert_non_null(strstr(text, "\r\nDiagnostic-Code: smtp; 550 a??.??b??\r\n"));
	assert_non_null(strstr(text, "\r\nRemote-MTA: dns; [2001:db8::1]\r\n"));
	free(text);
}

static void a_report_that_does_not_fit_is_refused_at_every_size(void **state UNUSED)
{
	struct dsn d = sample(STR("A: 1\r\n"));
	char *text = write_one(&d, ROOM, true);
	size_t n = strlen(text);

	free(text);
	for (size_t room = 0; room < n; room += 7)
		free(write_one(&d, room, false));
	free(write_one(&d, n, true));
}

static void what_the_sender_named_is_named_in_his_words(void **state)
{
	struct dsn_rcpt rcpt = {
		.relayed = true,
		.orcpt = STR("rfc822;a+2Bb+0D+0AX@y.example"),
		.address = STR("c@y.example"),
		.status = "2.0.0",
		.reason = "was handed on",
	};
	struct dsn d = sample(STR_NONE);
	char *text;

	(void)state;
	d.rcpts = &rcpt;
	d.rcpt_count = 1;
	d.envid = STR("Q+2B1");
	text = write_one(&d, ROOM, true);
	assert_non_null(strstr(text, "\r\nOriginal-Envelope-Id: Q+1\r\n"));
	assert_non_null(strstr(text, "\r\nOriginal-Recipient: rfc822; a+b??X@y.example\r\n"));
	assert_non_null(strstr(text, "\r\nAction: relayed\r\n"));
	assert_null(strstr(text, "could not be delivered"));
	free(text);
}

static void a_report_about_utf_8_is_ascii_but_for_its_addressee(void **state)
{
	static const struct dsn_rcpt wide[] = {
		{ .address = { "jos\xc3\xa9+x@y.example", 17 },
		  .orcpt = { "utf-8;o\xc3\xb1" "e@else.example", 23 },
		  .status = "5.6.7",
		  .diagnostic = { "550 5.6.7 caf\xc3\xa9 = no", 20 },
		  .reason = "No." },
	};
	struct dsn d = sample(STR("Subject: gr\xc3\xbc\xc3\x9f" "e = x\r\n\tmore\r\n\r\nbody"));
	char *text, *rest;

	(void)state;
	d.rcpts = wide;
	d.rcpt_count = 1;
	d.to = STR("\xe7\x94\xa8@b.example");
	text = write_one(&d, ROOM, true);
	assert_non_null(strstr(text, "\r\nTo: <\xe7\x94\xa8@b.example>\r\n"));
	rest = strstr(text, "\r\nSubject:");
	for (size_t i = 0; rest[i]; i++)
		assert_true(rest[i] > 0);
	assert_non_null(strstr(rest, "Content-Type: text/plain; charset=utf-8\r\n"
				     "Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
	assert_non_null(strstr(rest, "\r\n  <jos=C3=A9+x@y.example>\r\n"));
	assert_non_null(strstr(rest, "Content-Type: message/delivery-status\r\n\r\n"));
	assert_non_null(strstr(rest, "Original-Recipient: utf-8; o\\x{F1}e@else.example\r\n"));
	assert_non_null(strstr(rest, "Final-Recipient: utf-8; jos\\x{E9}\\x{2B}x@y.example\r\n"));
	assert_non_null(strstr(rest, "Content-Type: message/global-headers\r\n"
				     "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
				     "Subject: gr=C3=BC=C3=9Fe =3D x\r\n\tmore\r\n"));
	free(text);
	for (size_t room = 0; room < 1000; room += 37)
		free(write_one(&d, room, false));
	d.to = STR("a@b.example");
	d.headers = STR("Subject: gr\xfc\xdf" "e\r\n\r\n"); /* Latin-1: of no use to anybody */
	text = write_one(&d, ROOM, true);
	assert_non_null(strstr(text, "text/rfc822-headers; charset=us-ascii\r\n\r\n"
				     "Subject: gr??e\r\n"));
	free(text);
}

static void notify_is_read_and_written(void **state)
{
	char room[32];

	(void)state;
	assert_int_equal(dsn_notify_bit(STR("delay")), NOTIFY_DELAY);
	assert_int_equal(dsn_notify_bit(STR("")), 0);
	assert_string_equal(dsn_notify_text(14, room), "SUCCESS,FAILURE,DELAY");
	assert_string_equal(dsn_notify_text(15, room), "NEVER,SUCCESS,FAILURE,DELAY");
	assert_true(dsn_tells_failure(0) && dsn_tells_failure(NOTIFY_FAILURE));
	assert_false(dsn_tells_failure(NOTIFY_NEVER) || dsn_tells_failure(NOTIFY_SUCCESS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_names_the_mail_and_what_became_of_each_recipient),
		cmocka_unit_test(only_whole_header_lines_are_returned_and_all_text_is_printable),
		cmocka_unit_test(long_headers_are_cut_at_64_KiB_and_long_lines_below_998),
		cmocka_unit_test(a_header_cannot_pretend_to_be_the_boundary),
		cmocka_unit_test(a_hostile_reply_or_address_stays_one_line),
		cmocka_unit_test(what_the_sender_named_is_named_in_his_words),
		cmocka_unit_test(a_report_about_utf_8_is_ascii_but_for_its_addressee),
		cmocka_unit_test(notify_is_read_and_written),
		cmocka_unit_test(a_report_that_does_not_fit_is_refused_at_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
