/* test_dnslist: which lists a setting names, and what their answers weigh.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cidr.h"
#include "db/policy_settings.h"

static struct arena *arena;
static struct policy_settings *settings;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(1 << 20);
	settings = policy_settings_defaults(arena);
	return settings ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static bool put(const char *name, const char *value, struct err *e)
{
	const struct policy_option *o = policy_option_find(str_of(name));

	assert_non_null(o);
	return policy_settings_put(settings, arena, o, str_of(value), e);
}

static const struct dnslist *list_of(const struct dnslist_set *set, const char *zone)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->lists[i]->zone, zone) == 0)
			return set->lists[i];
	fail_msg("no %s", zone);
	return NULL;
}

static unsigned weight_of(const struct dnslist_set *set, const char *zone, const char *address)
{
	const char *says;
	struct ip ip;

	assert_true(ip_parse(str_of(address), &ip));
	return dnslist_weight(list_of(set, zone), ip.at + 12, &says);
}

static void what_an_answer_weighs(void **state)
{
	static const struct {
		const char *value, *zone, *address;
		unsigned weight;
	} rows[] = {
		{ "bl.example.org", "bl.example.org", "127.0.0.2", 10 },
		{ "bl.example.org", "bl.example.org", "127.0.0.254", 10 },
		{ "bl.example.org", "bl.example.org", "127.0.0.1", 0 },
		{ "bl.example.org", "bl.example.org", "127.0.0.255", 0 },
		{ "bl.example.org", "bl.example.org", "127.0.1.2", 0 },
		{ "bl.example.org", "bl.example.org", "127.255.255.254", 0 },
		{ "bl.example.org", "bl.example.org", "192.0.2.2", 0 },
		{ "BL.Example.ORG*3", "bl.example.org", "127.0.0.2", 3 },
		{ "bl.example.org=3", "bl.example.org", "127.0.0.3", 10 },
		{ "bl.example.org=3", "bl.example.org", "127.0.0.2", 0 },
		{ "bl.example.org=2-11*4", "bl.example.org", "127.0.0.11", 4 },
		{ "bl.example.org=2-11*4", "bl.example.org", "127.0.0.12", 0 },
		{ "bl.example.org=2+5-7*4", "bl.example.org", "127.0.0.6", 4 },
		{ "bl.example.org=2+5-7*4", "bl.example.org", "127.0.0.4", 0 },
		{ "bl.example.org=127.0.0.2-127.0.0.11", "bl.example.org", "127.0.0.9", 10 },
		{ "bl.example.org=127.0.0.2-127.0.0.11", "bl.example.org", "127.0.0.12", 0 },
		{ "bl.example.org=127.0.1.2-6", "bl.example.org", "127.0.1.6", 10 },
		{ "bl.example.org=127.0.2-4.1-3", "bl.example.org", "127.0.3.2", 10 },
		{ "bl.example.org=127.0.2-4.1-3", "bl.example.org", "127.0.5.2", 0 },
		{ "bl.example.org=127.0-255.0-255.2", "bl.example.org", "127.255.255.2", 0 },
		{ "bl.example.org=127.0.0-20.1-3", "bl.example.org", "127.0.0.1", 0 },
		{ "bl.example.org=127.0.0-20.1-3", "bl.example.org", "127.0.1.1", 10 },
		{ "bl.example.org=%8", "bl.example.org", "127.0.0.72", 10 },
		{ "bl.example.org=%8", "bl.example.org", "127.0.0.64", 0 },
		{ "bl.example.org=127.0.0.%12", "bl.example.org", "127.0.0.4", 10 },
		{ "bl.example.org=%8", "bl.example.org", "127.0.0.9", 0 }, /* 1: may not ask */
		{ "bl.example.org=%254", "bl.example.org", "127.0.0.255", 0 },
		{ "b.test=2*9, b.test=3-4*5", "b.test", "127.0.0.2", 9 },
		{ "b.test=2*9, b.test=3-4*5", "b.test", "127.0.0.4", 5 },
		{ "b.test=2-9*2,b.test=4*7", "b.test", "127.0.0.4", 7 }, /* the heavier */
		{ "zen.spamhaus.org", "zen.spamhaus.org", "127.0.0.4", 10 },
		{ "zen.spamhaus.org*20", "zen.spamhaus.org", "127.0.0.2", 20 },
		{ "zen.spamhaus.org", "zen.spamhaus.org", "127.0.0.12", 0 },
		{ "zen.spamhaus.org", "zen.spamhaus.org", "127.255.255.252", 0 },
		{ "zen.spamhaus.org=10-11*2", "zen.spamhaus.org", "127.0.0.2", 0 },
		{ "k3y.zen.dq.spamhaus.net", "k3y.zen.dq.spamhaus.net", "127.0.0.9", 10 },
		{ "recommended,bl.example.org*2", "zen.spamhaus.org", "127.0.0.3", 7 },
		{ "recommended,bl.example.org*2", "bl.example.org", "127.0.0.3", 2 },
		{ "recommended", "zen.spamhaus.org", "127.0.0.10", 6 },
		{ "bl.mailspike.net", "bl.mailspike.net", "127.0.0.18", 0 }, /* a good one */
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!put("dnsbl", rows[i].value, &e))
			fail_msg("%s: %s", rows[i].value, e.text);
		if (weight_of(settings->dnsbl, rows[i].zone, rows[i].address) != rows[i].weight)
			fail_msg("%s: %s", rows[i].value, rows[i].address);
	}
}

