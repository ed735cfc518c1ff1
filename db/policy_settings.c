/* policy_settings.c: THE list of policy settings, one row each.  See policy_settings.h.
 *
 * Defaults of a new domain never lose good mail: the recipient list decides, the rest marks or is
 * off until it is chosen.
 * SPDX-License-Identifier: ISC */
#include "db/policy_settings.h"

#include <string.h>

#include "base/log.h"

#define VALUE_MAX 4000
#define SHOWN_MAX 80

#define AT(field)        .offset = offsetof(struct policy_settings, field)
#define MODE_OF(check)   .type = POLICY_MODE, AT(mode[CHECK_##check])

/* clang-format off */
const struct policy_option policy_options[] = {
	{ .name = "deny", MODE_OF(deny), .dflt = "reject",
	  .says = "Client, sender or recipient is on a deny-list (mxkeep deny)." },
	{ .name = "client_rate", .type = POLICY_NUMBER, AT(client_rate), .dflt = "0", .min = "0",
	  .max = "1000000",
	  .says = "Recipients of the domain that one client may name in a minute; 0 is no limit." },
	{ .name = "rate", MODE_OF(rate), .dflt = "defer",
	  .says = "A client names more of them." },
	{ .name = "early", MODE_OF(early), .dflt = "log",
	  .says = "The client did not wait for our answers where it must." },
	{ .name = "probe", .type = POLICY_CHOICE, AT(probe), .words = "off|on", .dflt = "off",
	  .says = "A user who is not in the list: the primary is asked by MAIL, RCPT and RSET, "
		  "while it is up." },
	{ .name = "probe_keep", .type = POLICY_TIME, AT(probe_keep_ms), .dflt = "30d",
	  .min = "1m", .max = "3650d",
	  .says = "How long a user is known whom the primary took when it was asked; time in which "
		  "it is down does not count." },
	{ .name = "probe_refused_keep", .type = POLICY_TIME, AT(probe_refused_keep_ms),
	  .dflt = "10m", .min = "0s", .max = "1d",
	  .says = "How long the primary is not asked again about a user whom it refused." },
	{ .name = "learn", .type = POLICY_CHOICE, AT(learn), .words = "off|on", .dflt = "on",
	  .says = "What the primary answers to RCPT when mail is delivered is remembered of its "
		  "users." },
	{ .name = "learn_keep", .type = POLICY_TIME, AT(learn_keep_ms), .dflt = "180d",
	  .min = "1m", .max = "3650d",
	  .says = "How long a user is known whom the primary took with mail; time in which it is "
		  "down does not count." },
	{ .name = "unknown_outage", .type = POLICY_CHOICE, AT(unknown_outage),
	  .words = "same|accept|defer|reject", .dflt = "same",
	  .says = "What an unknown user gets while all primaries are down: what the domain's "
		  "'unknown' says, or accept (unverified: never bounced), defer, reject." },
	{ .name = "helo", MODE_OF(helo), .dflt = "log",
	  .says = "The client greets with a name that is nobody's: ours, another's address, or one "
		  "that DNS does not know." },
	{ .name = "rdns", MODE_OF(rdns), .dflt = "log",
	  .says = "The client's address has no name in DNS, or one that has another address." },
	{ .name = "sender", MODE_OF(sender), .dflt = "log",
	  .says = "The sender's domain is not in DNS, or takes no mail (null MX)." },
	{ .name = "spf", MODE_OF(spf), .dflt = "log",
	  .says = "The sender's domain does not name the client as one that may send for it "
		  "(RFC 7208). The rows below say which results are a refusal." },
	{ .name = "spf_fail", .type = POLICY_CHOICE, AT(spf.fail), .words = "pass|defer|reject",
	  .dflt = "reject", .says = "The domain says that the client may not send for it." },
	{ .name = "spf_softfail", .type = POLICY_CHOICE, AT(spf.softfail),
	  .words = "pass|defer|reject", .dflt = "pass",
	  .says = "The domain says so, but is not sure (~all)." },
	{ .name = "spf_none", .type = POLICY_CHOICE, AT(spf.none), .words = "pass|defer|reject",
	  .dflt = "pass", .says = "The domain says nothing of it: no record, or neutral." },
	{ .name = "spf_permerror", .type = POLICY_CHOICE, AT(spf.permerror),
	  .words = "pass|defer|reject", .dflt = "pass", .says = "The domain's record is wrong." },
	{ .name = "spf_temperror", .type = POLICY_CHOICE, AT(spf.temperror), .words = "pass|defer",
	  .dflt = "pass", .says = "DNS does not answer; this is never a refusal for good." },
	{ .name = "forged", MODE_OF(forged), .dflt = "log",
	  .says = "A sender of this very domain, from a client that its SPF does not name." },
	{ .name = "dnsbl", .type = POLICY_OTHER, AT(dnsbl), .dflt = "none",
	  .parse = dnslist_parse_clients,
	  .says = "Lists of bad clients: none, recommended, or ZONE[=CODES][*WEIGHT] with commas "
		  "between." },
	{ .name = "dnsbl_mode", MODE_OF(dnsbl), .dflt = "reject",
	  .says = "What becomes of a client when the lists that name it weigh enough." },
	{ .name = "dnsbl_threshold", .type = POLICY_NUMBER, AT(dnsbl_threshold),
	  .dflt = DNSLIST_THRESHOLD, .min = "1", .max = "1000",
	  .says = "So much is enough. None of the recommended lists weighs as much by itself." },
	{ .name = "dnswl", .type = POLICY_OTHER, AT(dnswl), .dflt = "recommended",
	  .parse = dnslist_parse_good,
	  .says = "Lists of good clients; their weight is taken off that of the bad ones. They "
		  "are asked only where others are, or where greylisting is on." },
	{ .name = "rhsbl", .type = POLICY_OTHER, AT(rhsbl), .dflt = "none",
	  .parse = dnslist_parse_names,
	  .says = "Lists of bad names, asked for the sender's domain, the client's greeting and "
		  "its name in DNS: none, recommended, or ZONE[=CODES][*WEIGHT]." },
	{ .name = "rhsbl_mode", MODE_OF(rhsbl), .dflt = "reject",
	  .says = "What becomes of mail when the lists that name it weigh enough." },
	{ .name = "rhsbl_threshold", .type = POLICY_NUMBER, AT(rhsbl_threshold),
	  .dflt = DNSLIST_THRESHOLD, .min = "1", .max = "1000", .says = "So much is enough." },
	{ .name = "primary_up", .type = POLICY_CHOICE, AT(primary_up), .dflt = "accept",
	  .words = "accept|defer",
	  .says = "Mail that comes here while the primary is up; defer: it is told to go there." },
	{ .name = "primary_up_mode", MODE_OF(primary_up), .dflt = "defer", .words = "off|log|defer",
	  .says = "log: it is taken and marked." },
	{ .name = "primary_up_tries", .type = POLICY_NUMBER, AT(primary_up_tries), .dflt = "3",
	  .min = "2", .max = "20",
	  .says = "Who has tried so many times cannot reach the primary, it seems: it is taken." },
	{ .name = "primary_up_after", .type = POLICY_TIME, AT(primary_up_after_ms), .dflt = "15m",
	  .min = "1s", .max = "1d", .says = "But not before so much time has passed." },
	{ .name = "greylist", .type = POLICY_CHOICE, AT(greylist), .dflt = "off",
	  .words = "off|on|while-up",
	  .says = "A client that nobody knows yet is told to come back later; while-up: only while "
		  "the primary is up." },
	{ .name = "greylist_mode", MODE_OF(greylist), .dflt = "defer", .words = "off|log|defer",
	  .says = "What becomes of such a mail; log: it is taken and marked." },
	{ .name = "greylist_delay", .type = POLICY_TIME, AT(greylist_delay_ms), .dflt = "1m",
	  .min = "1s", .max = "1h",
	  .says = "Who comes back earlier is told to wait on." },
	{ .name = "greylist_window", .type = POLICY_TIME, AT(greylist_window_ms), .dflt = "2d",
	  .min = "2h", .max = "7d", .says = "Who comes back later than that begins anew." },
	{ .name = "greylist_memory", .type = POLICY_TIME, AT(greylist_memory_ms), .dflt = "35d",
	  .min = "1d", .max = "365d",
	  .says = "A client that came back is known until it has been silent for so long." },
};
/* clang-format on */
const size_t policy_option_count = COUNT(policy_options);

