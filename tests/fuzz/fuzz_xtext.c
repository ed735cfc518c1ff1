/* fuzz_xtext: what is taken as xtext decodes to no more bytes than it had, and what is written with
 * its own bytes escaped is taken again and means the same.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "proto/xtext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	struct str in = { (const char *)data, n }, out = STR_NONE, again = STR_NONE;
	char *to = mem_alloc(n + 1), *escaped = mem_alloc(3 * n + 1), *back = mem_alloc(3 * n + 1);
	bool is = xtext_is(in);

	must(xtext_decode(in, to, &out) == is && out.n <= n);
	for (size_t i = 0; i < n; i++) {
		escaped[3 * i] = '+';
		escaped[3 * i + 1] = hex[data[i] >> 4];
		escaped[3 * i + 2] = hex[data[i] & 15];
	}
	must(xtext_decode((struct str){ escaped, 3 * n }, back, &again) && str_eq(again, in));
	free(to);
	free(escaped);
	free(back);
	return 0;
}
