/* smtpd.h: the server's side of the SMTP dialogue, sans-IO (RFC 5321).
 *
 * Bytes in by smtpd_feed, bytes out in smtpd_output, and in between one request at a time:
 *
 *	while ((r = smtpd_next(s)).want != WANT_INPUT)
 *		switch (r.want) { case WANT_MAIL: …  smtpd_answer(s, reply); … }
 *
 * While a request is unanswered smtpd_next gives WANT_ANSWER and no further line is read.  That
 * single rule is pipelining order (RFC 2920), input locking and tarpitting.  Lines end in CRLF and
 * nothing else, content ends in CRLF.CRLF and nothing else (no SMTP smuggling), or where the last
 * chunk of BDAT ends (RFC 3030).
 *
 * The order of commands is one table in smtpd.c: {verb, allowed in, asks, then, reply when
 * misplaced}; no code besides tests the state.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_SMTPD_H
#define PROTO_SMTPD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "proto/dsn.h"
#include "proto/path.h"
#include "proto/reply.h"

/* Bounds of the engine itself. */
#define SMTPD_INPUT_MAX  (256 * 1024) /* unread bytes it holds; stop feeding at half of it */
#define SMTPD_OUTPUT_MAX (64 * 1024)  /* unsent bytes; past it the client is closed */

struct smtpd_limits {
	uint64_t max_size;   /* bytes of content after dot-unstuffing; announced as SIZE */
	unsigned max_line;   /* bytes of a command line, with CRLF */
	unsigned max_rcpts;  /* accepted recipients a message: past it 452 4.5.3 */
	unsigned max_errors; /* 5xx answers to commands a session: past it 421 and close */
	bool starttls;         /* STARTTLS is offered: there is a certificate */
	unsigned max_commands; /* commands, but accepted RCPTs, since the last message was accepted:
	                        * past it 421 */
	struct reply_tally *tally; /* of refusals; NULL: nobody counts; outlives the engine */
	bool xclient; /* the client may say XCLIENT */
};

enum smtpd_want {
	WANT_INPUT,  /* feed more; while output waits: write it, then call smtpd_next again, for
	              * commands may be held back until the client has read its replies */
	WANT_ANSWER, /* the last request is not answered yet */
	WANT_HELO,   /* r.helo, r.esmtp; forget a mail in progress; answer REPLY_OK or a refusal:
	              * the engine words the 250 and the EHLO list itself */
	WANT_MAIL,   /* r.path, r.size (0: not said), r.body_8bit, r.smtputf8, r.ret, r.envid */
	WANT_RCPT,   /* r.path, r.notify, r.orcpt */
	WANT_DATA,   /* DATA, or the first BDAT: answer REPLY_OK or a refusal; the engine says 354
	              * itself, and to a BDAT nothing before all of its chunk has come.  A
	              * refusal must stay valid until the mail is forgotten */
	WANT_CHUNK,  /* r.bytes of content, dot-unstuffed, CRLF kept but perhaps cut in two; valid
	              * until the next call; needs no answer */
	WANT_END,    /* content is complete: r.size its bytes, r.chunked.  Answer when it is
	              * stored */
	WANT_DROP,   /* content was malformed or too big (r.refuse says it): forget it, then answer
	              * with r.refuse */
	WANT_RSET,   /* forget a mail in progress; answer REPLY_FLUSHED */
	WANT_XCLIENT, /* r.xclient, for xclient_parse, which has taken it: the client is another;
	               * answer REPLY_OK or a refusal: the engine greets anew */
	WANT_TLS,    /* forget a mail in progress; answer REPLY_TLS_READY, write it, have the
	              * handshake done and call smtpd_secured; or answer a refusal */
	WANT_CLOSE,  /* write what is in the output, then close: QUIT, or a limit was passed */
};

struct smtpd_request {
	enum smtpd_want want;
	struct str helo;
	bool esmtp;     /* EHLO rather than HELO */
	struct path path;
	uint64_t size;
	bool body_8bit; /* BODY=8BITMIME */
	bool smtputf8;  /* SMTPUTF8 (RFC 6531): without it no path has bytes from 0x80 on */
	/* RFC 3461 §4; the texts as they came, valid, "" when not said */
	enum dsn_ret ret;
	struct str envid;
	unsigned notify; /* enum dsn_notify */
	struct str orcpt;
	struct str bytes;
	bool chunked; /* it came by BDAT */
	struct str xclient; /* behind the verb */
	const struct reply *refuse;
	bool ahead; /* HELO and DATA: more had come before their answer (RFC 2920 §3.1 forbids) */
};

#define SMTP_GREETING " ESMTP mxkeep" /* behind our name; smtpc.c knows us by it */

struct smtpd;

/* hostname must outlive the engine.  Puts the 220 greeting into the output. */
struct smtpd *smtpd_new(const char *hostname, const struct smtpd_limits *limits);
void smtpd_free(struct smtpd *s); /* NULL is accepted */
/* Bytes from the client.  False when more than SMTPD_INPUT_MAX is unread: the caller ignored
 * smtpd_wants_input. */
bool smtpd_feed(struct smtpd *s, struct str bytes) MUST_CHECK;
/* False while so much is unread that the caller should stop reading the socket. */
bool smtpd_wants_input(const struct smtpd *s);
/* See the top.  Spans in the request are valid until the next call of feed, next or answer. */
struct smtpd_request smtpd_next(struct smtpd *s);
/* Answers the one outstanding request; the table's `2xx` state is entered on 2xx only.  A 421
 * makes the next request WANT_CLOSE.  After smtpd_hangup a late answer is ignored. */
void smtpd_answer(struct smtpd *s, const struct reply *r);
/* The handshake is done: behind STARTTLS the session begins anew, without greeting (RFC 3207
 * §4.2); on a connection that is in TLS from its first byte it is called before anything is fed.
 * What was fed between the answer to STARTTLS and this was thrown away, and is here. */
void smtpd_secured(struct smtpd *s);
/* Unasked 421 (idle, shutting down): queued behind what is written, next is WANT_CLOSE. */
void smtpd_hangup(struct smtpd *s, const struct reply *r);
/* While WANT_DATA is unanswered: this mail's content may have no more than so many bytes. */
void smtpd_limit_size(struct smtpd *s, uint64_t max_size);
/* What is to be written to the client; consume what has been. */
struct buf *smtpd_output(struct smtpd *s);
/* True while content flows: the caller's timer is that of data blocks. */
bool smtpd_in_data(const struct smtpd *s);
/* True when no mail is in progress and nothing is unanswered: a good moment to hang up. */
bool smtpd_is_idle(const struct smtpd *s);
/* How many command lines have been read to their end. */
unsigned smtpd_lines(const struct smtpd *s);
/* Once WANT_CLOSE has come: the reply that ended the session, REPLY_BYE or a
 * refusal. */
enum reply_id smtpd_last_word(const struct smtpd *s);
/* The state's name for logs: "greeted", "mail", "data". */
const char *smtpd_state_name(const struct smtpd *s);

#endif
