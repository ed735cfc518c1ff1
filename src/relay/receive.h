/* receive.h: what the SMTP engine asks, answered: a mail's way from MAIL to our 250.
 *
 * Each function ends, now or when an answer comes from the store, in smtpd_answer.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_RECEIVE_H
#define RELAY_RECEIVE_H

#include "proto/smtpd.h"

struct session;
struct receipt;

typedef void receive_fn(struct session *s, const struct smtpd_request *r);

receive_fn receive_helo, receive_mail, receive_rcpt, receive_data, receive_chunk, receive_end,
	receive_drop, receive_rset, receive_starttls;

/* NULL is accepted. */
void receipt_free(struct receipt *m);
/* Something that its policy asked is waited for: the client is not idle.  NULL is accepted. */
bool receipt_waits(const struct receipt *m);

#endif
