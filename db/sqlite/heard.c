/* heard: what primaries say of their users, and how long and how firmly it is believed.
 *
 * A user that the primary takes is believed at once, for that is what the mail depends on.  That it
 * refuses one is believed slowly: an answer counts once in COUNT_MS, and takes away a part of the
 * confidence.  A primary that came back half configured says no to everybody; the forwarder lets a
 * no count only near a yes (settle.c), and what a person has listed is never touched.
 *
 * Everything is measured by the domain's clock, which stands still while its primaries are down: in
 * an outage nothing is forgotten.
 *
 * One table of states beside the entries instead of a count and a clock in each: an outage changes
 * one row a domain.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite/sqlite.h"

#define HOUR_MS         INT64_C(3600000)
#define DAY_MS          (24 * HOUR_MS)
#define COUNT_MS        (6 * HOUR_MS) /* between two answers that count against an entry */
#define CONFIRM_MS      DAY_MS        /* what was confirmed so lately is not written again */
#define REFUSED_KEEP_MS (7 * DAY_MS)  /* of a refused user: since the last that counted */
#define ENTRIES_MAX     100000        /* a domain */
#define REFUSED_MAX     50000         /* past so many no refused user is added: names are guessed */
#define PRUNE_STEP      500

#define TRUST_LEARNED 60
#define TRUST_PROBED  80
#define TRUST_MORE    10 /* for each day on which it is confirmed */
#define TRUST_LESS    40 /* for each answer that counts against it */
#define TRUST_REFUSED 30 /* a refused user: with this at first, … */
#define TRUST_NEEDED  50 /* … and believed from here on */

struct hearing {
	bool there;
	int64_t clock;
	bool accepts_all;
	int64_t entries;
};

static bool load_hearing(struct backend *b, int64_t domain, int64_t now_ms, struct hearing *ret,
			 struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_HEARING, e,
				     "SELECT stood, since, accepts_all, entries FROM hearing"
				     " WHERE domain = ?1",
				     V_INT(domain));
	int got = st ? sql_step(b, st, e) : -1;
	int64_t since;

	*ret = (struct hearing){ .clock = now_ms, .there = got > 0 };
	if (got <= 0)
		return got == 0;
	since = sqlite3_column_int64(st, 1);
	ret->clock = (since ? since : now_ms) - sqlite3_column_int64(st, 0);
	ret->accepts_all = sqlite3_column_int(st, 2) != 0;
	ret->entries = sqlite3_column_int64(st, 3);
	sql_end(st);
	return true;
}

/* -- asked -------------------------------------------------------------------------- */

struct entry {
	bool there;
	bool accept;
	int64_t confidence, counted, confirmed, expires;
};

static bool load_entry(struct backend *b, int64_t domain, struct str local, struct entry *ret,
		       struct err *e)
{
	sqlite3_stmt *st = sql_start(b, SQL_HEARD, e,
				     "SELECT action, confidence, counted, confirmed, expires"
				     " FROM heard WHERE domain = ?1 AND local = ?2",
				     V_INT(domain), V_STR(local));
	int got = st ? sql_step(b, st, e) : -1;

	*ret = (struct entry){ .there = got > 0 };
	if (got <= 0)
		return got == 0;
	ret->accept = sqlite3_column_int(st, 0) != RECIPIENT_REJECT;
	ret->confidence = sqlite3_column_int64(st, 1);
	ret->counted = sqlite3_column_int64(st, 2);
	ret->confirmed = sqlite3_column_int64(st, 3);
	ret->expires = sqlite3_column_int64(st, 4);
	sql_end(st);
	return true;
}

bool sqlite_is_heard(struct backend *b, int64_t domain, struct str local, bool *ret, struct err *e)
{
	struct entry entry;

	if (!load_entry(b, domain, local, &entry, e))
		return false;
	*ret = entry.there;
	return true;
}

