/* spf.c: check_host (RFC 7208 §4): the record is found, its terms are walked; redirect, exp.
 * SPDX-License-Identifier: ISC */
#include "policy/spf.h"

#include <string.h>

#include "policy/spf_private.h"

static const char *const names[] = {
	[SPF_WAIT] = "wait",           [SPF_NONE] = "none",           [SPF_NEUTRAL] = "neutral",
	[SPF_PASS] = "pass",           [SPF_FAIL] = "fail",           [SPF_SOFTFAIL] = "softfail",
	[SPF_TEMPERROR] = "temperror", [SPF_PERMERROR] = "permerror",
};

const char *spf_name(enum spf code)
{
	return names[code];
}

enum spf spf_because(struct spf_run *run, enum spf code, const char *reason)
{
	run->result->reason = reason;
	return code;
}

/* Cut to at most max bytes, with a NUL behind it. */
static void copy(char *to, size_t max, struct str from)
{
	size_t n = from.n < max ? from.n : max;

	memcpy(to, n ? from.at : "", n);
	to[n] = '\0';
}

/* -- finding the record ----------------------------------------------------------------------- */

/* NONE, PERMERROR, or PASS with the record. */
static enum spf choose_record(struct spf_run *run, const struct answer *txt, struct str *ret)
{
	unsigned found = 0;

	for (size_t i = 0; i < txt->record_count; i++) {
		if (!spf_record_is(txt->records[i].data))
			continue;
		*ret = txt->records[i].data;
		found++;
	}
	if (!found)
		return spf_because(run, SPF_NONE, "no record");
	if (found > 1)
		return spf_because(run, SPF_PERMERROR, "more than one record");
	return SPF_PASS;
}

static enum spf find_record(struct spf_run *run, struct str domain, struct str *ret)
{
	const struct answer *txt = spf_ask(run, domain, DNS_TXT);

	if (!txt)
		return SPF_WAIT;
	switch (txt->status) {
	case ANSWER_FOUND:
		return choose_record(run, txt, ret);
	case ANSWER_NONE:
		return spf_because(run, SPF_NONE, "no record");
	case ANSWER_ERROR:
		break;
	}
	if (run->questions > SPF_QUESTIONS_MAX)
		return spf_because(run, SPF_PERMERROR, "it takes too many questions");
	return spf_because(run, SPF_TEMPERROR, "the record cannot be looked up");
}

/* -- asking ahead ------------------------------------------------------------------------------ */

/* What the terms of a record will ask, so that their answers come together.  Only names that stand
 * there plainly, only as many as may be looked up at all; the answers are not looked at. */
static void ask_ahead(struct spf_run *run, const struct spf_record *r, struct str domain)
{
	struct str terms = r->terms;
	struct spf_term t;

	while (spf_term_next(&terms, &t)) {
		struct str spec = t.domain.n ? t.domain : domain;
		struct spf_domain name;
		enum dns_type type = t.kind == SPF_A    ? (run->v4 ? DNS_A : DNS_AAAA)
				     : t.kind == SPF_MX ? DNS_MX
							: DNS_TXT;

		if (t.kind == SPF_ALL || spf_match_network(run, &t))
			return;
		if (t.kind != SPF_A && t.kind != SPF_MX && t.kind != SPF_INCLUDE)
			continue;
		if (run->lookups + run->ahead >= SPF_LOOKUPS_MAX)
			return;
		if (str_find(spec, '%') >= 0 ||
		    spf_expand_domain(run, spec, domain, &name) != SPF_GOT_IT)
			continue;
		run->ahead++;
		(void)ask_dns(run->asks, name.name, type, DNS_OF_NAMES);
	}
}

/* -- terms ------------------------------------------------------------------------------------- */

static enum spf check_host(struct spf_run *run, struct str domain, bool is_included);

