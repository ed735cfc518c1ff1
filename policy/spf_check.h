/* spf_check.h: SPF of a mail, for the check of that name and for who else wants to know.
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_SPF_CHECK_H
#define POLICY_SPF_CHECK_H

#include "policy/policy.h"
#include "policy/spf.h"

/* Evaluates it; answers ret->code, which is SPF_WAIT while an answer is missing. */
enum spf spf_of_mail(struct asks *asks, const struct mail *m, struct spf_result *ret);
/* False for clients from inside: no record speaks of them. */
bool spf_is_asked(const struct mail *m);

#endif
