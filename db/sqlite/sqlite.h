/* sqlite.h: what the files of this backend share: the connection, statements, errors.
 *
 * A statement is prepared when it is first used and kept in its slot; its text stands where it is
 * used.  sql_start gives it back reset with its values bound; whoever starts one steps it to its
 * end or calls sql_end, so that no read transaction is left open.
 * SPDX-License-Identifier: ISC */
#ifndef DB_SQLITE_SQLITE_H
#define DB_SQLITE_SQLITE_H

#include <sqlite3.h>

#include "db/backend.h"
#include "db/change_job.h"
#include "db/greylist.h"

/* message.flags; two bits from FLAG_RET on: enum dsn_ret.  Bits that a row from before they had a
 * meaning lacks are 0, so a new one needs no migration. */
enum message_flag {
	FLAG_ESMTP = 1,
	FLAG_8BIT = 2,
	FLAG_RET = 2,
	FLAG_SMTPUTF8 = 16,
	FLAG_UTF8_HEADER = 32,
};

/* One slot a statement. */
enum sql_slot {
	SQL_BEGIN, SQL_READ_BEGIN, SQL_COMMIT,
	/* accept */
	SQL_DOMAIN_IS, SQL_MESSAGE_INSERT, SQL_CHUNK_INSERT, SQL_DELIVERY_INSERT,
	/* settle */
	SQL_ROW_STATE, SQL_LEDGER_ONE, SQL_DELIVERY_DELETE, SQL_LEFT, SQL_MESSAGE_DELETE,
	SQL_CHUNK_DELETE, SQL_DELIVERY_FORGET, SQL_DEFER, SQL_FAIL, SQL_EVENT,
	SQL_TALLY_ADD, SQL_TALLY_PRUNE,
	/* change */
	SQL_DOMAIN_ID, SQL_DOMAIN_INSERT, SQL_DOMAIN_UPDATE, SQL_DOMAIN_DELETE, SQL_ROUTE_DELETE,
	SQL_ROUTE_INSERT, SQL_QUEUED_COUNT, SQL_PARKED_COUNT,
	SQL_RECIPIENT_HAS, SQL_RECIPIENT_IS, SQL_PATTERN_COUNT, SQL_RECIPIENT_ALL,
	SQL_RECIPIENT_UPSERT, SQL_RECIPIENT_DELETE, SQL_AUDIT,
	SQL_MESSAGE_ROWS, SQL_ROW_SET, SQL_FIND_FAILED,
	SQL_FLUSH, SQL_POLICY_PUT, SQL_POLICY_DELETE, SQL_POLICIES_DELETE,
	SQL_ACCESS_PUT, SQL_ACCESS_DELETE, SQL_ACCESS_DELETE_ALL,
	SQL_DOMAIN_MODE,
	SQL_LEAVING_PUT, SQL_LEAVING_NEXT, SQL_LEAVING_QUEUED, SQL_LEAVING_PARKED,
	SQL_LEAVING_LISTED, SQL_LEAVING_HEARD, SQL_LEAVING_DELETE,
	/* greylist */
	SQL_GREYLIST, SQL_GREYLIST_PUT, SQL_GREYLIST_BOUND, SQL_GREYLIST_TRIED, SQL_GREYLIST_DELETE,
	SQL_KNOWN, SQL_KNOWN_PUT, SQL_KNOWN_TOUCH, SQL_KNOWN_COUNT, SQL_KNOWN_BOUND,
	SQL_GREYLIST_FORGET, SQL_KNOWN_FORGET, SQL_GREYLIST_END, SQL_GREYLIST_PRUNE,
	SQL_KNOWN_PRUNE,
	SQL_OFFER, SQL_OFFERS_FORGET,
	/* read */
	SQL_DUE, SQL_DUE_NEXT, SQL_HEAD, SQL_CHUNK, SQL_RECIPIENT, SQL_EXPIRED, SQL_EXPIRED_MAIL,
	SQL_LIFETIMES, SQL_WAITING,
	/* heard */
	SQL_HEARING, SQL_HEARD, SQL_LISTED, SQL_LISTED_CONFIRM, SQL_HEARING_COUNT, SQL_HEARD_PUT,
	SQL_HEARD_DELETE, SQL_CLOCK_STOP, SQL_CLOCK_START, SQL_ACCEPTS_ALL, SQL_HEARD_DELETE_ALL,
	SQL_HEARING_DELETE, SQL_HEARING_CLEAR, SQL_HEARD_OLD,
	/* settings, start, tidy */
	SQL_DOMAINS, SQL_ROUTES, SQL_PATTERNS, SQL_POLICIES, SQL_ACCESS, SQL_HIGHEST, SQL_NODE,
	SQL_PULL_DUE,
	SQL_PRAGMA_PAGES,
	SQL_PRAGMA_FREE, SQL_VACUUM, SQL_PRUNE_END, SQL_PRUNE_EVENT_END, SQL_PRUNE_LEDGER,
	SQL_PRUNE_EVENT, SQL_PRUNE_AUDIT,
	/* view */
	SQL_VIEW_QUEUE, SQL_VIEW_OF_DOMAIN, SQL_VIEW_PARKED, SQL_VIEW_FEW, SQL_VIEW_MESSAGE,
	SQL_VIEW_LEDGER, SQL_VIEW_EVENTS, SQL_VIEW_RECIPIENTS, SQL_VIEW_DOMAINS,
	SQL_VIEW_QUEUED, SQL_VIEW_QUEUED_OF, SQL_VIEW_COUNT_PARKED, SQL_VIEW_SIZE,
	SQL_VIEW_LIST_SIZE, SQL_VIEW_HEARING, SQL_VIEW_TAKERS,
	SQL_VIEW_AUDIT, SQL_VIEW_POLICY, SQL_VIEW_REPORT, SQL_VIEW_REPORT_ALL, SQL_VIEW_ACCESS,
	SQL_VIEW_GREYLIST, SQL_VIEW_KNOWN,
	SQL_SLOTS
};

