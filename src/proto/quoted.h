/* quoted.h: quoted-printable (RFC 2045 §6.7): text of any bytes that passes any server.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_QUOTED_H
#define PROTO_QUOTED_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* Adds one line (without its CRLF) in quoted-printable, with soft breaks where it is long, and a
 * CRLF.  False when out is full. */
bool quoted_add_line(struct buf *out, struct str line) MUST_CHECK;

#endif
