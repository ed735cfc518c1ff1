/* change.h: what operators change, for threads that may wait (admin's), any number at a time.
 *
 * Each is one job of the store thread: validated there once, done in one transaction with its audit
 * row {who, what, at}, in force when the call returns.  Errors: ERR_INPUT and ERR_CONFLICT and
 * ERR_NOTFOUND with one clear line; nothing was changed then.
 * SPDX-License-Identifier: ISC */
#ifndef DB_CHANGE_H
#define DB_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/str.h"
#include "db/access.h"
#include "db/store.h"

struct change_pair {
	const char *key, *value;
};

/* Keys: mode=backup|reflector enabled=yes|no unknown=reject|defer|accept subaddress=none|CHAR
 * lifetime=30d max_size=none|20M rate=none|600 (messages a minute) primary=HOST:PORT (may repeat;
 * in order; replaces all).  At least one primary. */
bool change_domain_add(struct store *s, const char *who, const char *name,
		       const struct change_pair *pairs, size_t n, struct err *e) MUST_CHECK;
bool change_domain_set(struct store *s, const char *who, const char *name,
		       const struct change_pair *pairs, size_t n, struct err *e) MUST_CHECK;
/* Refused while mail waits for it, unless force: then what waits goes to the ledger as deleted. */
bool change_domain_remove(struct store *s, const char *who, const char *name, bool force,
			  struct err *e) MUST_CHECK;

/* Local parts (or addresses in the domain), or patterns: with one *, which stands for any bytes, at
 * most DOMAIN_PATTERNS_MAX a domain.  An entry without * comes before all patterns, the longest
 * pattern before the others.  action is RECIPIENT_ACCEPT or RECIPIENT_REJECT; an entry that is
 * there already gets it.  *ret_changed: how many rows are new or different. */
bool change_recipient_add(struct store *s, const char *who, const char *domain,
			  const char *const *locals, size_t n, enum recipient_found action,
			  uint64_t *ret_changed, struct err *e) MUST_CHECK;
/* One whose mail goes to another address, in any domain that we relay for: to others there is no
 * relaying, through aliases neither.  Refused when it would lead back to itself. */
bool change_recipient_alias(struct store *s, const char *who, const char *domain,
			    const char *local, const char *target, uint64_t *ret_changed,
			    struct err *e) MUST_CHECK;
bool change_recipient_remove(struct store *s, const char *who, const char *domain,
			     const char *const *locals, size_t n, uint64_t *ret_changed,
			     struct err *e) MUST_CHECK;
/* A text or CSV file: one local part or address a line.  The second column of a CSV may be
 * accept|reject|alias (unless a header line names it otherwise), with alias the third is where it
 * goes; others are ignored.  "#" comments, blank lines, a header line naming "address", "email",
 * "recipient" or "localpart", CRLF, a UTF-8 byte order mark, "quoted" fields and comma, semicolon
 * or TAB between fields are understood.  Of doubles the last counts.  An error names the line
 * ("line 17: …"), and nothing is changed. */
bool change_recipient_import(struct store *s, const char *who, const char *domain, struct str file,
			     uint64_t *ret_lines, uint64_t *ret_changed, struct err *e) MUST_CHECK;

/* The same file as the whole list: who is not in it goes.  Refused with ERR_CONFLICT, unless force,
 * when it would remove more than CHANGE_BRAKE_USERS and more than CHANGE_BRAKE_PERCENT of the list,
 * or all of it: half a file must not close a domain. */
#define CHANGE_BRAKE_USERS   10
#define CHANGE_BRAKE_PERCENT 20

struct change_tally {
	uint64_t lines; /* of the file, with a user */
	uint64_t changed, added, removed;
	uint64_t kept; /* just as they were */
};

bool change_recipient_replace(struct store *s, const char *who, const char *domain,
			      struct str file, bool force, struct change_tally *ret,
			      struct err *e) MUST_CHECK;

/* What the domain's primaries said of users when they were asked or got mail is forgotten; the list
 * stays as it is.  Of these users, ERR_NOTFOUND when of one of them nothing was known; or
 * (locals NULL) of all, and whether they take users of any name.  Patterns stand for nothing here.
 * What others remember beside the store is forgotten by `forget`, which is called for each user
 * (folded; .at NULL: all) and answers how much it was. */
typedef uint64_t change_forget_fn(void *world, int64_t domain, struct str local);

struct change_memory {
	change_forget_fn *forget; /* NULL: nobody remembers */
	void *world;
	int64_t domain;
};

bool change_recipient_forget(struct store *s, const char *who, const char *domain,
			     const char *const *locals, size_t n,
			     const struct change_memory *memory, uint64_t *ret_changed,
			     struct err *e) MUST_CHECK;

/* Settings of a policy, of one domain or (NULL) for all: keys are those of db/policy_settings.h,
 * the value "default" takes back what was set. */
bool change_policy_set(struct store *s, const char *who, const char *domain,
		       const struct change_pair *pairs, size_t n, struct err *e) MUST_CHECK;

/* Entries of the allow-list or the deny-list, as they are written (db/access.h). */
struct change_access {
	enum access_list list;
	bool remove;
	const char *domain; /* NULL: for all */
	bool of_recipients; /* those with names */
	const char *const *patterns;
	size_t n;
};
/* *ret_changed: how many are new, moved from the other list, or gone. */
bool change_access(struct store *s, const char *who, const struct change_access *what,
		   uint64_t *ret_changed, struct err *e) MUST_CHECK;
/* What is remembered of a client of a domain, or (client NULL) of all its clients; domain NULL: of
 * all domains.  A client is written as view_greylist shows it: "192.0.2.0/24", "example.org". */
bool change_greylist_forget(struct store *s, const char *who, const char *domain,
			    const char *client, uint64_t *ret_changed, struct err *e) MUST_CHECK;

enum queue_act {
	QUEUE_HOLD,    /* queued → held */
	QUEUE_RELEASE, /* held → queued, due now */
	QUEUE_DELETE,  /* queued, held, failed → ledger as deleted by who */
	QUEUE_RETRY,   /* failed → queued, due now */
	QUEUE_GIVE_UP, /* failed → ledger as deleted by who; its other recipients stay */
};
/* All recipients of the message in a fitting state; ERR_NOTFOUND for no such message, ERR_CONFLICT
 * when none is in a fitting state. */
bool change_message(struct store *s, const char *who, msgid id, enum queue_act act,
		    uint64_t *ret_changed, struct err *e) MUST_CHECK;
/* All failed recipients of a domain (NULL: of all): QUEUE_RETRY or QUEUE_DELETE. */
bool change_failed_all(struct store *s, const char *who, const char *domain, enum queue_act act,
		       uint64_t *ret_changed, struct err *e) MUST_CHECK;
/* Queued mail of a domain (NULL: of all) is due now. */
bool change_flush(struct store *s, const char *who, const char *domain, uint64_t *ret_changed,
		  struct err *e) MUST_CHECK;

#endif