#define SQLITE_PAGE_BYTES 16384 /* PRAGMA page_size */
#define SQLITE_BUSY_MS 2000 /* how long a lock is waited for */

/* Where old rows are looked for, in turn (tidy.c). */
enum prune_turn { PRUNING_LEDGER, PRUNING_EVENTS, PRUNING_GREYLIST, PRUNING_HEARD, PRUNING_AUDIT };

struct backend {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_SLOTS];
	enum backend_health health;
	int log_frames;        /* of the write-ahead log, after the last commit */
	char *chunk;           /* room for one body row that comes from a file */
	bool shrinking;        /* free pages are being given back */
	msgid prune_at;        /* how far ledger or events have been looked through */
	enum prune_turn pruning; /* which of the tables it is */
	int64_t greylist_at;    /* how far first tries have been looked through */
	int64_t greylist_known; /* rows; -1: to be counted */
	int64_t heard_domain; /* how far what was heard has been looked through */
	char heard_local[600];
	msgid expired_at;      /* where the next look for expired mail goes on */
	unsigned expired_seq;
};

enum sql_type { SQL_INT, SQL_TEXT, SQL_BLOB };
struct sql_value {
	enum sql_type type;
	int64_t num;
	struct str str;
};
#define V_INT(v)  { SQL_INT, (int64_t)(v), { 0, 0 } }
#define V_STR(v)  { SQL_TEXT, 0, (v) }
#define V_BLOB(v) { SQL_BLOB, 0, (v) }

/* Prepared, reset and bound, or NULL with e set.  The spans must live until it has been stepped. */
sqlite3_stmt *sql_start_values(struct backend *b, enum sql_slot slot, const char *text,
			       const struct sql_value *values, size_t n, struct err *e);
/* sql_start(b, SQL_LEFT, e, "SELECT …", V_INT(id)) */
#define sql_start(b, slot, e, text, ...)                                                       \
	sql_start_values((b), (slot), (text), (const struct sql_value[]){ __VA_ARGS__ },       \
			 sizeof((const struct sql_value[]){ __VA_ARGS__ }) /                   \
				 sizeof(struct sql_value),                                     \
			 (e))