static const struct {
	const char *name, *value, *said;
} mistakes[] = {
	{ "dnsbl", "", "is no zone" },
	{ "dnsbl", "zen", "is no zone" },
	{ "dnsbl", "127.0.0.1", "is no zone" },
	{ "dnsbl", "a..b", "is no zone" },
	{ "dnsbl", "-a.test", "is no zone" },
	{ "dnsbl", "a.test.", "is no zone" },
	{ "dnsbl", "a b.test", "is no zone" },
	{ "dnsbl", "a.test\033[2J", "is no zone" },
	{ "dnsbl", "a.test,", "is no zone" },
	{ "dnsbl", ",a.test", "is no zone" },
	{ "dnsbl", "none,a.test", "stands alone" },
	{ "dnsbl", "a.test,none", "stands alone" },
	{ "dnsbl", "a.test=", "is no code" },
	{ "dnsbl", "a.test=1", "is no code" },
	{ "dnsbl", "a.test=0-1", "is no code" },
	{ "dnsbl", "a.test=256", "is no code" },
	{ "dnsbl", "a.test=5-2", "is no code" },
	{ "dnsbl", "a.test=2+", "is no code" },
	{ "dnsbl", "a.test=2=3", "is no code" },
	{ "dnsbl", "a.test=10.0.0.2", "is no code" },
	{ "dnsbl", "a.test=127.0.2", "is no code" },
	{ "dnsbl", "a.test=127.0.0.2-127.0.1.5", "is no code" },
	{ "dnsbl", "a.test=127.0.0.9-127.0.0.3", "is no code" },
	{ "dnsbl", "a.test=127.0.0.1", "is no code" },
	{ "dnsbl", "a.test=127.255.255.254", "is no code" },
	{ "dnsbl", "a.test=%0", "is no code" },
	{ "dnsbl", "a.test=%3", "is no code" },
	{ "dnsbl", "a.test=%256", "is no code" },
	{ "dnsbl", "a.test=2+3+4+5+6+7+8+9+10+11+12+13+14+15+16+17+18", "code too many" },
	{ "dnsbl", "a.test*0", "is no weight" },
	{ "dnsbl", "a.test*-1", "is no weight" },
	{ "dnsbl", "a.test*1001", "is no weight" },
	{ "dnsbl", "a.test*", "is no weight" },
	{ "dnsbl", "a.test*2*3", "is no weight" },
	{ "dnsbl", "a.test,A.TEST", "stands there twice" },
	{ "dnsbl", "a.test,a.test=5*3", "stands there twice" },
	{ "dnsbl", "a.test=5*3,a.test", "stands there twice" },
	{ "dnsbl", "zen.spamhaus.org,recommended", "among the recommended" },
	{ "dnsbl", "recommended,zen.spamhaus.org*3", "stands there twice" },
	{ "dnsbl", "dbl.spamhaus.org", "belongs to rhsbl" },
	{ "dnsbl", "list.dnswl.org", "belongs to dnswl" },
	{ "dnsbl", "dnsbl.sorbs.net", "is no more, since 2024" },
	{ "dnsbl", "zen.dq.spamhaus.net", "KEY.zen.dq.spamhaus.net" },
	{ "dnsbl", "a.t,b.t,c.t,d.t,e.t,f.t,g.t,h.t,i.t,j.t,k.t,l.t,m.t", "at most 12" },
	{ "dnswl", "zen.spamhaus.org", "no good ones" },
	{ "dnswl", "a.t,b.t,c.t,d.t,e.t", "at most 4" },
	{ "rhsbl", "zen.spamhaus.org", "belongs to dnsbl" },
	{ "rhsbl", "rhsbl.ahbl.org", "is no more" },
	{ "rhsbl", "a.t,b.t,c.t,d.t,e.t,f.t,g.t,h.t,i.t", "at most 8" },
	{ "dnsbl_threshold", "0", "from 1 to 1000" },
	{ "rhsbl_threshold", "ten", "from 1 to 1000" },
	{ "dnsbl_mode", "tag", "off|log|defer|reject" },
};

