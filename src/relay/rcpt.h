/* rcpt.h: a recipient is decided by the policy (RFC 5321 §4.1.1.3).  receive_rcpt (receive.h)
 * begins it, and answers now or when what the policy asked is answered.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_RCPT_H
#define RELAY_RCPT_H

struct receipt;

/* One of its questions has been answered: the policy runs again. */
void rcpt_answered(struct receipt *m);

#endif
