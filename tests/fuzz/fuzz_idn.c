/* fuzz_idn: names of other scripts, and the forms in which their addresses are written.
 *
 * Input: the name.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/idn.h"
#include "base/utf8.h"
#include "proto/quoted.h"
#include "proto/unitext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static void check_domain(struct str s)
{
	char form[IDN_DOMAIN_MAX], again[IDN_DOMAIN_MAX], readable[IDN_READABLE_MAX];
	struct str name, same;

	if (!idn_domain(s, form, &name))
		return;
	must(!utf8_has_8bit(name), "not a name in ASCII");
	must(idn_domain(name, again, &same) && str_eq(name, same), "another form of the form");
	if (!name.n || memchr(name.at, 0, name.n))
		return;
	s = str_of(idn_readable(name, readable));
	must(idn_domain(s, again, &same) && str_eq(name, same), "readable, but of another name");
}

static void check_local(struct str s)
{
	char form[IDN_LOCAL_MAX], again[IDN_LOCAL_MAX];
	struct str folded, same;

	if (!idn_local(s, form, &folded))
		return;
	must(!utf8_has_8bit(s) || utf8_is_text(folded), "folded to what is no text");
	if (folded.n <= 64)
		must(idn_local(folded, again, &same) && str_eq(folded, same), "folding goes on");
}

static void check_forms(struct str s)
{
	struct buf out;
	struct str rest, line;

	buf_init(&out, 64 * 1024);
	if (unitext_add(&out, s) && s.n)
		must(unitext_is(buf_str(&out), false), "not a 7-bit form");
	buf_clear(&out);
	if (unitext_is(s, true) && s.n && unitext_add_7bit(&out, s))
		must(unitext_is(buf_str(&out), false), "not a 7-bit form of unitext");
	buf_clear(&out);
	if (quoted_add_line(&out, s)) {
		for (rest = buf_str(&out); rest.n;) {
			must(str_cut(rest, '\n', &line, &rest), "a line without its end");
			must(line.n <= 77 && !utf8_has_8bit(line), "a line that is long or 8-bit");
		}
	}
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str s = { (const char *)data, n };

	check_domain(s);
	check_local(s);
	if (n < 4096)
		check_forms(s);
	return 0;
}
