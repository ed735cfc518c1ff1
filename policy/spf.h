/* spf.h: may this client send for this domain?  The evaluator of RFC 7208.
 *
 * It asks (policy/ask.h) and is run again from its first line with every answer: plain recursion,
 * no state between runs, all limits counted anew each time and so exact.  It takes no memory: names
 * that it makes live on the stack, at most eleven records deep (RFC 7208 §4.6.4).
 *
 * The order in which answers come changes nothing.  One thing is settled otherwise than by taking
 * the RFC's steps in turn: where several hosts are compared (mx, ptr), one that matches wins over
 * one whose address cannot be found out, wherever in the list they stand.
 *
 * Decided against: libspf2, which blocks, fails 63 of the 203 cases of the public test suite, and
 * has had its stack overrun by a DNS record.
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_SPF_H
#define POLICY_SPF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cidr.h"
#include "base/str.h"
#include "policy/ask.h"

/* Bytes kept of what a domain says to those it refuses: one line of a reply. */
#define SPF_EXPLANATION_MAX 255
#define SPF_DOMAIN_MAX      255
/* Bytes kept of the term that decided. */
#define SPF_MECHANISM_MAX 80

enum spf {
	SPF_WAIT, /* an answer is missing: run again */
	/* RFC 7208 §2.6 */
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
};

struct spf_query {
	struct ip client;
	struct str helo;
	struct str local, domain; /* of the sender, quoting undone; domain is "" for <> */
	struct str receiver;      /* our name, for %{r} in explanations */
	int64_t now_ms;           /* for %{t} */
};

struct spf_result {
	enum spf code;
	bool of_helo;       /* the sender is <>: HELO's name was judged (RFC 7208 §2.4) */
	const char *reason; /* of an error, none or neutral; or "" */
	char domain[SPF_DOMAIN_MAX + 1]; /* which was judged; of HELO it may be anything */
	/* Both printable ASCII, cut to their length; "" when there is none.  The explanation is the
	 * domain's own, for a fail only: words of a stranger. */
	char mechanism[SPF_MECHANISM_MAX + 1];
	char explanation[SPF_EXPLANATION_MAX + 1];
};

/* Answers ret->code.  With SPF_WAIT nothing else in *ret counts. */
enum spf spf_check(struct asks *asks, const struct spf_query *q, struct spf_result *ret);
/* "pass", "softfail" …: as RFC 7208 §9.1 and RFC 8601 §2.7.2 write them. */
const char *spf_name(enum spf code);

#endif