const char *check_name(enum check_id id)
{
	static const char *const names[] = {
#define CHECK(name) [CHECK_##name] = #name,
		POLICY_CHECKS(CHECK)
#undef CHECK
	};

	return names[id];
}

const char *check_mode_name(enum check_mode m)
{
	static const char *const names[] = {
		[MODE_OFF] = "off",
		[MODE_LOG] = "log",
		[MODE_DEFER] = "defer",
		[MODE_REJECT] = "reject",
	};

	return names[m];
}

const struct policy_option *policy_option_find(struct str name)
{
	for (size_t i = 0; i < policy_option_count; i++)
		if (str_eq(name, str_of(policy_options[i].name)))
			return &policy_options[i];
	return NULL;
}

/* The place of value in words ("a|b|c"), or -1. */
static int place_of(struct str value, const char *words)
{
	struct str rest = str_of(words), word;
	bool more = true;

	for (int i = 0; more; i++) {
		more = str_cut(rest, '|', &word, &rest);
		if (str_ieq(value, word))
			return i;
	}
	return -1;
}

static bool put_choice(const struct policy_option *o, const char *words, struct str value,
		       int *ret, struct err *e)
{
	char shown[SHOWN_MAX];
	int place = place_of(value, words);

	if (place < 0)
		return err_set(e, ERR_INPUT, "%s is one of %s, and not %s", o->name, words,
			       log_quote(value, shown, sizeof(shown)));
	*ret = place;
	return true;
}