/* 1: a row, 0: none (left), -1: failed, e is set.  After 0 and -1 the statement is reset. */
int sql_step(struct backend *b, sqlite3_stmt *st, struct err *e);
/* Takes a NULL that sql_start answered. */
void sql_end(sqlite3_stmt *st);
/* Runs a statement that gives no rows. */
bool sql_run(struct backend *b, sqlite3_stmt *st, struct err *e) MUST_CHECK;
/* Runs a text of statements, not kept. */
bool sql_exec(struct backend *b, const char *text, struct err *e) MUST_CHECK;
/* The first column of the only row; `otherwise` when there is none. */
bool sql_int(struct backend *b, sqlite3_stmt *st, int64_t otherwise, int64_t *ret, struct err *e)
	MUST_CHECK;
int64_t sql_changes(struct backend *b);
struct str sql_text(sqlite3_stmt *st, int column); /* valid until the next step */
struct str sql_blob(sqlite3_stmt *st, int column);
/* Says what the database said, and remembers in health what that means.  Always false. */
bool sql_failed(struct backend *b, int rc, struct err *e);

/* sqlite.c */
bool sqlite_open(const char *path, bool read_only, struct backend **ret, struct err *e) MUST_CHECK;
void sqlite_close(struct backend *b);
char *sqlite_path(const struct conf *conf) MUST_CHECK; /* to be freed */

/* migrate.c: creates what is not there; refuses what is not ours or newer than we. */
bool sqlite_create(const char *path, struct err *e) MUST_CHECK;
bool sqlite_migrate(struct backend *b, struct err *e) MUST_CHECK;

/* select.c: what more than one file asks */
/* *ret is 0 when there is none of this name. */
bool sqlite_find_domain(struct backend *b, struct str name, int64_t *ret, struct err *e) MUST_CHECK;
/* action, target: the list's own row. */
sqlite3_stmt *sqlite_select_listed(struct backend *b, int64_t domain, struct str local,
				   struct err *e);
/* The bytes of body row seq. */
sqlite3_stmt *sqlite_select_content(struct backend *b, msgid message, unsigned seq, struct err *e);
/* domain, next_try: the next domain behind `after` that has queued mail, and when it is due. */
sqlite3_stmt *sqlite_select_waiting(struct backend *b, int64_t after, struct err *e);
bool sqlite_count_queued(struct backend *b, int64_t domain, int64_t *ret, struct err *e) MUST_CHECK;

/* accept.c */
enum run_result sqlite_accept(struct backend *b, struct job_accept *a, struct batch *batch);
enum run_result sqlite_insert_mail(struct backend *b, const struct envelope *env,
				   const struct body *body, struct batch *batch, struct err *e);

/* tally.c */
enum run_result sqlite_tally(struct backend *b, struct job_tally *t);

/* offer.c */
enum run_result sqlite_offer(struct backend *b, struct job_offer *j, struct batch *batch);
/* Its six columns from `column` on: since to rcpt_domain_max. */
struct offer sqlite_offer_row(sqlite3_stmt *st, int column);
/* Those of primaries that no domain names any more. */
bool sqlite_forget_offers(struct backend *b, struct err *e);

/* settle.c */
enum run_result sqlite_settle(struct backend *b, struct job_settle *s, struct batch *batch);
/* Recipient seq of the message to the ledger and out of the queue; *ret_there: it was there. */
bool sqlite_finish(struct backend *b, const struct batch *batch, msgid message, unsigned seq,
		   enum delivery_state state, const struct outcome *o, struct str who,
		   bool *ret_there, struct err *e) MUST_CHECK;
/* Takes the message away when no recipient is left. */
bool sqlite_drop_if_settled(struct backend *b, msgid message, struct err *e) MUST_CHECK;
bool sqlite_drop_message(struct backend *b, msgid message, struct err *e) MUST_CHECK;
bool sqlite_event(struct backend *b, const struct batch *batch, msgid message, const char *kind,
		  struct str detail, struct err *e) MUST_CHECK;

/* change*.c */
enum run_result sqlite_change(struct backend *b, struct job_change *c, struct batch *batch);
enum run_result sqlite_change_domain(struct backend *b, struct job_change *c,
				     struct batch *batch);
