/* policy.c: the runner.  See policy.h.
 * SPDX-License-Identifier: ISC */
#include "policy/policy.h"

#include <assert.h>
#include <stddef.h>

void policy_start(struct policy *p)
{
	*p = (struct policy){ 0 };
}

enum verdict policy_run(struct policy *p, enum stage stage, struct asks *asks, const struct mail *m)
{
	for (; checks[p->at]; p->at++) {
		const struct check *check = checks[p->at];

		if (check->stage != stage)
			continue;

		enum verdict verdict = check->run(asks, m, &p->reply);

		if (verdict == PASS)
			continue;
		if (verdict == REFUSE) {
			assert(p->reply);
			p->by = check;
		}
		return verdict;
	}
	return PASS;
}
