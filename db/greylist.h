/* greylist.h: who was told to come back, and who did: what a check remembers of clients it does not
 * know yet.
 *
 * A first try is remembered by client, sender and recipient; the same again, after `delay` and
 * before `window` is over, makes the client known to the domain, and a known client is not asked to
 * come back again until it has been silent for `memory`.
 *
 * One known after one return: that it has a queue is all that greylisting can find out, and the
 * clients that come back once come back always.  (Postgrey wants five; four more mails late for
 * nothing.)
 *
 * What is already known is answered by the reader; only what changes a row goes to the writer: a
 * first try, a return, and once an hour that a client was seen.  A second try that comes too early
 * changes nothing, unless tries are counted.
 * SPDX-License-Identifier: ISC */
#ifndef DB_GREYLIST_H
#define DB_GREYLIST_H

#include "db/store.h"

#define GREYLIST_CLIENT_MAX 64 /* bytes of a client's key; longer ones are hashed at their end */
#define GREYLIST_TEXT_MAX   64 /* bytes kept of sender and recipient, for people */
#define GREYLIST_KEY_BYTES  16
/* How old what is kept of a client's last mail may be. */
#define GREYLIST_TOUCH_MS INT64_C(3600000)

/* Kept in rows: append only. */
enum greylist_what { GREYLIST_CLIENT, GREYLIST_PRIMARY_UP };
const char *greylist_what_name(enum greylist_what w); /* as the check: "greylist" */

enum greylist_found {
	GREYLIST_FIRST, /* never seen, or too long ago */
	GREYLIST_EARLY, /* seen, and it is too early */
	GREYLIST_BACK,  /* it has come back: known from now on */
	GREYLIST_KNOWN,
};

struct job_greylist {
	struct job job;
	enum greylist_what what;
	int64_t domain;
	struct str client;        /* at most GREYLIST_CLIENT_MAX: greylist_client */
	struct str sender, local; /* "" for <>; what belongs together looks the same */
	int64_t now_ms;
	int64_t delay_ms, window_ms, memory_ms;
	unsigned tries; /* that are needed; 2: the first and one more */
	unsigned char key[GREYLIST_KEY_BYTES]; /* greylist_key */
	/* answer */
	bool undecided; /* of the reader: give it to the writer */
	enum greylist_found found;
	int64_t first_ms; /* of the first try */
	int64_t seen_ms;  /* GREYLIST_KNOWN */
	unsigned tried;   /* with this one; counted where more than 2 are needed */
};

/* To the reader; greylist_decide makes it one for the writer. */
struct job_greylist *job_new_greylist(struct inbox *to, job_done_fn *on_done, void *owner);
void greylist_decide(struct job_greylist *g);

/* The client's key as it is kept: text, or its start and a hash when it is too long. */
struct str greylist_client(struct str text, char out[GREYLIST_CLIENT_MAX]);
/* Fills in g->key, when all else is there. */
void greylist_key(struct job_greylist *g);
/* Of a client alone, for caches. */
void greylist_client_key(enum greylist_what what, int64_t domain, struct str client,
			 unsigned char ret[GREYLIST_KEY_BYTES]);

#endif
