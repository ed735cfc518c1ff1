/* fuzz_path: an address that was taken has the parts it says, and is taken again.
 *
 * Input: one byte that chooses the kind of path, then the path.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "proto/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static void check_ascii(const struct path *p)
{
	char room[PATH_ASCII_MAX];
	struct path again;
	struct str ascii;

	if (!path_to_ascii(p->address, room, &ascii)) {
		must(utf8_has_8bit(p->local), "no form in ASCII");
		return;
	}
	must(!utf8_has_8bit(ascii), "not ASCII");
	must(ascii.n > 254 || path_is_address(ascii, &again), "the form in ASCII is no address");
}

static void check_parts(const struct path *p)
{
	char name[65];
	struct path typed;

	must(utf8_is_text(p->address), "something unprintable in an address");
	must(p->address.n <= 254 && p->local.n <= 64, "too long");
	must(path_unquote(p->local, name).n <= p->local.n, "unquoting makes it longer");
	if (!p->domain.n) {
		must(str_eq(p->address, p->local), "no domain, but more than a local part");
		return;
	}
	must(p->local.n + 1 + p->domain.n == p->address.n, "the parts are not the whole");
	must(p->address.at[p->local.n] == '@', "no @ between the parts");
	must(path_is_address(p->address, &typed), "not an address without its brackets");
	must(str_eq(typed.local, p->local) && str_eq(typed.domain, p->domain), "other parts");
	must(p->domain.at[0] == '[' || utf8_has_8bit(p->domain) || path_is_domain(p->domain),
	     "not a domain");
	check_ascii(p);
}

static void check_again(struct arena *a, const struct path *p, enum path_kind kind)
{
	char text[300];
	struct path kept, again;
	size_t used;

	must(path_keep(a, p, &kept), "cannot be kept");
	must(str_eq(kept.address, p->address) && str_eq(kept.domain, p->domain), "kept otherwise");
	(void)snprintf(text, sizeof(text), "<%.*s>", STR_ARGS(p->address));
	must(path_parse(str_of(text), kind, &again, &used) ==
		     (utf8_has_8bit(p->address) ? PATH_UTF8 : PATH_OK),
	     "not taken again");
	must(str_eq(again.address, p->address) && used == strlen(text), "taken otherwise");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum path_result result;
	enum path_kind kind;
	struct str s;
	struct path p;
	size_t used;

	if (!n)
		return 0;
	kind = data[0] & 1 ? PATH_FORWARD : PATH_REVERSE;
	s = (struct str){ (const char *)data + 1, n - 1 };
	result = path_parse(s, kind, &p, &used);
	if (result != PATH_BAD) {
		struct arena *a = arena_new(4096);

		must(used <= s.n && s.at[used - 1] == '>', "used too much");
		check_parts(&p);
		must(result == PATH_UTF8 || !utf8_has_8bit(p.address), "UTF-8, and not told");
		check_again(a, &p, kind);
		arena_free(a);
	}
	if (path_is_address(s, &p))
		check_parts(&p);
	(void)path_is_domain(s);
	return 0;
}
