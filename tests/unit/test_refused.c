/* test_refused: who was refused is remembered for his time, and nobody in his place.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "relay/refused.h"

static void a_name_is_remembered_for_its_time(void **state)
{
	struct refused *r = refused_new();

	(void)state;
	assert_false(refused_is(r, 1, STR("anna"), 0));
	refused_note(r, 1, STR("anna"), 100);
	assert_true(refused_is(r, 1, STR("anna"), 99));
	assert_false(refused_is(r, 1, STR("anna"), 100));
	assert_false(refused_is(r, 2, STR("anna"), 0));
	assert_false(refused_is(r, 1, STR("ann"), 0));
	refused_note(r, 1, STR("anna"), 200);
	assert_true(refused_is(r, 1, STR("anna"), 150));
	refused_free(r);
	refused_free(NULL);
}

/* However many are noted, no name that was not is taken for one. */
static void many_names_displace_and_never_mix(void **state)
{
	struct refused *r = refused_new();
	char name[32], longest[80];
	unsigned known = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		(void)snprintf(name, sizeof(name), "bad%u", i);
		refused_note(r, 1, str_of(name), 100);
		(void)snprintf(name, sizeof(name), "good%u", i);
		assert_false(refused_is(r, 1, str_of(name), 0));
	}
	for (unsigned i = 0; i < 100000; i++) {
		(void)snprintf(name, sizeof(name), "bad%u", i);
		known += refused_is(r, 1, str_of(name), 0);
	}
	assert_in_range(known, 4000, 8192);
	memset(longest, 'x', sizeof(longest));
	refused_note(r, 1, (struct str){ longest, sizeof(longest) }, 100);
	assert_false(refused_is(r, 1, (struct str){ longest, sizeof(longest) }, 0));
	refused_free(r);
}

static void one_user_or_all_of_a_domain_are_forgotten(void **state)
{
	const struct str all = { NULL, 0 };
	struct refused *r = refused_new();

	(void)state;
	assert_int_equal(refused_forget(r, 1, STR("anna"), 0), 0);
	assert_int_equal(refused_forget(r, 1, all, 0), 0);
	refused_note(r, 1, STR("anna"), 100);
	refused_note(r, 1, STR("bob"), 100);
	refused_note(r, 1, STR("carl"), 50);
	refused_note(r, 2, STR("anna"), 100);
	assert_int_equal(refused_forget(r, 1, STR("anna"), 60), 1);
	assert_int_equal(refused_forget(r, 1, STR("anna"), 60), 0);
	assert_int_equal(refused_forget(r, 1, STR("carl"), 60), 0); /* his time was over */
	assert_false(refused_is(r, 1, STR("anna"), 60));
	assert_true(refused_is(r, 1, STR("bob"), 60));
	assert_true(refused_is(r, 2, STR("anna"), 60));
	assert_int_equal(refused_clearings(r), 1);
	assert_int_equal(refused_forget(r, 1, all, 60), 1);
	assert_int_equal(refused_clearings(r), 2);
	assert_false(refused_is(r, 1, STR("bob"), 60));
	assert_true(refused_is(r, 2, STR("anna"), 60));
	refused_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_remembered_for_its_time),
		cmocka_unit_test(many_names_displace_and_never_mix),
		cmocka_unit_test(one_user_or_all_of_a_domain_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
