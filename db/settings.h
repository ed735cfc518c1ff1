/* settings.h: domains and their routes as the daemon uses them: an immutable, refcounted snapshot.
 *
 * The store thread reads it from the database after every change that touches it and swaps it
 * whole on the board, before the change is answered; so a change is in force at the next command.
 * Recipients are not in it: there may be a million; they are asked for (store.h, job_recipient).
 * But the few among them that are patterns are, since those must be tried one by one.
 * SPDX-License-Identifier: ISC */
#ifndef DB_SETTINGS_H
#define DB_SETTINGS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "db/access.h"
#include "db/policy_settings.h"

enum domain_mode { DOMAIN_BACKUP, DOMAIN_REFLECTOR };
/* What a recipient gets that is not in the list. */
enum domain_unknown { UNKNOWN_REJECT, UNKNOWN_DEFER, UNKNOWN_ACCEPT };

#define DOMAIN_ROUTES_MAX   16
#define DOMAIN_PATTERNS_MAX 200
#define ALIAS_STEPS_MAX     8 /* of an alias to an alias to … */
#define DOMAIN_BOUNCES      0 /* the id under which our own bounces are queued; no row has it */

/* What a primary's EHLO offered when it was last reached: what there is to go by while it is down.
 * The smallest limit that is known counts: of listener, domain and primary. */
struct offer {
	int64_t since_ms; /* 0: it was never reached, nothing is known */
	bool size, mime8bit, smtputf8, dsn;
	uint64_t max_size; /* SIZE; 0: it named none */
	uint64_t mail_max, rcpt_max, rcpt_domain_max; /* LIMITS (RFC 9422); 0: not said */
};
/* As far as is known: one that was never reached may take anything. */
bool offer_may_take_size(const struct offer *o, uint64_t size);
bool offer_may_take_utf8(const struct offer *o);

struct route {
	const char *host; /* name or literal without brackets */
	unsigned port;
	struct offer offer;
};

/* An entry of the list with a * in it, which stands for any bytes, none too. */
struct pattern {
	struct str head, tail; /* before and behind the *, lower case */
	bool accept;
	struct str alias; /* accept: mail goes to this address; "" for none */
};

struct domain {
	int64_t id;
	struct str name; /* lower case, in A-labels; also NUL-terminated */
	enum domain_mode mode;
	bool enabled;
	enum domain_unknown unknown;
	/* false: the list is empty, and UNKNOWN_REJECT defers instead, so that a domain whose list
	 * is not loaded yet loses no mail */
	bool has_recipients;
	char subaddress;     /* delimiter of user+tag, or 0 */
	int64_t lifetime_ms; /* mail that cannot be delivered for so long expires */
	uint64_t max_size;   /* bytes of a message; 0: no limit of its own */
	unsigned rate;       /* messages a minute; 0: no limit */
	const struct route *routes; /* in order of preference */
	size_t route_count;
	const struct pattern *patterns; /* the longest first */
	size_t pattern_count;
	const struct policy_settings *policy; /* never NULL */
	struct access *access; /* its own entries, or NULL */
};

struct settings {
	_Atomic unsigned refs;
	uint64_t version;
	struct arena *arena;
	const struct domain *domains; /* sorted by name */
	size_t domain_count;
	const struct domain **by_id; /* sorted by id */
	const struct policy_settings *policy; /* for all; never NULL */
	const struct access *access; /* those for all, or NULL */
	struct dnslist_uses lists; /* that any domain asks */
};

struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s); /* NULL is accepted */
/* In any form of it (base/idn.h); NULL when it is not ours. */
const struct domain *settings_find(const struct settings *s, struct str name);
const struct domain *settings_by_id(const struct settings *s, int64_t id);
/* Whoever makes a snapshot calls it last; false past the arena's maximum. */
bool settings_collect_lists(struct settings *s) MUST_CHECK;

/* "*", "sales-*", "*-list", "a*z": split at its one *.  False when it has none, or several. */
bool pattern_parse(struct str text, struct pattern *ret);
/* local: lower case. */
bool pattern_fits(const struct pattern *p, struct str local);
/* The longest of the domain's patterns that fits, or NULL. */
const struct pattern *domain_pattern(const struct domain *d, struct str local);
/* The largest message that the domain can get, its own limit and its primaries' taken together;
 * UINT64_MAX: none is known.  Of several primaries one is enough that may take it. */
uint64_t domain_size_limit(const struct domain *d);
/* False when all of its primaries are known, and none takes SMTPUTF8. */
bool domain_may_take_utf8(const struct domain *d);

/* Where the current snapshot hangs.  versions are read without the lock. */
struct settings_board {
	pthread_mutex_t lock;
	struct settings *current;
	_Atomic uint64_t version;
	_Atomic bool stale; /* the last reload failed: what is not in current may yet be ours */
	_Atomic uint64_t recipients_version; /* rises when any recipient changes: caches are void */
	_Atomic uint64_t greylist_version;   /* the same, when an operator has clients forgotten */
};

void settings_board_init(struct settings_board *b);
void settings_board_done(struct settings_board *b);
/* A reference to the current snapshot; NULL before the first. */
struct settings *settings_board_get(struct settings_board *b);
/* Takes over fresh's reference, drops the old one. */
void settings_board_set(struct settings_board *b, struct settings *fresh);

const char *domain_mode_name(enum domain_mode m);       /* "backup" */
const char *domain_unknown_name(enum domain_unknown u); /* "reject" */
bool domain_mode_parse(struct str s, enum domain_mode *ret);
bool domain_unknown_parse(struct str s, enum domain_unknown *ret);

#endif
