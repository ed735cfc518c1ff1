/* fuzz_smtpd: whatever a client sends and however it is cut into reads, the SMTP engine says and
 * asks the same, and no accepted content holds a bare CR, a bare LF or a NUL.
 *
 * Input: one byte that chooses the pieces, one byte that chooses limits, then the client's bytes.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/dialog/canned.h"

#define LOG_MAX (16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
	struct buf asked, said;
	bool closed;
};

static struct smtpd_limits limits_of(uint8_t choice)
{
	return (struct smtpd_limits){
		.max_size = choice & 1 ? 60 : 1024 * 1024,
		.max_line = choice & 2 ? 40 : 2048,
		.max_rcpts = choice & 4 ? 2 : 1000,
		.max_errors = choice & 8 ? 3 : 1000000,
		.max_commands = choice & 16 ? 8 : 1000000,
		.xclient = choice & 64,
		/* The handshake never comes: what is behind STARTTLS is in clear, and not run. */
		.starttls = choice & 128,
	};
}

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

/* Lines that end in CRLF and hold no other CR or LF, and no NUL. */
static void check_content(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		must(s.at[i] != '\0', "NUL in accepted content");
		if (s.at[i] == '\r')
			must(i + 1 < s.n && s.at[i + 1] == '\n', "bare CR in accepted content");
		if (s.at[i] == '\n')
			must(i && s.at[i - 1] == '\r', "bare LF in accepted content");
	}
	must(!s.n || s.at[s.n - 1] == '\n', "accepted content ends in mid line");
}

/* Pieces of a changing size from a seed, or all of one size. */
static size_t next_piece(uint32_t *seed, size_t fixed)
{
	if (fixed)
		return fixed;
	*seed = *seed * 1664525 + 1013904223;
	return 1 + (*seed >> 24) % 17;
}

static void run(struct run *r, struct str bytes, uint8_t choice, uint32_t seed, size_t fixed)
{
	struct smtpd_limits limits = limits_of(choice);
	struct smtpd *s = smtpd_new("mx.test", &limits);
	struct canned relay;
	bool open = true;

	buf_init(&r->asked, LOG_MAX);
	buf_init(&r->said, LOG_MAX);
	canned_init(&relay);
	relay.log = &r->asked;
	if (choice & 32)
		relay.answers[WANT_END] = reply_get(REPLY_STORE_FAILED);
	while (open && bytes.n) {
		size_t piece = next_piece(&seed, fixed);

		must(smtpd_wants_input(s), "the engine is fed up without reason");
		must(smtpd_feed(s, (struct str){ bytes.at, piece < bytes.n ? piece : bytes.n }),
		     "the engine does not take what it wants");
		bytes = str_from(bytes, piece);
		open = canned_serve(&relay, s, &r->said);
	}
	r->closed = !open;
	check_content((struct str){ buf_str(&relay.content).at, relay.mail_at });
	canned_done(&relay);
	smtpd_free(s);
}

static void must_equal(struct run *a, struct run *b)
{
	must(str_eq(buf_str(&a->asked), buf_str(&b->asked)), "asked differently");
	must(str_eq(buf_str(&a->said), buf_str(&b->said)), "answered differently");
	must(a->closed == b->closed, "closed differently");
	buf_done(&b->asked);
	buf_done(&b->said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct run whole, other;
	struct str bytes;

	if (n < 2 || n > SMTPD_INPUT_MAX / 2)
		return 0;
	bytes = (struct str){ (const char *)data + 2, n - 2 };
	run(&whole, bytes, data[1], 0, n);
	run(&other, bytes, data[1], 0, 1);
	must_equal(&whole, &other);
	run(&other, bytes, data[1], data[0], 0);
	must_equal(&whole, &other);
	buf_done(&whole.asked);
	buf_done(&whole.said);
	return 0;
}
