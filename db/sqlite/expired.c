/* expired: recipients whose domain's lifetime is over, by the lifetime it has today.
 *
 * The queue is walked in the order of message ids, which is the order of arrival, and only up to
 * what the shortest lifetime of any domain could have ended.  With one short-lived domain among
 * others that is still all of a large queue, so a question looks at SCAN_MAX rows at most and
 * the next goes on where it stopped.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite/sqlite.h"

#define SCAN_MAX 50000
#define DAY_MS   INT64_C(86400000)
/* Our own bounces; and of a domain that is not there any more. */
#define BOUNCE_LIFETIME_MS (5 * DAY_MS)
#define OTHER_LIFETIME_MS  (30 * DAY_MS)

struct lifetime {
	int64_t domain, ms;
};

struct search {
	struct job_expired *job;
	struct lifetime *lifetimes; /* sorted by domain */
	size_t lifetime_count, lifetime_room;
	int64_t shortest;
	struct expired_rcpt *found;
	size_t found_count, found_room;
	unsigned scanned;
	bool full;
};

static bool load_lifetimes(struct backend *b, struct search *s, struct err *e)
{
	sqlite3_stmt *st =
		sql_start(b, SQL_LIFETIMES, e, "SELECT id, lifetime FROM domain ORDER BY id");
	int got;

	s->shortest = BOUNCE_LIFETIME_MS;
	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		if (s->lifetime_count == s->lifetime_room) {
			s->lifetime_room = s->lifetime_room ? s->lifetime_room * 2 : 32;
			s->lifetimes = mem_grow(s->lifetimes,
						s->lifetime_room * sizeof(*s->lifetimes));
		}

		struct lifetime *l = &s->lifetimes[s->lifetime_count++];

		l->domain = sqlite3_column_int64(st, 0);
		l->ms = sqlite3_column_int64(st, 1);
		if (l->ms < s->shortest)
			s->shortest = l->ms;
	}
	return got == 0;
}

static int compare(const void *key, const void *row)
{
	const struct lifetime *a = key, *b = row;

	return a->domain < b->domain ? -1 : a->domain > b->domain;
}

static int64_t lifetime_of(const struct search *s, int64_t domain)
{
	struct lifetime key = { .domain = domain };
	const struct lifetime *l = NULL;

	if (domain == DOMAIN_BOUNCES)
		return BOUNCE_LIFETIME_MS;
	if (s->lifetime_count)
		l = bsearch(&key, s->lifetimes, s->lifetime_count, sizeof(key), compare);
	return l ? l->ms : OTHER_LIFETIME_MS;
}

/* The id tells when the message came: to read its row would be to read its body. */
static bool is_over(const struct search *s, sqlite3_stmt *st)
{
	bool failed = sqlite3_column_int(st, 3) == STATE_FAILED;
	int64_t since =
		failed ? sqlite3_column_int64(st, 4) : id_wall_ms(sqlite3_column_int64(st, 0));

	return since + lifetime_of(s, sqlite3_column_int64(st, 2)) <= s->job->now_ms;
}

/* Sender and time from the message's own row. */
static bool add_mail(struct backend *b, struct search *s, struct expired_rcpt *x)
{
	struct err *e = &s->job->job.err;
	sqlite3_stmt *st = sql_start(b, SQL_EXPIRED_MAIL, e,
				     "SELECT sender, received FROM message WHERE id = ?1",
				     V_INT(x->message));
	int got = st ? sql_step(b, st, e) : -1;

	if (got <= 0)
		return got == 0;
	x->sender = arena_dup(s->job->job.arena, sql_text(st, 0));
	x->received_ms = sqlite3_column_int64(st, 1);
	sql_end(st);
	s->full = s->full || !x->sender.at;
	return true;
}

static bool add(struct backend *b, struct search *s, sqlite3_stmt *st)
{
	struct arena *arena = s->job->job.arena;
	struct expired_rcpt *x;

	if (s->found_count == s->found_room) {
		s->found_room = s->found_room ? s->found_room * 2 : 32;
		s->found = mem_grow(s->found, s->found_room * sizeof(*s->found));
	}
	x = &s->found[s->found_count++];
	*x = (struct expired_rcpt){
		.message = sqlite3_column_int64(st, 0),
		.seq = (unsigned)sqlite3_column_int(st, 1),
		.domain = sqlite3_column_int64(st, 2),
		.state = (enum delivery_state)sqlite3_column_int(st, 3),
		.sender = STR_NONE,
		.address = arena_dup(arena, sql_text(st, 5)),
		.last_reply = arena_dup(arena, sql_text(st, 6)),
		.notify = (unsigned)sqlite3_column_int(st, 7),
		.orcpt = arena_dup(arena, sql_text(st, 8)),
		.envid = arena_dup(arena, sql_text(st, 9)),
		.unverified = sqlite3_column_int(st, 10) != 0,
	};
	s->full = !x->address.at || !x->last_reply.at || !x->orcpt.at || !x->envid.at;
	return add_mail(b, s, x);
}

/* From where the last search stopped; false when the database failed.  *ret_end: there is nothing
 * behind that could be over. */
static bool walk(struct backend *b, struct search *s, bool *ret_end, struct err *e)
{
	sqlite3_stmt *st =
		sql_start(b, SQL_EXPIRED, e,
			  "SELECT message, seq, domain, state, changed, recipient, reply,"
			  " notify, orcpt, envid, unverified"
			  " FROM delivery WHERE (message, seq) > (?1, ?2) AND message < ?3"
			  " ORDER BY message, seq",
			  V_INT(b->expired_at), V_INT(b->expired_seq),
			  V_INT(id_floor(s->job->now_ms - s->shortest)));
	bool ok = true;
	int got;

	while ((got = st ? sql_step(b, st, e) : -1) > 0) {
		b->expired_at = sqlite3_column_int64(st, 0);
		b->expired_seq = (unsigned)sqlite3_column_int(st, 1);
		if (is_over(s, st))
			ok = add(b, s, st);
		if (++s->scanned >= SCAN_MAX || s->found_count >= s->job->limit || s->full || !ok)
			break;
	}
	if (got > 0)
		sql_end(st);
	*ret_end = got == 0;
	return got >= 0 && ok;
}

static int by_message(const void *a, const void *b)
{
	const struct expired_rcpt *x = a, *y = b;

	if (x->message != y->message)
		return x->message < y->message ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool answer(struct search *s, struct err *e)
{
	struct job_expired *x = s->job;
	struct expired_rcpt *rcpts = arena_alloc(x->job.arena, s->found_count * sizeof(*rcpts));

	if (s->full || !rcpts)
		return err_set(e, ERR_TEMP, "the answer is too large");
	if (s->found_count) {
		qsort(s->found, s->found_count, sizeof(*rcpts), by_message);
		memcpy(rcpts, s->found, s->found_count * sizeof(*rcpts));
	}
	x->rcpts = rcpts;
	x->rcpt_count = s->found_count;
	return true;
}

bool sqlite_expired(struct backend *b, struct job_expired *x)
{
	struct search s = { .job = x };
	struct err *e = &x->job.err;
	bool from_start = !b->expired_at, end = false;
	bool ok = load_lifetimes(b, &s, e) && walk(b, &s, &end, e);

	if (ok && end) {
		b->expired_at = 0;
		b->expired_seq = 0;
	}
	/* What comes before the place where it began; rows met twice would be told twice. */
	if (ok && end && !from_start && !s.found_count)
		ok = walk(b, &s, &end, e);
	ok = ok && answer(&s, e);
	free(s.lifetimes);
	free(s.found);
	return ok;
}