enum run_result sqlite_change_recipient(struct backend *b, struct job_change *c,
					struct batch *batch);
enum run_result sqlite_change_queue(struct backend *b, struct job_change *c,
				    struct batch *batch);
enum run_result sqlite_change_access(struct backend *b, struct job_change *c, struct batch *batch);
enum run_result sqlite_change_greylist(struct backend *b, struct job_change *c,
				       struct batch *batch);
enum run_result sqlite_change_heard(struct backend *b, struct job_change *c, struct batch *batch);
enum run_result sqlite_change_policy(struct backend *b, struct job_change *c, struct batch *batch);
/* change_alias.c: what the list forbids is refused before anything of it is written. */
enum run_result sqlite_check_entries(struct backend *b, struct job_change *c, int64_t domain);
bool sqlite_has_pattern(const struct job_change *c);
/* RUN_DONE with the id, RUN_REFUSED (not there), RUN_BROKEN. */
enum run_result sqlite_domain_id(struct backend *b, struct job_change *c, int64_t *ret);
/* The message's recipients in the domain to the ledger, as deleted by who; *n grows by so many. */
bool sqlite_delete_rows(struct backend *b, struct str who, struct batch *batch, msgid message,
			int64_t domain, uint64_t *n, struct err *e) MUST_CHECK;

/* leaving.c */
/* The domain's row is gone: what it has left goes in steps, the first of them now. */
bool sqlite_leave(struct backend *b, const struct job_change *c, struct batch *batch,
		  int64_t domain, struct err *e) MUST_CHECK;
/* One step, in a transaction of its own; t->leaving: there may be more. */
bool sqlite_leaving(struct backend *b, struct tidy *t, struct err *e) MUST_CHECK;

/* greylist.c */
enum run_result sqlite_greylist(struct backend *b, struct job_greylist *g);
bool sqlite_greylist_look(struct backend *b, struct job_greylist *g) MUST_CHECK;
/* A step: what is too old goes; *ret_more: there is more of it. */
bool sqlite_greylist_prune(struct backend *b, int64_t now_ms, bool *ret_more, struct err *e)
	MUST_CHECK;
/* heard.c */
/* 1 found and believed, 0 not, -1 failed. */
int sqlite_find_heard(struct backend *b, struct job_recipient *r, struct str local);
bool sqlite_learn(struct backend *b, const struct lesson *l, struct batch *batch, struct err *e)
	MUST_CHECK;
enum run_result sqlite_hear(struct backend *b, struct job_hear *j, struct batch *batch);
/* Was anything said of this user, believed or not? */
bool sqlite_is_heard(struct backend *b, int64_t domain, struct str local, bool *ret, struct err *e)
	MUST_CHECK;
/* That there is something is known. */
bool sqlite_forget_heard(struct backend *b, int64_t domain, struct str local, struct err *e)
	MUST_CHECK;
bool sqlite_forget_all_heard(struct backend *b, int64_t domain, uint64_t *ret_n, struct err *e)
	MUST_CHECK;
/* All but what was said of users. */
bool sqlite_forget_hearing(struct backend *b, int64_t domain, struct err *e) MUST_CHECK;
/* One step; *ret_changed: an entry is gone. */
bool sqlite_prune_heard(struct backend *b, int64_t now_ms, bool *ret_more, bool *ret_changed,
			struct err *e) MUST_CHECK;

/* settings.c, tidy.c */
bool sqlite_load_settings(struct backend *b, uint64_t version, struct settings **ret,
			  struct err *e) MUST_CHECK;
bool sqlite_checkpoint(struct backend *b, bool now, struct err *e) MUST_CHECK;
bool sqlite_tidy(struct backend *b, struct tidy *t, bool *ret_more, struct err *e) MUST_CHECK;

/* read.c, due.c, expired.c */
bool sqlite_read(struct backend *b, struct job *job, const struct due_look *look);
bool sqlite_due(struct backend *b, struct job_due *d, const struct due_look *look) MUST_CHECK;
bool sqlite_expired(struct backend *b, struct job_expired *x) MUST_CHECK;

#endif
