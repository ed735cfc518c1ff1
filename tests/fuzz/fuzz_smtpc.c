/* fuzz_smtpc: whatever a server answers and however it is cut into reads, the client's engine says
 * only whole commands, and no recipient has a 2xx whose mail was not sent to its end.
 *
 * Input: one byte that chooses the mails, one byte that chooses the pieces (0: line by line), then
 * the server's bytes.  Pieces may change the outcome, because an answer that comes before its
 * question is not believed; so runs are not compared.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/smtpc.h"

#define RCPTS_MAX 8
#define TEXT_MAX  480

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
	struct smtpc *c;
	uint8_t choice;
	unsigned mails;
	size_t rcpts;
	bool content; /* amid content: lines are not commands */
	bool ended;   /* content of this mail was given to its end */
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static bool is_text(const char *text, size_t max)
{
	return strlen(text) <= max && !strpbrk(text, "\r\n");
}

static void check_reply(const struct smtpc_reply *r)
{
	must(r->code == 0 || (r->code >= 200 && r->code <= 599), "a code that is none");
	must(is_text(r->text, TEXT_MAX), "text is too long or more than a line");
	must(is_text(r->enhanced, 9), "enhanced code is none");
	must(!r->enhanced[0] || r->code == 0 || r->enhanced[0] == '0' + r->code / 100,
	     "enhanced code of another class");
}

static void check_results(const struct run *r, bool done)
{
	for (size_t i = 0; i < r->rcpts; i++) {
		const struct smtpc_reply *reply = smtpc_result(r->c, i);

		check_reply(reply);
		must(!done || reply->code != 0, "done without an answer");
		must(reply->code / 100 != 2 || r->ended, "taken, but not sent");
	}
	must(!smtpc_dot_sent(r->c) || r->ended, "a dot that nobody asked for");
}

static void check_commands(struct run *r)
{
	static const char *const known[] = { "EHLO us\r\n",     "HELO us\r\n",  "RSET\r\n",
					     "MAIL FROM:<a@b>", "RCPT TO:<x@y", "DATA\r\n",
					     "QUIT\r\n",        ".\r\n" };
	struct str out = buf_str(smtpc_output(r->c));
	bool found = true;

	must(out.n < 64 * 1024, "too much output");
	while (!r->content && found && out.n > 0) {
		struct str line = out;

		found = false;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found = found || str_starts(line, str_of(known[i]));
		must(str_cut(out, '\n', &line, &out), "half a command");
	}
	must(found, "no such command");
	buf_clear(smtpc_output(r->c));
}

static void give_mail(struct run *r)
{
	static const struct str rcpts[RCPTS_MAX] = { { "x@y", 3 },  { "x@y1", 4 }, { "x@y2", 4 },
						     { "x@y3", 4 }, { "x@y4", 4 }, { "x@y5", 4 },
						     { "x@y6", 4 }, { "\xc3\xa9@y7", 6 } };
	struct smtpc_mail m = { .sender = STR("a@b"), .rcpts = rcpts };

	if (r->mails == (r->choice >> 6)) {
		smtpc_quit(r->c);
		return;
	}
	m.rcpt_count = 1 + (r->choice & (RCPTS_MAX - 1));
	m.body_8bit = m.smtputf8 = r->choice & 8;
	m.size = r->choice & 16 ? 1000 : 10;
	r->rcpts = m.rcpt_count;
	r->ended = false;
	r->mails++;
	smtpc_send(r->c, &m);
}

static void give_content(struct run *r)
{
	r->content = true;
	must(smtpc_body(r->c, STR("A: 1\r\n\r\n.\r\n..\r\nend")), "no room in empty output");
	smtpc_body_end(r->c);
	r->ended = true;
	check_commands(r);
	r->content = false;
}

/* False when the dialogue is over. */
static bool pump(struct run *r)
{
	for (;;) {
		switch (smtpc_next(r->c)) {
		case SMTPC_INPUT:
			check_commands(r);
			return true;
		case SMTPC_READY:
			give_mail(r);
			break;
		case SMTPC_BODY:
			check_commands(r);
			give_content(r);
			break;
		case SMTPC_DONE:
			check_results(r, true);
			break;
		case SMTPC_BROKEN:
			check_reply(smtpc_why(r->c));
			check_results(r, false);
			return false;
		case SMTPC_CLOSED:
			return false;
		}
	}
}

static size_t next_piece(uint32_t *seed, struct str bytes)
{
	ptrdiff_t line = str_find(bytes, '\n');

	if (*seed == 0)
		return line < 0 ? bytes.n : (size_t)line + 1;
	*seed = *seed * 1664525 + 1013904223;
	return 1 + (*seed >> 24) % 17;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2 || n > 128 * 1024)
		return 0;

	struct run r = { .c = smtpc_new("us"), .choice = data[0] };
	struct str bytes = { (const char *)data + 2, n - 2 };
	uint32_t seed = data[1];
	bool open = true;

	while (open && bytes.n > 0) {
		size_t piece = next_piece(&seed, bytes);

		must(smtpc_feed(r.c, (struct str){ bytes.at, piece < bytes.n ? piece : bytes.n }),
		     "little is too much");
		bytes = str_from(bytes, piece);
		open = pump(&r);
	}
	if (open) {
		smtpc_lost(r.c, "end of input");
		must(smtpc_next(r.c) == SMTPC_BROKEN, "lost, but not broken");
		check_results(&r, false);
	}
	must(is_text(smtpc_greeting(r.c), 159), "greeting is too long or more than a line");
	smtpc_free(r.c);
	return 0;
}
