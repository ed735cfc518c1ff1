/* ahead.h: what the checks will ask of DNS about a client is asked as soon as it has connected, so
 * that at RCPT the answers are there.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_AHEAD_H
#define RELAY_AHEAD_H

struct address;
struct worker;

/* The worker's thread.  Nothing is waited for. */
void ahead_ask(struct worker *w, const struct address *client);

#endif
