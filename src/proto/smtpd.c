/* smtpd: the order of an SMTP session, as one table (RFC 5321 §4.1.4).
 *
 * smtpd_next reads a line, finds its row, and either says the row's own reply or hands the
 * request out and reads nothing until smtpd_answer.  No code but the table decides what may
 * come when.  Content is smtpd_data.c, arguments are smtpd_params.c.
 *
 * An answer that would be the 5xx too many is replaced by the one 421 that ends the session, so
 * that a client never sees a reply that belongs to no command.
 *
 * Decided against: TURN (500, no such command); REQUIRETLS (RFC 8689), for it promises a verified
 * TLS hop and a hop behind it that promises the same, and we do not hold outbound TLS to that; a
 * version in the greeting; ending a line at a bare LF, which is where SMTP smuggling begins.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpd.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "proto/smtpd_private.h"

/* Commands that are read ahead of the one being answered; the rest waits in the socket. */
#define AHEAD_MAX (16 * 1024)
/* While so much is unsent no further command is run. */
#define OUTPUT_HIGH (SMTPD_OUTPUT_MAX / 2)
#define GREETING_MAX 2048
#define CHUNK_PAYS   512 /* octets of content in chunks, for one of max_commands */

#define MAILING (MAIL | RCPT)
#define BETWEEN (READY | FAILED)
#define EHLOED  (READY | MAILING | CHUNKS | FAILED)
#define ANY     (START | EHLOED)

static void on_helo(struct smtpd *s);
static void on_starttls(struct smtpd *s);
static void on_mail(struct smtpd *s);
static void on_rcpt(struct smtpd *s);
static void on_data(struct smtpd *s);
static void on_chunks(struct smtpd *s);
static void on_end(struct smtpd *s);
static void on_xclient(struct smtpd *s);

/* To add a verb is to add a row.  The first row with this verb and this state counts; if there is
 * none, the verb is misplaced and its first row has the reply.  A row that asks WANT_INPUT asks
 * nobody: it always has the reply.  RFC 5321 §4.1.1.1 to §4.1.1.10. */
static const struct verb verbs[] = {
	/* verb   in state asks        arguments       2xx,354 other  on 2xx   reply */
	{ "EHLO", START,   WANT_HELO,  smtpd_args_ehlo, READY, START, on_helo, REPLY_OK         },
	{ "EHLO", ANY,     WANT_HELO,  smtpd_args_ehlo, READY, READY, on_helo, REPLY_OK         },
	{ "HELO", START,   WANT_HELO,  smtpd_args_helo, READY, START, on_helo, REPLY_OK         },
	{ "HELO", ANY,     WANT_HELO,  smtpd_args_helo, READY, READY, on_helo, REPLY_OK         },
	{ "MAIL", BETWEEN, WANT_MAIL, smtpd_args_mail, MAIL,  READY, on_mail, REPLY_NEED_HELO  },
	{ "MAIL", MAILING | CHUNKS, WANT_INPUT, smtpd_args_any, 0, 0, NULL,    REPLY_MAIL_TWICE },
	{ "RCPT", MAIL,    WANT_RCPT,  smtpd_args_rcpt, RCPT,  MAIL,  on_rcpt, REPLY_NEED_MAIL  },
	{ "RCPT", RCPT,    WANT_RCPT,  smtpd_args_rcpt, RCPT,  RCPT,  on_rcpt, REPLY_NEED_MAIL  },
	{ "RCPT", CHUNKS,  WANT_INPUT, smtpd_args_any,  0,     0,     NULL,    REPLY_CHUNKS_BEGUN },
	{ "DATA", RCPT,    WANT_DATA,  smtpd_args_none, DATA,  RCPT,  on_data, REPLY_NEED_RCPT  },
	{ "DATA", CHUNKS,  WANT_INPUT, smtpd_args_any,  0,     0,     NULL,    REPLY_CHUNKS_BEGUN },
	{ "BDAT", RCPT,    WANT_DATA,  smtpd_args_bdat, CHUNKS, FAILED, on_chunks, REPLY_OK     },
	{ "BDAT", CHUNKS,  WANT_INPUT, smtpd_args_bdat, 0,     0,     NULL,    REPLY_CHUNK_OK   },
	{ "BDAT", FAILED,  WANT_INPUT, smtpd_args_bdat, 0,     0,     NULL,    REPLY_CHUNK_FAILED },
	{ "BDAT", MAIL,    WANT_INPUT, smtpd_args_bdat, FAILED, 0,    NULL,    REPLY_NEED_RCPT  },
	{ "BDAT", ANY,     WANT_INPUT, smtpd_args_bdat, 0,     0,     NULL,    REPLY_NEED_RCPT  },
	{ "RSET", START,   WANT_RSET,  smtpd_args_none, START, START, NULL,    REPLY_OK         },
	{ "RSET", ANY,     WANT_RSET,  smtpd_args_none, READY, READY, NULL,    REPLY_OK         },
	{ "NOOP", ANY,     WANT_INPUT, smtpd_args_any,  0,     0,     NULL,    REPLY_OK         },
	{ "XCLIENT", START, WANT_XCLIENT, smtpd_args_xclient, START, START, on_xclient, REPLY_OK },
	{ "XCLIENT", READY, WANT_XCLIENT, smtpd_args_xclient, START, READY, on_xclient, REPLY_OK },
	{ "XCLIENT", MAILING | CHUNKS | FAILED, WANT_INPUT, smtpd_args_xclient, 0, 0, NULL,
	  REPLY_XCLIENT_LATE },
	{ "VRFY", ANY,     WANT_INPUT, smtpd_args_any,  0,     0,     NULL,    REPLY_VRFY       },
	{ "EXPN", ANY,     WANT_INPUT, smtpd_args_any,  0,     0,     NULL,    REPLY_EXPN       },
	{ "HELP", ANY,     WANT_INPUT, smtpd_args_any,  0,     0,     NULL,    REPLY_HELP       },
	{ "STARTTLS", EHLOED, WANT_TLS, smtpd_args_starttls, SECURING, READY, on_starttls,
	  REPLY_NEED_HELO }, /* RFC 3207 §4 */
	{ "QUIT", ANY,     WANT_INPUT, smtpd_args_none, CLOSED, 0,    NULL,    REPLY_BYE        },
};

