/* test_import: files of recipients, good and bad.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "db/import.h"
#include "db/patch.h"

#define DOMAIN STR("example.test")

/* "anna bob!carl": in the file's order, ! is reject. */
static const char *told(struct str file, char *out, size_t max)
{
	struct arena *arena = arena_new(64 << 10);
	char *text = mem_str(file);
	struct change_local *entries;
	struct err e;
	size_t n, at = 0;

	if (!import_parse(arena, text, file.n, DOMAIN, &entries, &n, &e)) {
		(void)snprintf(out, max, "%s", e.text);
		assert_int_equal(e.kind, ERR_INPUT);
		free(text);
		arena_free(arena);
		return out;
	}
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, max - at, "%s%s%.*s%s%.*s", i ? " " : "",
				       entries[i].action == RECIPIENT_REJECT ? "!" : "",
				       STR_ARGS(entries[i].local),
				       entries[i].target.n ? ">" : "", STR_ARGS(entries[i].target));
	free(entries);
	free(text);
	arena_free(arena);
	return out;
}

static void good_files_are_understood(void **state)
{
	static const struct {
		struct str file;
		const char *wanted;
	} rows[] = {
		{ STR(""), "" },
		{ STR("anna"), "anna" },
		{ STR("anna\nbob\n"), "anna bob" },
		{ STR("anna\r\nbob\r\n"), "anna bob" },
		{ STR("\xef\xbb\xbf" "anna\n"), "anna" },
		{ STR("# list\n\n  anna  \n\t\n#bob\n"), "anna" },
		{ STR("Anna@Example.TEST\n"), "anna" },
		{ STR("Jos\xc3\x89\nJOSE\xcc\x81,reject\n\"\"\"\xc3\x84 b\"\"@Example.test\"\n"),
		  "jos\xc3\xa9 !jos\xc3\xa9 \xc3\xa4 b" },
		/* folding makes it longer */
		{ STR("\xe0\xa5\x98\xe0\xa5\x98,reject,x\nbob,accept"),
		  "!\xe0\xa4\x95\xe0\xa4\xbc\xe0\xa4\x95\xe0\xa4\xbc bob" },
		{ STR("email\nanna\n"), "anna" },
		{ STR("\n# x\nAddress,Name\nanna,Anna A.\n"), "anna" },
		{ STR("address,action\nanna,reject\n"), "!anna" },
		{ STR("recipient;action\nanna;reject\nbob;\ncarl;Accept\n"), "!anna bob carl" },
		{ STR("anna,accept,Anna,\"A, B\"\nbob,REJECT,x\n"), "anna !bob" },
		{ STR("\"anna\",\"reject\",\"x\"\n"), "!anna" },
		{ STR("\"anna@example.test\"\t\"accept\"\n"), "anna" },
		{ STR("\"\"\"anna b\"\"@example.test\",reject\n"), "!anna b" },
		{ STR("localpart\n\"localpart\"\n"), "localpart" },
		{ STR("a+b\na.b\no'hara\n"), "a+b a.b o'hara" },
		{ STR("anna\nanna,reject\n"), "anna !anna" },
		{ STR("sales-*,reject\n*\n\"*-list\"\n"), "!sales-* * *-list" },
		{ STR("info,alias,Bob@B.test\n\"x\";\"Alias\";\"y@b.test\";z\n"),
		  "info>Bob@b.test x>y@b.test" },
	};
	char out[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(told(rows[i].file, out, sizeof(out)), rows[i].wanted);
}

static void bad_files_are_refused_with_the_line(void **state)
{
	static const struct {
		struct str file;
		const char *wanted;
	} rows[] = {
		{ STR("anna\nbob@other.test\n"),
		  "line 2: bob@other.test is not in the domain example.test" },
		{ STR("anna\n\n\nan na\n"), "line 4: not a local part: an na" },
		{ STR("anna,maybe\n"),
		  "line 1: the action must be accept, reject or alias, not maybe" },
		{ STR("anna,alias\n"), "line 1: not an address: (empty)" },
		{ STR("anna,alias,bob\n"), "line 1: not an address: bob" },
		{ STR("anna,alias,*@b.test\n"),
		  "line 1: an alias goes to one address in ASCII, not to *@b.test" },
		{ STR("a*b*\n"), "line 1: a pattern has one *: a*b*" },
		{ STR("name\nanna\nemail\nx@\n"), "line 4: x@ is not in the domain example.test" },
		{ STR(",reject\n"), "line 1: not a local part: (empty)" },
		{ STR("@example.test\n"), "line 1: not a local part: (empty)" },
		{ STR("\"anna\n"), "line 1: a quoted field does not end" },
		{ STR("\"anna\"x,reject\n"), "line 1: a quoted field does not end" },
		{ STR("m\xfcller\n"), "line 1: not UTF-8: m\\xfcller" },
		{ STR("anna\0b\n"), "line 1: not a local part: anna\\x00b" },
		{ STR("\xff\xfe" "a\0"), "line 1: the file is UTF-16; save it as UTF-8" },
		{ STR("a123456789b123456789c123456789d123456789e123456789f123456789g1234\n"),
		  "line 1: the local part is longer than 64 bytes: "
		  "a123456789b123456789c123456789d123456789e123456789f123456789g1234" },
	};
	char out[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(told(rows[i].file, out, sizeof(out)), rows[i].wanted);
}

static void of_doubles_the_last_line_counts(void **state)
{
	struct change_local rows[] = {
		{ .local = STR("bob"), .action = RECIPIENT_ACCEPT, .line = 1 },
		{ .local = STR("anna"), .action = RECIPIENT_REJECT, .line = 2 },
		{ .local = STR("bob"), .action = RECIPIENT_REJECT, .line = 3 },
		{ .local = STR("an"), .action = RECIPIENT_ACCEPT, .line = 4 },
		{ .local = STR("anna"), .action = RECIPIENT_ACCEPT, .line = 5 },
	};

	(void)state;
	assert_int_equal(patch_sort_locals(rows, 5), 3);
	assert_true(str_eq(rows[0].local, STR("an")));
	assert_true(str_eq(rows[1].local, STR("anna")));
	assert_int_equal(rows[1].line, 5);
	assert_int_equal(rows[2].action, RECIPIENT_REJECT);
	assert_int_equal(patch_sort_locals(NULL, 0), 0);
}

/* Every byte string is either understood or refused; nothing is read or written outside. */
static void no_bytes_do_harm(void **state)
{
	static const char alphabet[] = "a\"\\,;@\n\r\t #.x";
	uint32_t seed = 1;
	char out[4000];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char file[24];
		size_t n = (size_t)(round % 24);

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			file[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		(void)told((struct str){ file, n }, out, sizeof(out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_files_are_understood),
		cmocka_unit_test(bad_files_are_refused_with_the_line),
		cmocka_unit_test(of_doubles_the_last_line_counts),
		cmocka_unit_test(no_bytes_do_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
