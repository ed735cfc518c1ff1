/* ask.h: remembered questions.
 *
 * A check asks.  When the answer is not there yet the question is put, NULL comes back and the
 * check returns WAIT; when the answer has come the check runs again from its first line, and the
 * same question has its answer.  A check has no other effect than its questions and its verdict.
 *
 * The backend is the daemon (relay/inquiry.c) or a table in a test (tests/scene).  An answer that
 * is ready at once is returned at once.
 *
 * Decided against: callbacks (the decision is cut into pieces that are read in no order), threads
 * or coroutines per mail (unsafe cancellation, assembly).
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_ASK_H
#define POLICY_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "proto/dns.h"

/* Questions a mail; past it every further answer is ANSWER_ERROR.  Twelve lists by address and
 * three names, the client's name forwards and backwards, and what SPF may ask fit in. */
#define ASKS_MAX 128
/* Of them not for DNS, whose answers stay for all recipients: an alias leads over several places,
 * and what decides about a user must not depend on how many lists there are. */
#define ASKS_KEPT 12

enum ask_kind {
	ASK_RECIPIENT, /* is this local part in the domain's list? */
	ASK_DNS,       /* records of one type at one name */
	ASK_GREYLIST,  /* has this client come back?  It is remembered that it was here */
	ASK_TRIES,     /* has it come back often enough, although the primary is up?  The same */
	ASK_PROBE,     /* does its primary take this user? */
};

enum answer_status {
	ANSWER_FOUND,
	ANSWER_NONE,  /* certainly not there */
	ANSWER_ERROR, /* could not be found out: neither found nor not found */
};

struct question {
	enum ask_kind kind;
	int64_t domain; /* 0 where the answer is the same for all */
	/* ASK_RECIPIENT: folded local part; without subaddress, or ""; "".
	 * ASK_DNS: the name; ""; "".
	 * ASK_GREYLIST, ASK_TRIES: client's key; sender; folded local part of the recipient.
	 * ASK_PROBE: folded local part; the address as it is said; "" */
	struct str name, base, to;
	enum dns_type type; /* ASK_DNS */
	enum dns_rank rank; /* ASK_DNS */
};

struct answer {
	enum answer_status status;
	/* ASK_RECIPIENT, FOUND: the entry says accept rather than reject.  ASK_PROBE, FOUND: the
	 * primary does; NONE: it takes anybody, which says nothing. */
	bool accept;
	bool heard; /* ASK_RECIPIENT, FOUND: not of the list, but what the primary has said */
	struct str alias; /* ASK_RECIPIENT, accept: for this address; "" or NULL: for its own */
	/* ASK_DNS, FOUND: at least one; they live as long as the mail.  NONE is both "no such name"
	 * and "no such records"; ERROR is a timeout, SERVFAIL, bogus or past a bound. */
	const struct dns_record *records;
	size_t record_count;
	/* ASK_GREYLIST, ASK_TRIES: FOUND: it may pass; known: since before this mail.  NONE: it
	 * must come back. */
	bool known;
	int64_t first_ms; /* of its first try */
	unsigned tried;   /* ASK_TRIES: with this one */
};

struct asks;

struct asks_backend {
	/* Puts question number `index`.  True: *ret is the answer already.  False: asks_answer will
	 * be called later, from the loop. */
	bool (*put)(void *world, unsigned index, const struct question *q, struct answer *ret);
	void *world;
};

/* Lives in the arena. NULL past its maximum. */
struct asks *asks_new(struct arena *a, const struct asks_backend *backend);
/* The remembered answer, or NULL: WAIT. */
const struct answer *ask(struct asks *asks, const struct question *q);
/* The same for records.  A name that cannot be asked for (dns_name_is_valid) is ANSWER_NONE. */
const struct answer *ask_dns(struct asks *asks, struct str name, enum dns_type type,
			     enum dns_rank rank);
/* The backend's answer to question number index. */
void asks_answer(struct asks *asks, unsigned index, struct answer answer);
/* A new command begins: what was asked for the last one is forgotten, but for DNS: a mail's client
 * and sender stay the same, and so does what DNS said of them.  Nothing else may be waiting. */
void asks_forget(struct asks *asks);

#endif
