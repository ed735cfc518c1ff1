/* select: the statements that more than one file asks.
 *
 * A slot keeps the text that was first prepared for it, so a statement stands in one place only
 * (tests/lint/slots sees to it).  What only one file asks stands there, beside its answer: decided
 * against all texts in one file, which would be read with a finger in another.
 * SPDX-License-Identifier: ISC */
#include "db/sqlite/sqlite.h"

bool sqlite_find_domain(struct backend *b, struct str name, int64_t *ret, struct err *e)
{
	return sql_int(b,
		       sql_start(b, SQL_DOMAIN_ID, e, "SELECT id FROM domain WHERE name = ?1",
				 V_STR(name)),
		       0, ret, e);
}

sqlite3_stmt *sqlite_select_listed(struct backend *b, int64_t domain, struct str local,
				   struct err *e)
{
	return sql_start(b, SQL_RECIPIENT, e,
			 "SELECT action, target FROM recipient WHERE domain = ?1 AND local = ?2",
			 V_INT(domain), V_STR(local));
}

sqlite3_stmt *sqlite_select_content(struct backend *b, msgid message, unsigned seq, struct err *e)
{
	if (seq == 0)
		return sql_start(b, SQL_HEAD, e, "SELECT head FROM message WHERE id = ?1",
				 V_INT(message));
	return sql_start(b, SQL_CHUNK, e, "SELECT bytes FROM chunk WHERE message = ?1 AND seq = ?2",
			 V_INT(message), V_INT(seq));
}

sqlite3_stmt *sqlite_select_waiting(struct backend *b, int64_t after, struct err *e)
{
	return sql_start(b, SQL_WAITING, e,
			 "SELECT domain, next_try FROM delivery INDEXED BY delivery_due"
			 " WHERE state = 0 AND domain > ?1 ORDER BY domain, next_try LIMIT 1",
			 V_INT(after));
}

bool sqlite_count_queued(struct backend *b, int64_t domain, int64_t *ret, struct err *e)
{
	return sql_int(b,
		       sql_start(b, SQL_QUEUED_COUNT, e,
				 "SELECT count(*) FROM delivery INDEXED BY delivery_due"
				 " WHERE state = 0 AND domain = ?1",
				 V_INT(domain)),
		       0, ret, e);
}