/* RFC 7208 §5.2 */
static enum spf_match match_include(struct spf_run *run, struct str target)
{
	switch (check_host(run, target, true)) {
	case SPF_PASS:
		return SPF_MATCH_YES;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		return SPF_MATCH_NO;
	case SPF_TEMPERROR:
		return SPF_MATCH_TEMPERROR;
	case SPF_PERMERROR:
		return SPF_MATCH_PERMERROR;
	case SPF_NONE:
		(void)spf_because(run, SPF_PERMERROR, "an included domain has no record");
		return SPF_MATCH_PERMERROR;
	case SPF_WAIT:
		break;
	}
	return SPF_MATCH_WAIT;
}

static enum spf_match match_target(struct spf_run *run, const struct spf_term *t, struct str target)
{
	switch (t->kind) {
	case SPF_INCLUDE:
		return match_include(run, target);
	case SPF_A:
		return spf_match_a(run, t, target);
	case SPF_MX:
		return spf_match_mx(run, t, target);
	case SPF_PTR:
		return spf_match_ptr(run, t, target);
	case SPF_EXISTS:
		return spf_match_exists(run, t, target);
	case SPF_ALL:
		return SPF_MATCH_YES;
	case SPF_IP4:
	case SPF_IP6:
		return spf_match_network(run, t) ? SPF_MATCH_YES : SPF_MATCH_NO;
	case SPF_REDIRECT:
	case SPF_EXP:
	case SPF_MODIFIER:
		break;
	}
	return SPF_MATCH_NO;
}

/* RFC 7208 §4.6.4 */
static bool may_look_up(struct spf_run *run)
{
	if (++run->lookups <= SPF_LOOKUPS_MAX)
		return true;
	(void)spf_because(run, SPF_PERMERROR, "more than 10 terms that look something up");
	return false;
}

static enum spf_match match_term(struct spf_run *run, const struct spf_term *t, struct str domain)
{
	bool looks_up = t->kind == SPF_INCLUDE || t->kind == SPF_A || t->kind == SPF_MX ||
			t->kind == SPF_PTR || t->kind == SPF_EXISTS;
	struct spf_domain target;

	if (looks_up && !may_look_up(run))
		return SPF_MATCH_PERMERROR;
	if (!looks_up || !t->domain.n)
		return match_target(run, t, domain);
	switch (spf_expand_domain(run, t->domain, domain, &target)) {
	case SPF_GOT_WAIT:
		return SPF_MATCH_WAIT;
	case SPF_GOT_TOO_MUCH:
		(void)spf_because(run, SPF_PERMERROR, "its macros become too long");
		return SPF_MATCH_PERMERROR;
	case SPF_GOT_IT:
		break;
	}
	return match_target(run, t, target.name);
}

/* -- what the end of a record says ---------------------------------------------------------------
 */

/* RFC 7208 §6.2: whatever is wrong with it, there just is no explanation.  False: WAIT. */
static bool explain(struct spf_run *run, struct str spec, struct str domain)
{
	struct spf_domain at;
	const struct answer *txt;
	enum spf_got got;

	if (!spec.n)
		return true;
	got = spf_expand_domain(run, spec, domain, &at);
	if (got != SPF_GOT_IT)
		return got != SPF_GOT_WAIT;
	txt = spf_ask(run, at.name, DNS_TXT);
	if (!txt)
		return false;
	if (txt->status != ANSWER_FOUND || txt->record_count != 1 ||
	    !spf_text_is_valid(txt->records[0].data, SPF_TEXT_EXPLAIN))
		return true;
	return spf_expand_explanation(run, txt->records[0].data, domain,
				      run->result->explanation) != SPF_GOT_WAIT;
}

/* RFC 7208 §6.1 */
static enum spf redirect(struct spf_run *run, struct str spec, struct str domain, bool is_included)
{
	struct spf_domain target;
	enum spf code;

	if (!may_look_up(run))
		return SPF_PERMERROR;
	switch (spf_expand_domain(run, spec, domain, &target)) {
	case SPF_GOT_WAIT:
		return SPF_WAIT;
	case SPF_GOT_TOO_MUCH:
		return spf_because(run, SPF_PERMERROR, "its macros become too long");
	case SPF_GOT_IT:
		break;
	}
	code = check_host(run, target.name, is_included);
	if (code != SPF_NONE)
		return code;
	return spf_because(run, SPF_PERMERROR, "the domain of a redirect has no record");
}

