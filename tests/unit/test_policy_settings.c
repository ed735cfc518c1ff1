/* test_policy_settings: the list of policy settings, and what their values may be.
 * SPDX-License-Identifier: ISC */
#include "db/policy_settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static struct arena *arena;
static struct policy_settings *settings;

static int start(void **state UNUSED)
{
	arena = arena_new(1 << 20);
	settings = policy_settings_defaults(arena);
	return settings ? 0 : -1;
}

static int stop(void **state UNUSED)
{
	arena_free(arena);
	return 0;
}

/* What an operator has written himself is in force; nothing else refuses before he asked for it. */
static bool is_of_lists_that_begin_empty(const char *name)
{
	static const char *const names[] = { "deny", "rate", "dnsbl_mode", "rhsbl_mode",
					     "primary_up_mode", "greylist_mode" };

	for (unsigned i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void a_new_domain_refuses_nothing_that_it_has_not_asked_for(void **state UNUSED)
{
	for (size_t i = 0; i < policy_option_count; i++) {
		const struct policy_option *o = &policy_options[i];

		if (o->type != POLICY_MODE || is_of_lists_that_begin_empty(o->name))
			continue;
		if (strcmp(o->dflt, "off") != 0 && strcmp(o->dflt, "log") != 0)
			fail_msg("%s is %s", o->name, o->dflt);
	}
}

static void every_setting_has_a_name_of_its_own_and_says_what_it_is(void **state UNUSED)
{
	for (size_t i = 0; i < policy_option_count; i++) {
		const struct policy_option *o = &policy_options[i];

		assert_ptr_equal(policy_option_find(str_of(o->name)), o);
		assert_true(strlen(o->says) > 10);
	}
	assert_null(policy_option_find(STR("nonsense")));
	assert_null(policy_option_find(STR("")));
}

static void wrong_values_change_nothing(void **state UNUSED)
{
	static const char *const wrong[] = { "", "sometimes", "log ", "reject;", "\x01\xff",
					     "1", "-1", "99999999999999999999" };
	struct policy_settings before = *settings;

	for (size_t i = 0; i < policy_option_count; i++) {
		const struct policy_option *o = &policy_options[i];
		struct err e;

		if (o->type == POLICY_NUMBER || o->type == POLICY_OTHER)
			continue;
		for (unsigned w = 0; w < COUNT(wrong); w++) {
			if (policy_settings_put(settings, arena, o, str_of(wrong[w]), &e))
				fail_msg("%s=%s was taken", o->name, wrong[w]);
			assert_non_null(strstr(e.text, o->name));
			assert_null(strchr(e.text, '\n'));
		}
	}
	assert_memory_equal(&before, settings, sizeof(before));
}

static void modes_are_read(void **state UNUSED)
{
	static const struct {
		const char *value;
		enum check_mode mode;
	} rows[] = {
		{ "off", MODE_OFF },	 { "log", MODE_LOG },	    { "defer", MODE_DEFER },
		{ "reject", MODE_REJECT }, { "Reject", MODE_REJECT },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct err e;

		assert_true(policy_settings_put(settings, arena, policy_option_find(STR("helo")),
						str_of(rows[i].value), &e));
		assert_int_equal(settings->mode[CHECK_helo], rows[i].mode);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_domain_refuses_nothing_that_it_has_not_asked_for),
		cmocka_unit_test(every_setting_has_a_name_of_its_own_and_says_what_it_is),
		cmocka_unit_test(wrong_values_change_nothing),
		cmocka_unit_test(modes_are_read),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
