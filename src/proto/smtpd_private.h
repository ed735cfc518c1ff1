/* smtpd_private.h: the engine's body, shared by smtpd.c (order of commands), smtpd_params.c (what
 * stands behind a verb) and smtpd_data.c (content), and by nobody else.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_SMTPD_PRIVATE_H
#define PROTO_SMTPD_PRIVATE_H

#include "proto/smtpd.h"

/* One bit a state, so that a verb's "allowed in" is a mask. */
enum state {
	START = 1,   /* greeted, no HELO yet */
	READY = 2,   /* between mails */
	MAIL = 4,    /* a sender, no recipient */
	RCPT = 8,    /* at least one recipient */
	DATA = 16,   /* 354 said, content flows */
	END = 32,    /* content is complete, its answer is not */
	CLOSED = 64, /* nothing is read any more */
	CHUNKS = 128, /* BDAT has begun: some content is there, and more is to come */
	FAILED = 256, /* a chunk was refused: those behind it belong to no mail */
	SECURING = 512, /* between STARTTLS and TLS: what comes in clear is thrown away */
};

/* A row of the verb table, see smtpd.c. */
struct verb {
	const char *name;
	unsigned allowed; /* states */
	enum smtpd_want asks;  /* WANT_INPUT: asks nobody, says `reply` */
	/* NULL when the arguments are fine and stand in *r, else the refusal. */
	const struct reply *(*arguments)(struct smtpd *s, struct str args, struct smtpd_request *r);
	enum state granted; /* state behind 2xx or 354 */
	enum state refused; /* state behind any other answer */
	void (*on_granted)(struct smtpd *s);
	enum reply_id reply; /* said when misplaced, or always when it asks nobody */
};

/* The octets behind a BDAT line.  They are read to their end before anything is said (RFC 3030
 * §2). */
struct chunk {
	bool open; /* they come now, before the next line */
	bool last;
	uint64_t size, left;
	const struct reply *answer; /* said at their end when they belong to no mail */
};

struct smtpd {
	const char *hostname;
	struct smtpd_limits limits;
	struct buf in, out;
	size_t used;              /* at the front of `in`: what the last request points into */
	const struct verb *asked; /* the row that waits for its answer */
	uint64_t size;            /* of the content so far */
	uint64_t max_size;        /* that it may have */
	const struct reply *refuse; /* the first thing wrong with the content */
	enum state state;
	enum reply_id last_word; /* what ended the session */
	unsigned rcpts, errors, commands, lines, chunk_credit;
	bool secure;     /* inside TLS */
	bool extended;   /* EHLO rather than HELO */
	bool smtputf8;   /* MAIL said so: its RCPTs may be UTF-8 */
	bool skipping;   /* inside an overlong command line */
	bool line_start; /* content: the next byte begins a line */
	bool after_cr;   /* content: the chunk before ended in CR */
	struct chunk chunk;
};

/* The next line of the input, without CRLF; s->used covers it. */
enum smtpd_line { SMTPD_LINE_NONE, SMTPD_LINE_HERE, SMTPD_LINE_TOO_LONG };
enum smtpd_line smtpd_line_read(struct smtpd *s, struct str *ret);
bool smtpd_line_is_bdat(struct str line);
/* A bare CR, a bare LF or a NUL. */
bool smtpd_line_has_control(struct str line);

/* What is said to HELO or EHLO, with a NUL behind it; text must have room. */
void smtpd_ehlo_text(const struct smtpd *s, struct buf *text);

/* Arguments of each verb; no reply yet means they are right. */
const struct reply *smtpd_args_none(struct smtpd *s, struct str args, struct smtpd_request *r);
const struct reply *smtpd_args_any(struct smtpd *s, struct str args, struct smtpd_request *r);
const struct reply *smtpd_args_helo(struct smtpd *s, struct str args, struct smtpd_request *r);
const struct reply *smtpd_args_ehlo(struct smtpd *s, struct str args, struct smtpd_request *r);
const struct reply *smtpd_args_starttls(struct smtpd *s, struct str args, struct smtpd_request *r);
const struct reply *smtpd_args_mail(struct smtpd *s, struct str args, struct smtpd_request *r);
const struct reply *smtpd_args_rcpt(struct smtpd *s, struct str args, struct smtpd_request *r);
const struct reply *smtpd_args_bdat(struct smtpd *s, struct str args, struct smtpd_request *r);
const struct reply *smtpd_args_xclient(struct smtpd *s, struct str args, struct smtpd_request *r);

/* Content begins with the next byte. */
void smtpd_data_begin(struct smtpd *s);
/* The next span, the end, or WANT_INPUT; s->used covers what r points into.  True at the end. */
bool smtpd_data_next(struct smtpd *s, struct smtpd_request *r);
/* The same for the octets of a chunk; true at the chunk's end. */
bool smtpd_bdat_next(struct smtpd *s, struct smtpd_request *r);

#endif
