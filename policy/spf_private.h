/* spf_private.h: what the files of the SPF evaluator share.
 *
 * spf.c            check_host: finds the record, walks its terms, redirect and exp
 * spf_match.c      the mechanisms that look something up
 * spf_record.c     the syntax of a record
 * spf_macro.c      the syntax of domain-specs and explanations, and their expansion
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_SPF_PRIVATE_H
#define POLICY_SPF_PRIVATE_H

#include "policy/spf.h"

#define SPF_LOOKUPS_MAX   10   /* terms that look something up (RFC 7208 §4.6.4) */
#define SPF_VOIDS_MAX     2    /* of them with an empty answer */
#define SPF_HOSTS_MAX     10   /* names of one mx; names of the client that are looked at */
#define SPF_QUESTIONS_MAX 64   /* ours: so that nobody's record leaves no questions to others */
#define SPF_EXPANDED_MAX  8192 /* ours: bytes that macros may become, all together */

/* -- syntax (spf_record.c) ------------------------------------------------------------------ */

enum spf_kind {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
	SPF_REDIRECT,
	SPF_EXP,
	SPF_MODIFIER, /* one that nobody knows: ignored */
};

struct spf_term {
	enum spf_kind kind;
	enum spf code;             /* what a match means */
	struct str text;           /* all of it */
	struct str domain;         /* its domain-spec; "" for the current domain */
	struct ip ip;              /* ip4, ip6 */
	unsigned v4_bits, v6_bits; /* 0 to 32, 0 to 128 */
};

struct spf_record {
	struct str terms;         /* for spf_term_next */
	struct str redirect, exp; /* domain-specs; "" where there is none */
};

/* Does a TXT record claim to be one of ours (RFC 7208 §4.5)? */
bool spf_record_is(struct str txt);
/* False when anything in it is malformed (RFC 7208 §4.6). */
bool spf_record_read(struct str txt, struct spf_record *ret) MUST_CHECK;
/* The next term of a record that was read; false at its end. */
bool spf_term_next(struct str *terms, struct spf_term *ret) MUST_CHECK;

/* -- macros (spf_macro.c) ------------------------------------------------------------------- */

enum spf_text {
	SPF_TEXT_DOMAIN,   /* domain-spec */
	SPF_TEXT_MODIFIER, /* macro-string */
	SPF_TEXT_EXPLAIN,  /* explain-string */
};

bool spf_text_is_valid(struct str text, enum spf_text kind);

enum spf_got { SPF_GOT_WAIT, SPF_GOT_IT, SPF_GOT_TOO_MUCH };

/* A name made from a domain-spec. */
struct spf_domain {
	struct str name; /* in at[]: lower case, without final dot */
	char at[DNS_NAME_MAX + 1];
};

/* One evaluation, in one run. */
struct spf_run {
	struct asks *asks;
	const struct spf_query *query;
	struct str helo, local, sender_domain; /* of the identity that is checked */
	bool v4;
	unsigned lookups, voids, questions, ahead;
	size_t expanded;
	struct spf_result *result;
};

/* What a valid domain-spec says in the record of `domain`, cut to a name's length from the left
 * (RFC 7208 §7.3).  It may be no name that can be asked for. */
enum spf_got spf_expand_domain(struct spf_run *run, struct str spec, struct str domain,
			       struct spf_domain *ret) MUST_CHECK;
/* The same for an explanation, which is cut to fit and made printable. */
enum spf_got spf_expand_explanation(struct spf_run *run, struct str text, struct str domain,
				    char ret[SPF_EXPLANATION_MAX + 1]) MUST_CHECK;

/* -- mechanisms (spf_match.c) --------------------------------------------------------------- */

enum spf_match {
	SPF_MATCH_WAIT,
	SPF_MATCH_NO,
	SPF_MATCH_YES,
	SPF_MATCH_TEMPERROR,
	SPF_MATCH_PERMERROR,
};

/* Asks, and counts it; past the limit every answer is an error. */
const struct answer *spf_ask(struct spf_run *run, struct str name, enum dns_type type);
/* ip4, ip6 */
bool spf_match_network(const struct spf_run *run, const struct spf_term *t);
/* a, mx, ptr, exists, of the target that the term names. */
enum spf_match spf_match_a(struct spf_run *run, const struct spf_term *t, struct str target);
enum spf_match spf_match_mx(struct spf_run *run, const struct spf_term *t, struct str target);
enum spf_match spf_match_ptr(struct spf_run *run, const struct spf_term *t, struct str target);
enum spf_match spf_match_exists(struct spf_run *run, const struct spf_term *t, struct str target);
/* The client's name that is proved, preferring `domain` itself, then what is below it; "unknown"
 * (RFC 7208 §7.3).  False: WAIT. */
bool spf_client_name(struct spf_run *run, struct str domain, struct str *ret) MUST_CHECK;
/* The address for %{i}: dotted, nibble by nibble for IPv6. */
struct str spf_dotted_ip(const struct ip *ip, char out[64]);

/* Sets why, for people, and answers code. */
enum spf spf_because(struct spf_run *run, enum spf code, const char *reason);

#endif
