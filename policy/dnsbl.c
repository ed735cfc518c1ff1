/* dnsbl.c: lists of bad clients (RFC 5782 §2).
 *
 * What the lists weigh that name the client is added, and what lists of good clients weigh is taken
 * off.  As soon as it is enough the client is refused, whatever others would still say.  With the
 * recommended lists one alone is never enough; a list that the operator names himself is, unless he
 * gives it a smaller weight.
 *
 * The reply names the lists, so that who was refused knows whom to ask.  What a list has to say in
 * a TXT record is not passed on: these are the words of strangers.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

#include "policy/dnswl.h"
#include "policy/listed.h"

/* Enough, but perhaps it is a good one that was listed by mistake. */
static enum verdict weigh(struct asks *asks, const struct mail *m, const struct listed *bad,
			  struct ruling *r)
{
	int64_t enough = m->policy->dnsbl_threshold;
	const char *by;
	unsigned good;

	if (!dnswl_weight(asks, m, &good, &by))
		return WAIT;
	if ((int64_t)bad->weight - (int64_t)good >= enough) {
		listed_note(r, m, bad, enough);
		return policy_refuse_in_words(r, m, REPLY_LISTED_CLIENT, "%.*s is listed by %s",
					      STR_ARGS(m->client), bad->by);
	}
	if (bad->waiting)
		return WAIT;
	policy_note(r, m, "%s; %u less %u by %s, %lld is enough", bad->notes, bad->weight, good, by,
		    (long long)enough);
	return PASS;
}

static bool dnsbl_applies(const struct mail *m)
{
	return m->policy->dnsbl->n > 0 && !policy_is_inside(&m->ip);
}

static enum verdict dnsbl_run(struct asks *asks, const struct mail *m, struct ruling *r)
{
	struct listed bad = { .weight = 0 };
	unsigned ignored;

	/* Asked at the same time, needed only where the others have weight. */
	(void)!dnswl_weight(asks, m, &ignored, NULL);
	listed_client(asks, m, m->policy->dnsbl, &bad);
	if (bad.weight >= m->policy->dnsbl_threshold)
		return weigh(asks, m, &bad, r);
	if (bad.waiting)
		return WAIT;
	listed_note(r, m, &bad, m->policy->dnsbl_threshold);
	return PASS;
}

const struct check check_dnsbl = {
	.id = CHECK_dnsbl,
	.stage = AT_RCPT,
	.eager = true,
	.applies = dnsbl_applies,
	.run = dnsbl_run,
	.says = "no lists of bad clients name it, or not enough of them",
};
