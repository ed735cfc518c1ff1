/* table.h: a table of SPF cases: records of DNS and the results that follow from them.
 * README.md says how one is written.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_SPF_TABLE_H
#define TESTS_SPF_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/cidr.h"
#include "base/err.h"
#include "base/str.h"
#include "proto/dns.h"

#define TABLE_RECORDS_MAX 1024
#define TABLE_CASES_MAX   512

struct table_record {
	struct str name;
	bool fails; /* what is not there cannot be looked up either */
	enum dns_type type;
	struct dns_record record;
};

struct table_case {
	struct str name;
	struct ip client;
	struct str helo, local, domain;
	struct str wanted; /* "fail", or "fail|permerror" */
	bool explains;     /* the explanation is wanted too; "": none */
	struct str explanation;
	size_t from, to; /* its records */
};

struct table {
	struct arena *arena; /* holds all of it */
	struct table_record records[TABLE_RECORDS_MAX];
	size_t record_count, zone_from;
	struct table_case cases[TABLE_CASES_MAX];
	size_t case_count;
};

/* Reads a file; an error names its line. */
struct table *table_load(const char *path, struct err *e);
void table_free(struct table *t); /* NULL is accepted */

#endif
