/* connection.h: one connection to a primary: resolve, connect, talk, many mails.
 *
 * It pulls: when the dialogue is READY it asks its destination for the next parcel.  The body comes
 * from the store chunk by chunk, the next one asked for while one is sent, so a message of any size
 * costs two chunks of memory.  If anything is wrong with the body on our side, the connection is
 * closed without the final dot: half a message is never delivered.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_CONNECTION_H
#define RELAY_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "proto/smtpc.h"
#include "relay/destination.h"
#include "relay/queue.h"

struct connection {
	struct list link; /* in destination.connections */
	struct destination *dest;
	struct resolve *resolve;
	struct address addresses[8];
	size_t address_count, address_at;
	struct stream *stream;
	struct smtpc *smtpc;
	bool ready;   /* greeted */
	bool idle;    /* READY and nothing to send */
	bool quitting;
	bool pumping; /* inside pump: not to be entered again */

	struct parcel *parcel; /* in dialogue, or NULL */
	struct str *rcpts;
	struct smtpc_rcpt_dsn *dsn; /* as many */
	/* The server may take fewer recipients a mail than the parcel has (RFC 9422): then it goes
	 * in several, one behind the other. */
	size_t first, count;          /* of the recipients in dialogue */
	struct smtpc_reply *answers;  /* of those before `first`; NULL: there are none */
	uint64_t mails;               /* begun on this connection */
	struct job_chunk *chunk; /* being sent */
	size_t chunk_sent;
	struct job *job; /* the next chunk, asked for or here */
	bool job_here;
	unsigned next_seq;
	uint64_t sent; /* bytes of the body */
};

void connection_open(struct destination *d);
bool connection_is_ready(const struct connection *c);
/* If idle: look for work. */
void connection_wake(struct connection *c);
/* The daemon stops: idle ones say QUIT; now closes the others too. */
void connection_stop(struct connection *c, bool now);

#endif
