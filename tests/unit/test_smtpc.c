/* test_smtpc: the client's dialogue as tables of {server says, client must say}.
 *
 * Every talk runs twice: the server's bytes whole, and byte by byte; the content likewise.  `play`
 * stands for the caller: it sends the next mail whenever the engine is ready, then QUIT.
 * (lint: table)
 * SPDX-License-Identifier: ISC */
#include "proto/smtpc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

#define RCPTS 4

struct mail_row {
	const char *sender;
	const char *rcpts[RCPTS];
	const char *content;
	uint64_t size;
	bool body_8bit;
	const char *results[RCPTS]; /* "code enhanced|text" */
};

struct talk {
	const char *claim;
	struct mail_row mails[3];
	struct {
		const char *server, *client;
	} steps[12];
	enum smtpc_event end;
	const char *why; /* of BROKEN: "code enhanced|text" */
	bool dot_sent;
};

#define GREET                                    \
	{                                        \
		"220 primary\r\n", "EHLO us\r\n" \
	}
#define EHLO_PLAIN                      \
	{                               \
		"250 primary\r\n", NULL \
	}

/* The caller: what it has done so far, what the client said since it was last looked at. */
struct player {
	const struct talk *talk;
	struct smtpc *c;
	size_t mail;
	const struct mail_row *now; /* the mail of which the engine was told last */
	bool by_byte;
	enum smtpc_event last;
	struct str rcpts[RCPTS];
	char said[4096];
	size_t said_n;
};

static const struct mail_row *mail_at(const struct player *p, size_t i)
{
	const struct mail_row *m = i < COUNT(p->talk->mails) ? &p->talk->mails[i] : NULL;

	return m && m->sender ? m : NULL;
}

static void check_reply(const struct talk *t, const struct smtpc_reply *r, const char *wanted)
{
	char got[SMTPC_TEXT_MAX + 32];

	snprintf(got, sizeof(got), "%d %s|%s", r->code, r->enhanced, r->text);
	if (strcmp(got, wanted))
		print_error("%s\n", t->claim);
	assert_string_equal(got, wanted);
}

static void check_results(struct player *p)
{
	const struct mail_row *m = p->now;

	for (size_t i = 0; i < RCPTS && m->rcpts[i]; i++)
		check_reply(p->talk, smtpc_result(p->c, i), m->results[i]);
}

static void give_mail(struct player *p)
{
	const struct mail_row *row = mail_at(p, p->mail);
	struct smtpc_mail m = { .rcpts = p->rcpts };

	if (!row) {
		smtpc_quit(p->c);
		return;
	}
	while (m.rcpt_count < RCPTS && row->rcpts[m.rcpt_count]) {
		p->rcpts[m.rcpt_count] = str_of(row->rcpts[m.rcpt_count]);
		m.rcpt_count++;
	}
	m.sender = str_of(row->sender);
	m.size = row->size;
	m.body_8bit = row->body_8bit;
	smtpc_send(p->c, &m);
	p->now = row;
	p->mail++;
}

static void give_content(struct player *p)
{
	struct str all = str_of(p->now->content);

	if (!p->by_byte)
		assert_true(smtpc_body(p->c, all));
	for (size_t i = 0; p->by_byte && i < all.n; i++)
		assert_true(smtpc_body(p->c, (struct str){ all.at + i, 1 }));
	smtpc_body_end(p->c);
}

static void pump(struct player *p)
{
	struct buf *out = smtpc_output(p->c);
	bool go_on = true;

	while (go_on) {
		p->last = smtpc_next(p->c);
		switch (p->last) {
		case SMTPC_READY:
			give_mail(p);
			break;
		case SMTPC_BODY:
			give_content(p);
			break;
		case SMTPC_DONE:
			check_results(p);
			break;
		case SMTPC_INPUT:
		case SMTPC_BROKEN:
		case SMTPC_CLOSED:
			go_on = false;
			break;
		}
	}
	assert_true(p->said_n + buf_len(out) < sizeof(p->said));
	memcpy(p->said + p->said_n, buf_str(out).at, buf_len(out));
	p->said_n += buf_len(out);
	p->said[p->said_n] = '\0';
	buf_clear(out);
}

