/* dnswl.c: see dnswl.h.
 * SPDX-License-Identifier: ISC */
#include "policy/dnswl.h"

#include "policy/listed.h"

bool dnswl_weight(struct asks *asks, const struct mail *m, unsigned *ret_weight,
		  const char **ret_by)
{
	struct listed good = { .weight = 0 };
	char *by;

	if (!policy_is_inside(&m->ip))
		listed_client(asks, m, m->policy->dnswl, &good);
	if (good.waiting)
		return false;
	*ret_weight = good.weight;
	if (!ret_by)
		return true;
	by = good.weight ? arena_cstr(m->arena, str_of(good.by)) : NULL;
	*ret_by = by ? by : "";
	return true;
}