/* The content as a whole, once its end has come. */
static const struct verb content =
	{ ".",    DATA,    WANT_END,   smtpd_args_none, READY, READY, on_end,  REPLY_OK         };
/* A chunk whose content is refused, while more are to come. */
static const struct verb bad_chunk =
	{ ".",    CHUNKS,  WANT_END,   smtpd_args_none, FAILED, FAILED, NULL,  REPLY_OK         };

/* -- saying ------------------------------------------------------------------------------- */

static void say(struct smtpd *s, const struct reply *r)
{
	reply_count(s->limits.tally, r);
	if (!reply_write(&s->out, r) || r->code == 421)
		s->state = CLOSED;
	if (s->state == CLOSED)
		s->last_word = reply_find(r);
}

/* The reply to a command: refusals are counted, the one too many ends the session. */
static void say_to_command(struct smtpd *s, const struct reply *r)
{
	if (reply_is_perm(r) && ++s->errors > s->limits.max_errors)
		r = reply_get(REPLY_TOO_MANY_ERRORS);
	say(s, r);
}

static void on_helo(struct smtpd *s)
{
	struct buf text;

	buf_init(&text, GREETING_MAX);
	smtpd_ehlo_text(s, &text);
	say(s, &(struct reply){ 250, "", buf_str(&text).at });
	buf_done(&text);
}

/* Commands that came behind STARTTLS were written by whoever could write in clear: they are never
 * run, not even as the first half of one (CVE-2011-0411).  forget_used throws them away. */
static void on_starttls(struct smtpd *s)
{
	s->skipping = false;
	s->rcpts = 0;
}

static void on_mail(struct smtpd *s)
{
	s->max_size = s->limits.max_size;
	s->rcpts = 0;
}

static void on_rcpt(struct smtpd *s)
{
	s->rcpts++;
	s->commands--; /* max_rcpts bounds them */
}

static void on_data(struct smtpd *s)
{
	smtpd_data_begin(s);
	say(s, reply_get(REPLY_SEND_DATA));
}

static void on_chunks(struct smtpd *s)
{
	smtpd_data_begin(s);
	s->chunk_credit = 0;
	s->chunk.answer = reply_get(REPLY_CHUNK_OK);
}

static void on_end(struct smtpd *s)
{
	s->commands = 0;
}

static void say_greeting(struct smtpd *s)
{
	char *greeting = mem_printf("%s" SMTP_GREETING, s->hostname);

	say(s, &(struct reply){ 220, "", greeting });
	free(greeting);
}

/* As if another client had connected. */
static void on_xclient(struct smtpd *s)
{
	s->extended = false;
	s->commands = s->errors = 0;
	say_greeting(s);
}

