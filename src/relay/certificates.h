/* certificates.h: the certificates in use, and the files that they come from.
 *
 * The files are read while we may still be root, and again whenever they change.  A set that is
 * not good changes nothing: the old one stays in use, and the log and `status` say why.  When the
 * configuration names none, one of our own making is used, which stays under the state directory.
 *
 * All of it belongs to the main thread; the workers are given the snapshot.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_CERTIFICATES_H
#define RELAY_CERTIFICATES_H

#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/log.h"
#include "net/tls.h"
#include "relay/board.h"

struct certificates;

/* Reads the files that conf names, if any.  The error begins with FILE:LINE of it. */
bool certificates_open(struct conf *conf, struct certificates **ret, struct err *e) MUST_CHECK;
/* As the user that we are to stay: makes the self-signed one if it is wanted and not there. */
bool certificates_settle(struct certificates *c, struct err *e) MUST_CHECK;
/* From now on they are told of. */
void certificates_begin(struct certificates *c, struct log *log, struct board *board);
/* The snapshot in use; the caller refs it to keep it. */
struct tls *certificates_tls(const struct certificates *c);
/* True when another snapshot is in use: because a file has changed, or fresh, which may be NULL, is
 * a configuration read anew. */
bool certificates_look(struct certificates *c, struct conf *fresh);
void certificates_free(struct certificates *c); /* NULL is accepted */

#endif
