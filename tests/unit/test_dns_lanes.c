/* test_dns_lanes: a domain whose servers are dead holds up nobody else.
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

#define MOST 128 /* given at a time: 8 of a domain */
#define PART 8

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

	assert_true(dns_lanes_enter(l, job));
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
	struct dns_lanes *l = dns_lanes_new(MOST);
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
	struct dns_lanes *l = dns_lanes_new(MOST);
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
	struct dns_lanes *l = dns_lanes_new(MOST);
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
	struct dns_lanes *l = dns_lanes_new(MOST);
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
	assert_false(dns_lanes_enter(l, more));
	/* The resolver has come to an end with one of them: the next may try. */
	end(l, dead[0]);
	assert_true(dns_lanes_enter(l, more));
	assert_ptr_equal(dns_lanes_next(l), more);
	end(l, more);
	for (unsigned i = 1; i < PART; i++)
		end(l, dead[i]);
	dns_lanes_free(l);
}

static void one_that_waits_may_go_and_all_may_be_dropped(void **state)
{
	struct dns_lanes *l = dns_lanes_new(MOST);
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
		cmocka_unit_test(one_that_waits_may_go_and_all_may_be_dropped),
		cmocka_unit_test(names_go_by_the_domain_they_are_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
