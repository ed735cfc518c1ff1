/* store.h: the queue and everything else that must survive: jobs given to the store's threads.
 *
 * Two threads: the writer, whose connection is the only one that ever writes or checkpoints
 * (SQLite's WAL-reset bug, fixed in 3.51.3 only, needs a second one), and the reader, whose
 * connection is read-only.  While one commit waits for the disk the next batch of writing jobs
 * gathers: group commit without timer or setting.  A writing job is answered after its COMMIT
 * with synchronous=FULL has returned; an outcome that is not known counts as not done.
 *
 * A job is allocated by the asker with job_new_*, given to store_put, and comes back through the
 * asker's inbox when it is done; then its on_done is called by whoever empties that inbox.
 * Nothing in flight points at a session: `owner` is read by the asker's thread alone, which sets
 * it to NULL when the owner goes away.
 *
 * When a batch fails it is rolled back and its jobs are tried one by one, so that one bad job
 * spoils nobody's, and on a full disk outcomes, which free space, go on while new mail is refused.
 * SPDX-License-Identifier: ISC */
#ifndef DB_STORE_H
#define DB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/inbox.h"
#include "base/list.h"
#include "base/log.h"
#include "base/str.h"
#include "db/settings.h"

#define STORE_CHUNK_BYTES (256 * 1024) /* a body row; the last is shorter */

enum delivery_state {
	/* in table delivery: the message is still ours to deliver */
	STATE_QUEUED,
	STATE_HELD,   /* by hand */
	STATE_FAILED, /* the primary said 5xx: on the failed list, re-deliverable */
	/* in table ledger: final */
	STATE_DELIVERED,
	STATE_BOUNCED,
	STATE_EXPIRED,
	STATE_DELETED,
};
const char *delivery_state_name(enum delivery_state s); /* "queued" */

/* -- jobs ------------------------------------------------------------------ */

enum job_kind {
	JOB_ACCEPT, JOB_SETTLE, JOB_CHANGE, JOB_TALLY, JOB_GREYLIST, JOB_OFFER,
	JOB_HEAR, /* written */
	JOB_DUE, JOB_CHUNK, JOB_RECIPIENT, JOB_EXPIRED, JOB_WAITING, JOB_GREYLIST_LOOK, /* read */
	JOB_PROBE, /* not the store's: relay/probe.h */
};

struct job;
/* world is what the emptier of the inbox passes on: its own thread's state. */
typedef void job_done_fn(void *world, struct job *job);

struct job {
	struct list link;
	enum job_kind kind;
	struct inbox *to;     /* where it goes when done */
	job_done_fn *on_done; /* called by the owner of `to`; must job_free in the end */
	void *owner;          /* the asker's; NULL when nobody waits any more */
	struct arena *arena;  /* holds the job itself and all its strings; freed by job_free */
	bool ok;
	struct err err; /* when !ok; kind ERR_FULL: no space; else ERR_TEMP or ERR_PERM */
};

/* Frees what the job holds, with body memory and fd.  NULL is accepted. */
void job_free(struct job *job);

/* The body of a message: memory or an unlinked file; owned by the job once given. */
struct body {
	char *mem; /* malloc'ed, or NULL */
	int fd;    /* or a file whose first `size` bytes it is; -1 for none */
	uint64_t size;
};

struct envelope_rcpt {
	struct str address; /* as given: "User+tag@Example.Test" */
	int64_t domain;     /* id, or DOMAIN_BOUNCES */
	unsigned notify;    /* RFC 3461: proto/dsn.h, enum dsn_notify */
	struct str orcpt;   /* as it came, or "" */
	struct str findings; /* of the checks: lines "check finding note", or "" */
	/* Taken although nobody could say whether he exists: no report is sent about him. */
	bool unverified;
};

struct envelope {
	msgid id;
	struct str sender; /* "" for the null reverse-path */
	struct str client; /* address text, or "" for our own bounces */
	struct str helo;
	struct str tls;    /* "TLSv1.3/TLS_AES_256_GCM_SHA384", or "" in clear */
	int64_t received_ms;
	bool esmtp, body_8bit;
	bool chunked;     /* came by BDAT; for the log, not kept */
	bool smtputf8;    /* it came with SMTPUTF8 (RFC 6531) */
	bool utf8_header; /* and its header section is not ASCII */
	unsigned ret;     /* RFC 3461: proto/dsn.h, enum dsn_ret */
	struct str envid; /* as it came, or "" */
	const struct envelope_rcpt *rcpts;
	size_t rcpt_count;
};

