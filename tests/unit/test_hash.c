/* test_hash: the hash with a key is SipHash-2-4.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/hash.h"

/* Key 00 01 … 0f, text 00 01 … of n bytes: the paper's appendix and its reference vectors. */
static void the_published_vectors_hold(void **state)
{
	static const struct {
		size_t n;
		uint64_t wanted;
	} rows[] = {
		{ 0, 0x726fdb47dd0e0e31U }, { 1, 0x74f839c593dc67fdU },
		{ 8, 0x93f5f5799a932462U }, { 15, 0xa129ca6149be45e5U },
	};
	const struct hash_key key = { { 0x0706050403020100U, 0x0f0e0d0c0b0a0908U } };
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)i;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(hash_keyed(&key, (struct str){ text, rows[i].n }) == rows[i].wanted);
}

static void keys_differ(void **state)
{
	struct hash_key a = hash_key_new(), b = hash_key_new();

	(void)state;
	assert_true(hash_keyed(&a, STR("example.net")) != hash_keyed(&b, STR("example.net")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_hold),
		cmocka_unit_test(keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
