/* primary_up.h: is mail that the primary could take itself to go there?
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_PRIMARY_UP_H
#define POLICY_PRIMARY_UP_H

#include "policy/policy.h"

/* It is chosen, and the primary is up. */
bool primary_up_rules(const struct mail *m);

#endif
