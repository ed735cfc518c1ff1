/* policy.h: runs the checks, in the order of the list in checks.c.
 *
 * A check is a row: a name, a stage, a function that asks and gives a verdict.  The first verdict
 * other than PASS ends the stage.  WAIT: an answer is missing; run again when it has come, and the
 * runner goes on at the same row.
 *
 * What must hold in a check, or running again would change its mind: `now` is a field of the mail,
 * no randomness, no logging (the caller logs the verdict once), no effects but questions.
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "db/settings.h"
#include "policy/ask.h"
#include "proto/path.h"
#include "proto/reply.h"

enum verdict { WAIT, PASS, REFUSE };

enum stage { AT_RCPT };

/* The facts that a check may look at. */
struct mail {
	struct arena *arena; /* of the mail in progress */
	int64_t now_ms;      /* fixed for the command */
	struct str client;   /* address text */
	struct str helo;
	struct path sender;
	struct path rcpt; /* AT_RCPT: the one in question */
	const struct settings *settings; /* NULL: could not be read */
	bool settings_stale;             /* may lack what is new */
	const struct domain *domain;     /* the recipient's; NULL: not ours */
};

struct check {
	const char *name; /* in logs, counters, settings: one name everywhere */
	enum stage stage;
	/* REFUSE needs *why; it may point to the mail's arena. */
	enum verdict (*run)(struct asks *asks, const struct mail *m, const struct reply **why);
	const char *says; /* one line for people */
};

/* The list, NULL at its end (checks.c). */
extern const struct check *const checks[];

/* Where a run stands. */
struct policy {
	unsigned at;
	const struct check *by;    /* who refused */
	const struct reply *reply; /* and how */
};

void policy_start(struct policy *p);
/* PASS, or REFUSE with p->by and p->reply, or WAIT. */
enum verdict policy_run(struct policy *p, enum stage stage, struct asks *asks,
			const struct mail *m);

#endif
