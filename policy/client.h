/* client.h: who a client is, for checks that remember it, and which senders look alike.
 *
 * A client is the domain that SPF vouches for, however many hosts it sends from: a large provider
 * tries again from another one.  Where SPF vouches for nobody it is the network, /24 or /64.
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_CLIENT_H
#define POLICY_CLIENT_H

#include "policy/policy.h"

#define CLIENT_KEY_MAX    256
#define CLIENT_SENDER_MAX 320

/* "example.org" or "192.0.2.0/24", lower case, in out.  False: an answer is missing. */
bool client_key(struct asks *asks, const struct mail *m, char out[CLIENT_KEY_MAX],
		struct str *ret) MUST_CHECK;
/* The remembered answer to a question of this kind about the mail's client, sender and recipient;
 * NULL: WAIT.  Who the client is, in any case but that, in *ret_client. */
const struct answer *client_ask(struct asks *asks, const struct mail *m, enum ask_kind kind,
				char out[CLIENT_KEY_MAX], struct str *ret_client);

/* The sender with what differs from mail to mail taken out, in lower case: what is behind a "+",
 * numbers, long words with digits in them, and the fields of SRS, BATV and such that change with
 * the date.  "" for <>. */
struct str client_sender(const struct path *sender, char out[CLIENT_SENDER_MAX]);
/* RFC 5321 §4.5.1: who is refused must be able to ask why. */
bool client_wants_postmaster(const struct mail *m);

#endif
