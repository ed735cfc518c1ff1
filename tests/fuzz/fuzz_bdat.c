/* fuzz_bdat: content that comes by BDAT is judged as a whole, kept to the byte and answered chunk
 * by chunk, wherever chunks and reads cut it; and the same content by DATA fares the same.
 *
 * Input: one byte that chooses the reads, one byte that chooses limit and ending, then the content;
 * 0xff in it is where one chunk ends and the next begins.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/dialog/canned.h"

#define WIRE_MAX  (1024 * 1024)
#define SMALL_MAX 50
#define LARGE_MAX 100000
#define BEGINNING "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<user1@example.test>\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static void add(struct buf *b, struct str s)
{
	must(buf_add(b, s), "no room");
}

/* Serves all of it; the relay keeps what was accepted, `said` what was answered. */
static void serve(struct canned *relay, struct str wire, uint64_t max_size, uint32_t seed,
		  struct buf *said)
{
	struct smtpd_limits limits = { .max_size = max_size,
				       .max_line = 2048,
				       .max_rcpts = 10,
				       .max_errors = 1000000,
				       .max_commands = 1000000 };
	struct smtpd *s = smtpd_new("mx.test", &limits);
	bool open = true;

	canned_init(relay);
	while (open && wire.n) {
		size_t piece = 1 + (seed = seed * 1664525 + 1013904223) % 97;

		piece = piece < wire.n ? piece : wire.n;
		must(smtpd_feed(s, (struct str){ wire.at, piece }), "not taken");
		wire = str_from(wire, piece);
		open = canned_serve(relay, s, said);
	}
	must(!open && !wire.n, "QUIT was not the end");
	smtpd_free(s);
}

/* How many replies there are: lines whose code is followed by a blank. */
static unsigned replies(struct str said)
{
	unsigned count = 0;
	struct str line;

	while (str_cut(said, '\n', &line, &said))
		count += line.n > 3 && line.at[3] == ' ';
	return count;
}

/* Lines that end in CRLF, the last one perhaps in nothing, and no other CR, LF or NUL. */
static bool is_well_formed(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool lf_next = i + 1 < s.n && s.at[i + 1] == '\n';
		bool cr_before = i && s.at[i - 1] == '\r';

		if (!s.at[i] || (s.at[i] == '\r' && !lf_next) || (s.at[i] == '\n' && !cr_before))
			return false;
	}
	return true;
}

/* The chunks on the wire, and their number; `content` is what is in them, one behind the other. */
static unsigned by_chunks(struct str in, bool empty_last, struct buf *wire, struct buf *content)
{
	unsigned chunks = 0;
	bool more = true;

	add(wire, STR(BEGINNING));
	while (more) {
		struct str chunk, rest = STR_NONE;

		more = str_cut(in, (char)0xff, &chunk, &rest);
		if (!more)
			chunk = in;
		must(buf_addf(wire, "BDAT %zu%s\r\n", chunk.n, more || empty_last ? "" : " LAST"),
		     "no room");
		add(wire, chunk);
		add(content, chunk);
		chunks++;
		in = rest;
	}
	if (empty_last) {
		add(wire, STR("bdat 0 last\r\n"));
		chunks++;
	}
	add(wire, STR("QUIT\r\n"));
	return chunks;
}

static void by_data(struct str in, struct buf *wire)
{
	bool line_start = true;

	add(wire, STR(BEGINNING "DATA\r\n"));
	for (size_t i = 0; i < in.n; i++) {
		if (line_start && in.at[i] == '.')
			add(wire, STR("."));
		add(wire, (struct str){ in.at + i, 1 });
		line_start = in.at[i] == '\n' && i && in.at[i - 1] == '\r';
	}
	add(wire, line_start ? STR(".\r\nQUIT\r\n") : STR("\r\n.\r\nQUIT\r\n"));
}

/* What is to become of it: true when it is to be kept, as `wanted`. */
static bool is_wanted(struct str content, uint64_t max_size, struct buf *wanted)
{
	struct header header;

	if (!is_well_formed(content) || content.n > max_size)
		return false;
	add(wanted, content);
	if (content.n && content.at[content.n - 1] != '\n')
		add(wanted, STR("\r\n"));
	header_init(&header, CANNED_HOSTNAME);
	header_feed(&header, buf_str(wanted));
	return !header_refusal(&header);
}

static void check(struct canned *relay, bool wanted, struct str content)
{
	must(relay->mails == wanted, wanted ? "not taken" : "taken");
	must(!wanted || str_eq(buf_str(&relay->content), content), "changed");
	must(relay->mails || !relay->mail_at, "something of what was refused is kept");
	canned_done(relay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf wire, content, said, wanted;
	struct canned relay;
	uint64_t max_size;
	unsigned chunks;
	bool good;

	if (n < 2 || n > 64 * 1024)
		return 0;
	max_size = data[1] & 1 ? SMALL_MAX : LARGE_MAX;
	buf_init(&wire, WIRE_MAX);
	buf_init(&content, WIRE_MAX);
	buf_init(&said, WIRE_MAX);
	buf_init(&wanted, WIRE_MAX);
	chunks = by_chunks((struct str){ (const char *)data + 2, n - 2 }, data[1] & 2, &wire,
			   &content);
	good = is_wanted(buf_str(&content), max_size, &wanted);
	serve(&relay, buf_str(&wire), max_size, data[0], &said);
	must(replies(buf_str(&said)) == 5 + chunks, "not one reply a command");
	check(&relay, good, buf_str(&wanted));

	buf_clear(&wire);
	buf_clear(&said);
	by_data(buf_str(&content), &wire);
	serve(&relay, buf_str(&wire), LARGE_MAX, data[0], &said);
	must(replies(buf_str(&said)) == 7, "not one reply a command of DATA");
	if (max_size == LARGE_MAX)
		check(&relay, good, buf_str(&wanted));
	else
		canned_done(&relay);
	buf_done(&wire);
	buf_done(&content);
	buf_done(&said);
	buf_done(&wanted);
	return 0;
}