/* A new message: envelope and body in one transaction. */
struct job_accept {
	struct job job;
	struct envelope env;
	struct body body;
};

enum outcome_kind {
	OUTCOME_DELIVERED, /* final: the primary took it */
	OUTCOME_DEFERRED,  /* try again at next_try_ms */
	OUTCOME_FAILED,    /* to the failed list */
	OUTCOME_BOUNCED,   /* final: a bounce is queued with it */
	OUTCOME_EXPIRED,   /* final */
};

struct outcome {
	unsigned seq; /* of the recipient */
	enum outcome_kind kind;
	struct str reply;  /* the primary's words or ours; the store keeps 1000 bytes of them */
	struct str primary; /* "host:port", or "" */
	bool relayed; /* the sender is to be told that it was delivered: a report goes with it */
	int64_t next_try_ms; /* wall clock; OUTCOME_DEFERRED only */
};

/* What became of recipients of one message, and with them a bounce (bounce_env.id != 0). When the
 * last recipient is final the body goes and only ledger rows stay.  A recipient that is not there
 * any more (deleted meanwhile) is passed over. */
struct job_settle {
	struct job job;
	msgid message;
	const struct outcome *outcomes;
	size_t outcome_count;
	const struct lesson *lessons; /* that go with it */
	size_t lesson_count;
	struct envelope bounce_env;
	struct body bounce_body;
};

/* What a primary's EHLO has just offered.  Nothing is done if no domain names it; the settings
 * change if it is news. */
struct job_offer {
	struct job job;
	struct str host;
	unsigned port;
	struct offer offer; /* but since_ms */
};

/* Mail that is due for one domain: queued rows with (next_try, message) > (after_ms, after_id) and
 * next_try <= upto_ms, in that order, whole messages, about `limit` recipients. */
struct due_rcpt {
	unsigned seq;
	unsigned attempts;
	struct str address;
	unsigned notify;
	struct str orcpt;
	bool unverified;
};

struct due_mail {
	msgid id;
	int64_t next_try_ms;
	struct str sender;
	uint64_t size;
	int64_t received_ms;
	bool body_8bit, smtputf8, utf8_header;
	unsigned ret;
	struct str envid;
	const struct due_rcpt *rcpts;
	size_t rcpt_count;
};

struct job_due {
	struct job job;
	int64_t domain;
	int64_t after_ms;
	msgid after_id;
	int64_t upto_ms;
	unsigned limit;
	/* answer */
	const struct due_mail *mails;
	size_t mail_count;
	/* More rows than the limit were due, or (then maybe without any mail) some became due in
	 * this very moment while a batch is being written: ask again. */
	bool more;
	int64_t next_due_ms; /* when !more: next_try of the first row behind upto_ms; 0: none */
};

/* One body row. */
struct job_chunk {
	struct job job;
	msgid message;
	unsigned seq; /* 0.. */
	/* answer: bytes in the job's arena; found is false when there is no such row: behind the
	 * last, or the message was deleted */
	bool found;
	struct str bytes;
};

enum recipient_found {
	RECIPIENT_UNKNOWN,
	RECIPIENT_ACCEPT,
	RECIPIENT_REJECT,
	RECIPIENT_ALIAS, /* accepted, for another address */
};

/* Is this local part in the domain's list?  `local` is folded (base/idn.h) and unquoted; base is
 * the part before the subaddress delimiter or "".  An entry for local wins over one for base. */
struct job_recipient {
	struct job job;
	int64_t domain;
	struct str local, base;
	int64_t now_ms;
	enum recipient_found found;
	struct str alias; /* RECIPIENT_ALIAS: for this address */
	bool heard;       /* not of the list, but what the primary said */
};

/* What a primary has said of one user: db/sqlite/heard.c says what becomes of it. */
struct lesson {
	int64_t domain;
	struct str local; /* folded, unquoted */
	bool exists;
	bool probed;      /* asked for it, rather than heard when mail was delivered */
	int64_t now_ms;
	int64_t keep_ms;  /* exists: for so long of its domain's time */
};

enum hear_kind {
	HEAR_DOWN,        /* all primaries of these domains are down: their clocks stand still */
	HEAR_UP,          /* one is not, any more */
	HEAR_ACCEPTS_ALL, /* their primary takes a user of any name: what it takes says nothing */
	HEAR_SELECTS,     /* it does not */
};

