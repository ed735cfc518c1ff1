/* test_outlook: what the loops hear of a domain's primaries.
 * SPDX-License-Identifier: ISC */
#include "relay/outlook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static const struct route routes[] = { { .host = "one.test", .port = 25 },
				       { .host = "two.test", .port = 26 } };

static void nothing_is_known_before_the_forwarder_has_spoken(void **state UNUSED)
{
	struct outlook *o = outlook_new();

	assert_int_equal(outlook_of(o, routes, 2), STANDING_UNKNOWN);
	assert_int_equal(outlook_of(o, routes, 0), STANDING_UNKNOWN);
	outlook_free(o);
}

static void a_domain_is_down_when_all_its_primaries_are(void **state UNUSED)
{
	struct outlook *o = outlook_new();

	outlook_set(o, "one.test", 25, STANDING_DOWN);
	assert_int_equal(outlook_of(o, routes, 1), STANDING_DOWN);
	assert_int_equal(outlook_of(o, routes, 2), STANDING_UNKNOWN);
	outlook_set(o, "two.test", 25, STANDING_DOWN); /* another port is another primary */
	assert_int_equal(outlook_of(o, routes, 2), STANDING_UNKNOWN);
	outlook_set(o, "TWO.test", 26, STANDING_DOWN);
	assert_int_equal(outlook_of(o, routes, 2), STANDING_DOWN);
	outlook_free(o);
}

static void a_domain_is_up_when_one_of_them_is(void **state UNUSED)
{
	struct outlook *o = outlook_new();

	outlook_set(o, "one.test", 25, STANDING_DOWN);
	outlook_set(o, "two.test", 26, STANDING_UP);
	assert_int_equal(outlook_of(o, routes, 2), STANDING_UP);
	outlook_free(o);
}

static void a_primary_that_is_forgotten_is_unknown(void **state UNUSED)
{
	struct outlook *o = outlook_new();

	outlook_set(o, "one.test", 25, STANDING_UP);
	outlook_set(o, "one.test", 25, STANDING_UNKNOWN);
	outlook_set(o, "one.test", 25, STANDING_UNKNOWN);
	assert_int_equal(outlook_of(o, routes, 1), STANDING_UNKNOWN);
	outlook_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_the_forwarder_has_spoken),
		cmocka_unit_test(a_domain_is_down_when_all_its_primaries_are),
		cmocka_unit_test(a_domain_is_up_when_one_of_them_is),
		cmocka_unit_test(a_primary_that_is_forgotten_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
