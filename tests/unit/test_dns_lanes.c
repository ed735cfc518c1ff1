/* test_dns_lanes: a domain whose servers are dead holds up nobody else, nor does a client who has
 * many of them.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "net/dns_private.h"

#define ALL   256 /* given at a time */
#define MOST  128 /* of names that strangers choose: 8 of a domain */
#define PART  8
#define SHARE 64 /* of a client */

static struct dns_job *job_of(const char *name)
{
	struct dns_job *job = mem_alloc(sizeof(*job));

	list_init(&job->link);
	list_init(&job->due);
	(void)snprintf(job->name, sizeof(job->name), "%s", name);
	return job;
}

static struct dns_job *enter(struct dns_lanes *l, const char *name)
{
	struct dns_job *job = job_of(name);

	assert_int_equal(dns_lanes_enter(l, job), DNS_ENTERED);
	return job;
}

static void enter_many(struct dns_lanes *l, struct dns_job **jobs, unsigned n, const char *domain)
{
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "n%u.%s", i, domain);
		jobs[i] = enter(l, name);
	}
}

static void end(struct dns_lanes *l, struct dns_job *job)
{
	dns_lanes_leave(l, job);
	dns_job_free(job);
}

static unsigned give_all(struct dns_lanes *l)
{
	unsigned n = 0;

	while (dns_lanes_next(l))
		n++;
	return n;
}

/* -- */

static void a_domain_has_only_a_part_of_the_sockets(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	struct dns_job *dead[100], *other;

	(void)state;
	enter_many(l, dead, 100, "dead.example");
	assert_int_equal(give_all(l), PART);
	other = enter(l, "mail.good.example");
	assert_ptr_equal(dns_lanes_next(l), other);
	assert_null(dns_lanes_next(l));
	/* One that ends makes room for the next of its domain, in order. */
	end(l, dead[3]);
	assert_ptr_equal(dns_lanes_next(l), dead[PART]);
	assert_null(dns_lanes_next(l));
	end(l, other);
	for (unsigned i = 0; i < 100; i++)
		if (i != 3)
			end(l, dead[i]);
	assert_null(dns_lanes_next(l));
	dns_lanes_free(l);
}

static void domains_take_turns(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	struct dns_job *a[4], *b[4];

	(void)state;
	enter_many(l, a, 4, "a.example");
	enter_many(l, b, 4, "b.example");
	for (unsigned i = 0; i < 4; i++) {
		assert_ptr_equal(dns_lanes_next(l), a[i]);
		assert_ptr_equal(dns_lanes_next(l), b[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		end(l, a[i]);
		end(l, b[i]);
	}
	dns_lanes_free(l);
}

static void no_more_are_given_than_there_are_sockets(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	struct dns_job *jobs[50][PART];
	char domain[32];
	unsigned given;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		(void)snprintf(domain, sizeof(domain), "d%u.example", i);
		enter_many(l, jobs[i], PART, domain);
	}
	given = give_all(l);
	assert_int_equal(given, MOST);
	for (unsigned i = 0; i < 50; i++)
		for (unsigned j = 0; j < PART; j++)
			end(l, jobs[i][j]);
	dns_lanes_free(l);
}

static void a_domain_is_dead_while_all_it_may_have_was_given_up(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	struct dns_job *dead[PART + 2], *more;

	(void)state;
	enter_many(l, dead, PART + 2, "dead.example");
	assert_int_equal(give_all(l), PART);
	for (unsigned i = 0; i < PART; i++)
		dns_lanes_give_up(l, dead[i]);
	/* Those that never were given go by their own deadline. */
	end(l, dead[PART]);
	end(l, dead[PART + 1]);
	more = job_of("more.dead.example");
	assert_int_equal(dns_lanes_enter(l, more), DNS_LANE_DEAD);
	/* The resolver has come to an end with one of them: the next may try. */
	end(l, dead[0]);
	assert_int_equal(dns_lanes_enter(l, more), DNS_ENTERED);
	assert_ptr_equal(dns_lanes_next(l), more);
	end(l, more);
	for (unsigned i = 1; i < PART; i++)
		end(l, dead[i]);
	dns_lanes_free(l);
}

/* N of that rank, each of a domain of its own, and what can be given of them is. */
static unsigned flood(struct dns_lanes *l, struct list *jobs, enum dns_rank rank, unsigned n)
{
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		struct dns_job *job;

		(void)snprintf(name, sizeof(name), "n%u.example", i);
		job = job_of(name);
		job->rank = rank;
		assert_int_equal(dns_lanes_enter(l, job), DNS_ENTERED);
		list_add_tail(jobs, &job->due);
	}
	return give_all(l);
}

