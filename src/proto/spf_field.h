/* spf_field.h: what SPF found, as the header fields that we write above a message: Received-SPF
 * (RFC 7208 §9.1) and Authentication-Results (RFC 8601).
 *
 * Names and addresses in it are hostile input that ends up in a header that others parse and
 * believe: every value is an atom or a quoted string, of printable ASCII, cut to a length.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_SPF_FIELD_H
#define PROTO_SPF_FIELD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct spf_field {
	const char *result; /* "pass", "fail" … */
	bool of_helo;       /* HELO was judged, for the sender is <> */
	struct str sender;  /* local@domain; "" for <> */
	struct str domain;  /* which was judged */
	struct str helo;
	const char *client;    /* address as text */
	const char *hostname;  /* ours */
	const char *mechanism; /* the term that decided, or "" */
	const char *problem;   /* what is wrong, or "" */
};

/* Both fields, with CRLF line ends.  .at is NULL past the arena's maximum. */
struct str spf_field_text(struct arena *a, const struct spf_field *f) MUST_CHECK;

#endif
