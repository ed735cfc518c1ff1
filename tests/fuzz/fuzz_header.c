/* fuzz_header: the header scanner sees the same however the message is cut, counts no more than
 * there can be, and stops at the empty line.
 *
 * Input: one byte that chooses the pieces, then the message.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static struct header scan(struct str bytes, uint32_t seed)
{
	struct header h;

	header_init(&h, "mx.test");
	while (bytes.n) {
		size_t piece = seed ? 1 + (seed = seed * 1664525 + 1013904223) % 17 : 1;

		header_feed(&h, (struct str){ bytes.at, piece < bytes.n ? piece : bytes.n });
		bytes = str_from(bytes, piece);
	}
	return h;
}

static void must_equal(const struct header *a, const struct header *b)
{
	must(a->size == b->size, "another size");
	must(a->received == b->received && a->passes == b->passes, "another count");
	must(header_ended(a) == header_ended(b), "ended otherwise");
	must(header_refusal(a) == header_refusal(b), "judged otherwise");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct header whole, other;
	struct str bytes;
	const char *end;

	if (!n)
		return 0;
	bytes = (struct str){ (const char *)data + 1, n - 1 };
	header_init(&whole, "mx.test");
	header_feed(&whole, bytes);
	other = scan(bytes, 0);
	must_equal(&whole, &other);
	other = scan(bytes, data[0] + 1U);
	must_equal(&whole, &other);
	must(whole.size <= bytes.n, "more than there is");
	must(whole.passes <= whole.received, "more of ours than all");
	must(whole.received <= bytes.n / strlen("received:"), "more than fit");
	end = bytes.n ? memmem(bytes.at, bytes.n, "\r\n\r\n", 4) : NULL;
	must(!end || whole.size <= (size_t)(end - bytes.at) + 4, "read on behind the empty line");
	return 0;
}
