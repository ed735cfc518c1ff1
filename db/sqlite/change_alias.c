/* change_alias: what entries must not be written: aliases that leave our domains or go round, and
 * more patterns than a look-up may try.
 *
 * An alias to an address elsewhere would make us a relay, so its domain must be one of ours; and
 * that must be so before anything is written.
 *
 * Not looked at: that an alias's target is caught by a pattern which is another alias.  Whoever
 * follows aliases at RCPT counts his steps (policy/recipient.c).
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "db/patch.h"
#include "db/sqlite/sqlite.h"

static bool has_star(struct str local)
{
	return memchr(local.at, '*', local.n) != NULL;
}

/* -- where an alias leads ------------------------------------------------------------- */

struct step {
	int64_t domain; /* 0: not ours */
	char address[PATCH_TARGET_MAX];
	char local[PATCH_TARGET_MAX]; /* folded, unquoted */
	size_t local_n;
};

/* The address as a place in the lists. */
static bool enter(struct backend *b, struct job_change *c, struct str address, struct step *at)
{
	struct err *e = &c->job.err, ignored;
	ptrdiff_t sign;
	struct str local;

	at->domain = 0;
	at->local_n = 0;
	if (address.n >= sizeof(at->address))
		return true;
	memmove(at->address, address.at, address.n);
	address.at = at->address;
	sign = str_rfind(address, '@');
	if (sign < 0 ||
	    !patch_local(c->job.arena, (struct str){ address.at, (size_t)sign }, STR_NONE,
			 at->local, &local, &ignored))
		return true;
	at->local_n = local.n; /* in ASCII folding makes nothing longer: it is at->local */
	return sqlite_find_domain(b, str_from(address, (size_t)sign + 1), &at->domain, e);
}

static int by_local(const void *key, const void *row)
{
	const struct str *local = key;
	const struct change_local *l = row;

	return str_compare(*local, l->local);
}

enum lead { LEADS_ON, LEADS_HOME, LEADS_NOWHERE, LEAD_UNREAD };

/* What the list, as it will be, has for this place; LEADS_ON: at is the next. */
static enum lead look(struct backend *b, struct job_change *c, int64_t changed, struct step *at)
{
	struct err *e = &c->job.err;
	struct str local = { at->local, at->local_n }, target = STR_NONE;
	const struct change_local *l =
		changed == at->domain && c->local_count ?
			bsearch(&local, c->locals, c->local_count, sizeof(*l), by_local) :
			NULL;
	sqlite3_stmt *st = NULL;
	bool is_alias = false, ok;
	int got = 0;

	if (l) {
		is_alias = l->action == RECIPIENT_ALIAS;
		target = l->target;
	} else if (changed != at->domain || c->what != CHANGE_RECIPIENT_REPLACE) {
		st = sqlite_select_listed(b, at->domain, local, e);
		got = st ? sql_step(b, st, e) : -1;
		if (got < 0)
			return LEAD_UNREAD;
		is_alias = got > 0 && sqlite3_column_int(st, 0) == RECIPIENT_ALIAS;
		target = is_alias ? sql_text(st, 1) : STR_NONE;
	}
	ok = !is_alias || enter(b, c, target, at);
	if (got > 0)
		sql_end(st);
	if (!ok)
		return LEAD_UNREAD;
	if (is_alias)
		return LEADS_ON;
	return l || got > 0 ? LEADS_HOME : LEADS_NOWHERE;
}

/* A pattern that its own target fits, where no entry says otherwise. */
static bool catches_itself(const struct change_local *alias, int64_t changed,
			   const struct step *at)
{
	struct pattern p;

	return changed == at->domain && pattern_parse(alias->local, &p) &&
	       pattern_fits(&p, (struct str){ at->local, at->local_n });
}

static enum run_result check_alias(struct backend *b, struct job_change *c, int64_t changed,
				   const struct change_local *alias)
{
	struct err *e = &c->job.err;
	struct step at;
	enum lead lead = LEADS_ON;

	if (!enter(b, c, alias->target, &at))
		return RUN_BROKEN;
	if (!at.domain) {
		(void)err_set(e, ERR_INPUT,
			      "we do not relay for the domain of %.*s: an alias goes to a domain "
			      "of ours (domain add)",
			      STR_ARGS(alias->target));
		return RUN_REFUSED;
	}
	for (unsigned i = 0; i < ALIAS_STEPS_MAX && lead == LEADS_ON && at.domain; i++)
		lead = look(b, c, changed, &at);
	if (lead == LEAD_UNREAD)
		return RUN_BROKEN;
	if ((lead == LEADS_ON && at.domain) ||
	    (lead == LEADS_NOWHERE && catches_itself(alias, changed, &at))) {
		(void)err_set(e, ERR_INPUT,
			      "the alias %.*s would go round, or over more than %d others",
			      STR_ARGS(alias->local), ALIAS_STEPS_MAX - 1);
		return RUN_REFUSED;
	}
	return RUN_DONE;
}

/* -- patterns --------------------------------------------------------------------------- */

static bool is_there(struct backend *b, struct job_change *c, int64_t domain, struct str local,
		     int64_t *ret)
{
	struct err *e = &c->job.err;

	return sql_int(b,
		       sql_start(b, SQL_RECIPIENT_IS, e,
				 "SELECT 1 FROM recipient WHERE domain = ?1 AND local = ?2",
				 V_INT(domain), V_STR(local)),
		       0, ret, e);
}

static enum run_result check_patterns(struct backend *b, struct job_change *c, int64_t domain)
{
	struct err *e = &c->job.err;
	bool adds = c->what == CHANGE_RECIPIENT_ADD; /* to those that are there */
	int64_t n = 0, there = 0;

	if (adds &&
	    !sql_int(b,
		     sql_start(b, SQL_PATTERN_COUNT, e,
			       "SELECT count(*) FROM recipient INDEXED BY recipient_pattern"
			       " WHERE domain = ?1 AND instr(local, '*') > 0",
			       V_INT(domain)),
		     0, &n, e))
		return RUN_BROKEN;
	for (size_t i = 0; i < c->local_count; i++) {
		if (!has_star(c->locals[i].local))
			continue;
		if (adds && n && !is_there(b, c, domain, c->locals[i].local, &there))
			return RUN_BROKEN;
		n += !there;
	}
	if (n <= DOMAIN_PATTERNS_MAX)
		return RUN_DONE;
	(void)err_set(e, ERR_INPUT, "a domain has at most %d patterns, this would make %lld",
		      DOMAIN_PATTERNS_MAX, (long long)n);
	return RUN_REFUSED;
}

bool sqlite_has_pattern(const struct job_change *c)
{
	for (size_t i = 0; i < c->local_count; i++)
		if (has_star(c->locals[i].local))
			return true;
	return false;
}

enum run_result sqlite_check_entries(struct backend *b, struct job_change *c, int64_t domain)
{
	enum run_result got = RUN_DONE;

	if (c->what == CHANGE_RECIPIENT_REMOVE)
		return RUN_DONE;
	if (sqlite_has_pattern(c))
		got = check_patterns(b, c, domain);
	for (size_t i = 0; i < c->local_count && got == RUN_DONE; i++)
		if (c->locals[i].action == RECIPIENT_ALIAS)
			got = check_alias(b, c, domain, &c->locals[i]);
	return got;
}
