/* receipt.h: a mail in progress: from MAIL to the answer at its end, to RSET, or to the end of the
 * session, whichever is first.  Shared by receive.c (up to its content) and keep.c (its end).
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
#include "db/store.h"
#include "policy/policy.h"
#include "proto/header.h"
#include "relay/session.h"
#include "relay/spool.h"

struct receipt {
	struct arena *arena;
	struct spool_budget *budget;
	size_t counted; /* of the arena, in the budget */
	struct path sender;
	bool body_8bit;
	enum dsn_ret ret;
	struct str envid;
	struct envelope_rcpt *rcpts;
	size_t rcpt_count, rcpt_room;
	struct spool spool;
	struct header header;
	msgid id;

	/* the RCPT that is being decided */
	struct path rcpt;
	unsigned notify;
	struct str orcpt;
	struct asks *asks;
	struct policy policy;
	struct mail facts;
	struct settings *settings;
	unsigned asked_index; /* of the question that is under way as s->job */
	uint64_t asked_version;
};

/* The session's mail, if there is one. */
void receipt_forget(struct session *s);

#endif