int sqlite_find_heard(struct backend *b, struct job_recipient *r, struct str local)
{
	struct err *e = &r->job.err;
	struct hearing hearing;
	struct entry entry;

	if (!load_entry(b, r->domain, local, &entry, e))
		return -1;
	if (!entry.there || (!entry.accept && entry.confidence < TRUST_NEEDED))
		return 0;
	if (!load_hearing(b, r->domain, r->now_ms, &hearing, e))
		return -1;
	if (hearing.clock >= entry.expires)
		return 0;
	r->found = entry.accept ? RECIPIENT_ACCEPT : RECIPIENT_REJECT;
	r->heard = true;
	return 1;
}

/* -- told ---------------------------------------------------------------------------- */

/* The list's own entry is confirmed, no more.  1: the list has it. */
static int confirm_listed(struct backend *b, const struct lesson *l, struct err *e)
{
	int64_t confirmed;

	if (!sql_int(b,
		     sql_start(b, SQL_LISTED, e,
			       "SELECT confirmed FROM recipient WHERE domain = ?1 AND local = ?2",
			       V_INT(l->domain), V_STR(l->local)),
		     -1, &confirmed, e))
		return -1;
	if (confirmed < 0)
		return 0;
	if (!l->exists || l->now_ms - confirmed < CONFIRM_MS)
		return 1;
	return sql_run(b,
		       sql_start(b, SQL_LISTED_CONFIRM, e,
				 "UPDATE recipient SET confirmed = ?3"
				 " WHERE domain = ?1 AND local = ?2 AND action = 1",
				 V_INT(l->domain), V_STR(l->local), V_INT(l->now_ms)),
		       e) ?
		       1 :
		       -1;
}

static bool add_entries(struct backend *b, int64_t domain, int64_t n, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_HEARING_COUNT, e,
				 "INSERT INTO hearing (domain, entries) VALUES (?1, ?2)"
				 " ON CONFLICT (domain) DO UPDATE SET entries = entries + ?2",
				 V_INT(domain), V_INT(n)),
		       e);
}

static bool write_entry(struct backend *b, const struct lesson *l, const struct entry *was,
			const struct entry *is, struct err *e)
{
	const char *source = l->probed ? "probe" : "learned";

	return sql_run(b,
		       sql_start(b, SQL_HEARD_PUT, e,
				 "INSERT INTO heard (domain, local, action, source, added,"
				 " confirmed, confidence, counted, expires)"
				 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
				 " ON CONFLICT (domain, local) DO UPDATE SET"
				 " action = excluded.action, confirmed = excluded.confirmed,"
				 " confidence = excluded.confidence, counted = excluded.counted,"
				 " expires = excluded.expires, source = CASE WHEN action ="
				 " excluded.action THEN source ELSE excluded.source END",
				 V_INT(l->domain), V_STR(l->local),
				 V_INT(is->accept ? RECIPIENT_ACCEPT : RECIPIENT_REJECT),
				 V_STR(str_of(source)), V_INT(l->now_ms), V_INT(is->confirmed),
				 V_INT(is->confidence), V_INT(is->counted), V_INT(is->expires)),
		       e) &&
	       (was->there || add_entries(b, l->domain, 1, e));
}

bool sqlite_forget_heard(struct backend *b, int64_t domain, struct str local, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_HEARD_DELETE, e,
				 "DELETE FROM heard WHERE domain = ?1 AND local = ?2",
				 V_INT(domain), V_STR(local)),
		       e) &&
	       add_entries(b, domain, -1, e);
}

/* The primary takes this user. */
static bool hear_yes(struct backend *b, const struct lesson *l, const struct hearing *h,
		     struct batch *batch, struct err *e)
{
	struct entry was, is = { .accept = true, .confirmed = l->now_ms };
	bool known;