/* -- running a command -------------------------------------------------------------------- */

/* The row that counts; *ret_misplaced when its reply says that it may not come now. */
static const struct verb *find_verb(const struct smtpd *s, struct str name, bool *ret_misplaced)
{
	const struct verb *first = NULL;

	*ret_misplaced = false;
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (!str_ieq(name, str_of(verbs[i].name)))
			continue;
		if (verbs[i].allowed & s->state)
			return &verbs[i];
		if (!first)
			first = &verbs[i];
	}
	*ret_misplaced = first;
	return first;
}

/* What is to be said at once to this line; NULL when *r asks the caller. */
static const struct reply *run_verb(struct smtpd *s, struct str line, struct smtpd_request *r)
{
	const struct reply *refusal;
	const struct verb *v;
	struct str name, args;
	bool misplaced;

	str_cut(str_trim(line), ' ', &name, &args);
	v = find_verb(s, name, &misplaced);
	if (!v)
		return reply_get(REPLY_BAD_COMMAND);
	if (misplaced)
		return reply_get(v->reply);
	refusal = v->arguments(s, str_trim(args), r);
	if (refusal)
		return refusal;
	if (v->asks == WANT_INPUT) {
		if (v->granted)
			s->state = v->granted;
		return reply_get(v->reply);
	}
	s->asked = v;
	r->want = v->asks;
	r->ahead = (v->granted == DATA || v->asks == WANT_HELO) && buf_len(&s->in) > s->used;
	return NULL;
}

static const struct reply *run_line(struct smtpd *s, enum smtpd_line kind, struct str line,
				    struct smtpd_request *r)
{
	s->lines++;
	if (++s->commands > s->limits.max_commands)
		return reply_get(REPLY_TOO_MANY_COMMANDS);
	if (kind == SMTPD_LINE_TOO_LONG)
		return reply_get(REPLY_LINE_TOO_LONG);
	if (!smtpd_line_has_control(line))
		return run_verb(s, line, r);
	if (smtpd_line_is_bdat(line))
		return run_verb(s, STR("BDAT"), r);
	return reply_get(REPLY_BAD_LINE_END);
}

/* A reply to a command; to a BDAT it waits until the chunk has come. */
static void reply_to_line(struct smtpd *s, const struct reply *reply)
{
	if (s->chunk.open && reply->code != 421)
		s->chunk.answer = reply;
	else
		say_to_command(s, reply);
}

/* Who sends content in chunks of some size is bounded by max_size alone; chunks of an octet are
 * commands like others, each with its reply. */
static void pay_for_chunk(struct smtpd *s)
{
	s->chunk_credit += s->chunk.size < CHUNK_PAYS ? (unsigned)s->chunk.size : CHUNK_PAYS;
	if (s->chunk_credit < CHUNK_PAYS)
		return;
	s->chunk_credit = 0;
	s->commands--;
}

/* All octets of a chunk have come: true when *r asks the caller what to say. */
static bool end_chunk(struct smtpd *s, struct smtpd_request *r)
{
	s->chunk.open = false;
	if (s->state == CHUNKS && (s->refuse || s->chunk.last)) {
		r->want = s->refuse ? WANT_DROP : WANT_END;
		r->chunked = true;
		r->refuse = s->refuse;
		r->size = s->size;
		s->asked = s->chunk.last ? &content : &bad_chunk;
		s->state = END;
		return true;
	}
	if (s->state == CHUNKS)
		pay_for_chunk(s);
	if (s->state == FAILED) /* whoever pipelines goes on until he reads the first refusal */
		say(s, s->chunk.answer);
	else
		say_to_command(s, s->chunk.answer);
	return false;
}

/* What the last request pointed into is used up now. */
static void forget_used(struct smtpd *s)
{
	buf_consume(&s->in, s->used);
	s->used = 0;
	if (s->state & (CLOSED | SECURING))
		buf_clear(&s->in);
}

/* Nothing to do until more comes: an idle session keeps no buffers. */
static struct smtpd_request wait_for_input(struct smtpd *s)
{
	if (!smtpd_in_data(s) && !buf_len(&s->in))
		buf_done(&s->in);
	if (!buf_len(&s->out))
		buf_done(&s->out);
	return (struct smtpd_request){ .want = WANT_INPUT };
}

/* -- the interface ------------------------------------------------------------------------ */

struct smtpd *smtpd_new(const char *hostname, const struct smtpd_limits *limits)
{
	struct smtpd *s = mem_alloc(sizeof(*s));

