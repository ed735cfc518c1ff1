/* defend.h: what is done against clients that hammer, guess, hurry or dawdle.
 *
 * Each defence is a reply, or a reply that comes late; none of them decides about mail (that is the
 * policy's affair), and none looks at what is in it.  Limits are those of the settings that the
 * session began with, on its listener.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_DEFEND_H
#define RELAY_DEFEND_H

#include "relay/guard.h"
#include "relay/session.h"

/* May this client connect now?  REPLY_OK, or what to tell it. */
enum reply_id defend_connection(struct worker *w, const struct address *peer);
/* One more message for the domain: false when it is past the domain's rate. */
bool defend_domain_rate(struct daemon *d, const struct domain *domain) MUST_CHECK;
/* One more recipient of the domain from this client: false when it is past what the domain's policy
 * lets one client do. */
bool defend_client_rate(struct daemon *d, const struct domain *domain, const struct ip *client)
	MUST_CHECK;
/* One more message or recipient: false when it is one too many for this minute. */
bool defend_rate(struct session *s, enum guard_rate what) MUST_CHECK;
/* A recipient is refused by the policy: says so now, or later (s->delayed, by the stream's timer),
 * or ends the session and locks the client out. */
void defend_refused_rcpt(struct session *s, const struct reply *why);
/* The request came with more behind it that may not be there yet.  False when the session has been
 * hung up for it. */
bool defend_hurry(struct session *s) MUST_CHECK;
/* Bytes came: is content coming too slowly? */
bool defend_is_slow(struct session *s, int64_t now_ms) MUST_CHECK;

#endif
