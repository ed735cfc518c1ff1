/* facts.h: what a check may look at (policy.h, struct mail), stated for a recipient.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_FACTS_H
#define RELAY_FACTS_H

#include <stdbool.h>

#include "base/cidr.h"
#include "base/str.h"

struct receipt;

/* Who is at the door. */
struct facts_client {
	struct str text; /* its address */
	struct ip ip;
	struct str helo;
	bool hurried;
};

/* Of m->rcpt, by the settings m->settings; the spans must live as long as the mail. */
void facts_state(struct receipt *m, const struct facts_client *client);

#endif
