/* test_spool: content comes out as it went in, in bounded memory; what cannot be kept is counted,
 * and nobody gets half of it.
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "relay/spool.h"

#define BIG (3 * 1024 * 1024 + 17)

static char *dir, *content;
static struct spool_budget none; /* nothing may be borrowed: each has just its own */

static int make_dir(void **state UNUSED)
{
	const char *tmp = getenv("TMPDIR");

	dir = mem_printf("%s/spool-test.XXXXXX", tmp ? tmp : "/tmp");
	content = mem_alloc(BIG);
	for (size_t i = 0; i < BIG; i++)
		content[i] = (char)(i * 31 >> 5);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state UNUSED)
{
	int status = rmdir(dir); /* fails when a test left a file there */

	free(dir);
	free(content);
	return status;
}

static void drop(struct body *b)
{
	spool_body_gone(&none, b);
	assert_int_equal(none.left, 0);
	free(b->mem);
	if (b->fd >= 0)
		close(b->fd);
}

/* Writes n bytes of content in pieces. */
static void write_pieces(struct spool *s, size_t n, size_t piece)
{
	for (size_t at = 0; at < n; at += piece) {
		spool_write(s, (struct str){ content + at, n - at < piece ? n - at : piece });
		assert_true(s->room <= SPOOL_MEMORY_OWN);
	}
}

static void check_body(const struct body *b, size_t n)
{
	char *got = mem_alloc(n);

	assert_int_equal(b->size, n);
	if (b->fd < 0 && n) {
		assert_memory_equal(b->mem, content, n);
	} else if (n) {
		assert_null(b->mem);
		assert_int_equal(pread(b->fd, got, n, 0), (ssize_t)n);
		assert_memory_equal(got, content, n);
	}
	free(got);
}

static const struct {
	size_t n, piece;
	bool file;
} rows[] = {
	{ 0, 1, false },
	{ 1, 1, false },
	{ 4096, 4096, false },
	{ 8192, 8192, false },
	{ 8193, 1, false },
	{ 100000, 977, false },
	{ SPOOL_MEMORY_OWN, 4096, false },
	{ SPOOL_MEMORY_OWN, SPOOL_MEMORY_OWN, false },
	{ SPOOL_MEMORY_OWN + 1, 4096, true },
	{ SPOOL_MEMORY_OWN + 1, SPOOL_MEMORY_OWN + 1, true },
	{ 2 * SPOOL_MEMORY_OWN, 1000, true },
	{ 2 * SPOOL_MEMORY_OWN, SPOOL_MEMORY_OWN, true },
	{ BIG, 65536, true },
	{ BIG, 7919, true },
	{ BIG, BIG, true },
};

static void what_goes_in_comes_out(void **state UNUSED)
{
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct spool s;
		struct body b;

		spool_init(&s, dir, &none);
		write_pieces(&s, rows[i].n, rows[i].piece);
		assert_true(spool_take(&s, &b));
		assert_int_equal(b.fd >= 0, rows[i].file);
		check_body(&b, rows[i].n);
		drop(&b);
		spool_done(&s);
	}
}