struct job_hear {
	struct job job;
	enum hear_kind what;
	int64_t now_ms;
	const int64_t *domains;
	size_t domain_count;
	const struct lesson *lessons; /* beside, or instead of it */
	size_t lesson_count;
};

/* Does the primary take this user?  Answered by the forwarder. */
enum probe_found {
	PROBE_UNSAID, /* it could not be asked, or its answer is not about the user */
	PROBE_USER,
	PROBE_NO_USER,
	PROBE_ANYBODY, /* it takes a user of any name */
};

struct job_probe {
	struct job job;
	int64_t domain;
	struct str local;   /* folded, unquoted: the user */
	struct str address; /* as it is said to the primary */
	enum probe_found found;
};

/* Recipients in any of the states queued, held, failed whose domain's lifetime is over (failed
 * ones: counted from their failure). */
struct expired_rcpt {
	msgid message;
	unsigned seq;
	int64_t domain;
	enum delivery_state state;
	struct str sender, address, last_reply;
	unsigned notify;
	struct str orcpt, envid;
	bool unverified;
	int64_t received_ms;
};

struct job_expired {
	struct job job;
	int64_t now_ms;
	unsigned limit;
	const struct expired_rcpt *rcpts; /* in order of message */
	size_t rcpt_count;
};

/* At start: the earliest next_try of each domain with queued mail (DOMAIN_BOUNCES too). */
struct waiting_domain {
	int64_t domain;
	int64_t next_due_ms;
};

struct job_waiting {
	struct job job;
	const struct waiting_domain *domains;
	size_t domain_count;
};

/* What the checks found, added to what was found before (view_report).  Slots older than
 * STORE_SLOTS_KEPT are forgotten with it. */
#define STORE_SLOT_MS    INT64_C(10800000) /* three hours */
#define STORE_SLOTS_KEPT 60                /* a week and some */

struct verdict_count {
	int64_t domain;
	const char *check, *finding; /* static */
	uint64_t n;
};

struct job_tally {
	struct job job;
	int64_t now_ms;
	const struct verdict_count *rows;
	size_t row_count;
};

/* Zeroed jobs with an arena of their own; fill in and store_put. */
struct job_accept *job_new_accept(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_settle *job_new_settle(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_offer *job_new_offer(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_due *job_new_due(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_chunk *job_new_chunk(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_recipient *job_new_recipient(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_expired *job_new_expired(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_hear *job_new_hear(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_probe *job_new_probe(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_waiting *job_new_waiting(struct inbox *to, job_done_fn *on_done, void *owner);
struct job_tally *job_new_tally(struct inbox *to, job_done_fn *on_done, void *owner);

/* -- notes: what the store tells the forwarder ------------------------------ */

/* After a commit: domain has mail that is due at at_ms (new mail, a deferral, a release, a flush).
 * At most one a domain and batch.  Freed with free(). */
struct store_note {
	struct list link;
	int64_t domain;
	int64_t at_ms;
	bool by_hand; /* an operator asked (flush, retry, release): probe now */
};

/* -- the store ---------------------------------------------------------------- */

struct store;

/* Opens or creates the database under conf->state_dir, migrates the schema, loads the settings to
 * the board and starts the threads.  notes may be NULL.  All of conf, log, board, notes must
 * outlive it. */
bool store_open(const struct conf *conf, struct log *log, struct settings_board *board,
		struct inbox *notes, struct store **ret, struct err *e) MUST_CHECK;
/* Ids for new messages, above all that the database knows. */
struct id_source *store_ids(struct store *s);
/* Gives a job; its answer comes to job->to.  Never blocks.  After store_close has begun jobs come
 * back !ok. */
void store_put(struct store *s, struct job *job);
/* False while the disk has less than store.min_free or the database is out of order: new mail gets
 * 452 at MAIL.  Any thread, no lock. */
bool store_takes_mail(const struct store *s);
/* Conf values that a reload may change (min_free, ledger_keep, audit_keep). */
void store_reconfigure(struct store *s, const struct conf *conf);
/* Finishes the jobs given so far (they are answered), checkpoints, closes.  Blocks. */
void store_close(struct store *s); /* NULL is accepted */

struct store_counters { /* for metrics; read without lock */
	uint64_t commits, written_jobs, failed_jobs, largest_batch, free_bytes;
	bool takes_mail;
	int64_t min_free, ledger_keep_ms; /* in force */
};
void store_read_counters(const struct store *s, struct store_counters *ret);

#endif
