/* spf_check.h: SPF of a mail, for the check of that name and for who else wants to know.
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_SPF_CHECK_H
#define POLICY_SPF_CHECK_H

#include "policy/policy.h"
#include "policy/spf.h"

/* Evaluated once a mail.  NULL while an answer is missing: WAIT. */
const struct spf_result *spf_of_mail(struct asks *asks, const struct mail *m);
/* False for clients from inside: no record speaks of them. */
bool spf_is_asked(const struct mail *m);

#endif
