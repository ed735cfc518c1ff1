/* fuzz_proxy: a PROXY header is taken to its last byte and no further, and the same however much
 * of it and of what follows is there.
 *
 * Input: the connection's first bytes.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data, n };
	struct proxy said = { .named = false }, part;
	ptrdiff_t used = proxy_parse(in, &said), first = 0;
	size_t at;

	must(used >= -1 && used <= (ptrdiff_t)n && used <= PROXY_HEADER_MAX, "used too much");
	must(used != 0 || n < PROXY_HEADER_MAX, "wants more than there may be");
	must(!said.named || said.port <= 65535, "not a port");
	/* A peer's bytes may come one at a time. */
	for (at = 0; at <= n && !first; at++)
		first = proxy_parse((struct str){ in.at, at }, &part);
	if (used > 0) {
		must(first == used && at == (size_t)used + 1, "ends elsewhere byte by byte");
		must(part.named == said.named, "named otherwise");
		must(!said.named || (ip_eq(&part.client, &said.client) && part.port == said.port),
		     "somebody else");
	}
	must(first == used, "judged otherwise byte by byte");
	return 0;
}
