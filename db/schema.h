/* schema.h: the steps from an empty database to today's, made from db/schema at build time.
 * SPDX-License-Identifier: ISC */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include <stddef.h>

struct schema_step {
	int version; /* 1.. without a gap; what the database is at afterwards */
	const char *name;
	const char *sql;
};

extern const struct schema_step schema_steps[];
extern const size_t schema_count;

#endif
