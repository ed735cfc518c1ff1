/* policy.h: runs the checks, in the order of the list in checks.c.
 *
 * A check is a row: a name, a stage, a function that asks and gives a verdict.  The first refusal
 * in force ends the stage.  WAIT: an answer is missing; run again when it has come, and the runner
 * goes on at the same row.  While a check waits, the eager ones behind it are run too, so that what
 * they ask is under way; what they say counts when it is their turn.
 *
 * The runner and not the check looks at the domain's mode of it (off|log|defer|reject) and at the
 * allow-lists, so a new check has shadow mode for nothing.
 *
 * What must hold in a check, or running again would change its mind: `now` is a field of the mail,
 * no randomness, no logging (the caller logs the verdict once), no effects but questions.
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/cidr.h"
#include "base/str.h"
#include "db/settings.h"
#include "policy/ask.h"
#include "policy/dnslist_health.h"
#include "proto/path.h"
#include "proto/reply.h"

#define POLICY_NOTE_MAX 200 /* bytes of a note that are kept */

struct spf_result;

enum verdict { WAIT, PASS, REFUSE };

enum stage { AT_RCPT };

/* How a domain's primaries are: up when one is, down when all are, as far as is known. */
enum standing { STANDING_UNKNOWN, STANDING_UP, STANDING_DOWN };

/* The facts that a check may look at. */
struct mail {
	struct arena *arena; /* of the mail in progress */
	int64_t now_ms;      /* fixed for the command */
	struct str hostname; /* our own */
	struct str client;   /* address text */
	struct ip ip;        /* the same */
	struct str helo;
	struct path sender; /* its domain in A-labels, its address as it came */
	struct path rcpt; /* AT_RCPT: the one in question */
	const struct settings *settings; /* NULL: could not be read */
	bool settings_stale;             /* may lack what is new */
	const struct domain *domain;     /* the recipient's; NULL: not ours */
	/* The domain's, or those for all; NULL where settings are, and then `recipient`, the first
	 * check, has refused before any other is run. */
	const struct policy_settings *policy;
	bool trial;   /* nobody sends this mail: nothing may be remembered of it */
	bool too_fast; /* the client names more recipients in a minute than the domain wants */
	bool hurried; /* the client did not wait for our answers */
	enum standing primary;
	const struct dnslist_health *lists; /* which of them may be believed; NULL: all */
	/* What SPF says of it (spf_check.h), kept from one recipient to the next; SPF_WAIT: not
	 * known yet. */
	struct spf_result *spf;
	/* The entry of the allow-lists or of the deny-lists that counts (db/access.h); .at is NULL
	 * for none. */
	struct str allowed, denied;
};

/* What a check has to say beside its verdict. */
struct ruling {
	/* REFUSE needs it; it may be a fixed one or live in the mail's arena. */
	const struct reply *reply;
	/* A few words for people, also with PASS: "pass for example.org".  Bytes from outside may
	 * be in it: who shows it quotes it. */
	struct str note;
	/* PASS of `recipient`: the mail goes to this address of that domain of ours; .at is NULL:
	 * to the one that RCPT named. */
	struct str address;
	const struct domain *domain;
	/* PASS of `recipient`: nobody could say whether the user exists. */
	bool unverified;
};

struct check {
	enum check_id id;
	enum stage stage;
	/* Asks DNS only: may be run ahead of its turn. */
	bool eager;
	/* The basis of all: always in force, whatever modes and allow-lists say. */
	bool always;
	/* NULL: always.  False: as if it were off, whatever its mode. */
	bool (*applies)(const struct mail *m);
	enum verdict (*run)(struct asks *asks, const struct mail *m, struct ruling *r);
	const char *says; /* one line for people */
};

/* The list, NULL at its end (checks.c). */
extern const struct check *const checks[];

enum finding_kind {
	FINDING_NONE, /* it did not run: off, or refused before */
	FINDING_PASSED,
	FINDING_WOULD, /* it would have refused */
	FINDING_DEFERRED,
	FINDING_REJECTED,
	FINDING_ALLOWED, /* not run: the allow-list says so */
	FINDING_KINDS
};

struct finding {
	enum finding_kind kind;
	struct str note; /* bounded to POLICY_NOTE_MAX; "" for none */
};

/* What a check has come to, perhaps ahead of its turn. */
struct opinion {
	enum verdict verdict; /* WAIT: to nothing yet */
	struct ruling ruling;
};

/* Where a run stands, and what it found so far. */
struct policy {
	unsigned at;
	struct opinion opinions[CHECK_COUNT];
	const struct check *by;    /* who refused */
	const struct reply *reply; /* and how */
	struct str address;        /* as in struct ruling */
	const struct domain *domain;
	bool unverified;
	struct finding found[CHECK_COUNT];
};

void policy_start(struct policy *p);
/* PASS, or REFUSE with p->by and p->reply, or WAIT. */
enum verdict policy_run(struct policy *p, enum stage stage, struct asks *asks,
			const struct mail *m);

/* Runs all checks, whatever the first of them says: PASS, or REFUSE with the first in p->by and
 * p->reply, or WAIT. */
enum verdict policy_try(struct policy *p, enum stage stage, struct asks *asks,
			const struct mail *m);

const char *finding_name(enum finding_kind kind); /* "passed" "would-refuse" "deferred" … */
/* What was found as lines "check kind note", for keeping with the message; .at is NULL past the
 * arena's maximum. */
struct str policy_findings(const struct policy *p, struct arena *a) MUST_CHECK;

/* -- for checks ------------------------------------------------------------------------------- */

/* Loopback, private and link-local networks: a proxy, a container, a neighbour.  The public DNS
 * knows nothing of them, so what asks it passes them. */
bool policy_is_inside(const struct ip *ip);
/* REFUSE with a fixed reply. */
enum verdict policy_refuse(struct ruling *r, enum reply_id id);
/* REFUSE with words of its own, made in the mail's arena; with the fixed reply when it is full.
 * Bytes of the text outside printable ASCII are shown as '?'. */
enum verdict policy_refuse_in_words(struct ruling *r, const struct mail *m, enum reply_id id,
				    const char *fmt, ...) PRINTF(4, 5);
/* Sets the note; without one when the arena is full. */
void policy_note(struct ruling *r, const struct mail *m, const char *fmt, ...) PRINTF(3, 4);

#endif
