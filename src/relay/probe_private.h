/* probe_private.h: what the questions (probe.c) and the dialogue (probe_talk.c) share.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_PROBE_PRIVATE_H
#define RELAY_PROBE_PRIVATE_H

#include "base/list.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "proto/smtpc.h"
#include "relay/destination.h"
#include "relay/queue.h"

struct probe {
	struct list link; /* in prober.waiting, or prober.now */
	struct queue *queue;
	char *local; /* folded; NULL: of a random name */
	char *address;
	struct str rcpt; /* the same */
	int64_t until_ms;
	struct list jobs; /* who wants to know */
};

struct prober {
	struct destination *dest;
	struct list waiting;
	unsigned waiting_count;
	struct probe *now; /* in dialogue */
	struct resolve *resolve;
	struct address addresses[8];
	size_t address_count, address_at;
	struct stream *stream;
	struct smtpc *smtpc;
	struct timer *timer;
	bool idle, quitting;
	int64_t rest_ms, resting_until_ms;
	int64_t next_ms; /* when the next question would keep to the rate exactly */
};

/* -- probe.c ------------------------------------------------------------------------------- */

/* The next question, or NULL. */
struct probe *probe_take_waiting(struct prober *p);
/* The primary has answered the one in dialogue. */
void probe_heard(struct prober *p);
/* Nobody will say anything: all are answered so. */
void probe_end_all(struct prober *p);

/* -- probe_talk.c -------------------------------------------------------------------------- */

void probe_talk_init(struct prober *p);
/* A question waits: connects, or goes on with the connection there is. */
void probe_talk_wake(struct prober *p);
/* Closes the connection, if there is one; what waits stays. */
void probe_talk_close(struct prober *p);

#endif
