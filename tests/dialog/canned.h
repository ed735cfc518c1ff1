/* canned.h: a relay without policy or store, for dialogs and for the fuzzer: it answers what the
 * engine asks, from a few fixed rules, and keeps the content that it accepted.
 *
 * Domains example.test and bücher.test are its own, with user1 … user9, josé and postmaster;
 * defer@ is put off.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_DIALOG_CANNED_H
#define TESTS_DIALOG_CANNED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "proto/header.h"
#include "proto/smtpd.h"

#define CANNED_HOSTNAME "mx2.relay.test"
#define CANNED_MAX (64 * 1024 * 1024)

struct canned {
	const struct reply *answers[WANT_CLOSE + 1]; /* instead of the rules; NULL: the rules */
	struct buf content; /* of all accepted messages, one behind the other */
	struct buf *log;    /* NULL, or what the engine asked in words, and content as it came */
	struct header header; /* of the message in progress */
	size_t mail_at;     /* where in content the message in progress begins */
	unsigned mails;     /* accepted */
};

void canned_init(struct canned *c);
void canned_done(struct canned *c);
/* Serves the engine until it can do no more with what it was fed; what it says is added to out.
 * False: the session is over. */
bool canned_serve(struct canned *c, struct smtpd *s, struct buf *out);

#endif