	if (h->accepts_all)
		return true; /* it takes anybody: that says nothing */
	if (!load_entry(b, l->domain, l->local, &was, e))
		return false;
	known = was.there && was.accept && h->clock < was.expires;
	if (known && !was.counted && l->now_ms - was.confirmed < CONFIRM_MS)
		return true;
	if (!was.there && h->entries >= ENTRIES_MAX)
		return true;
	is.confidence = l->probed ? TRUST_PROBED : TRUST_LEARNED;
	if (known && is.confidence < was.confidence + TRUST_MORE)
		is.confidence = was.confidence + TRUST_MORE;
	if (is.confidence > 100)
		is.confidence = 100;
	is.expires = h->clock + l->keep_ms;
	/* What the sessions remember is not so any more. */
	batch->recipients_changed = batch->recipients_changed || !known;
	return write_entry(b, l, &was, &is, e);
}

/* It refuses him. */
static bool hear_no(struct backend *b, const struct lesson *l, const struct hearing *h,
		    struct batch *batch, struct err *e)
{
	struct entry was, is;

	if (!load_entry(b, l->domain, l->local, &was, e))
		return false;
	if (was.there && was.counted && h->clock - was.counted < COUNT_MS)
		return true;
	is = was;
	is.counted = h->clock ? h->clock : 1;
	is.confirmed = was.there ? was.confirmed : l->now_ms;
	if (was.there && was.accept && h->clock < was.expires) {
		is.confidence -= TRUST_LESS;
		batch->recipients_changed = batch->recipients_changed || is.confidence <= 0;
		return is.confidence > 0 ? write_entry(b, l, &was, &is, e) :
					   sqlite_forget_heard(b, l->domain, l->local, e);
	}
	if (!was.there && h->entries >= REFUSED_MAX)
		return true;
	is.accept = false;
	is.confidence = TRUST_REFUSED;
	if (was.there && !was.accept && h->clock < was.expires)
		is.confidence += was.confidence;
	if (is.confidence > 100)
		is.confidence = 100;
	is.expires = h->clock + REFUSED_KEEP_MS;
	batch->recipients_changed = batch->recipients_changed || is.confidence >= TRUST_NEEDED;
	return write_entry(b, l, &was, &is, e);
}

bool sqlite_learn(struct backend *b, const struct lesson *l, struct batch *batch, struct err *e)
{
	struct hearing hearing;
	int listed = confirm_listed(b, l, e);

	if (listed)
		return listed > 0;
	if (!load_hearing(b, l->domain, l->now_ms, &hearing, e))
		return false;
	return l->exists ? hear_yes(b, l, &hearing, batch, e) : hear_no(b, l, &hearing, batch, e);
}

/* -- clocks, and who takes anybody ----------------------------------------------------- */

static bool stop_clock(struct backend *b, int64_t domain, int64_t now_ms, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_CLOCK_STOP, e,
				 "INSERT INTO hearing (domain, since) VALUES (?1, ?2)"
				 " ON CONFLICT (domain) DO UPDATE SET since ="
				 " CASE WHEN since THEN since ELSE excluded.since END",
				 V_INT(domain), V_INT(now_ms)),
		       e);
}

static bool start_clock(struct backend *b, int64_t domain, int64_t now_ms, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_CLOCK_START, e,
				 "UPDATE hearing SET stood = stood + max(0, ?2 - since), since = 0"
				 " WHERE domain = ?1 AND since",
				 V_INT(domain), V_INT(now_ms)),
		       e);
}

static bool set_accepts_all(struct backend *b, int64_t domain, bool all, int64_t now_ms,
			    struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_ACCEPTS_ALL, e,
				 "INSERT INTO hearing (domain, accepts_all, tested)"
				 " VALUES (?1, ?2, ?3) ON CONFLICT (domain) DO UPDATE SET"
				 " accepts_all = excluded.accepts_all, tested = excluded.tested",
				 V_INT(domain), V_INT(all), V_INT(now_ms)),
		       e);
}

enum run_result sqlite_hear(struct backend *b, struct job_hear *j, struct batch *batch)
{
	struct err *e = &j->job.err;
	bool ok = true;

