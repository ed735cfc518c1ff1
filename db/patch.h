/* patch.h: what operators type, checked and in canonical form, without the database.
 * SPDX-License-Identifier: ISC */
#ifndef DB_PATCH_H
#define DB_PATCH_H

#include "base/arena.h"
#include "db/change_job.h"

#define PATCH_LOCAL_MAX  64  /* RFC 5321 §4.5.3.1.1 */
#define PATCH_TARGET_MAX 320

/* Host names of routes are put into the arena. */
bool patch_parse(struct arena *a, const struct change_pair *pairs, size_t n,
		 struct domain_patch *ret, struct err *e) MUST_CHECK;
/* What a new domain has where the operator said nothing.  "+" as delimiter: mail for a tag that the
 * primary does not know ends on the failed list, mail that we refuse is gone. */
struct domain_patch patch_defaults(void);
/* *ret: lower case, in A-labels, NUL-terminated, in the arena. */
bool patch_domain_name(struct arena *a, const char *name, struct str *ret, struct err *e)
	MUST_CHECK;
/* "User", "user@domain", "\"quoted user\"": the local part, folded (base/idn.h) and without quotes,
 * written to `at`, which may be where `text` is, or to the arena if it has become longer than text.
 * domain: which an address must be in. */
bool patch_local(struct arena *a, struct str text, struct str domain, char *at, struct str *ret,
		 struct err *e) MUST_CHECK;
/* "user@domain", where an alias goes, its domain folded; in the arena. */
bool patch_target(struct arena *a, struct str text, struct str *ret, struct err *e) MUST_CHECK;
/* In order of local part, each once, the one of the highest line. */
size_t patch_sort_locals(struct change_local *locals, size_t n);

#endif
