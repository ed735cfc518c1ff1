/* connection_private.h: what the parts of a connection share.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_CONNECTION_PRIVATE_H
#define RELAY_CONNECTION_PRIVATE_H

#include "relay/connection.h"

/* What one event of the engine, or of the body, leads to. */
enum step { STEP_ON, STEP_WAIT, STEP_QUIT, STEP_BROKEN, STEP_NO_BODY };

/* Goes on with what there is; c may be gone behind it. */
void connection_pump(struct connection *c);

/* Asks the store for the next chunk of the parcel's content. */
void connection_body_ask(struct connection *c);
/* Gives some of it to the engine, which wants it. */
enum step connection_body_feed(struct connection *c);
/* connection_body_feed would not wait for the store. */
bool connection_body_is_here(const struct connection *c);
/* The chunks that are here, or on their way, are not wanted any more. */
void connection_body_drop(struct connection *c);

#endif
