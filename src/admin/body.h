/* body.h: the JSON body of a request, bounded before the parser sees it.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_BODY_H
#define ADMIN_BODY_H

#include <jansson.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

/* An object, empty for no text at all; NULL and why. */
json_t *body_parse(struct str text, struct err *e) MUST_CHECK;

#endif
