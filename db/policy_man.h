/* policy_man.h: mxkeep-policy(7) is made from the rows of the settings.
 * SPDX-License-Identifier: ISC */
#ifndef DB_POLICY_MAN_H
#define DB_POLICY_MAN_H

#include <stdio.h>

/* A paragraph of roff for each setting. */
void policy_man(FILE *out);

#endif
