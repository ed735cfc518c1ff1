/* recipient.c: the valid-user list: is the domain ours, and does its server know the user?
 *
 * Refusing here what the primary would refuse later is what keeps a backup MX from being a source
 * of backscatter.  The list is our own table, because asking the primary fails exactly when the
 * primary is down.
 *
 * The list comes first, then its patterns, then what the primary itself said of the user lately,
 * and at last, where the domain wants it, the primary is asked.
 *
 * An entry without * comes before all patterns, the longest pattern before the others; an alias is
 * looked up where it leads, as if RCPT had named that.
 *
 * A local part that may be read as a way to elsewhere ("victim%elsewhere", "elsewhere!victim",
 * "victim@elsewhere" in quotes) is taken only if an entry has it to the letter.  The primary may
 * read it so and, since it trusts our address, send it there: then all that a stranger needs for an
 * open relay is the backup.  Patterns, what the primary says, and unknown=accept vouch for no such
 * name.  Decided against: reading / and | so too, which no server relays by.
 *
 * What cannot be told now is 4xx, never 5xx: settings that could not be read, a lookup that failed,
 * and a domain whose list has not been loaded yet.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

#include "base/idn.h"

/* "User+tag" gives "user"; "" without a delimiter, or when nothing stands before it. */
static struct str without_subaddress(const struct domain *d, struct str folded)
{
	ptrdiff_t at = d->subaddress ? str_find(folded, d->subaddress) : -1;

	return at > 0 ? (struct str){ folded.at, (size_t)at } : STR_NONE;
}

/* Unquoted, so that quotes hide nothing. */
static bool is_way(struct str local)
{
	return str_find(local, '%') >= 0 || str_find(local, '!') >= 0 ||
	       str_find(local, '@') >= 0;
}

/* A place in a list: whom the mail is for, or after an alias, whom it is for then. */
struct place {
	const struct domain *domain;
	struct str address, local; /* local: folded, unquoted */
	char unquoted[65], folded[IDN_LOCAL_MAX];
};

static bool enter(struct place *p, const struct domain *d, const struct path *path)
{
	p->domain = d;
	p->address = path->address;
	return idn_local(path_unquote(path->local, p->unquoted), p->folded, &p->local);
}

/* -- who is in no list ------------------------------------------------------------------- */

/* The domain's own rule.  Who is taken though nobody knows him is not reported on: most of what the
 * primary then refuses is forged, and a bounce would go to whom it was forged of. */
static enum verdict usual(const struct domain *d, struct ruling *r)
{
	switch (d->unknown) {
	case UNKNOWN_ACCEPT:
		r->unverified = true;
		return PASS;
	case UNKNOWN_DEFER:
		return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
	case UNKNOWN_REJECT:
		break;
	}
	return policy_refuse(r, d->has_recipients ? REPLY_NO_SUCH_USER : REPLY_RCPT_UNKNOWN_NOW);
}

/* All primaries are down. */
static enum verdict in_outage(const struct mail *m, const struct domain *d, struct ruling *r)
{
	switch ((enum unknown_outage)d->policy->unknown_outage) {
	case OUTAGE_ACCEPT:
		r->unverified = true;
		policy_note(r, m, "unverified: unknown, and its server is down");
		return PASS;
	case OUTAGE_DEFER:
		return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
	case OUTAGE_REJECT:
		return policy_refuse(r, REPLY_NO_SUCH_USER);
	case OUTAGE_SAME:
		break;
	}
	/* Where the primary is asked, the list is not all there is. */
	if (d->policy->probe && d->unknown == UNKNOWN_REJECT)
		return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
	return usual(d, r);
}

static enum verdict probe(struct asks *asks, const struct mail *m, const struct place *p,
			  struct ruling *r)
{
	const struct domain *d = p->domain;
	const struct answer *said = ask(asks, &(struct question){ .kind = ASK_PROBE,
								  .domain = d->id,
								  .name = p->local,
								  .base = p->address });

	if (!said)
		return WAIT;
	if (said->status == ANSWER_NONE)
		return usual(d, r);
	if (said->status == ANSWER_FOUND) {
		policy_note(r, m, "its server %s this user", said->accept ? "takes" : "refuses");
		return said->accept ? PASS : policy_refuse(r, REPLY_NO_SUCH_USER);
	}
	return d->unknown == UNKNOWN_ACCEPT ? usual(d, r) :
					      policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
}

/* How its primaries are is known of the domain that RCPT named; where an alias leads to another
 * that is not looked at. */
static enum verdict unknown_user(struct asks *asks, const struct mail *m, const struct place *p,
				 struct ruling *r)
{
	const struct domain *d = p->domain;

	if (d == m->domain && m->primary == STANDING_DOWN)
		return in_outage(m, d, r);
	return d->policy->probe && d->route_count ? probe(asks, m, p, r) : usual(d, r);
}

