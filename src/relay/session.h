/* session.h: one SMTP client: its socket, its engine, and the mail in progress.
 *
 * The session owns all of it and is freed by session_close, which any of its callbacks may call
 * last.  Nothing in flight points at a session: the one job that may be under way has an owner
 * pointer, which session_close clears.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_SESSION_H
#define RELAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "net/stream.h"
#include "proto/smtpd.h"
#include "relay/worker.h"

struct receipt;

struct session {
	struct list link; /* in worker.sessions */
	struct worker *w;
	struct conf *conf;
	const struct conf_smtp *smtp; /* of conf: what is in force for its listener */
	unsigned group;               /* of the census */
	struct address peer;
	struct stream *stream;
	struct smtpd *smtpd;
	char *helo; /* "" before HELO */
	bool esmtp;
	bool helo_told, proto_told; /* helo, esmtp: by XCLIENT, whatever the peer says of itself */
	bool tls_first;                  /* from the first byte */
	bool securing; /* the handshake of TLS is on its way, or is to begin when all is written */
	struct stream_tls tls; /* version is NULL in clear */
	struct receipt *mail; /* between MAIL and its end, or NULL */
	struct job *job;      /* the one job in flight, or NULL */
	bool client_ended; /* it sends nothing more, and may wait for its answers */
	const struct reply *delayed; /* tarpit: the answer that the timer will give, or NULL */
	bool ungreeted;              /* the greeting waits: nothing may come before it */
	bool hurried;                /* has been told of */
	bool lingering; /* all is said: what still comes is thrown away until the client closes */
	uint64_t number;   /* since the daemon's start */
	int64_t since_ms;
	int64_t heard_ms;  /* by the loop's clock: bytes came */
	uint64_t received, sent; /* bytes */
	unsigned lines;              /* of commands, when the idle timer was set */
	unsigned bad_rcpts;
	int64_t data_since_ms;       /* content flows since then, 0: none does */
	uint64_t data_from;          /* bytes received by then */
	unsigned accepted, refused;
	enum board_end end;
	const char *ended; /* why, for the log */
};

/* Says why there is no session, and closes fd. */
void session_turn_away(const struct door *door, int fd, const struct address *peer,
		       enum reply_id why);
/* Takes over fd. */
void session_start(const struct door *door, int fd, const struct address *peer);
/* "TLSv1.3/TLS_AES_256_GCM_SHA384", or "" in clear. */
#define SESSION_TLS_MAX 100
const char *session_tls_text(const struct session *s, char out[SESSION_TLS_MAX]);
/* Answers the outstanding request. */
static inline void session_answer(struct session *s, enum reply_id id)
{
	smtpd_answer(s->smtpd, reply_get(id));
}
static inline void session_count(struct session *s, enum board_counter which)
{
	board_count(&s->w->d->board, which, 1);
}
/* It is us who are slow: the store, or something that the policy asked. */
bool session_waits(const struct session *s);
/* The outstanding request has been answered: go on. */
void session_resume(struct session *s);
/* Say 421 as soon as it may be said. */
void session_hangup(struct session *s, enum reply_id why);
/* The daemon is stopping: hang up now if no mail is in progress. */
void session_stop(struct session *s);
/* For operators; the strings are the session's own. */
void session_describe(const struct session *s, struct board_session *ret);
void session_close(struct session *s);

#endif
