/* fuzz_authres: what passes the filter does not depend on how the message is cut, is all of it but
 * whole fields, ends where the message ends, and holds nothing more that the filter would take.
 *
 * Input: one byte that chooses the pieces, then the message.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "proto/authres.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static unsigned run(struct str bytes, uint32_t seed, struct buf *out)
{
	struct authres a;

	buf_init(out, 1024 * 1024);
	authres_init(&a, "mx.test");
	while (bytes.n) {
		size_t piece = seed > 1 ? 1 + (seed = seed * 1664525 + 1013904223) % 17 : 1;
		struct str part = { bytes.at, piece < bytes.n && seed ? piece : bytes.n };
		struct str passed;

		bytes = str_from(bytes, part.n);
		while (authres_next(&a, &part, &passed))
			must(buf_add(out, passed), "more than there is");
		must(!part.n, "not used up");
	}
	must(buf_add(out, authres_end(&a)), "more than there is");
	must(authres_ended(&a), "not ended");
	return a.removed;
}

/* Each line of out stands in the message, in the same order; what is behind the empty line is
 * whole. */
static void must_be_lines_of(struct str out, struct str bytes)
{
	const char *end = bytes.n ? memmem(bytes.at, bytes.n, "\n\r\n", 3) : NULL;
	struct str line, from;

	if (end) {
		struct str body = str_from(bytes, (size_t)(end - bytes.at) + 1);

		must(out.n >= body.n && str_eq(str_from(out, out.n - body.n), body),
		     "the body is another");
	}
	while (out.n) {
		str_cut(out, '\n', &line, &out);
		do {
			must(bytes.n, "a line that was not there");
			str_cut(bytes, '\n', &from, &bytes);
		} while (!str_eq(line, from));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole, pieces, again;
	struct str bytes;
	unsigned removed;

	if (!n)
		return 0;
	bytes = (struct str){ (const char *)data + 1, n - 1 };
	removed = run(bytes, 0, &whole);
	must(run(bytes, 1 + data[0], &pieces) == removed, "cut otherwise more or less goes");
	must(str_eq(buf_str(&whole), buf_str(&pieces)), "cut otherwise something else passes");
	must(removed || str_eq(buf_str(&whole), bytes), "something changed though nothing went");
	must_be_lines_of(buf_str(&whole), bytes);
	must(run(buf_str(&whole), 0, &again) == 0, "what has passed would not pass again");
	buf_done(&whole);
	buf_done(&pieces);
	buf_done(&again);
	return 0;
}
