/* target.h: the path and the query of a request, taken apart and decoded, strictly.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_TARGET_H
#define ADMIN_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define TARGET_PARTS_MAX   8
#define TARGET_QUERIES_MAX 8

struct target_query {
	const char *key, *value;
};

struct target {
	const char *parts[TARGET_PARTS_MAX]; /* "/v1/domains": "v1", "domains" */
	size_t part_count;
	struct target_query queries[TARGET_QUERIES_MAX];
	size_t query_count;
};

/* Takes "/a/b%20c?key=value&…".  Texts live in the arena.  Refused: an empty part, bytes that have
 * no place in a URI, a percent sign without two hex digits, NUL and controls however they are
 * written, a key given twice. */
bool target_parse(struct arena *a, struct str uri, struct target *ret, struct err *e) MUST_CHECK;
/* NULL when it was not given. */
const char *target_query(const struct target *t, const char *key);

#endif
