/* scene.h: a .scene file: what the world looks like to the policy, and the verdicts it must give.
 * README.md says how one is written.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_SCENE_SCENE_H
#define TESTS_SCENE_SCENE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "db/settings.h"
#include "policy/ask.h"
#include "policy/policy.h"
#include "proto/path.h"

#define SCENE_DOMAINS_MAX 16
#define SCENE_ANSWERS_MAX 64
#define SCENE_PATTERNS_MAX 8
#define SCENE_WANTED_MAX  128
#define SCENE_RECORDS_MAX 16

enum canned { CANNED_ACCEPT, CANNED_REJECT, CANNED_NONE, CANNED_ERROR, CANNED_NEVER, CANNED_FOUND,
	      CANNED_ALIAS };

/* answer recipient LOCAL@DOMAIN WORD|alias ADDRESS: the local part folded and unquoted, as it is
 * asked for; "*" for all that have no answer of their own.  answer dns NAME TYPE RECORDS|WORD: "*"
 * as the name for all names without an answer of their own.  answer greylist CLIENT
 * <SENDER> WORD [AGO]: local is the client, domain the sender; "* *" for all others. */
struct scene_answer {
	enum ask_kind kind;
	struct str local, domain; /* ASK_DNS: the name is local */
	enum dns_type type;
	enum canned canned;
	int64_t ago_ms; /* ASK_GREYLIST, ASK_TRIES: the first try */
	unsigned tried; /* ASK_TRIES */
	struct dns_record records[SCENE_RECORDS_MAX]; /* CANNED_FOUND */
	size_t record_count;
	struct str alias; /* CANNED_ALIAS */
	bool heard;
};

/* rcpt PATH -> VERDICT [with CHECK FINDING [NOTE]] */
struct scene_wanted {
	unsigned line, times;
	struct path rcpt;
	struct str verdict;
	struct str finding; /* "" for any */
};

struct scene {
	struct arena *arena; /* holds all of it */
	struct domain domains[SCENE_DOMAINS_MAX];
	struct pattern patterns[SCENE_DOMAINS_MAX][SCENE_PATTERNS_MAX];
	const struct domain *by_id[SCENE_DOMAINS_MAX];
	struct settings settings;
	bool settings_missing, settings_stale, memory_none, hurried, too_fast;
	struct policy_settings *policy; /* for all */
	struct str client, helo, allowed, denied;
	struct path sender;
	enum standing primary;
	struct scene_answer answers[SCENE_ANSWERS_MAX];
	size_t answer_count;
	struct scene_wanted wanted[SCENE_WANTED_MAX];
	size_t wanted_count;
};

/* Reads a file; an error names its line. */
struct scene *scene_load(const char *path, struct err *e);
void scene_free(struct scene *s); /* NULL is accepted */
/* Name of the domain with this id. */
struct str scene_domain_name(const struct scene *s, int64_t id);

#endif