static void what_is_wrong_is_told_in_one_line_and_nothing_changes(void **state)
{
	struct policy_settings before = *settings;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		if (put(mistakes[i].name, mistakes[i].value, &e))
			fail_msg("%s=%s was taken", mistakes[i].name, mistakes[i].value);
		if (!strstr(e.text, mistakes[i].said) || !strstr(e.text, mistakes[i].name))
			fail_msg("%s=%s: %s", mistakes[i].name, mistakes[i].value, e.text);
		for (const char *c = e.text; *c; c++)
			assert_true(*c >= ' ' && *c <= '~');
		assert_memory_equal(settings, &before, sizeof(before));
	}
}

static void a_new_domain_asks_no_list(void **state)
{
	(void)state;
	assert_int_equal(settings->dnsbl->n, 0);
	assert_int_equal(settings->rhsbl->n, 0);
	assert_int_equal(settings->mode[CHECK_dnsbl], MODE_REJECT);
}

static unsigned heaviest(const struct dnslist *l)
{
	unsigned most = 0;

	for (size_t i = 0; i < l->code_count; i++)
		if (l->codes[i].weight > most)
			most = l->codes[i].weight;
	return most;
}

static void no_recommended_list_is_enough_by_itself_and_two_may_be(void **state)
{
	const struct dnslist_set *sets[2];
	struct err e;

	(void)state;
	assert_true(put("dnsbl", "recommended", &e) && put("rhsbl", "recommended", &e));
	sets[0] = settings->dnsbl;
	sets[1] = settings->rhsbl;
	for (size_t s = 0; s < COUNT(sets); s++) {
		unsigned sum = 0;

		assert_true(sets[s]->n >= 2);
		for (size_t i = 0; i < sets[s]->n; i++) {
			assert_true(heaviest(sets[s]->lists[i]) < DNSLIST_WEIGHT);
			sum += heaviest(sets[s]->lists[i]);
		}
		assert_true(sum >= DNSLIST_WEIGHT);
	}
}

static void a_key_is_shown_to_nobody(void **state)
{
	struct err e;

	(void)state;
	assert_true(put("dnsbl", "k3y.zen.dq.spamhaus.net", &e));
	assert_string_equal(settings->dnsbl->lists[0]->shown, "zen.dq.spamhaus.net");
	assert_string_equal(settings->dnsbl->lists[0]->zone, "k3y.zen.dq.spamhaus.net");
}

static void the_catalogue_is_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < dnslist_catalogue_count; i++) {
		const struct dnslist_row *row = &dnslist_catalogue[i];

		assert_ptr_equal(dnslist_find(str_of(row->list.zone)), row);
		if (row->closed)
			continue;
		assert_true(row->list.kinds && row->list.code_count && row->weight && row->terms);
		for (size_t c = 0; c < row->list.code_count; c++)
			assert_true(row->list.codes[c].weight && row->list.codes[c].weight <= 100);
	}
}

static void what_all_use_is_told_once(void **state)
{
	struct dnslist_use rows[DNSLISTS_MAX];
	struct dnslist_uses uses = { .rows = rows };
	struct err e;

	(void)state;
	assert_true(put("dnsbl", "a.test,b.test", &e) && put("rhsbl", "a.test", &e));
	dnslist_uses_add(&uses, settings->dnsbl, false);
	dnslist_uses_add(&uses, settings->rhsbl, true);
	assert_true(put("dnsbl", "b.test=2*3,c.test", &e));
	dnslist_uses_add(&uses, settings->dnsbl, false);
	assert_int_equal(uses.n, 4);
	assert_string_equal(rows[0].list->zone, "a.test");
	assert_true(rows[2].names);
	assert_string_equal(rows[3].list->zone, "c.test");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_an_answer_weighs),
		TEST(what_is_wrong_is_told_in_one_line_and_nothing_changes),
		TEST(a_new_domain_asks_no_list),
		TEST(no_recommended_list_is_enough_by_itself_and_two_may_be),
		TEST(a_key_is_shown_to_nobody),
		TEST(the_catalogue_is_in_order),
		TEST(what_all_use_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
