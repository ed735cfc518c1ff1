/* dnswl.h: what the domain's lists of good clients say of this one: for checks that are milder with
 * them.
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_DNSWL_H
#define POLICY_DNSWL_H

#include "policy/policy.h"

/* The sum of what they weigh, 0 when none names it, and who does in *ret_by (in the mail's arena)
 * unless that is NULL.  False: an answer is missing; return WAIT. */
bool dnswl_weight(struct asks *asks, const struct mail *m, unsigned *ret_weight,
		  const char **ret_by) MUST_CHECK;

#endif
