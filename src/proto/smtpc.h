/* smtpc.h: the client's side of the SMTP dialogue, sans-IO (RFC 5321): one connection, many mails.
 *
 * Mirror of smtpd: bytes from the server by smtpc_feed, bytes for it in smtpc_output, and
 * smtpc_next says what the caller must do:
 *
 *	SMTPC_INPUT   feed more (or write the output)
 *	SMTPC_READY   greeted and idle: smtpc_send a mail, smtpc_quit, or wait
 *	SMTPC_BODY    give content: smtpc_body …, then smtpc_body_end
 *	SMTPC_DONE    the mail is finished: read smtpc_result of each recipient, then next is READY
 *	SMTPC_BROKEN  the dialogue cannot go on (421, malformed, too long, bad greeting): close.
 *	              Results of a mail in progress stand: recipients without a final answer are
 *	              "broken"
 *	SMTPC_CLOSED  QUIT is through: close
 *
 * Pipelining (RFC 2920): MAIL, all RCPT and DATA in one go when the server offers it; when every
 * RCPT failed and DATA got 354 all the same an empty "." is sent.  SIZE and BODY=8BITMIME are sent
 * when offered; a mail that is bigger than the announced SIZE fails 5.3.4 without being tried.
 *
 * SMTPUTF8 (RFC 6531): a mail that came with it goes on with it.  To a server that does not offer
 * it goes what can: domains are written as A-labels; a recipient whose local part is not ASCII
 * fails 550 5.6.7 without being tried, and with a sender or a header like that the whole mail
 * does. The server's replies are hostile input: a line is 2048 bytes at most, a reply 128 lines,
 * and text is kept up to 480 bytes.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_SMTPC_H
#define PROTO_SMTPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "proto/dsn.h"

#define SMTPC_TEXT_MAX   512
#define SMTPC_OUTPUT_MAX (1024 * 1024)

/* What a server lacks so that a mail is not even tried with it: such an answer is ours. */
enum smtpc_lack { SMTPC_LACKS_NOTHING, SMTPC_LACKS_SIZE, SMTPC_LACKS_UTF8 };

/* A server's answer: as it came, lines joined by blanks, quoted for print by whoever shows it. */
struct smtpc_reply {
	short code;                /* 0: none came (broken) */
	char enhanced[12];         /* "5.1.1", or "" */
	char text[SMTPC_TEXT_MAX]; /* "550 5.1.1 no such user" */
	enum smtpc_lack lack;
};

enum smtpc_event { SMTPC_INPUT, SMTPC_READY, SMTPC_BODY, SMTPC_DONE, SMTPC_BROKEN, SMTPC_CLOSED };

/* What the dialogue waits for; the caller's timeout depends on it. */
enum smtpc_phase {
	SMTPC_PHASE_GREETING,
	SMTPC_PHASE_COMMAND, /* EHLO, MAIL, RCPT, RSET, QUIT */
	SMTPC_PHASE_DATA,    /* 354, and while blocks are written */
	SMTPC_PHASE_FINAL,   /* the answer to the dot (RFC 5321 §4.5.3.2.6: ten minutes) */
	SMTPC_PHASE_IDLE,
};

/* What a recipient's RCPT says besides the address, when the server offers DSN (RFC 3461). */
struct smtpc_rcpt_dsn {
	unsigned notify; /* enum dsn_notify; 0: nothing */
	struct str orcpt;
};

/* Strings must stay valid until SMTPC_DONE or SMTPC_BROKEN. */
struct smtpc_mail {
	struct str sender; /* without <>; "" for the null reverse-path */
	const struct str *rcpts;
	size_t rcpt_count;
	uint64_t size; /* bytes of content */
	bool body_8bit;
	bool smtputf8;    /* it came with SMTPUTF8 (RFC 6531) */
	bool utf8_header; /* and its header section needs that */
	enum dsn_ret ret;
	struct str envid;
	const struct smtpc_rcpt_dsn *dsn; /* one a recipient, or NULL: none says anything */
	/* Only asks: RSET instead of DATA, and DONE; no content.  One recipient, whose result is
	 * that of his RCPT. */
	bool only_ask;
};

