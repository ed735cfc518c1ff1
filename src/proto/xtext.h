/* xtext.h: any bytes in a parameter of MAIL or RCPT: printable ASCII, the rest as "+41"
 * (RFC 3461 §4).
 *
 * ENVID and ORCPT are kept as they came and handed on so; they are decoded only where a report
 * shows them.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_XTEXT_H
#define PROTO_XTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* True when s is xtext; the empty one is. */
bool xtext_is(struct str s);
/* Encodes to `to`, which has room for 3 * s.n bytes; answers how many. */
size_t xtext_encode(struct str s, char *to);
/* Decodes to `to`, which has room for s.n bytes; false, with *ret untouched, when s is no xtext.
 * What comes out may be any bytes. */
bool xtext_decode(struct str s, char *to, struct str *ret);
/* The value of a hexadecimal digit, in upper case only; -1: it is none. */
int xtext_digit(char c);

#endif