/* A term has matched. */
static enum spf decide(struct spf_run *run, const struct spf_term *t, const struct spf_record *r,
		       struct str domain, bool is_included)
{
	if (is_included)
		return t->code;
	run->result->reason = "";
	copy(run->result->mechanism, SPF_MECHANISM_MAX, t->text);
	if (t->code == SPF_FAIL && !explain(run, r->exp, domain))
		return SPF_WAIT;
	return t->code;
}

static enum spf walk(struct spf_run *run, const struct spf_record *r, struct str domain,
		     bool is_included)
{
	struct str terms = r->terms;
	struct spf_term t;

	while (spf_term_next(&terms, &t)) {
		switch (match_term(run, &t, domain)) {
		case SPF_MATCH_WAIT:
			return SPF_WAIT;
		case SPF_MATCH_YES:
			return decide(run, &t, r, domain, is_included);
		case SPF_MATCH_TEMPERROR:
			return SPF_TEMPERROR;
		case SPF_MATCH_PERMERROR:
			return SPF_PERMERROR;
		case SPF_MATCH_NO:
			break;
		}
	}
	if (r->redirect.n)
		return redirect(run, r->redirect, domain, is_included);
	return spf_because(run, SPF_NEUTRAL, "nothing in the record matches");
}

static enum spf check_host(struct spf_run *run, struct str domain, bool is_included)
{
	struct spf_record record;
	struct str txt = STR_NONE;
	enum spf found;

	if (!dns_name_is_valid(domain))
		return spf_because(run, SPF_NONE, "not a name that can be asked for");
	found = find_record(run, domain, &txt);
	if (found != SPF_PASS)
		return found;
	if (!spf_record_read(txt, &record))
		return spf_because(run, SPF_PERMERROR, "malformed record");
	ask_ahead(run, &record, domain);
	return walk(run, &record, domain, is_included);
}

/* -- the identity -------------------------------------------------------------------------------
 */

/* RFC 7208 §4.3: a host name of more than one label; neither an address nor a literal. */
static bool is_domain(struct str name)
{
	ptrdiff_t dot;
	bool is_number = true;

	if (name.n && name.at[name.n - 1] == '.')
		name.n--;
	dot = str_rfind(name, '.');
	if (dot < 0 || !dns_name_is_valid(name) || name.at[0] == '[')
		return false;
	for (size_t i = (size_t)dot + 1; i < name.n; i++)
		is_number = is_number && name.at[i] >= '0' && name.at[i] <= '9';
	return !is_number;
}

/* A name to be asked for, in lower case, so that it is the same question for everybody. */
static enum spf check_identity(struct spf_run *run, struct str domain)
{
	struct spf_domain name;

	if (!is_domain(domain))
		return spf_because(run, SPF_NONE, "not a domain name");
	memcpy(name.at, domain.at, domain.n);
	str_lower(name.at, domain.n);
	name.name = (struct str){ name.at, domain.n - (domain.at[domain.n - 1] == '.') };
	return check_host(run, name.name, false);
}

enum spf spf_check(struct asks *asks, const struct spf_query *q, struct spf_result *ret)
{
	bool of_helo = !q->domain.n;
	struct spf_run run = {
		.asks = asks,
		.query = q,
		.helo = q->helo,
		.local = q->local.n && !of_helo ? q->local : STR("postmaster"),
		.sender_domain = of_helo ? q->helo : q->domain,
		.v4 = ip_is_v4(&q->client),
		.result = ret,
	};

	*ret = (struct spf_result){ .of_helo = of_helo, .reason = "" };
	copy(ret->domain, SPF_DOMAIN_MAX, run.sender_domain);
	ret->code = check_identity(&run, run.sender_domain);
	return ret->code;
}