	for (size_t i = 0; i < j->domain_count && ok; i++)
		switch (j->what) {
		case HEAR_DOWN:
			ok = stop_clock(b, j->domains[i], j->now_ms, e);
			break;
		case HEAR_UP:
			ok = start_clock(b, j->domains[i], j->now_ms, e);
			break;
		case HEAR_ACCEPTS_ALL:
		case HEAR_SELECTS:
			ok = set_accepts_all(b, j->domains[i], j->what == HEAR_ACCEPTS_ALL,
					     j->now_ms, e);
			break;
		}
	for (size_t i = 0; i < j->lesson_count && ok; i++)
		ok = sqlite_learn(b, &j->lessons[i], batch, e);
	return ok ? RUN_DONE : RUN_BROKEN;
}

bool sqlite_forget_all_heard(struct backend *b, int64_t domain, uint64_t *ret_n, struct err *e)
{
	if (!sql_run(b,
		     sql_start(b, SQL_HEARD_DELETE_ALL, e, "DELETE FROM heard WHERE domain = ?1",
			       V_INT(domain)),
		     e))
		return false;
	*ret_n = (uint64_t)sql_changes(b);
	return true;
}

bool sqlite_forget_hearing(struct backend *b, int64_t domain, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_HEARING_DELETE, e, "DELETE FROM hearing WHERE domain = ?1",
				 V_INT(domain)),
		       e);
}

/* -- tidying ------------------------------------------------------------------------------ */

/* The rows from (domain, local) on that one step looks at: the expired among them, and the last. */
struct pruning {
	struct arena *arena;
	struct str locals[PRUNE_STEP];
	int64_t domains[PRUNE_STEP];
	size_t n, looked_at;
	struct str last;
	int64_t last_domain;
};

static bool look(struct backend *b, int64_t now_ms, struct pruning *p, struct err *e)
{
	sqlite3_stmt *st = sql_start(
		b, SQL_HEARD_OLD, e,
		"SELECT h.domain, h.local, h.expires <= CASE WHEN coalesce(g.since, 0)"
		" THEN g.since ELSE ?4 END - coalesce(g.stood, 0)"
		" FROM heard AS h LEFT JOIN hearing AS g ON g.domain = h.domain"
		" WHERE (h.domain, h.local) > (?1, ?2) ORDER BY h.domain, h.local LIMIT ?3",
		V_INT(b->heard_domain), V_STR(str_of(b->heard_local)), V_INT(PRUNE_STEP),
		V_INT(now_ms));
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		p->last_domain = sqlite3_column_int64(st, 0);
		p->last = arena_dup(p->arena, sql_text(st, 1));
		p->looked_at++;
		if (!p->last.at) {
			sql_end(st);
			return err_set(e, ERR_TEMP, "too much to tidy at once");
		}
		if (!sqlite3_column_int(st, 2))
			continue;
		p->domains[p->n] = p->last_domain;
		p->locals[p->n++] = p->last;
	}
	return got == 0;
}

static bool drop(struct backend *b, const struct pruning *p, struct err *e)
{
	struct err ignored;

	if (!p->n)
		return true;
	if (!sql_exec(b, "BEGIN IMMEDIATE", e))
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (!sqlite_forget_heard(b, p->domains[i], p->locals[i], e)) {
			if (!sql_exec(b, "ROLLBACK", &ignored) && b->health == BACKEND_WELL)
				b->health = BACKEND_REOPEN;
			return false;
		}
	return sql_exec(b, "COMMIT", e);
}

bool sqlite_prune_heard(struct backend *b, int64_t now_ms, bool *ret_more, bool *ret_changed,
			struct err *e)
{
	struct pruning *p = mem_alloc(sizeof(*p));
	bool ok;

	p->arena = arena_new((size_t)1 << 20);
	ok = look(b, now_ms, p, e) && drop(b, p, e);
	*ret_more = ok && p->looked_at == PRUNE_STEP;
	*ret_changed = p->n > 0;
	b->heard_domain = *ret_more ? p->last_domain : 0;
	b->heard_local[0] = '\0';
	if (*ret_more && p->last.n < sizeof(b->heard_local))
		memcpy(b->heard_local, p->last.at, p->last.n + 1);
	arena_free(p->arena);
	free(p);
	return ok;
}