static void hear(struct player *p, struct str bytes)
{
	if (!p->by_byte) {
		assert_true(smtpc_feed(p->c, bytes));
		pump(p);
		return;
	}
	for (size_t i = 0; i < bytes.n; i++) {
		assert_true(smtpc_feed(p->c, (struct str){ bytes.at + i, 1 }));
		pump(p);
	}
}

static void play(const struct talk *t, bool by_byte)
{
	struct player p = { .talk = t, .c = smtpc_new("us"), .by_byte = by_byte };

	pump(&p);
	assert_string_equal(p.said, "");
	for (size_t i = 0; i < COUNT(t->steps) && t->steps[i].server; i++) {
		const char *wanted = t->steps[i].client ? t->steps[i].client : "";

		p.said_n = 0;
		p.said[0] = '\0';
		hear(&p, str_of(t->steps[i].server));
		if (strcmp(p.said, wanted))
			print_error("%s, step %zu\n", t->claim, i);
		assert_string_equal(p.said, wanted);
	}
	if (p.last != t->end)
		print_error("%s\n", t->claim);
	assert_int_equal(p.last, t->end);
	if (t->end == SMTPC_BROKEN) {
		check_reply(t, smtpc_why(p.c), t->why);
		if (p.now)
			check_results(&p);
		assert_int_equal(smtpc_dot_sent(p.c), t->dot_sent);
	}
	smtpc_free(p.c);
}

static void play_all(const struct talk *talks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		play(&talks[i], false);
		play(&talks[i], true);
	}
}

#define OK_DOT "250 2.0.0|250 2.0.0 queued"
#define TO_X   .rcpts = { "x@y.example" }
#define PIPED  "250-primary\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n"

