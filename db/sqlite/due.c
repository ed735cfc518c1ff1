/* due: mail of one domain that is due, in the order in which it became so.
 *
 * Rows come from the index (domain, next_try, message); those of one message with one next_try
 * stand together and are never parted.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite/sqlite.h"

#define LIMIT_MAX 10000

struct found {
	struct due_mail *mails;
	struct due_rcpt *rcpts;
	size_t mail_count, mail_room;
	size_t rcpt_count, rcpt_room;
	bool full; /* the arena has no more room */
};

static struct due_mail *add_mail(struct found *f, sqlite3_stmt *st, struct arena *arena)
{
	unsigned flags = (unsigned)sqlite3_column_int(st, 8);
	struct due_mail *m;

	if (f->mail_count == f->mail_room) {
		f->mail_room = f->mail_room ? f->mail_room * 2 : 32;
		f->mails = mem_grow(f->mails, f->mail_room * sizeof(*f->mails));
	}
	m = &f->mails[f->mail_count++];
	*m = (struct due_mail){
		.id = sqlite3_column_int64(st, 0),
		.next_try_ms = sqlite3_column_int64(st, 1),
		.sender = arena_dup(arena, sql_text(st, 5)),
		.size = (uint64_t)sqlite3_column_int64(st, 6),
		.received_ms = sqlite3_column_int64(st, 7),
		.body_8bit = (flags & FLAG_8BIT) != 0,
		.smtputf8 = (flags & FLAG_SMTPUTF8) != 0,
		.utf8_header = (flags & FLAG_UTF8_HEADER) != 0,
		.ret = flags >> FLAG_RET & 3,
		.envid = arena_dup(arena, sql_text(st, 11)),
	};
	if (!m->sender.at || !m->envid.at)
		f->full = true;
	return m;
}

static void add_rcpt(struct found *f, sqlite3_stmt *st, struct arena *arena)
{
	struct due_rcpt *r;

	if (f->rcpt_count == f->rcpt_room) {
		f->rcpt_room = f->rcpt_room ? f->rcpt_room * 2 : 64;
		f->rcpts = mem_grow(f->rcpts, f->rcpt_room * sizeof(*f->rcpts));
	}
	r = &f->rcpts[f->rcpt_count++];
	*r = (struct due_rcpt){
		.seq = (unsigned)sqlite3_column_int(st, 2),
		.attempts = (unsigned)sqlite3_column_int(st, 3),
		.address = arena_dup(arena, sql_text(st, 4)),
		.notify = (unsigned)sqlite3_column_int(st, 9),
		.orcpt = arena_dup(arena, sql_text(st, 10)),
		.unverified = sqlite3_column_int(st, 12) != 0,
	};
	if (!r->address.at || !r->orcpt.at)
		f->full = true;
}

/* The row in st: false when it belongs to the next answer. */
static bool add_row(struct found *f, sqlite3_stmt *st, struct job_due *d)
{
	struct due_mail *m = f->mail_count ? &f->mails[f->mail_count - 1] : NULL;

	if (!m || m->id != sqlite3_column_int64(st, 0) ||
	    m->next_try_ms != sqlite3_column_int64(st, 1)) {
		if (m && f->rcpt_count >= d->limit)
			return false;
		m = add_mail(f, st, d->job.arena);
	}
	add_rcpt(f, st, d->job.arena);
	m->rcpt_count++;
	return !f->full;
}

static bool answer(struct found *f, struct job_due *d)
{
	struct due_mail *mails = arena_alloc(d->job.arena, f->mail_count * sizeof(*mails));
	struct due_rcpt *rcpts = arena_alloc(d->job.arena, f->rcpt_count * sizeof(*rcpts));
	size_t at = 0;

	if (f->full || !mails || !rcpts)
		return err_set(&d->job.err, ERR_TEMP, "the answer is too large");
	if (f->rcpt_count) {
		memcpy(mails, f->mails, f->mail_count * sizeof(*mails));
		memcpy(rcpts, f->rcpts, f->rcpt_count * sizeof(*rcpts));
	}
	for (size_t i = 0; i < f->mail_count; i++) {
		mails[i].rcpts = rcpts + at;
		at += mails[i].rcpt_count;
	}
	d->mails = mails;
	d->mail_count = f->mail_count;
	return true;
}

/* What comes behind `until`.  A row that would be due if no batch were open is told as "more": who
 * does not come back for it would never see it. */
static bool find_next(struct backend *b, struct job_due *d, const struct due_look *look,
		      int64_t until, int64_t wanted)
{
	struct err *e = &d->job.err;
	int64_t next;

	if (!sql_int(b,
		     sql_start(b, SQL_DUE_NEXT, e,
			       "SELECT next_try FROM delivery INDEXED BY delivery_due"
			       " WHERE state = 0 AND domain = ?1 AND next_try > ?2"
			       " ORDER BY next_try LIMIT 1",
			       V_INT(d->domain), V_INT(until)),
		     0, &next, e))
		return false;
	d->more = next && next <= wanted;
	d->next_due_ms = next && !d->more ? next - look->ahead_ms : 0;
	return true;
}

bool sqlite_due(struct backend *b, struct job_due *d, const struct due_look *look)
{
	struct err *e = &d->job.err;
	int64_t wanted, until = due_look_upto(look, d->upto_ms, &wanted);
	struct found f = { .mails = NULL };
	bool ok;
	int got;

	if (!d->limit || d->limit > LIMIT_MAX)
		d->limit = d->limit ? LIMIT_MAX : 1;

	sqlite3_stmt *st =
		sql_start(b, SQL_DUE, e,
			  "SELECT d.message, d.next_try, d.seq, d.attempts, d.recipient,"
			  " m.sender, m.size, m.received, m.flags, d.notify, d.orcpt, d.envid,"
			  " d.unverified"
			  " FROM delivery AS d INDEXED BY delivery_due"
			  " CROSS JOIN message AS m ON m.id = d.message"
			  " WHERE d.state = 0 AND d.domain = ?1"
			  " AND (d.next_try, d.message) > (?2, ?3) AND d.next_try <= ?4"
			  " ORDER BY d.next_try, d.message, d.seq",
			  V_INT(d->domain), V_INT(d->after_ms), V_INT(d->after_id), V_INT(until));

	while ((got = st ? sql_step(b, st, e) : -1) > 0 && add_row(&f, st, d))
		;
	d->more = got > 0;
	if (got > 0)
		sql_end(st);
	ok = got >= 0 && answer(&f, d) && (d->more || find_next(b, d, look, until, wanted));
	free(f.mails);
	free(f.rcpts);
	return ok;
}
