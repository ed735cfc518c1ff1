/* checks.h: the checks, each in a file of its name.
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_CHECKS_H
#define POLICY_CHECKS_H

#include "policy/policy.h"

extern const struct check check_recipient;
extern const struct check check_deny;
extern const struct check check_early;
extern const struct check check_forged;
extern const struct check check_helo;
extern const struct check check_rate;
extern const struct check check_rdns;
extern const struct check check_sender;
extern const struct check check_dnsbl;
extern const struct check check_rhsbl;
extern const struct check check_primary_up;
extern const struct check check_greylist;
extern const struct check check_spf;

#endif
