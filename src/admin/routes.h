/* routes.h: which function answers which method and path.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_ROUTES_H
#define ADMIN_ROUTES_H

#include "admin/api.h"

/* What routes_find found. */
enum routes_match { ROUTES_FOUND, ROUTES_NO_PATH, ROUTES_NO_METHOD };

/* *ret_args get what stands for the {names}; they live as long as the target. */
enum routes_match routes_find(const char *method, const struct target *t,
			      const struct api_route **ret, const char *ret_args[API_ARGS_MAX]);
/* False when the query has a name that the route does not know. */
bool routes_check_query(const struct api_route *route, const struct target *t,
			struct err *e) MUST_CHECK;

#endif