/* Its server has refused this user before, and no list says anything of him.  He may be new there:
 * the primary is asked where it can be, and else the client comes again.  A "no" for good is the
 * list's word, never that of a memory. */
static enum verdict refused_before(struct asks *asks, const struct mail *m, const struct place *p,
				   struct ruling *r)
{
	const struct domain *d = p->domain;
	bool down = d == m->domain && m->primary == STANDING_DOWN;

	if (d->policy->probe && d->route_count && !down)
		return probe(asks, m, p, r);
	policy_note(r, m, "its server refused this user before");
	if (d->unknown == UNKNOWN_REJECT && d->has_recipients && !d->policy->probe)
		return policy_refuse(r, REPLY_NO_SUCH_USER);
	return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
}

/* No entry has this way to elsewhere; in a list that is still to come one might be. */
static enum verdict refuse_way(const struct mail *m, const struct domain *d, struct ruling *r)
{
	policy_note(r, m, "its local part may be read as a way to elsewhere");
	return policy_refuse(r, d->has_recipients || d->unknown == UNKNOWN_ACCEPT ?
					REPLY_WAY_ELSEWHERE :
					REPLY_RCPT_UNKNOWN_NOW);
}

/* -- the list ------------------------------------------------------------------------------ */

/* What the list says of it, what the primary said before, or what is done with unknown ones: PASS,
 * or with *ret_alias PASS for another address. */
static enum verdict look(struct asks *asks, const struct mail *m, const struct place *p,
			 struct ruling *r, struct str *ret_alias)
{
	const struct domain *d = p->domain;
	bool way = is_way(p->local);
	struct str base = way ? STR_NONE : without_subaddress(d, p->local);
	const struct answer *listed;
	const struct pattern *pattern;

	*ret_alias = (struct str){ NULL, 0 };
	if (str_eq(p->local, STR("postmaster"))) /* RFC 5321 §4.5.1 */
		return PASS;
	listed = ask(asks, &(struct question){ .kind = ASK_RECIPIENT,
					       .domain = d->id,
					       .name = p->local,
					       .base = base });
	if (!listed)
		return WAIT;
	if (listed->status == ANSWER_ERROR)
		return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
	if (listed->status == ANSWER_FOUND && !listed->heard) {
		*ret_alias = listed->alias;
		return listed->accept ? PASS : policy_refuse(r, REPLY_NO_SUCH_USER);
	}
	if (way)
		return refuse_way(m, d, r);
	pattern = domain_pattern(d, p->local);
	if (pattern && pattern->alias.n)
		*ret_alias = pattern->alias;
	if (!pattern && listed->status != ANSWER_FOUND)
		return unknown_user(asks, m, p, r);
	if (pattern)
		return pattern->accept ? PASS : policy_refuse(r, REPLY_NO_SUCH_USER);
	if (!listed->accept)
		return refused_before(asks, m, p, r);
	policy_note(r, m, "its server took this user before");
	return PASS;
}

/* The list, and on to where its aliases lead.  Their domains were ours when they were written; what
 * is not any more, or goes round, is the operator's to mend: 4xx. */
static enum verdict follow(struct asks *asks, const struct mail *m, struct place *p,
			   struct ruling *r)
{
	struct str alias;
	struct path to;

	for (unsigned i = 0; i < ALIAS_STEPS_MAX; i++) {
		enum verdict verdict = look(asks, m, p, r, &alias);

		if (verdict != PASS || !alias.at || !alias.n)
			return verdict;
		if (!path_is_address(alias, &to))
			break;
		r->address = alias;
		r->domain = settings_find(m->settings, to.domain);
		if (!r->domain || !r->domain->enabled)
			return policy_refuse(r, REPLY_DOMAIN_OFF);
		if (!enter(p, r->domain, &to))
			break;
		policy_note(r, m, "goes to %.*s", STR_ARGS(alias));
	}
	policy_note(r, m, "its alias goes round");
	return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
}

static enum verdict recipient_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	const struct domain *d = m->domain;
	struct place p;

	if (!m->settings || (!d && m->settings_stale))
		return policy_refuse(r, REPLY_SETTINGS_UNREAD);
	if (!d)
		return policy_refuse(r, REPLY_NOT_OURS);
	if (!d->enabled)
		return policy_refuse(r, REPLY_DOMAIN_OFF);
	if (!enter(&p, d, &m->rcpt))
		return policy_refuse(r, REPLY_RCPT_UNKNOWN_NOW);
	return follow(asks, m, &p, r);
}

const struct check check_recipient = {
	.id = CHECK_recipient,
	.stage = AT_RCPT,
	.always = true,
	.run = recipient_run,
	.says = "the domain is ours and the user is in its list",
};
