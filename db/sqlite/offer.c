/* offer: what a primary's EHLO offered, kept through outages.
 *
 * The row is written only when it would change: a primary that says the same as ever costs nothing,
 * and the settings are read anew only when there is something new in them.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

enum { OFFERS_SIZE = 1, OFFERS_8BITMIME = 2, OFFERS_SMTPUTF8 = 4, OFFERS_DSN = 8 };

static int64_t number(uint64_t n)
{
	return n < INT64_MAX ? (int64_t)n : INT64_MAX;
}

enum run_result sqlite_offer(struct backend *b, struct job_offer *j, struct batch *batch)
{
	struct err *e = &j->job.err;
	const struct offer *o = &j->offer;
	int flags = (o->size ? OFFERS_SIZE : 0) | (o->mime8bit ? OFFERS_8BITMIME : 0) |
		    (o->smtputf8 ? OFFERS_SMTPUTF8 : 0) | (o->dsn ? OFFERS_DSN : 0);
	sqlite3_stmt *st = sql_start(
		b, SQL_OFFER, e,
		"INSERT INTO offer (host, port, since, flags, max_size, mail_max, rcpt_max,"
		" rcpt_domain_max) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8"
		" WHERE EXISTS (SELECT 1 FROM route WHERE host = ?1 AND port = ?2)"
		" ON CONFLICT (host, port) DO UPDATE SET since = excluded.since,"
		" flags = excluded.flags, max_size = excluded.max_size,"
		" mail_max = excluded.mail_max, rcpt_max = excluded.rcpt_max,"
		" rcpt_domain_max = excluded.rcpt_domain_max"
		" WHERE (flags, max_size, mail_max, rcpt_max, rcpt_domain_max) <>"
		" (excluded.flags, excluded.max_size, excluded.mail_max, excluded.rcpt_max,"
		" excluded.rcpt_domain_max)",
		V_STR(j->host), V_INT(j->port), V_INT(batch->wall_ms), V_INT(flags),
		V_INT(number(o->max_size)), V_INT(number(o->mail_max)), V_INT(number(o->rcpt_max)),
		V_INT(number(o->rcpt_domain_max)));

	if (!sql_run(b, st, e))
		return RUN_BROKEN;
	batch->settings_changed = batch->settings_changed || sql_changes(b) > 0;
	return RUN_DONE;
}

struct offer sqlite_offer_row(sqlite3_stmt *st, int column)
{
	int flags = sqlite3_column_int(st, column + 1);

	return (struct offer){
		.since_ms = sqlite3_column_int64(st, column),
		.size = flags & OFFERS_SIZE,
		.mime8bit = flags & OFFERS_8BITMIME,
		.smtputf8 = flags & OFFERS_SMTPUTF8,
		.dsn = flags & OFFERS_DSN,
		.max_size = (uint64_t)sqlite3_column_int64(st, column + 2),
		.mail_max = (uint64_t)sqlite3_column_int64(st, column + 3),
		.rcpt_max = (uint64_t)sqlite3_column_int64(st, column + 4),
		.rcpt_domain_max = (uint64_t)sqlite3_column_int64(st, column + 5),
	};
}

bool sqlite_forget_offers(struct backend *b, struct err *e)
{
	return sql_run(b,
		       sql_start(b, SQL_OFFERS_FORGET, e,
				 "DELETE FROM offer WHERE (host, port) NOT IN"
				 " (SELECT host, port FROM route)"),
		       e);
}