static void end_all(struct dns_lanes *l, struct list *jobs)
{
	struct list *link;

	while ((link = list_pop(jobs)))
		end(l, LIST_ITEM(link, struct dns_job, due));
}

static void what_strangers_choose_leaves_room_for_what_they_do_not(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	struct list jobs;

	(void)state;
	list_init(&jobs);
	assert_int_equal(flood(l, &jobs, DNS_OF_NAMES, ALL * 2), ALL / 2);
	assert_int_equal(flood(l, &jobs, DNS_OF_CLIENT, ALL), ALL / 4);
	assert_int_equal(flood(l, &jobs, DNS_OF_LISTS, ALL), ALL / 4);
	end_all(l, &jobs);
	dns_lanes_free(l);
}

static void what_strangers_do_not_choose_is_the_first_to_be_given(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	enum dns_rank ranks[] = { DNS_OF_NAMES, DNS_OF_LISTS, DNS_OF_CLIENT };
	struct dns_job *jobs[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		jobs[i] = job_of("a.example");
		jobs[i]->rank = ranks[i];
		assert_int_equal(dns_lanes_enter(l, jobs[i]), DNS_ENTERED);
	}
	assert_ptr_equal(dns_lanes_next(l), jobs[1]);
	assert_ptr_equal(dns_lanes_next(l), jobs[2]);
	assert_ptr_equal(dns_lanes_next(l), jobs[0]);
	for (unsigned i = 0; i < 3; i++)
		end(l, jobs[i]);
	dns_lanes_free(l);
}

/* A lane that strangers have made a dead one is no other rank's. */
static void a_domain_that_is_dead_for_names_is_not_for_lists(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	struct dns_job *dead[PART], *more;

	(void)state;
	enter_many(l, dead, PART, "list.example");
	assert_int_equal(give_all(l), PART);
	for (unsigned i = 0; i < PART; i++)
		dns_lanes_give_up(l, dead[i]);
	more = job_of("2.0.0.127.list.example");
	more->rank = DNS_OF_LISTS;
	assert_int_equal(dns_lanes_enter(l, more), DNS_ENTERED);
	assert_ptr_equal(dns_lanes_next(l), more);
	end(l, more);
	for (unsigned i = 0; i < PART; i++)
		end(l, dead[i]);
	dns_lanes_free(l);
}

static enum dns_entry enter_for(struct dns_lanes *l, struct list *jobs, const char *client,
				enum dns_rank rank)
{
	static const char *const domains[] = { "a.example", "b.example", "c.example" };
	struct dns_job *job = job_of(domains[strlen(client) % COUNT(domains)]);
	enum dns_entry entry;

	assert_true(ip_parse(str_of(client), &job->client));
	job->rank = rank;
	entry = dns_lanes_enter(l, job);
	if (entry == DNS_ENTERED)
		list_add_tail(jobs, &job->due);
	else
		dns_job_free(job);
	return entry;
}