struct smtpc;

/* helo must outlive the engine.  Nothing is written before the greeting came. */
struct smtpc *smtpc_new(const char *helo);
void smtpc_free(struct smtpc *c); /* NULL is accepted */
/* False: more came than any reply may have; close. */
bool smtpc_feed(struct smtpc *c, struct str bytes) MUST_CHECK;
enum smtpc_event smtpc_next(struct smtpc *c);
/* In READY only.  1..1000 recipients. */
void smtpc_send(struct smtpc *c, const struct smtpc_mail *m);
/* In BODY only (harmless in BROKEN).  Content with CRLF line ends, at most half of SMTPC_OUTPUT_MAX
 * at once; dots are stuffed here, across calls too.  False when the output is at SMTPC_OUTPUT_MAX:
 * write some first and give the same bytes again. */
bool smtpc_body(struct smtpc *c, struct str bytes) MUST_CHECK;
/* In BODY only (harmless in BROKEN).  Adds CRLF when the content did not end in one, and the dot.
 */
void smtpc_body_end(struct smtpc *c);
/* In READY: QUIT.  At any other time: nothing polite can be said, close the socket. */
void smtpc_quit(struct smtpc *c);
/* The connection ended or was too slow: BROKEN, with why in the caller's words.  Then results can
 * be read as after any other break. */
void smtpc_lost(struct smtpc *c, const char *why);
struct buf *smtpc_output(struct smtpc *c);
enum smtpc_phase smtpc_phase(const struct smtpc *c);
/* The state's name for logs: "greet", "rcpt", "dot". */
const char *smtpc_state_name(const struct smtpc *c);
/* The answer for recipient i of the last mail, valid from DONE or BROKEN until the next send: the
 * reply to the dot when its RCPT was taken; else that of RCPT, DATA or MAIL which failed; code 0
 * when the dialogue broke before.  A reply that came with the break itself (421) is the text.  A
 * refusal that comes while content is still being written stands as the answer, and breaks. */
const struct smtpc_reply *smtpc_result(const struct smtpc *c, size_t i);
/* What the server has said to the RCPT of recipient i of the last mail, whatever became of the
 * mail afterwards.  No: a 5yz that is about this user (RFC 3463 X.1.Z, but not the two that are
 * about the sender; or 550, 551, 553 without such a code).  All else, as refusals for policy, tells
 * nothing. */
enum smtpc_user { SMTPC_USER_UNSAID, SMTPC_USER_YES, SMTPC_USER_NO };
enum smtpc_user smtpc_user(const struct smtpc *c, size_t i);
/* After BROKEN: why, in words of ours or the server's last reply. */
const struct smtpc_reply *smtpc_why(const struct smtpc *c);
/* After BROKEN: true when the dot was put out and never answered, so the outcome is unknown (RFC
 * 1047). */
bool smtpc_dot_sent(const struct smtpc *c);
/* After BROKEN: true when there was no word about the last mail, not even about its sender, so that
 * the break says nothing of it. */
bool smtpc_is_unheard(const struct smtpc *c);
/* What EHLO told, after READY. */
struct smtpc_caps {
	bool esmtp, pipelining, size, mime8bit, enhanced, dsn, smtputf8;
	uint64_t max_size; /* 0: none announced */
	/* LIMITS (RFC 9422): mails a connection, recipients a mail, their domains; 0: not said.  To
	 * honour them is the caller's affair. */
	uint64_t mail_max, rcpt_max, rcpt_domain_max;
};
const struct smtpc_caps *smtpc_caps(const struct smtpc *c);
/* The greeting line without its code, for the log; bounded. */
const char *smtpc_greeting(const struct smtpc *c);

#endif
