/* rhsbl.c: lists of bad names (RFC 5782 §3), asked for the sender's domain, for the name that the
 * client greets with and for what its address is called in DNS.
 *
 * A list counts once, however many of the names it has.  Names in DNS are the client's to choose,
 * and as many as it likes: only the first few are looked at.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

#include "policy/listed.h"

#define REVERSE_MAX 2
#define NAMES_MAX   (2 + REVERSE_MAX)

struct names {
	struct str at[NAMES_MAX];
	size_t n;
};

/* Once each; what has no dot is nobody's name. */
static void add(struct names *names, struct str name)
{
	if (str_find(name, '.') < 0 || name.at[0] == '[')
		return;
	for (size_t i = 0; i < names->n; i++)
		if (str_ieq(names->at[i], name))
			return;
	names->at[names->n++] = name;
}

/* False: not known yet. */
static bool add_reverse(struct asks *asks, const struct mail *m, struct names *names)
{
	char reversed[DNS_NAME_MAX + 1];
	const struct answer *ptr;

	dns_reverse_name(reversed, &m->ip);
	ptr = ask_dns(asks, str_of(reversed), DNS_PTR, DNS_OF_CLIENT);
	if (!ptr || ptr->status != ANSWER_FOUND)
		return ptr != NULL;
	for (size_t i = 0; i < ptr->record_count && i < REVERSE_MAX; i++)
		add(names, ptr->records[i].data);
	return true;
}

static bool rhsbl_applies(const struct mail *m)
{
	return m->policy->rhsbl->n > 0 && !policy_is_inside(&m->ip);
}

static enum verdict rhsbl_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	int64_t enough = m->policy->rhsbl_threshold;
	struct listed bad = { .weight = 0 };
	struct names names = { .n = 0 };
	bool complete;

	add(&names, m->sender.domain);
	add(&names, m->helo);
	complete = add_reverse(asks, m, &names);
	listed_names(asks, m, m->policy->rhsbl, names.at, names.n, &bad);
	if (bad.weight >= enough) {
		listed_note(r, m, &bad, enough);
		return policy_refuse_in_words(r, m, REPLY_LISTED_NAME,
					      "a name of yours is listed by %s", bad.by);
	}
	if (bad.waiting || !complete)
		return WAIT;
	listed_note(r, m, &bad, enough);
	return PASS;
}

const struct check check_rhsbl = {
	.id = CHECK_rhsbl,
	.stage = AT_RCPT,
	.eager = true,
	.applies = rhsbl_applies,
	.run = rhsbl_run,
	.says = "no lists of bad names have one of the sender's, or not enough of them",
};
