/* fuzz_xclient: what XCLIENT says is printable, bounded, and there only when all is well-formed.
 *
 * Input: what stands behind the verb.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/xclient.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static void check_text(const char text[XCLIENT_TEXT_MAX])
{
	size_t n = strnlen(text, XCLIENT_TEXT_MAX);

	must(n < XCLIENT_TEXT_MAX, "no end");
	for (size_t i = 0; i < n; i++)
		must(text[i] >= ' ' && text[i] < 0x7f, "not printable");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct xclient x, untouched;

	memset(&x, 0x55, sizeof(x));
	memset(&untouched, 0x55, sizeof(untouched));
	if (!xclient_parse((struct str){ (const char *)data, n }, &x)) {
		must(memcmp(&x, &untouched, sizeof(x)) == 0, "a failure has left something");
		return 0;
	}
	check_text(x.name);
	check_text(x.helo);
	check_text(x.login);
	must(x.port <= 65535 && x.dest_port <= 65535, "not a port");
	must(x.proto <= XCLIENT_PROTO_ESMTP, "no protocol");
	return 0;
}
