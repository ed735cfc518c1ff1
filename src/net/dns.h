/* dns.h: questions to DNS: resolvers for the daemon, a client for each loop.
 *
 * A resolver is libunbound in threads of its own: it asks the roots and those below (or the
 * servers that are configured), validates DNSSEC, and keeps a cache for all.  In front of it each
 * loop has a bounded cache of finished answers, so that what is known costs no other thread; and
 * what many sessions of a loop ask at the same time is asked once.
 *
 *	if (dns_cached(client, &question, &answer))
 *		…
 *	else
 *		query = dns_ask(client, &question, on_answer, owner);
 *
 * Every question has an answer after dns.timeout at the latest: DNS_ERROR then, which means unknown
 * and is neither found nor not found.  Errors are remembered for half a minute, so that a dead
 * server is not waited for by each recipient anew; an answer that comes later takes their place.
 *
 * When much is in flight, questions about names that strangers choose are the first that are not
 * put, then those about clients; what goes to DNS lists has a resolver of its own.  And one client
 * has a share only.  A question of one rank and of another are two, in flight and in caches: else
 * who asks for a name first, by greeting with it, would have its own question stand for ours.
 * SPDX-License-Identifier: ISC */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"
#include "proto/dns.h"
#include "proto/dns_tally.h"

struct dns;
struct dns_client;
struct dns_query;

enum dns_status {
	DNS_FOUND,
	DNS_NONE,  /* no such name, or no record of this type there */
	DNS_ERROR, /* timeout, SERVFAIL, bogus, malformed, past a bound: unknown */
};

struct dns_question {
	struct str name;
	enum dns_type type;
	enum dns_rank rank;
	struct ip client; /* DNS_OF_NAMES: whose share; zeros: nobody's */
};

struct dns_answer {
	enum dns_status status;
	const struct dns_record *records; /* FOUND: n of them, in the server's order */
	size_t n;
	unsigned ttl_s;
	bool secure;     /* DNSSEC: the records, or that there are none, are proven */
	const char *why; /* ERROR: in a few words; else "" */
};

struct dns_setup {
	struct conf_list servers; /* as in the conf: forwarders; none: we ask the roots */
	struct conf_list stubs;   /* "ZONE=ADDRESS:PORT" */
	const char *root_anchor;  /* a file of trust anchors, or "none" */
	int64_t timeout_ms;
	int64_t cache_bytes; /* of the resolvers together */
};

/* The resolvers.  An anchor file that is not there is no error: see dns_validates.  The tally
 * outlives it and its clients. */
bool dns_open(const struct dns_setup *setup, struct dns_tally *tally, struct dns **ret,
	      struct err *e) MUST_CHECK;
/* Descriptors that it takes at most: a part of the process's limit, as that is at dns_open. */
int64_t dns_files(void);
/* True when there is a trust anchor.  Without one no answer is secure. */
bool dns_validates(const struct dns *d);
/* When no loop asks any more, and before the clients are freed: questions in flight are dropped.
 * NULL is accepted. */
void dns_close(struct dns *d);

/* One a loop; all below belongs to the loop's thread. */
struct dns_client *dns_client_new(struct loop *l, struct dns *d);
/* After dns_close and before loop_free: no answer comes any more.  NULL is accepted. */
void dns_client_free(struct dns_client *c);

/* True: *ret is the answer.  Its records live until the loop goes on: whoever needs them longer
 * copies them.  Names are compared without regard to case; one that cannot be asked for
 * (dns_name_is_valid) is DNS_NONE. */
bool dns_cached(struct dns_client *c, const struct dns_question *q,
		struct dns_answer *ret) MUST_CHECK;

/* The records live until on_answer returns; the query is gone by then. */
typedef void on_dns_answer_fn(void *owner, const struct dns_answer *answer);

/* The answer comes from the loop, also when it is known already. */
struct dns_query *dns_ask(struct dns_client *c, const struct dns_question *q,
			  on_dns_answer_fn *on_answer, void *owner) MUST_CHECK;
/* No answer will come.  Only before the answer; NULL is accepted. */
void dns_cancel(struct dns_query *q);
/* Ask ahead: the answer is for the cache, and for who asks meanwhile. */
void dns_prefetch(struct dns_client *c, const struct dns_question *q);

#endif
