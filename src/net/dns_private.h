/* dns_private.h: what the files of dns share: finished answers, the tables they stand in, and the
 * jobs that go from a client to the resolver and back.
 * SPDX-License-Identifier: ISC */
#ifndef NET_DNS_PRIVATE_H
#define NET_DNS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/inbox.h"
#include "base/list.h"
#include "net/dns.h"

/* -- a finished answer, one block of memory; one thread at a time ---------------------- */

#define DNS_ANSWER_MAX (32 * 1024) /* bytes of data in one answer */

struct dns_block {
	unsigned refs;
	int64_t keep_ms; /* in caches; 0: not at all */
	size_t bytes;	 /* of memory */
	struct dns_answer answer;
	struct dns_record records[];
};

/* A deep copy with one reference; an answer past DNS_ANSWER_MAX becomes an error.  How long it is
 * kept follows from status and ttl_s. */
struct dns_block *dns_block_new(const struct dns_answer *answer);
/* An error; why must be a literal. */
struct dns_block *dns_block_error(const char *why, int64_t keep_ms);
#define DNS_ERROR_KEEP_MS 30000
struct dns_block *dns_block_ref(struct dns_block *b);
void dns_block_unref(struct dns_block *b); /* NULL is accepted */

/* -- tables by question ---------------------------------------------------------------- */

/* What is asked, as tables know it: in lower case, without final dot. */
struct dns_key {
	uint64_t hash;
	enum dns_type type;
	enum dns_rank rank;
	size_t n;
	char name[DNS_NAME_MAX + 1];
};

/* False when the name cannot be asked for. */
bool dns_key_make(const struct hash_key *seed, const struct dns_question *q,
		  struct dns_key *ret) MUST_CHECK;

struct dns_node {
	struct dns_node *next;
	uint64_t hash;
	enum dns_type type;
	enum dns_rank rank;
	size_t n;
	const char *name; /* whoever embeds the node owns it */
};

struct dns_table {
	struct dns_node **chains;
	size_t room; /* a power of two; it does not grow: its owners are bounded */
	size_t n;
};

void dns_table_init(struct dns_table *t, size_t room);
void dns_table_done(struct dns_table *t);
struct dns_node *dns_table_find(const struct dns_table *t, const struct dns_key *key);
/* The key's name must be copied to name before. */
void dns_table_add(struct dns_table *t, struct dns_node *node, const struct dns_key *key,
		   const char *name);
void dns_table_remove(struct dns_table *t, struct dns_node *node);

/* -- the cache of a loop --------------------------------------------------------------- */

struct dns_cache;

struct dns_cache *dns_cache_new(size_t max_entries, size_t max_bytes);
void dns_cache_free(struct dns_cache *c);
/* NULL: not known, or no longer. */
struct dns_block *dns_cache_find(struct dns_cache *c, const struct dns_key *key, int64_t now_ms);
/* Takes a reference of its own; what was longest not asked for makes room. */
void dns_cache_put(struct dns_cache *c, const struct dns_key *key, struct dns_block *b,
		   int64_t now_ms);
size_t dns_cache_entries(const struct dns_cache *c);
size_t dns_cache_bytes(const struct dns_cache *c);

/* -- between client and resolver ------------------------------------------------------- */

struct dns_flight;

/* Of `most` that may be under way, how many may be when one more of this rank comes: what strangers
 * choose may fill half. */
static inline size_t dns_part(size_t most, enum dns_rank rank)
{
	return most * ((size_t)rank + 2) / (DNS_RANKS + 1);
}

struct dns_job {
	struct list link; /* in an inbox, in a lane, or with libunbound */
	struct list due;  /* at the resolver: in line for the deadline */
	struct dns_lane *lane;
	bool given;    /* to libunbound */
	bool given_up; /* … and nobody waits any more */
	struct inbox *back;
	struct dns_flight *flight; /* the client's; NULL: nobody waits for it any more */
	struct dns_block *answer;  /* on its way back */
	void *resolver;            /* at the resolver: whose */
	int64_t asked_ms;
	enum dns_type type;
	enum dns_rank rank;
	struct ip client;
	unsigned *share; /* in which it is counted; NULL: none */
	char name[DNS_NAME_MAX + 1];
};

void dns_job_free(struct dns_job *job);
/* The client, its questions put into the asker of their rank; an answered job goes back to
 * job->back. */
struct dns_client *dns_client_new_with(struct loop *l, struct inbox *const askers[DNS_RANKS],
				       struct dns_tally *tally);
struct inbox *dns_inbox(struct dns *d, enum dns_rank rank);
struct dns_tally *dns_tally_of(struct dns *d);

/* -- who is asked next ------------------------------------------------------------------ */

struct dns_lanes;

/* At most so many jobs are given to libunbound, and one part in so many of what their rank may have
 * to those of one domain. */
struct dns_lanes *dns_lanes_new(unsigned most, unsigned parts);
void dns_lanes_free(struct dns_lanes *l);

enum dns_entry {
	DNS_ENTERED,
	DNS_LANE_DEAD,  /* the servers of this domain do not answer */
	DNS_SHARE_FULL, /* this client has asked for so much already */
};

/* The job stays the caller's when it has not entered. */
enum dns_entry dns_lanes_enter(struct dns_lanes *l, struct dns_job *job) MUST_CHECK;
/* The next job to be given, its link free; NULL: none now. */
struct dns_job *dns_lanes_next(struct dns_lanes *l);
/* A given job is past its deadline. */
void dns_lanes_give_up(struct dns_lanes *l, struct dns_job *job);
/* The job, waiting or given, is done with. */
void dns_lanes_leave(struct dns_lanes *l, struct dns_job *job);
void dns_lanes_drop_waiting(struct dns_lanes *l);
/* The part of a name by which it is put into a lane. */
struct str dns_lane_domain(struct str name);

/* -- libunbound ------------------------------------------------------------------------ */

struct ub_ctx;

/* Sockets for the questions of all resolvers: a share of the process's descriptors that does not
 * starve the sessions. */
int64_t dns_sockets(void);

/* A context as the setup wants it with so many sockets, complete: nothing may be set any more.
 * *ret_validates: it has a trust anchor. */
bool dns_context_new(const struct dns_setup *setup, int64_t sockets, struct ub_ctx **ret,
		     bool *ret_validates, struct err *e) MUST_CHECK;

#endif