static void a_client_has_a_share_only_until_libunbound_is_done_with_it(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	struct dns_job *first;
	struct list jobs;

	(void)state;
	list_init(&jobs);
	for (unsigned i = 0; i < SHARE; i++)
		assert_int_equal(enter_for(l, &jobs, "192.0.2.1", DNS_OF_NAMES), DNS_ENTERED);
	first = dns_lanes_next(l);
	assert_non_null(first);
	dns_lanes_give_up(l, first);
	assert_int_equal(enter_for(l, &jobs, "192.0.2.1", DNS_OF_NAMES), DNS_SHARE_FULL);
	assert_int_equal(enter_for(l, &jobs, "192.0.2.2", DNS_OF_NAMES), DNS_ENTERED);
	/* What is asked about a client is never in its way: it would not be found on a list. */
	assert_int_equal(enter_for(l, &jobs, "192.0.2.1", DNS_OF_CLIENT), DNS_ENTERED);
	assert_int_equal(enter_for(l, &jobs, "192.0.2.1", DNS_OF_LISTS), DNS_ENTERED);
	list_remove(&first->due);
	end(l, first);
	assert_int_equal(enter_for(l, &jobs, "192.0.2.1", DNS_OF_NAMES), DNS_ENTERED);
	assert_int_equal(enter_for(l, &jobs, "192.0.2.1", DNS_OF_NAMES), DNS_SHARE_FULL);
	end_all(l, &jobs);
	dns_lanes_free(l);
}

static void a_host_has_one_share_with_all_its_addresses(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	struct list jobs;
	char client[40];

	(void)state;
	list_init(&jobs);
	for (unsigned i = 0; i < SHARE; i++) {
		(void)snprintf(client, sizeof(client), "2001:db8:0:1::%x", i + 1);
		assert_int_equal(enter_for(l, &jobs, client, DNS_OF_NAMES), DNS_ENTERED);
	}
	assert_int_equal(enter_for(l, &jobs, "2001:db8:0:1:ffff::", DNS_OF_NAMES), DNS_SHARE_FULL);
	assert_int_equal(enter_for(l, &jobs, "2001:db8:0:2::1", DNS_OF_NAMES), DNS_ENTERED);
	/* Nobody's share is nobody's. */
	for (unsigned i = 0; i < SHARE * 2; i++)
		assert_int_equal(enter_for(l, &jobs, "::", DNS_OF_NAMES), DNS_ENTERED);
	end_all(l, &jobs);
	dns_lanes_free(l);
}

static void one_that_waits_may_go_and_all_may_be_dropped(void **state)
{
	struct dns_lanes *l = dns_lanes_new(ALL, ALL / 2 / PART);
	struct dns_job *jobs[3];

	(void)state;
	enter_many(l, jobs, 3, "a.example");
	end(l, jobs[0]);
	assert_ptr_equal(dns_lanes_next(l), jobs[1]);
	end(l, jobs[1]);
	dns_lanes_drop_waiting(l);
	dns_lanes_free(l);
}

static void names_go_by_the_domain_they_are_in(void **state)
{
	static const struct {
		const char *name, *wanted;
	} rows[] = {
		{ "example", "example" },
		{ "example.com", "example.com" },
		{ "2.0.0.127.zen.example.org", "example.org" },
		{ "mail.example.de", "example.de" },
		{ "a.b.example.co.uk", "example.co.uk" },
		{ "co.uk", "co.uk" },
		{ "4.3.2.1.in-addr.arpa", "2.1.in-addr.arpa" },
		{ "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
		  "8.b.d.0.1.0.0.2.ip6.arpa" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str got = dns_lane_domain(str_of(rows[i].name));
		char text[80];

		(void)snprintf(text, sizeof(text), "%.*s", STR_ARGS(got));
		assert_string_equal(text, rows[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_has_only_a_part_of_the_sockets),
		cmocka_unit_test(domains_take_turns),
		cmocka_unit_test(no_more_are_given_than_there_are_sockets),
		cmocka_unit_test(a_domain_is_dead_while_all_it_may_have_was_given_up),
		cmocka_unit_test(what_strangers_choose_leaves_room_for_what_they_do_not),
		cmocka_unit_test(what_strangers_do_not_choose_is_the_first_to_be_given),
		cmocka_unit_test(a_domain_that_is_dead_for_names_is_not_for_lists),
		cmocka_unit_test(a_client_has_a_share_only_until_libunbound_is_done_with_it),
		cmocka_unit_test(a_host_has_one_share_with_all_its_addresses),
		cmocka_unit_test(one_that_waits_may_go_and_all_may_be_dropped),
		cmocka_unit_test(names_go_by_the_domain_they_are_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