	s->hostname = hostname;
	s->limits = *limits;
	s->state = START;
	buf_init(&s->in, SMTPD_INPUT_MAX);
	buf_init(&s->out, SMTPD_OUTPUT_MAX);
	say_greeting(s);
	return s;
}

void smtpd_free(struct smtpd *s)
{
	if (!s)
		return;
	buf_done(&s->in);
	buf_done(&s->out);
	free(s);
}

bool smtpd_feed(struct smtpd *s, struct str bytes)
{
	forget_used(s);
	return s->state & (CLOSED | SECURING) || buf_add(&s->in, bytes);
}

bool smtpd_wants_input(const struct smtpd *s)
{
	size_t most = smtpd_in_data(s) ? SMTPD_INPUT_MAX / 2 : AHEAD_MAX + s->limits.max_line;

	if (most > SMTPD_INPUT_MAX / 2)
		most = SMTPD_INPUT_MAX / 2;
	return s->state != CLOSED && buf_len(&s->in) - s->used < most &&
	       buf_len(&s->out) < OUTPUT_HIGH;
}

struct smtpd_request smtpd_next(struct smtpd *s)
{
	struct smtpd_request r = { .want = WANT_INPUT };

	for (;;) {
		const struct reply *reply;
		struct str line = STR_NONE;
		enum smtpd_line kind;

		forget_used(s);
		if (s->state == CLOSED)
			return (struct smtpd_request){ .want = WANT_CLOSE };
		if (s->asked)
			return (struct smtpd_request){ .want = WANT_ANSWER };
		if (s->state == SECURING)
			return wait_for_input(s);
		if (buf_len(&s->out) >= OUTPUT_HIGH)
			return r;
		if (s->state == DATA) {
			if (smtpd_data_next(s, &r)) {
				s->asked = &content;
				s->state = END;
			}
			return r;
		}
		if (s->chunk.open) {
			if (!smtpd_bdat_next(s, &r) || end_chunk(s, &r))
				return r;
			continue;
		}
		kind = smtpd_line_read(s, &line);
		if (kind == SMTPD_LINE_NONE)
			return wait_for_input(s);
		r = (struct smtpd_request){ .want = WANT_INPUT };
		reply = run_line(s, kind, line, &r);
		if (!reply)
			return r;
		reply_to_line(s, reply);
	}
}

void smtpd_answer(struct smtpd *s, const struct reply *r)
{
	const struct verb *v = s->asked;
	bool granted = reply_is_ok(r);

	forget_used(s);
	if (s->state == CLOSED) /* hung up meanwhile: a late answer is nobody's */
		return;
	assert(v);
	s->asked = NULL;
	s->state = granted ? v->granted : v->refused;
	if (granted && v->on_granted)
		v->on_granted(s);
	if (v->asks == WANT_END)
		say(s, r);
	else if (!granted || (v->asks != WANT_HELO && v->asks != WANT_DATA &&
			      v->asks != WANT_XCLIENT))
		reply_to_line(s, r);
}

void smtpd_secured(struct smtpd *s)
{
	forget_used(s);
	s->secure = true;
	if (s->state == SECURING)
		s->state = START;
}

void smtpd_hangup(struct smtpd *s, const struct reply *r)
{
	if (s->state == CLOSED)
		return;
	s->asked = NULL;
	say(s, r);
	s->last_word = reply_find(r);
	s->state = CLOSED;
}

void smtpd_limit_size(struct smtpd *s, uint64_t max_size)
{
	if (max_size < s->max_size)
		s->max_size = max_size;
}

struct buf *smtpd_output(struct smtpd *s)
{
	return &s->out;
}

bool smtpd_in_data(const struct smtpd *s)
{
	return s->state == DATA || s->chunk.open;
}

bool smtpd_is_idle(const struct smtpd *s)
{
	return s->state & (START | READY | FAILED) && !s->asked && !s->chunk.open;
}

unsigned smtpd_lines(const struct smtpd *s)
{
	return s->lines;
}

enum reply_id smtpd_last_word(const struct smtpd *s)
{
	return s->last_word;
}

const char *smtpd_state_name(const struct smtpd *s)
{
	switch (s->state) {
	case START:
		return "greeted";
	case READY:
		return "ready";
	case MAIL:
		return "mail";
	case RCPT:
		return "rcpt";
	case DATA:
		return "data";
	case END:
		return "end";
	case CLOSED:
		return "closed";
	case CHUNKS:
		return "chunks";
	case FAILED:
		return "failed";
	case SECURING:
		return "securing";
	}
	return "?";
}
