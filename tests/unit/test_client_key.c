/* test_client_key: which senders look alike, and how a client's key is kept.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "db/greylist.h"
#include "policy/client.h"

static const struct {
	const char *sender, *wanted;
} senders[] = {
	{ "Anne@B.Example", "anne@b.example" },
	{ "list-bounce-1234@b.example", "list-bounce-#@b.example" },
	{ "bounce.17.42@b.example", "bounce.#.#@b.example" },
	{ "anne2@b.example", "anne#@b.example" },
	{ "a1b22c@b.example", "a#b#c@b.example" },
	/* tokens */
	{ "0100018f2b3c4d5e-aa-000000@ses.example", "#-aa-#@ses.example" },
	{ "bounces-8841ffe20c@b.example", "bounces-#@b.example" },
	{ "correspondence@b.example", "correspondence@b.example" },
	/* what is behind a plus is for this mail alone */
	{ "news+user=example.test@b.example", "news@b.example" },
	{ "+x@b.example", "+x@b.example" },
	/* SRS, BATV */
	{ "SRS0=HHHH=TT=c.example=user@b.example", "srs0=#=#=c.example=user@b.example" },
	{ "SRS0+ab12=X9=c.example=user@b.example", "srs0+#=#=c.example=user@b.example" },
	{ "SRS1=HHHH=d.example==HHH=TT=c.example=u@b.example",
	  "srs1=#=d.example==hhh=tt=c.example=u@b.example" },
	{ "prvs=0612abcdef=user@b.example", "prvs=#=user@b.example" },
	{ "srs0=@b.example", "srs0=@b.example" },
	{ "srs0=a@b.example", "srs0=a@b.example" },
	{ "\"a 12\"@b.example", "a #@b.example" },
	{ "", "" },
};

static void senders_that_differ_from_mail_to_mail_look_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++) {
		char out[CLIENT_SENDER_MAX];
		struct path p = { STR_NONE, STR_NONE, STR_NONE };
		struct str got;

		if (*senders[i].sender)
			assert_true(path_is_address(str_of(senders[i].sender), &p));
		got = client_sender(&p, out);
		if (!str_eq(got, str_of(senders[i].wanted)))
			fail_msg("%s: %.*s", senders[i].sender, STR_ARGS(got));
	}
}

static void the_longest_sender_fits(void **state)
{
	char address[64 + 1 + 255 + 1], out[CLIENT_SENDER_MAX];
	struct path p;
	struct str got;

	(void)state;
	memset(address, 'a', sizeof(address));
	address[64] = '@';
	for (size_t i = 65 + 60; i < 64 + 255; i += 60)
		address[i] = '.';
	p = (struct path){ { address, 320 }, { address, 64 }, { address + 65, 255 } };
	got = client_sender(&p, out);
	assert_int_equal(got.n, 320);
	assert_memory_equal(got.at, address, 320);
}

static void a_long_clients_key_is_bounded_and_still_its_own(void **state)
{
	char name[200], one[GREYLIST_CLIENT_MAX], other[GREYLIST_CLIENT_MAX];
	struct str a, b;

	(void)state;
	memset(name, 'x', sizeof(name));
	a = greylist_client((struct str){ name, 64 }, one);
	assert_int_equal(a.n, 64);
	assert_memory_equal(a.at, name, 64);
	a = greylist_client((struct str){ name, 200 }, one);
	name[199] = 'y';
	b = greylist_client((struct str){ name, 200 }, other);
	assert_int_equal(a.n, GREYLIST_CLIENT_MAX);
	assert_int_equal(b.n, GREYLIST_CLIENT_MAX);
	assert_memory_not_equal(a.at, b.at, GREYLIST_CLIENT_MAX);
	assert_memory_equal(a.at, b.at, 31);
}

static void fields_of_a_key_do_not_run_into_each_other(void **state)
{
	struct job_greylist a = { .client = STR("ab"), .sender = STR("c"), .local = STR("d") };
	struct job_greylist b = { .client = STR("a"), .sender = STR("bc"), .local = STR("d") };
	struct job_greylist c = a;

	(void)state;
	c.what = GREYLIST_PRIMARY_UP;
	greylist_key(&a);
	greylist_key(&b);
	greylist_key(&c);
	assert_memory_not_equal(a.key, b.key, GREYLIST_KEY_BYTES);
	assert_memory_not_equal(a.key, c.key, GREYLIST_KEY_BYTES);
	c.what = GREYLIST_CLIENT;
	greylist_key(&c);
	assert_memory_equal(a.key, c.key, GREYLIST_KEY_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(senders_that_differ_from_mail_to_mail_look_alike),
		cmocka_unit_test(the_longest_sender_fits),
		cmocka_unit_test(a_long_clients_key_is_bounded_and_still_its_own),
		cmocka_unit_test(fields_of_a_key_do_not_run_into_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
