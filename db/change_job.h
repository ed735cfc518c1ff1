/* change_job.h: an operator's change as a job: what change.c makes and a backend carries out.
 *
 * Everything that can be seen to be wrong without the database has been refused before there is
 * a job; the backend refuses what the rows forbid.
 * SPDX-License-Identifier: ISC */
#ifndef DB_CHANGE_JOB_H
#define DB_CHANGE_JOB_H

#include "db/change.h"
#include "db/store.h"

enum change_kind {
	CHANGE_DOMAIN_ADD,
	CHANGE_DOMAIN_SET,
	CHANGE_DOMAIN_REMOVE,
	CHANGE_RECIPIENT_ADD, /* an import too */
	CHANGE_RECIPIENT_REMOVE,
	CHANGE_RECIPIENT_REPLACE,
	CHANGE_RECIPIENT_FORGET,
	CHANGE_MESSAGE,
	CHANGE_FAILED_ALL,
	CHANGE_FLUSH,
	CHANGE_POLICY,
	CHANGE_ACCESS,
	CHANGE_GREYLIST, /* forget */
};

/* What a domain's settings become; only what is named in `has`. */
enum patch_bit {
	PATCH_MODE = 1 << 0,
	PATCH_ENABLED = 1 << 1,
	PATCH_UNKNOWN = 1 << 2,
	PATCH_SUBADDRESS = 1 << 3,
	PATCH_LIFETIME = 1 << 4,
	PATCH_ROUTES = 1 << 5,
	PATCH_MAX_SIZE = 1 << 6,
	PATCH_RATE = 1 << 7,
};

struct domain_patch {
	unsigned has;
	enum domain_mode mode;
	bool enabled;
	enum domain_unknown unknown;
	char subaddress;
	int64_t lifetime_ms;
	uint64_t max_size; /* 0: none */
	unsigned rate;     /* 0: none */
	struct route routes[DOMAIN_ROUTES_MAX];
	size_t route_count;
};

struct change_local {
	struct str local; /* lower case, unquoted */
	enum recipient_found action;
	struct str target; /* RECIPIENT_ALIAS: where it goes; else "" */
	uint32_t line; /* of the file it came from; later ones win */
	bool known, same; /* the backend: it is in the list already; and just so */
	bool remembered;  /* CHANGE_RECIPIENT_FORGET: it was, beside the store */
};

struct change_setting {
	struct str name, value; /* value.at is NULL: the default again */
};

struct change_entry {
	enum access_kind kind;
	struct str pattern;
};

struct job_change {
	struct job job;
	enum change_kind what;
	struct str who;
	struct str audit;  /* what the audit row says */
	struct str domain; /* name, lower case; .at is NULL for all */
	struct domain_patch patch;
	bool force; /* domain: with its mail; list: however much goes */
	bool all;   /* CHANGE_RECIPIENT_FORGET: not only locals */
	uint64_t remembered; /* all: so many, beside the store */
	const char *source; /* of recipients: "list" or "import" */
	struct change_local *locals; /* sorted, each once; not in the arena: the caller's */
	size_t local_count;
	const struct change_setting *settings; /* CHANGE_POLICY */
	size_t setting_count;
	enum access_list list; /* CHANGE_ACCESS */
	bool remove;           /* the entries, rather than add them */
	const struct change_entry *entries;
	size_t entry_count;
	struct str client; /* CHANGE_GREYLIST; .at is NULL for all */
	msgid message;
	enum queue_act act;
	uint64_t changed; /* answer */
	uint64_t added, removed, kept; /* CHANGE_RECIPIENT_REPLACE: answer too */
};

struct job_change *job_new_change(struct inbox *to, size_t max_bytes);

#endif
