/* policy_settings.h: what a domain's policy says: the mode of each check, and what checks are told.
 *
 * In the database a setting is a row {domain, name, value} with the text that was typed; domain 0
 * is for all domains.  A domain without a row of a name takes the row for all, and without that the
 * default of the option's row in policy_settings.c.  The settings snapshot (settings.h) holds them
 * parsed; domains without rows of their own share one.
 *
 * To add a setting: a field here, a row in policy_settings.c; the check of its value, policy show,
 * policy set and the man page follow.
 *
 * Decided against: columns of domain (a column for each of sixty names, and a migration each time).
 * SPDX-License-Identifier: ISC */
#ifndef DB_POLICY_SETTINGS_H
#define DB_POLICY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"
#include "db/dnslist.h"

/* What becomes of a check's refusal; the runner does it (policy/policy.h). */
enum check_mode {
	MODE_OFF,    /* not run */
	MODE_LOG,    /* run, and what it says is kept with the message and counted */
	MODE_DEFER,  /* a refusal is 4xx */
	MODE_REJECT, /* a refusal is what the check says */
};

/* What becomes of one result of a check that has several. */
enum policy_action { ACTION_PASS, ACTION_DEFER, ACTION_REJECT };

/* Every check has its number here and its file in policy/.  The name is the same in settings, logs,
 * counters and explain. */
#define POLICY_CHECKS(CHECK) \
	CHECK(recipient)     \
	CHECK(deny)          \
	CHECK(rate)          \
	CHECK(early)         \
	CHECK(helo)          \
	CHECK(rdns)          \
	CHECK(sender)        \
	CHECK(spf)           \
	CHECK(forged)        \
	CHECK(dnsbl)         \
	CHECK(rhsbl)         \
	CHECK(primary_up)    \
	CHECK(greylist)

enum check_id {
#define CHECK(name) CHECK_##name,
	POLICY_CHECKS(CHECK)
#undef CHECK
	CHECK_COUNT
};

enum primary_up_rule { PRIMARY_UP_ACCEPT, PRIMARY_UP_DEFER };
enum greylist_when { GREYLIST_OFF, GREYLIST_ON, GREYLIST_WHILE_UP };
/* What an unknown user gets while all primaries are down. */
enum unknown_outage {
	OUTAGE_SAME, /* as ever: the domain's `unknown` */
	OUTAGE_ACCEPT,
	OUTAGE_DEFER,
	OUTAGE_REJECT,
};

struct policy_settings {
	enum check_mode mode[CHECK_COUNT];
	const struct dnslist_set *dnsbl, *dnswl, *rhsbl;
	int64_t dnsbl_threshold, rhsbl_threshold;
	int64_t client_rate; /* recipients a minute, 0: no limit */
	int primary_up; /* enum primary_up_rule */
	int64_t primary_up_tries, primary_up_after_ms;
	int greylist; /* enum greylist_when */
	int64_t greylist_delay_ms, greylist_window_ms, greylist_memory_ms;
	struct {
		int fail, softfail, none, permerror, temperror; /* enum policy_action */
	} spf;
	/* recipients: as int for POLICY_CHOICE */
	int probe, learn;   /* 1: on */
	int unknown_outage; /* enum unknown_outage */
	int64_t probe_keep_ms, probe_refused_keep_ms, learn_keep_ms;
};

enum policy_type {
	POLICY_MODE,   /* off|log|defer|reject; enum check_mode at the offset */
	POLICY_CHOICE, /* one of `words`; its place in them, as int, at the offset */
	POLICY_TIME,   /* "5m"; int64_t ms */
	POLICY_NUMBER, /* int64_t */
	POLICY_OTHER,  /* parse does it */
};

/* One row a setting. */
struct policy_option {
	const char *name;
	enum policy_type type;
	size_t offset; /* in struct policy_settings */
	const char *dflt;
	const char *words;    /* POLICY_CHOICE: "off|on|while-up"; POLICY_MODE: NULL, or those that
			       * mean something, from "off" on */
	const char *min, *max; /* POLICY_TIME, POLICY_NUMBER: as they are written */
	/* POLICY_OTHER: parses value to the field at `field`; what it keeps is in the arena. */
	bool (*parse)(struct arena *a, struct str value, void *field, struct err *e);
	const char *says;
};

extern const struct policy_option policy_options[];
extern const size_t policy_option_count;

const char *check_name(enum check_id id);
const char *check_mode_name(enum check_mode m); /* "log" */

/* NULL when there is none of this name. */
const struct policy_option *policy_option_find(struct str name);
/* Sets one; an error says what would be right, and nothing is changed then. */
bool policy_settings_put(struct policy_settings *p, struct arena *a, const struct policy_option *o,
			 struct str value, struct err *e) MUST_CHECK;
/* All defaults.  NULL past the arena's maximum. */
struct policy_settings *policy_settings_defaults(struct arena *a) MUST_CHECK;

#endif
