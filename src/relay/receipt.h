/* receipt.h: a mail in progress: from MAIL to the answer at its end, to RSET, or to the end of the
 * session, whichever is first.  Shared by receive.c (up to its content), rcpt.c with
 * inquiry.c (its recipients) and keep.c (its end).
 *
 * All its strings are in one arena.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_RECEIPT_H
#define RELAY_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/list.h"
#include "db/store.h"
#include "policy/policy.h"
#include "policy/spf.h"
#include "proto/authres.h"
#include "proto/header.h"
#include "relay/session.h"
#include "relay/spool.h"

struct receipt {
	struct worker *w;
	struct session *session; /* NULL: a trial */
	struct trial *trial;     /* trial.h, or NULL */
	struct list trial_link;  /* in worker.trials */
	struct arena *arena;
	struct spool_budget *budget;
	size_t counted; /* of the arena, in the budget */
	struct path sender;
	bool body_8bit, smtputf8;
	uint64_t said_size;  /* SIZE=; 0: not said */
	uint64_t size_limit; /* the smallest of its recipients */
	bool may_be_utf8;    /* some recipient's primary may take SMTPUTF8 */
	enum dsn_ret ret;
	struct str envid;
	struct envelope_rcpt *rcpts;
	size_t rcpt_count, rcpt_room;
	struct str first_given; /* the first of them as RCPT named it */
	struct spool spool;
	struct header header;
	struct authres authres;
	struct spf_result spf;
	bool has_spf; /* it was evaluated for a recipient that was taken */
	msgid id;
	struct asks *asks;
	struct list inquiries; /* inquiry.h: questions under way */

	/* the RCPT that is being decided */
	struct path rcpt;
	unsigned notify;
	struct str orcpt;
	struct policy policy;
	struct mail facts;
	struct settings *settings;
	bool deciding; /* an answer is waited for */
};

/* 10,000 recipients with the longest of addresses and their questions do not fit; 1,000 do. */
#define MAIL_ARENA_MAX (4 * 1024 * 1024)

/* The arena has grown: it counts in the budget as the content does. */
void receipt_count_memory(struct receipt *m);
/* The session's mail, if there is one. */
void receipt_forget(struct session *s);

#endif
