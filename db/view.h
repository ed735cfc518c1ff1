/* view.h: what operators look at: a read-only connection, for one thread at a time.
 *
 * Every list is bounded (limit, at most VIEW_LIMIT_MAX) and paged by the key of the last row; rows
 * live in the caller's arena.  No read transaction outlives a call, so the WAL can be reset.
 * SPDX-License-Identifier: ISC */
#ifndef DB_VIEW_H
#define DB_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/str.h"
#include "db/store.h"

#define VIEW_LIMIT_MAX 1000

struct view;

bool view_open(const struct conf *conf, struct view **ret, struct err *e) MUST_CHECK;
/* The same, opened when it is looked through first. */
struct view *view_new(const struct conf *conf);
void view_close(struct view *v); /* NULL is accepted */

/* One recipient of a message that is still in the queue, or (view_ledger) was. */
struct view_delivery {
	msgid message;
	unsigned seq;
	enum delivery_state state;
	int64_t domain;
	const char *sender, *recipient, *domain_name, *client, *helo;
	const char *tls; /* "TLSv1.3/TLS_AES_256_GCM_SHA384", or "" in clear */
	uint64_t size;
	int64_t received_ms, changed_ms;
	int64_t next_try_ms; /* queued only */
	unsigned attempts;
	const char *reply;   /* last reply, or "" */
	const char *primary; /* that gave it, or "" */
	const char *findings; /* of the checks: lines "check finding note", or "" */
	const char *by;      /* ledger, deleted: by whom */
};

struct view_filter {
	const char *domain; /* NULL: all */
	unsigned states;    /* bits 1 << STATE_…; of the queue's three */
	msgid message;      /* 0: all */
	msgid after;        /* messages above this id; oldest first */
	unsigned limit;     /* recipients; a message may be cut: *ret_more */
};

bool view_queue(struct view *v, struct arena *a, const struct view_filter *f,
		struct view_delivery **ret, size_t *ret_n, bool *ret_more, struct err *e)
	MUST_CHECK;
/* Final rows of one message. */
bool view_ledger(struct view *v, struct arena *a, msgid message, struct view_delivery **ret,
		 size_t *ret_n, struct err *e) MUST_CHECK;

struct view_event {
	int64_t at_ms;
	const char *kind, *detail; /* "deferred", "user1@example.test: 451 4.3.0 …" */
};
bool view_events(struct view *v, struct arena *a, msgid message, struct view_event **ret,
		 size_t *ret_n, struct err *e) MUST_CHECK;
/* The first bytes of the body, up to max: for headers. */
bool view_body_head(struct view *v, struct arena *a, msgid message, size_t max, struct str *ret,
		    struct err *e) MUST_CHECK;

struct view_recipient {
	const char *local;
	enum recipient_found action;
	const char *target; /* of an alias, or "" */
	const char *source; /* list import probe learned */
	int64_t added_ms, confirmed_ms;
	unsigned confidence; /* percent; what a person said is 100 */
};
bool view_recipients(struct view *v, struct arena *a, const char *domain, const char *after,
		     unsigned limit, struct view_recipient **ret, size_t *ret_n, bool *ret_more,
		     struct err *e) MUST_CHECK;

struct view_count {
	int64_t domain;
	const char *domain_name;
	uint64_t queued, held, failed; /* recipients */
	uint64_t recipients;           /* entries of the list */
	uint64_t heard;                /* users known from the primary itself */
	bool accepts_all;              /* it takes a user of any name … */
	int64_t accepts_tested_ms;     /* … or not, when it was tried last; 0: never */
	int64_t oldest_ms;             /* received time of the oldest queued message, 0: none */
};
/* One row a domain that has any; domain NULL: all (recipients are not counted then). */
bool view_counts(struct view *v, struct arena *a, const char *domain, struct view_count **ret,
		 size_t *ret_n, struct err *e) MUST_CHECK;

/* A setting of a policy that has been set. */
struct view_setting {
	const char *name, *value;
	bool own; /* the domain's; else: for all */
};
/* What is set for the domain and for all, or (domain NULL) for all only, by name. */
bool view_policy(struct view *v, struct arena *a, const char *domain, struct view_setting **ret,
		 size_t *ret_n, struct err *e) MUST_CHECK;

/* An entry of the allow-list or the deny-list. */
struct view_entry {
	const char *domain_name; /* "": for all */
	const char *kind, *pattern;
	int64_t added_ms;
};
struct view_access_filter {
	enum access_list list;
	const char *domain; /* NULL: all there are */
	unsigned limit, skip;
};
bool view_access(struct view *v, struct arena *a, const struct view_access_filter *f,
		 struct view_entry **ret, size_t *ret_n, bool *ret_more, struct err *e) MUST_CHECK;
/* A client that was told to come back, or (known) that did. */
struct view_greylist {
	const char *domain_name, *what; /* "greylist" */
	const char *client;             /* "192.0.2.0/24", or the domain that SPF vouched for */
	bool known;
	const char *sender, *recipient; /* of its first try; "" when known */
	int64_t first_ms, since_ms, seen_ms; /* when known; else first_ms only */
	int64_t until_ms;
	unsigned tries;
};
/* The clients that wait, newest first, or (known) those that came back, by domain and name; domain
 * NULL: of all. */
bool view_greylist(struct view *v, struct arena *a, const char *domain, bool known,
		   unsigned limit, struct view_greylist **ret, size_t *ret_n, bool *ret_more,
		   struct err *e) MUST_CHECK;

/* How often a check found this of the domain's recipients, in the last day and week; domain NULL:
 * of all there are. */
struct view_finding {
	const char *check, *finding;
	uint64_t day, week;
};
bool view_report(struct view *v, struct arena *a, const char *domain, int64_t now_ms,
		 struct view_finding **ret, size_t *ret_n, struct err *e) MUST_CHECK;

struct view_audit {
	int64_t at_ms;
	const char *who, *what;
};
/* Newest first. */
bool view_audit(struct view *v, struct arena *a, unsigned limit, struct view_audit **ret,
		size_t *ret_n, struct err *e) MUST_CHECK;

/* The database engine and its file. */
struct view_engine {
	const char *name, *version; /* "sqlite", "3.40.1" */
	uint64_t bytes;             /* of the file, without the log beside it */
	bool wal_reset_bug;         /* this version of SQLite has it; see store.h */
};
bool view_engine(struct view *v, struct arena *a, struct view_engine *ret, struct err *e)
	MUST_CHECK;

#endif
