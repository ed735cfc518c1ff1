/* access.h: allow-lists and deny-lists: entries of clients, senders and recipients.
 *
 * An entry is written as
 *
 *	192.0.2.1  192.0.2.0/24  2001:db8::/32	a client, by its address
 *	user@b.example				an address
 *	b.example  .b.example			a domain; with the dot its subdomains too
 *	user@					this user of any domain
 *	<>					the null reverse-path
 *
 * Those with names are of senders, unless they are said to be of recipients.  Entries of a domain
 * count before those for all; of two in the same scope the allowing one counts, because an
 * exception is what one adds afterwards.
 *
 * Names are compared in lower case, domains by their A-labels.  Look-ups are a few binary searches,
 * however many entries there are.
 * SPDX-License-Identifier: ISC */
#ifndef DB_ACCESS_H
#define DB_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/cidr.h"
#include "base/err.h"
#include "base/str.h"

#define ACCESS_PATTERN_MAX 320

enum access_list { ACCESS_ALLOW, ACCESS_DENY };
enum access_kind { ACCESS_CLIENT, ACCESS_SENDER, ACCESS_RECIPIENT };

const char *access_list_name(enum access_list list); /* "allow" */
const char *access_kind_name(enum access_kind kind); /* "client" */
bool access_list_parse(struct str s, enum access_list *ret) MUST_CHECK;
bool access_kind_parse(struct str s, enum access_kind *ret) MUST_CHECK;

/* Of what kind the pattern is, and its one form (lower case), in the arena.  of_recipients: one
 * with names is of recipients.  An error says what would be right. */
bool access_pattern(struct arena *a, struct str text, bool of_recipients,
		    enum access_kind *ret_kind, struct str *ret, struct err *e) MUST_CHECK;

/* A scope's entries: a domain's, or those for all. */
struct access;

/* Empty, in the arena; NULL past its maximum. */
struct access *access_new(struct arena *a) MUST_CHECK;
/* The pattern is in its one form and lives as long as the arena.  One that is none is passed over.
 * False past the arena's maximum. */
bool access_add(struct access *x, enum access_list list, enum access_kind kind, struct str pattern)
	MUST_CHECK;
/* No more entries come: from here on it may be asked. */
void access_finish(struct access *x);

/* Who is at the door. */
struct access_guest {
	const struct ip *ip;
	struct str sender; /* "" for the null reverse-path */
	struct str rcpt;
};

/* The entry that counts: its text, and whether it allows; .at is NULL when there is none. scopes
 * in the order in which they count; NULLs among them are passed over. */
struct str access_find(const struct access *const *scopes, size_t n, const struct access_guest *g,
		       enum access_list *ret);

#endif
