/* expiry.h: mail whose domain's lifetime is over is given up, now and then.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_EXPIRY_H
#define RELAY_EXPIRY_H

#include "relay/forward.h"

/* The forwarder's thread, as it starts. */
void expiry_begin(struct forward *f);
/* The timer f->expire. */
void expiry_on_time(void *forward);

#endif