static const struct talk sessions[] = {
	{ .claim = "one mail, one command at a time",
	  .mails = { { "a@b.example", TO_X, .content = "Hi\r\n", .size = 4,
		       .results = { OK_DOT } } },
	  .steps = { GREET,
		     { "250 primary\r\n", "MAIL FROM:<a@b.example>\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y.example>\r\n" },
		     { "250 ok\r\n", "DATA\r\n" },
		     { "354 go on\r\n", "Hi\r\n.\r\n" },
		     { "250 2.0.0 queued\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "greetings and EHLO answers of many lines are read whole",
	  .mails = { { "", TO_X, .content = "", .results = { "250 |250" } } },
	  .steps = { { "220-primary\r\n220-\r\n220 ready\r\n", "EHLO us\r\n" },
		     { "250-primary\r\n250-8BITMIME\r\n250-\r\n250-X-WHAT EVER\r\n250 size "
		       "1000\r\n",
		       "MAIL FROM:<> SIZE=0\r\n" },
		     { "250\r\n", "RCPT TO:<x@y.example>\r\n" },
		     { "250\r\n", "DATA\r\n" },
		     { "354\r\n", ".\r\n" },
		     { "250\r\n", "QUIT\r\n" },
		     { "500 what\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "a server that refuses EHLO is greeted with HELO and gets no parameter",
	  .mails = { { "a@b", TO_X, .content = "a", .size = 1, .body_8bit = true,
		       .results = { "250 |250 ok" } } },
	  .steps = { GREET,
		     { "502-PIPELINING\r\n502 SIZE 1\r\n", "HELO us\r\n" },
		     { "250-primary\r\n250-PIPELINING\r\n250 SIZE 0\r\n", "MAIL FROM:<a@b>\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y.example>\r\n" },
		     { "251 will forward\r\n", "DATA\r\n" },
		     { "354 go on\r\n", "a\r\n.\r\n" },
		     { "250 ok\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "SIZE and BODY are sent when offered, and a keyword said twice counts once",
	  .mails = { { "a@b", TO_X, .content = "\xe4\r\n", .size = 3, .body_8bit = true,
		       .results = { "250 |250 ok" } } },
	  .steps = { GREET,
		     { "250-primary\r\n250-SIZE 100\r\n250-SIZE 1\r\n250-8BITMIME\r\n"
		       "250 8bitmime\r\n",
		       "MAIL FROM:<a@b> SIZE=3 BODY=8BITMIME\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y.example>\r\n" },
		     { "250 ok\r\n", "DATA\r\n" },
		     { "354 go on\r\n", "\xe4\r\n.\r\n" },
		     { "250 ok\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "several mails go over one connection, without RSET when each was ended",
	  .mails = { { "a@b", TO_X, .content = "1\r\n", .results = { "250 |250 one" } },
		     { "c@d", TO_X, .content = "2\r\n", .results = { "452 4.3.1|452 4.3.1 full" } },
		     { "e@f", TO_X, .content = "3\r\n", .results = { "250 |250 three" } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n", "1\r\n.\r\n" },
		     { "250 one\r\n", "MAIL FROM:<c@d>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n", NULL },
		     { "354 go\r\n", "2\r\n.\r\n" },
		     { "452 4.3.1 full\r\n",
		       "MAIL FROM:<e@f>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n", "3\r\n.\r\n" },
		     { "250 three\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "a mail bigger than SIZE fails without being tried, and leaves nothing to reset",
	  .mails = { { "a@b",
		       { "x@y", "z@y" },
		       .content = "",
		       .size = 1001,
		       .results = { "552 5.3.4|552 5.3.4 1001 bytes, and the server takes no more "
				    "than 1000",
				    "552 5.3.4|552 5.3.4 1001 bytes, and the server takes no more "
				    "than 1000" } },
		     { "c@d", TO_X, .content = "", .size = 1000, .results = { "250 |250 ok" } } },
	  .steps = { GREET,
		     { "250-primary\r\n250 SIZE 1000\r\n", "MAIL FROM:<c@d> SIZE=1000\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y.example>\r\n" },
		     { "250 ok\r\n", "DATA\r\n" },
		     { "354 go on\r\n", ".\r\n" },
		     { "250 ok\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "an address that would be a second command is not sent",
	  .mails = { { "a@b>\r\nQUIT", TO_X, .content = "",
		       .results = { "553 5.1.3|553 5.1.3 control character in an address" } } },
	  .steps = { GREET, { "250 primary\r\n", "QUIT\r\n" }, { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
};

static void mails_are_handed_over(void **state UNUSED)
{
	play_all(sessions, COUNT(sessions));
}

static const struct talk mixed[] = {
	{ .claim = "each recipient gets its own answer when they differ",
	  .mails = { { "a@b",
		       { "x@y", "no@y", "z@y" },
		       .content = "Hi\r\n",
		       .results = { OK_DOT, "550 5.1.1|550 5.1.1 no such user", OK_DOT } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nRCPT TO:<no@y>\r\n"
			      "RCPT TO:<z@y>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n550-5.1.1 no such\r\n550 5.1.1 user\r\n", NULL },
		     { "250 ok\r\n354 go\r\n", "Hi\r\n.\r\n" },
		     { "250 2.0.0 queued\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "552 behind recipients that were taken means too many, unless it says of whom",
	  .mails = { { "a@b",
		       { "x@y", "z@y", "q@y", "m@y" },
		       .content = "Hi\r\n",
		       .results = { "552 |552 full", OK_DOT, "452 |552 too many",
				    "552 5.2.2|552 5.2.2 mailbox full" } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\n"
			      "RCPT TO:<q@y>\r\nRCPT TO:<m@y>\r\nDATA\r\n" },
		     { "250 ok\r\n552 full\r\n250 ok\r\n552 too many\r\n", NULL },
		     { "552 5.2.2 mailbox full\r\n354 go\r\n", "Hi\r\n.\r\n" },
		     { "250 2.0.0 queued\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "every RCPT refused but 354: an empty dot, the answers are those of the RCPTs",
	  .mails = { { "a@b",
		       { "x@y", "z@y" },
		       .content = "Hi\r\n",
		       .results = { "550 |550 no", "450 4.2.1|450 4.2.1 busy" } },
		     { "c@d", TO_X, .content = "2\r\n", .results = { OK_DOT } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n" },
		     { "250 ok\r\n550 no\r\n450 4.2.1 busy\r\n354 go\r\n", ".\r\n" },
		     { "250 2.0.0 took nothing\r\n",
		       "MAIL FROM:<c@d>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n", "2\r\n.\r\n" },
		     { "250 2.0.0 queued\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "every RCPT refused and DATA too: RSET before the next mail",
	  .mails = { { "a@b", TO_X, .content = "", .results = { "550 |550 no" } },
		     { "c@d", TO_X, .content = "2\r\n", .results = { OK_DOT } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n550 no\r\n554 no valid recipient\r\n",
		       "RSET\r\nMAIL FROM:<c@d>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 flushed\r\n250 ok\r\n250 ok\r\n354 go\r\n", "2\r\n.\r\n" },
		     { "250 2.0.0 queued\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "every RCPT refused, one command at a time: no DATA, RSET before the next",
	  .mails = { { "a@b",
		       { "x@y", "z@y" },
		       .content = "",
		       .results = { "550 |550 no", "550 |550 nor" } },
		     { "c@d", TO_X, .content = "", .results = { "451 |451 not now" } } },
	  .steps = { GREET,
		     { "250 primary\r\n", "MAIL FROM:<a@b>\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y>\r\n" },
		     { "550 no\r\n", "RCPT TO:<z@y>\r\n" },
		     { "550 nor\r\n", "RSET\r\n" },
		     { "250 ok\r\n", "MAIL FROM:<c@d>\r\n" },
		     { "451 not now\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "MAIL refused is the answer for all, not the echoes that follow; no RSET",
	  .mails = { { "a@b",
		       { "x@y", "z@y" },
		       .content = "",
		       .results = { "550 5.7.1|550 5.7.1 not you",
				    "550 5.7.1|550 5.7.1 not you" } },
		     { "c@d", TO_X, .content = "", .results = { "550 |550 no" } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n" },
		     { "550 5.7.1 not you\r\n503 need MAIL\r\n503 need MAIL\r\n503 need MAIL\r\n",
		       "MAIL FROM:<c@d>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "550 no\r\n503 need MAIL\r\n", NULL },
		     { "354 go\r\n", ".\r\n" },
		     { "554 nothing there\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "DATA refused is the answer of those whose RCPT was taken",
	  .mails = { { "a@b",
		       { "x@y", "z@y" },
		       .content = "",
		       .results = { "550 |550 no", "451 4.3.0|451 4.3.0 no disk" } } },
	  .steps = { GREET,
		     { "250 primary\r\n", "MAIL FROM:<a@b>\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y>\r\n" },
		     { "550 no\r\n", "RCPT TO:<z@y>\r\n" },
		     { "250 ok\r\n", "DATA\r\n" },
		     { "451 4.3.0 no disk\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "the dot refused is the answer, the enhanced code only where it fits the code",
	  .mails = { { "a@b", TO_X, .content = "", .results = { "552 |552 4.3.4 too big" } },
		     { "a@b", TO_X, .content = "", .results = { "554 5.7.1|554 5.7.1 spam" } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n", ".\r\n" },
		     { "552 4.3.4 too big\r\n",
		       "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n", ".\r\n" },
		     { "554 5.7.1 spam\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
};

static void each_recipient_gets_the_answer_that_is_its_own(void **state UNUSED)
{
	play_all(mixed, COUNT(mixed));
}

static const struct talk stuffed[] = {
	{ .claim = "dots at the start of a line are doubled, others are not",
	  .mails = { { "a@b", TO_X, .content = ".\r\n..\r\na.b\r\n.c\r\n\r\n.",
		       .results = { OK_DOT } } },
	  .steps = { GREET,
		     { "250 primary\r\n", "MAIL FROM:<a@b>\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y.example>\r\n" },
		     { "250 ok\r\n", "DATA\r\n" },
		     { "354 go\r\n", "..\r\n...\r\na.b\r\n..c\r\n\r\n..\r\n.\r\n" },
		     { "250 2.0.0 queued\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
	{ .claim = "only CRLF begins a line",
	  .mails = { { "a@b", TO_X, .content = "a\r.\n.\r\r\n.b", .results = { OK_DOT } } },
	  .steps = { GREET,
		     { "250 primary\r\n", "MAIL FROM:<a@b>\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y.example>\r\n" },
		     { "250 ok\r\n", "DATA\r\n" },
		     { "354 go\r\n", "a\r.\n.\r\r\n..b\r\n.\r\n" },
		     { "250 2.0.0 queued\r\n", "QUIT\r\n" },
		     { "221 bye\r\n", NULL } },
	  .end = SMTPC_CLOSED },
};

static void dots_are_stuffed_across_calls(void **state UNUSED)
{
	play_all(stuffed, COUNT(stuffed));
}

#define CLOSING  "421 4.3.2 closing\r\n"
#define BY_421   "421 4.3.2|421 4.3.2 closing"
#define NONE_421 "0 4.3.2|421 4.3.2 closing"

static const struct talk closing[] = {
	{ .claim = "421 as greeting",
	  .steps = { { CLOSING, NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BY_421 },
	{ .claim = "421 to EHLO: no HELO is tried",
	  .steps = { GREET, { CLOSING, NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BY_421 },
	{ .claim = "421 to HELO",
	  .steps = { GREET, { "500 what\r\n", "HELO us\r\n" }, { CLOSING, NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BY_421 },
	{ .claim = "421 to MAIL",
	  .mails = { { "a@b", TO_X, .content = "", .results = { NONE_421 } } },
	  .steps = { GREET, { "250 ok\r\n", "MAIL FROM:<a@b>\r\n" }, { CLOSING, NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BY_421 },
	{ .claim = "421 to a RCPT: answers that came before stand",
	  .mails = { { "a@b",
		       { "n@y", "x@y", "z@y" },
		       .content = "",
		       .results = { "550 |550 no", NONE_421, NONE_421 } } },
	  .steps = { GREET,
		     { PIPED,
		       "MAIL FROM:<a@b>\r\nRCPT TO:<n@y>\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\n"
		       "DATA\r\n" },
		     { "250 ok\r\n550 no\r\n250 ok\r\n" CLOSING "250 ok\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BY_421 },
	{ .claim = "421 to DATA",
	  .mails = { { "a@b", TO_X, .content = "", .results = { NONE_421 } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n" CLOSING, NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BY_421 },
	{ .claim = "421 to the dot is the answer, so the outcome is known",
	  .mails = { { "a@b", TO_X, .content = "", .results = { BY_421 } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n", ".\r\n" },
		     { CLOSING, NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BY_421 },
	{ .claim = "421 to RSET",
	  .mails = { { "a@b", TO_X, .content = "", .results = { "550 |550 no" } },
		     { "c@d", TO_X, .content = "", .results = { NONE_421 } } },
	  .steps = { GREET,
		     { "250 ok\r\n", "MAIL FROM:<a@b>\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y.example>\r\n" },
		     { "550 no\r\n", "RSET\r\n" },
		     { CLOSING, NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BY_421 },
	{ .claim = "421 to QUIT is a good-bye as any",
	  .steps = { GREET, { "250 ok\r\n", "QUIT\r\n" }, { CLOSING, NULL } },
	  .end = SMTPC_CLOSED },
};

static void a_421_ends_the_dialogue_at_each_place(void **state UNUSED)
{
	play_all(closing, COUNT(closing));
}

#define BAD   "0 |server's reply is malformed or too long"
#define EARLY "0 |server answered before it was asked"

static const struct talk broken[] = {
	{ .claim = "another code in a continuation line",
	  .steps = { { "220-one\r\n221 two\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BAD },
	{ .claim = "no code",
	  .steps = { { "HTTP/1.1 400 Bad\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BAD },
	{ .claim = "an empty line",
	  .steps = { { "\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BAD },
	{ .claim = "a class that is none",
	  .steps = { { "120 wait\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BAD },
	{ .claim = "no separator",
	  .steps = { { "220x\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BAD },
	{ .claim = "a bare LF ends no line",
	  .steps = { { "220 one\n220 two\n", NULL }, { "\r\n", "EHLO us\r\n" } },
	  .end = SMTPC_INPUT },
	{ .claim = "a greeting that refuses",
	  .steps = { { "554 5.7.1 go away\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = "554 5.7.1|554 5.7.1 go away" },
	{ .claim = "EHLO and HELO refused",
	  .steps = { GREET, { "550 no\r\n", "HELO us\r\n" }, { "550-still\r\n550 no\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = "550 |550 still no" },
	{ .claim = "2xx to DATA is no acceptance",
	  .mails = { { "a@b", TO_X, .content = "",
		       .results = { "0 |server answered data with: 250 ok" } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n250 ok\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = "0 |server answered data with: 250 ok" },
	{ .claim = "RSET refused",
	  .mails = { { "a@b", TO_X, .content = "", .results = { "550 |550 no" } },
		     { "c@d", TO_X, .content = "", .results = { "0 |500 what" } } },
	  .steps = { GREET,
		     { "250 ok\r\n", "MAIL FROM:<a@b>\r\n" },
		     { "250 ok\r\n", "RCPT TO:<x@y.example>\r\n" },
		     { "550 no\r\n", "RSET\r\n" },
		     { "500 what\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = "500 |500 what" },
	{ .claim = "MAIL refused, RCPT taken and 354: an empty mail is not sent",
	  .mails = { { "a@b", TO_X, .content = "", .results = { "450 |450 no" } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "450 no\r\n250 ok\r\n354 go\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = "0 |server wants the content of a mail whose sender it refused" },
	{ .claim = "a break after the dot leaves the outcome unknown",
	  .mails = { { "a@b", TO_X, .content = "", .results = { BAD } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n", ".\r\n" },
		     { "250\tok\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BAD,
	  .dot_sent = true },
};

static void what_breaks_the_rules_breaks_the_dialogue(void **state UNUSED)
{
	play_all(broken, COUNT(broken));
}

/* Whole only: byte by byte the early bytes come after the command that they would answer. */
static const struct talk early[] = {
	{ .claim = "an answer to EHLO before it was said",
	  .steps = { { "220 hi\r\n250 hi\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = EARLY },
	{ .claim = "an acceptance before the content was sent",
	  .mails = { { "a@b", TO_X, .content = "", .results = { EARLY } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = EARLY },
	{ .claim = "half an acceptance before the dot",
	  .mails = { { "a@b", TO_X, .content = "", .results = { EARLY } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n25", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = EARLY },
	{ .claim = "an answer to the empty dot before it was sent",
	  .mails = { { "a@b", TO_X, .content = "", .results = { "550 |550 no" } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n550 no\r\n354 go\r\n250 ok\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = EARLY },
	{ .claim = "a refusal while content is written is the answer",
	  .mails = { { "a@b", TO_X, .content = "", .results = { "552 5.3.4|552 5.3.4 too big" } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n552 5.3.4 too big\r\n", NULL } },
	  .end = SMTPC_BROKEN,
	  .why = "552 5.3.4|552 5.3.4 too big" },
	{ .claim = "421 while content is written",
	  .mails = { { "a@b", TO_X, .content = "", .results = { NONE_421 } } },
	  .steps = { GREET,
		     { PIPED, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n" },
		     { "250 ok\r\n250 ok\r\n354 go\r\n" CLOSING, NULL } },
	  .end = SMTPC_BROKEN,
	  .why = BY_421 },
};

static void answers_before_the_question_are_not_believed(void **state UNUSED)
{
	for (size_t i = 0; i < COUNT(early); i++)
		play(&early[i], false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mails_are_handed_over),
		cmocka_unit_test(each_recipient_gets_the_answer_that_is_its_own),
		cmocka_unit_test(dots_are_stuffed_across_calls),
		cmocka_unit_test(a_421_ends_the_dialogue_at_each_place),
		cmocka_unit_test(what_breaks_the_rules_breaks_the_dialogue),
		cmocka_unit_test(answers_before_the_question_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
