/* path.h: reverse-path and forward-path of MAIL and RCPT (RFC 5321 §4.1.2).
 *
 * Takes "<>", "<a@b.example>", quoted local parts, address literals and (ignored) source routes.
 * The local part keeps its case and quoting on the wire; comparing is the policy's affair.
 * Bounds: path 256, local part 64, domain 255 octets (RFC 5321 §4.5.3.1).
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_PATH_H
#define PROTO_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

struct path {
	struct str address; /* "a@b.example" as given, without route and brackets; "" for <> */
	struct str local;   /* the part of it before the @, quoting kept */
	struct str domain;  /* the part behind it; "" for <> and for <postmaster> */
};

enum path_kind { PATH_REVERSE, PATH_FORWARD };
enum path_result { PATH_OK, PATH_BAD, PATH_UTF8 };

/* Parses a path at the start of s.  PATH_UTF8: well-formed too, but it needs SMTPUTF8 (RFC 6531):
 * UTF-8 without control characters, and a domain that IDNA knows.  *ret_used gets the bytes used;
 * what follows is parameters. A forward path may be "<postmaster>" without domain; a reverse path
 * may be "<>".  The spans in *ret point into s: path_keep copies them. */
enum path_result path_parse(struct str s, enum path_kind kind, struct path *ret, size_t *ret_used);
/* The same path with its bytes in the arena; false past the arena's maximum. */
bool path_keep(struct arena *a, const struct path *p, struct path *ret) MUST_CHECK;
/* An address without brackets, as users type it: local@domain, nothing behind it; UTF-8 too. */
bool path_is_address(struct str address, struct path *ret);
/* A host name by RFC 1123 / RFC 5321 Domain, ASCII: labels of letters, digits, hyphens (and
 * underscores, which real names have), 255 bytes at most; a trailing dot is not taken. */
bool path_is_domain(struct str s);
/* The same address without a byte from 0x80 on, the domain in A-labels, in out; false when there is
 * none, because the local part is not ASCII. */
#define PATH_ASCII_MAX 512
bool path_to_ascii(struct str address, char out[PATH_ASCII_MAX], struct str *ret) MUST_CHECK;
/* The local part with quoting undone ("\"a b\"" gives "a b"), in out, with a NUL behind it. */
struct str path_unquote(struct str local, char out[65]);

#endif
