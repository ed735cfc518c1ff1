/* unitext.h: addresses of the type utf-8, as ORCPT and reports carry them (RFC 6533 §3).
 *
 * What may not stand there as it is, is written \x{HEX}.  The 7-bit form, utf-8-addr-xtext, fits
 * everywhere, so it is the only one that we write where a server or a reader might not know UTF-8.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_UNITEXT_H
#define PROTO_UNITEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* Well-formed; bytes from 0x80 on only if wide (utf-8-addr-unitext). */
bool unitext_is(struct str s, bool wide);
/* Adds the address in 7-bit form; what is no text becomes "?".  False when out is full. */
bool unitext_add(struct buf *out, struct str address) MUST_CHECK;
/* The same of what unitext_is holds well-formed already. */
bool unitext_add_7bit(struct buf *out, struct str unitext) MUST_CHECK;

#endif
