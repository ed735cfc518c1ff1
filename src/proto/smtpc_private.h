/* smtpc_private.h: what the files of the client's engine share: smtpc.c (the dialogue),
 * smtpc_send.c (its commands), smtpc_utf8.c (what is not ASCII in them), smtpc_body.c (the
 * content) and smtpc_reply.c (reading a reply).
 *
 * A reply is hostile input.  It is read line by line, so that no more than one line is held
 * unread, and what is kept of it has a bound of its own.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_SMTPC_PRIVATE_H
#define PROTO_SMTPC_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "proto/smtpc.h"

#define SMTPC_GREETING_MAX 160

/* A reply of which some lines may be missing yet; zeroed is a new one. */
struct smtpc_reading {
	struct smtpc_reply reply;
	size_t text_n;
	unsigned lines;
};

enum state {
	GREET,
	EHLO,
	HELO,
	IDLE,
	RSET,
	MAIL,
	RCPT,
	UNDO,
	DATA,
	BODY,
	DOT,
	DONE,
	QUIT,
	CLOSED,
	BROKEN,
};

struct place {
	enum state state;
	size_t rcpt; /* which one, in RCPT */
};

/* Where the content is, for dots and the last CRLF. */
enum content { LINE_START, IN_LINE, AFTER_CR };

struct smtpc {
	const char *helo;
	struct buf in, out;
	struct smtpc_reading reading;
	struct place ask, await; /* see smtpc.c */
	size_t outstanding;      /* answers owed to us */
	struct smtpc_caps caps;
	char greeting[SMTPC_GREETING_MAX];
	struct smtpc_reply why;

	/* of one mail */
	struct smtpc_mail mail;
	struct smtpc_reply **refused; /* a recipient's own refusal, or NULL: it shares final */
	unsigned char *users;         /* enum smtpc_user; as many */
	size_t rcpt_count;            /* of refused */
	size_t taken;                 /* recipients with 2xx */
	struct smtpc_reply final;
	bool utf8;      /* MAIL says SMTPUTF8 */
	bool decided;   /* final is the answer */
	bool giving_up; /* see smtpc.c */
	bool open;      /* the server may hold an open transaction */
	bool dot_sent;  /* and not answered */
	enum content content;
};

#define SMTPC_EARLY "server answered before it was asked"
#define SMTPC_FULL  "output is full"

/* BROKEN from now on, why in words of ours. */
void smtpc_break(struct smtpc *c, const char *why);
/* Bytes are there although no answer is due. */
bool smtpc_is_early(const struct smtpc *c);

/* No control character in an address.  None that came by RCPT has one; a row written by other hands
 * might, and a CR LF would be a command. */
bool smtpc_is_sendable(const struct smtpc_mail *m);

/* Write one command each; rcpt is which one, for RCPT.  False when the output is full. */
bool smtpc_send_ehlo(struct smtpc *c, size_t rcpt) MUST_CHECK;
bool smtpc_send_helo(struct smtpc *c, size_t rcpt) MUST_CHECK;
bool smtpc_send_rset(struct smtpc *c, size_t rcpt) MUST_CHECK;
bool smtpc_send_mail(struct smtpc *c, size_t rcpt) MUST_CHECK;
bool smtpc_send_rcpt(struct smtpc *c, size_t rcpt) MUST_CHECK;
bool smtpc_send_data(struct smtpc *c, size_t rcpt) MUST_CHECK;
bool smtpc_send_quit(struct smtpc *c, size_t rcpt) MUST_CHECK;

/* Decides how the mail goes on that is not ASCII: recipients that cannot be written get their
 * refusal.  False: none of it can be sent, *ret says why. */
bool smtpc_utf8_begin(struct smtpc *c, struct smtpc_reply *ret) MUST_CHECK;

/* 552 for RCPT behind others that were taken: a limit of the server, not a word about this one
 * (RFC 5321 §4.5.3.1.10); unless its enhanced code says otherwise. */
bool smtpc_means_too_many(const struct smtpc_reply *r);

/* Takes lines from the input, learning what EHLO's answer tells, until a reply is complete; false
 * when it is not yet, or it broke the dialogue. */
bool smtpc_reply_read(struct smtpc *c, struct smtpc_reply *ret) MUST_CHECK;
/* A reply in words of ours; text is cut at the bound. */
void smtpc_reply_own(struct smtpc_reply *ret, short code, const char *enhanced, const char *fmt,
		     ...) PRINTF(4, 5);

#endif