static bool put_time(const struct policy_option *o, struct str value, int64_t *ret, struct err *e)
{
	uint64_t ms, min, max;

	if (!str_to_ms(str_of(o->min), &min) || !str_to_ms(str_of(o->max), &max) ||
	    !str_to_ms(value, &ms) || ms < min || ms > max)
		return err_set(e, ERR_INPUT, "%s is a time from %s to %s, such as %s", o->name,
			       o->min, o->max, o->dflt);
	*ret = (int64_t)ms;
	return true;
}

static bool put_number(const struct policy_option *o, struct str value, int64_t *ret,
		       struct err *e)
{
	uint64_t number, min, max;

	if (!str_to_u64(str_of(o->min), INT64_MAX, &min) ||
	    !str_to_u64(str_of(o->max), INT64_MAX, &max) || !str_to_u64(value, max, &number) ||
	    number < min)
		return err_set(e, ERR_INPUT, "%s is a number from %s to %s", o->name, o->min,
			       o->max);
	*ret = (int64_t)number;
	return true;
}

bool policy_settings_put(struct policy_settings *p, struct arena *a, const struct policy_option *o,
			 struct str value, struct err *e)
{
	void *field = (char *)p + o->offset;
	int place = 0;

	if (value.n > VALUE_MAX)
		return err_set(e, ERR_INPUT, "%s: longer than %d bytes", o->name, VALUE_MAX);
	switch (o->type) {
	case POLICY_MODE:
		if (!put_choice(o, o->words ? o->words : "off|log|defer|reject", value,
				&place, e))
			return false;
		*(enum check_mode *)field = (enum check_mode)place;
		return true;
	case POLICY_CHOICE:
		return put_choice(o, o->words, value, field, e);
	case POLICY_TIME:
		return put_time(o, value, field, e);
	case POLICY_NUMBER:
		return put_number(o, value, field, e);
	case POLICY_OTHER:
		break;
	}
	return o->parse(a, value, field, e);
}

struct policy_settings *policy_settings_defaults(struct arena *a)
{
	struct policy_settings *p = arena_alloc(a, sizeof(*p));
	struct err e;

	if (!p)
		return NULL;
	for (unsigned i = 0; i < CHECK_COUNT; i++)
		p->mode[i] = MODE_REJECT;
	for (size_t i = 0; i < policy_option_count; i++)
		if (!policy_settings_put(p, a, &policy_options[i], str_of(policy_options[i].dflt),
					 &e))
			return NULL;
	return p;
}
