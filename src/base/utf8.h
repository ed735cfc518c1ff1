/* utf8.h: telling UTF-8 from garbage (RFC 3629 §4).
 * SPDX-License-Identifier: ISC */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Bytes of the character at the front of s, *ret its number; 0: there is none, or it is not valid:
 * overlong, a surrogate, past U+10FFFF, cut. */
size_t utf8_next(struct str s, uint32_t *ret);
/* Valid, and without control characters, those from U+0080 to U+009F included. */
bool utf8_is_text(struct str s);
/* A byte from 0x80 on is in it. */
bool utf8_has_8bit(struct str s);

#endif