static void the_file_has_no_name(void **state UNUSED)
{
	struct spool s;
	struct stat st;

	spool_init(&s, dir, &none);
	write_pieces(&s, BIG, 65536);
	assert_true(s.fd >= 0);
	assert_int_equal(fstat(s.fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	DIR *d = opendir(dir);
	unsigned names = 0;

	assert_non_null(d);
	while (readdir(d))
		names++;
	closedir(d);
	assert_int_equal(names, 2); /* . and .. */
	spool_done(&s);
}

static void a_spool_that_was_taken_is_empty(void **state UNUSED)
{
	struct spool s;
	struct body first, second;

	spool_init(&s, dir, &none);
	write_pieces(&s, BIG, 65536);
	assert_true(spool_take(&s, &first));
	write_pieces(&s, 10, 10);
	assert_true(spool_take(&s, &second));
	check_body(&first, BIG);
	check_body(&second, 10);
	drop(&first);
	drop(&second);
	spool_done(&s);
	spool_done(&s);
}

static void without_a_directory_it_only_counts(void **state UNUSED)
{
	struct spool s;
	struct body b;
	char *nowhere = mem_printf("%s/nowhere", dir);

	spool_init(&s, nowhere, &none);
	write_pieces(&s, BIG, 65536);
	assert_true(s.failed);
	assert_int_equal(s.size, BIG);
	assert_false(spool_take(&s, &b));
	spool_done(&s);

	spool_init(&s, nowhere, &none); /* what fits the memory needs no directory */
	write_pieces(&s, 1000, 100);
	assert_true(spool_take(&s, &b));
	check_body(&b, 1000);
	drop(&b);
	spool_done(&s);
	free(nowhere);
}

/* n bytes with files bounded to `most` bytes; false when they could not be kept. */
static bool keeps(size_t n, rlim_t most)
{
	struct rlimit before, tiny;
	struct spool s;
	struct body b;
	bool kept;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tiny = before;
	tiny.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	spool_init(&s, dir, &none);
	write_pieces(&s, n, 65536);
	assert_int_equal(s.size, n);
	kept = spool_take(&s, &b);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	if (kept) {
		check_body(&b, n);
		drop(&b);
	}
	spool_done(&s);
	return kept;
}

static void a_write_that_fails_is_never_half_a_body(void **state UNUSED)
{
	static const size_t mosts[] = {
		0, 1, 4096, SPOOL_MEMORY_OWN - 1, SPOOL_MEMORY_OWN, SPOOL_MEMORY_OWN + 1, BIG - 1
	};

	for (unsigned i = 0; i < COUNT(mosts); i++)
		assert_false(keeps(BIG, mosts[i]));
	assert_true(keeps(BIG, BIG));
	assert_true(keeps(SPOOL_MEMORY_OWN, 0));
}

/* How much of a budget is lent while n bytes are held; *ret_file tells where they are. */
static int64_t lent_for(size_t n, int64_t budget, bool *ret_file)
{
	struct spool_budget b = { .left = budget };
	struct spool s;
	struct body body;
	int64_t lent;

	spool_init(&s, dir, &b);
	for (size_t at = 0; at < n; at += 65536)
		spool_write(&s, (struct str){ content, n - at < 65536 ? n - at : 65536 });
	assert_true(spool_take(&s, &body));
	lent = budget - b.left;
	*ret_file = body.fd >= 0;
	spool_body_gone(&b, &body);
	assert_int_equal(b.left, budget);
	free(body.mem);
	if (body.fd >= 0)
		close(body.fd);
	spool_done(&s);
	assert_int_equal(b.left, budget);
	assert_int_equal(b.held, 0);
	assert_int_equal(b.files, 0);
	return lent;
}

static void memory_beyond_its_own_is_borrowed_and_given_back(void **state UNUSED)
{
	const size_t mib = 1024 * 1024, max = SPOOL_MEMORY_MAX;
	bool file;

	assert_int_equal(lent_for(SPOOL_MEMORY_OWN, 0, &file), 0);
	assert_false(file);
	assert_int_equal(lent_for(BIG, SPOOL_BUDGET, &file), 4 * mib - SPOOL_MEMORY_OWN);
	assert_false(file);
	assert_int_equal(lent_for(BIG, 2 * mib, &file), 0);
	assert_true(file);
	assert_int_equal(lent_for(max, SPOOL_BUDGET, &file), max - SPOOL_MEMORY_OWN);
	assert_false(file);
	assert_int_equal(lent_for(max + 1, SPOOL_BUDGET, &file), 0);
	assert_true(file);
}

/* n bytes in pieces of 4096, and what the budget says they hold. */
static int64_t held_by(struct spool *s, struct spool_budget *b, size_t n)
{
	int64_t before = b->held;

	spool_init(s, dir, b);
	for (size_t at = 0; at < n; at += 4096)
		spool_write(s, (struct str){ content + at, n - at < 4096 ? n - at : 4096 });
	return b->held - before;
}

static void past_its_mark_memory_does_not_grow(void **state UNUSED)
{
	struct spool_budget b = { .left = SPOOL_BUDGET, .most = 4 * 1024 * 1024 };
	struct spool first, second, third;

	assert_false(spool_is_crowded(&b));
	assert_int_equal(held_by(&first, &b, BIG), 4 * 1024 * 1024);
	assert_true(spool_is_crowded(&b));
	assert_int_equal(held_by(&second, &b, BIG), 8192);
	assert_true(second.fd >= 0);
	spool_hold(&b, 1000);
	spool_done(&first);
	assert_false(spool_is_crowded(&b));
	assert_int_equal(held_by(&third, &b, 100000), 131072);
	spool_done(&second);
	spool_done(&third);
	assert_int_equal(b.held, 1000);
	assert_int_equal(b.files, 0);
	assert_int_equal(b.left, SPOOL_BUDGET);
}

static void a_file_too_many_is_not_opened(void **state UNUSED)
{
	struct spool_budget b = { .most_files = 2 };
	struct spool s[3];
	struct body body;

	for (unsigned i = 0; i < 2; i++) {
		assert_false(spool_is_crowded(&b));
		(void)held_by(&s[i], &b, BIG);
		assert_false(s[i].failed);
	}
	assert_true(spool_is_crowded(&b));
	(void)held_by(&s[2], &b, BIG);
	assert_true(s[2].failed);
	spool_done(&s[2]);
	assert_int_equal(b.files, 2);
	assert_true(spool_take(&s[0], &body));
	assert_int_equal(b.files, 2);
	spool_body_gone(&b, &body);
	close(body.fd);
	assert_false(spool_is_crowded(&b));
	spool_done(&s[0]);
	spool_done(&s[1]);
	assert_int_equal(b.files, 0);
	assert_int_equal(b.held, 0);
}

static void what_fails_gives_all_back(void **state UNUSED)
{
	struct spool_budget b = { .left = SPOOL_BUDGET };
	struct spool s;
	struct body body;

	spool_init(&s, "/nonexistent", &b);
	for (unsigned i = 0; i < 8; i++)
		spool_write(&s, (struct str){ content, BIG });
	assert_true(s.failed);
	assert_false(spool_take(&s, &body));
	spool_done(&s);
	assert_int_equal(b.held, 0);
	assert_int_equal(b.files, 0);
	assert_int_equal(b.left, SPOOL_BUDGET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(the_file_has_no_name),
		cmocka_unit_test(a_spool_that_was_taken_is_empty),
		cmocka_unit_test(without_a_directory_it_only_counts),
		cmocka_unit_test(memory_beyond_its_own_is_borrowed_and_given_back),
		cmocka_unit_test(a_write_that_fails_is_never_half_a_body),
		cmocka_unit_test(past_its_mark_memory_does_not_grow),
		cmocka_unit_test(a_file_too_many_is_not_opened),
		cmocka_unit_test(what_fails_gives_all_back),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
