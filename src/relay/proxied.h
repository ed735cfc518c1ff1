/* proxied.h: clients that stand behind a proxy of ours, which says who they are: by the PROXY
 * protocol in front of the first byte, or by XCLIENT within the session.
 *
 * Only peers in smtp.proxy_from and smtp.xclient_from are believed.  The client that they name is
 * the client in every respect: limits, policy, log, Received.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_PROXIED_H
#define RELAY_PROXIED_H

#include "relay/receive.h"
#include "relay/worker.h"

/* Must this peer send a PROXY header?  Then its connection is a visitor's, until the header is
 * there and a session starts. */
bool visitor_is_expected(const struct worker *w, const struct address *peer);
/* Takes over fd. */
void visitor_start(const struct door *door, int fd, const struct address *peer);
/* The worker is stopping: none of them is waited for. */
void visitor_close_all(struct worker *w);

/* May this client say XCLIENT? */
bool xclient_is_allowed(const struct conf *conf, const struct address *client);
void receive_xclient(struct session *s, const struct smtpd_request *r);

#endif
