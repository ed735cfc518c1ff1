/* inquiry.h: the questions of a mail that are under way, of whatever kind.
 *
 * The asks' backend: what a cache knows is answered at once; the rest goes to the store's reader or
 * to DNS, and each such question has an inquiry in the mail's list until its answer is here.  When
 * the mail ends before, its inquiries are cut: the answer finds nobody.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_INQUIRY_H
#define RELAY_INQUIRY_H

#include <stdbool.h>

#include "policy/ask.h"

struct receipt;

/* asks_backend.put; world is the struct receipt. */
bool inquiry_put(void *world, unsigned index, const struct question *q, struct answer *ret);
/* No answer will come any more. */
void inquiries_cut(struct receipt *m);

#endif
