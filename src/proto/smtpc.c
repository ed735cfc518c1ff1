/* smtpc: the client's side of the SMTP dialogue (RFC 5321).
 *
 * The dialogue is one table, `rows`: a row is a command whose answer we wait for (or a moment in
 * which we wait for none).  Two places move along it.  `ask` is the next command to be written,
 * `await` the one whose answer comes next.  Without PIPELINING they go hand in hand; with it `ask`
 * runs ahead from MAIL to DATA, in groups, so that 1000 recipients do not fill the output.
 *
 * When a mail can no longer succeed (MAIL refused, every RCPT refused) the engine gives it up:
 * nothing more is written for it, and it is done as soon as every command written has its answer.
 *
 * A server must not answer what was not asked.  Bytes that are there before the command they would
 * answer mean that we and the server count differently, and then a stray 250 could pass for the
 * acceptance of a mail; so the dialogue is broken off.
 *
 * Not done: QUIT after a break.  Whoever breaks the rules gets no further command, and a 421 closes
 * by itself.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "proto/smtpc_private.h"
#include "proto/smtpd.h"

#define INPUT_MAX   (256 * 1024) /* unread bytes; next leaves less than a line of them */
#define GROUP_BYTES (16 * 1024)  /* no more commands while so much is unwritten */
#define RCPTS_MAX   1000

struct row {
	const char *name;
	bool (*send)(struct smtpc *c, size_t rcpt); /* NULL: nothing is sent here */
	short wants;                                /* class of the good answer; 0: none is due */
	bool piped; /* may be written while earlier commands are unanswered */
	enum state next, refused;
	/* What an answer means besides the next state, which is entered already. */
	void (*heard)(struct smtpc *c, const struct smtpc_reply *r, bool good, size_t rcpt);
	enum smtpc_phase phase;
	enum smtpc_event event;
};

/* ---- ends ---- */

/* The mail's answer for every recipient that has none of its own; the first one stands. */
static void decide(struct smtpc *c, const struct smtpc_reply *r)
{
	if (c->decided)
		return;
	c->final = *r;
	c->decided = true;
}

static void break_off(struct smtpc *c, const struct smtpc_reply *why)
{
	struct smtpc_reply none = *why;

	none.code = 0;
	decide(c, &none);
	c->why = *why;
	c->await.state = BROKEN;
	c->outstanding = 0;
}

void smtpc_break(struct smtpc *c, const char *why)
{
	struct smtpc_reply r;

	smtpc_reply_own(&r, 0, "", "%s", why);
	break_off(c, &r);
}

bool smtpc_is_early(const struct smtpc *c)
{
	return c->outstanding == 0 && (buf_len(&c->in) > 0 || c->reading.lines > 0);
}

static void give_up(struct smtpc *c)
{
	c->giving_up = true;
	if (c->outstanding == 0)
		c->await.state = DONE;
}

/* ---- what an answer means ---- */

/* Our greeting with our name: a primary's name that leads to us.  What is handed over would come
 * round until it is a loop, and fail for good.  The name alone says less: a server on the same
 * machine may have it too. */
static bool is_ourselves(const struct smtpc *c, struct str text)
{
	struct str name = str_of(c->helo);

	return str_istarts(text, name) && str_eq(str_from(text, name.n), STR(SMTP_GREETING));
}

static void on_greet(struct smtpc *c, const struct smtpc_reply *r, bool good, size_t rcpt UNUSED)
{
	struct str text = str_from(str_of(r->text), 4);

	if (good && is_ourselves(c, text))
		smtpc_break(c, "it greets with our own name: it is ourselves");
	else if (good)
		snprintf(c->greeting, sizeof(c->greeting), "%.*s", STR_ARGS(text));
}

static void on_ehlo(struct smtpc *c, const struct smtpc_reply *r UNUSED, bool good,
		    size_t rcpt UNUSED)
{
	c->caps.esmtp = good;
}

static void on_rset(struct smtpc *c, const struct smtpc_reply *r UNUSED, bool good,
		    size_t rcpt UNUSED)
{
	c->open = !good;
}

static void on_mail(struct smtpc *c, const struct smtpc_reply *r, bool good, size_t rcpt UNUSED)
{
	if (good) {
		c->open = true;
	} else {
		decide(c, r);
		give_up(c);
	}
}

/* X.1.7 and X.1.8 are about the sender's address. */
static enum smtpc_user said_of_user(const struct smtpc_reply *r, bool good)
{
	struct str status = str_of(r->enhanced);

	if (good)
		return SMTPC_USER_YES;
	if (r->code / 100 != 5)
		return SMTPC_USER_UNSAID;
	if (!status.n)
		return r->code == 550 || r->code == 551 || r->code == 553 ? SMTPC_USER_NO :
									     SMTPC_USER_UNSAID;
	return str_starts(status, STR("5.1.")) && !str_eq(status, STR("5.1.7")) &&
			       !str_eq(status, STR("5.1.8")) ?
		       SMTPC_USER_NO :
		       SMTPC_USER_UNSAID;
}

static void on_rcpt(struct smtpc *c, const struct smtpc_reply *r, bool good, size_t rcpt)
{
	c->users[rcpt] = (unsigned char)said_of_user(r, good);
	if (good) {
		c->open = true;
		c->taken++;
		if (c->mail.only_ask)
			decide(c, r);
	} else if (!c->decided) { /* after a refused MAIL it is but its echo: "503 need MAIL" */
		c->refused[rcpt] = mem_alloc(sizeof(*c->refused[rcpt]));
		*c->refused[rcpt] = *r;
		if (c->taken > 0 && smtpc_means_too_many(r))
			c->refused[rcpt]->code = 452;
	}
	if (c->giving_up || (c->await.state == DATA && c->taken == 0))
		give_up(c);
}

/* 354 for a mail that was given up: DATA was under way already.  With no recipient an empty content
 * ends it (RFC 2920 §3.1); but after a refused MAIL and a taken RCPT that could reach somebody as
 * an empty mail. */
static void end_unwanted(struct smtpc *c)
{
	if (c->taken > 0) {
		smtpc_break(c, "server wants the content of a mail whose sender it refused");
	} else if (smtpc_is_early(c)) {
		smtpc_break(c, SMTPC_EARLY);
	} else if (!buf_add(&c->out, STR(".\r\n"))) {
		smtpc_break(c, SMTPC_FULL);
	} else {
		c->await.state = DOT;
		c->outstanding = 1;
	}
}

static void on_data(struct smtpc *c, const struct smtpc_reply *r, bool good, size_t rcpt UNUSED)
{
	if (!good)
		decide(c, r);
	else if (c->giving_up)
		end_unwanted(c);
}

static void on_dot(struct smtpc *c, const struct smtpc_reply *r, bool good UNUSED,
		   size_t rcpt UNUSED)
{
	decide(c, r);
	c->open = false;
	c->dot_sent = false;
}

/* ---- the dialogue ---- */

#define GREETING SMTPC_PHASE_GREETING
#define COMMAND  SMTPC_PHASE_COMMAND
#define CONTENT  SMTPC_PHASE_DATA
#define FINAL    SMTPC_PHASE_FINAL
#define AT_REST  SMTPC_PHASE_IDLE

/* clang-format off */
static const struct row rows[] = {
/*             name      sends     wants piped  next    refused heard     phase     event */
[GREET]  = { "greet",  NULL,      2, false, EHLO,   BROKEN, on_greet, GREETING, SMTPC_INPUT },
[EHLO]   = { "ehlo",   smtpc_send_ehlo, 2, false, IDLE,   HELO,   on_ehlo,  COMMAND,  SMTPC_INPUT },
[HELO]   = { "helo",   smtpc_send_helo, 2, false, IDLE,   BROKEN, NULL,     COMMAND,  SMTPC_INPUT },
[IDLE]   = { "idle",   NULL,      0, false, IDLE,   BROKEN, NULL,     AT_REST,  SMTPC_READY },
[RSET]   = { "rset",   smtpc_send_rset, 2, false, MAIL,   BROKEN, on_rset,  COMMAND,  SMTPC_INPUT },
[MAIL]   = { "mail",   smtpc_send_mail, 2, true,  RCPT,   RCPT,   on_mail,  COMMAND,  SMTPC_INPUT },
/* once a recipient: */
[RCPT]   = { "rcpt",   smtpc_send_rcpt, 2, true,  DATA,   DATA,   on_rcpt,  COMMAND,  SMTPC_INPUT },
/* instead of DATA, when no more than that was asked: */
[UNDO]   = { "undo",   smtpc_send_rset, 2, true,  DONE,   DONE,   on_rset,  COMMAND,  SMTPC_INPUT },
[DATA]   = { "data",   smtpc_send_data, 3, true,  BODY,   DONE,   on_data,  CONTENT,  SMTPC_INPUT },
/* smtpc_body_end moves on: */
[BODY]   = { "body",   NULL,      0, false, DOT,    BROKEN, NULL,     CONTENT,  SMTPC_BODY },
[DOT]    = { "dot",    NULL,      2, false, DONE,   DONE,   on_dot,   FINAL,    SMTPC_INPUT },
[DONE]   = { "done",   NULL,      0, false, IDLE,   BROKEN, NULL,     AT_REST,  SMTPC_DONE },
[QUIT]   = { "quit",   smtpc_send_quit, 2, false, CLOSED, CLOSED, NULL,     COMMAND,  SMTPC_INPUT },
[CLOSED] = { "closed", NULL,      0, false, CLOSED, CLOSED, NULL,     AT_REST,  SMTPC_CLOSED },
[BROKEN] = { "broken", NULL,      0, false, BROKEN, BROKEN, NULL,     AT_REST,  SMTPC_BROKEN },
};
/* clang-format on */

/* Recipients that were refused before they were asked for are passed over. */
static void advance(const struct smtpc *c, struct place *p, enum state next)
{
	size_t rcpt = p->state == RCPT ? p->rcpt + 1 : 0;
	bool asks = p->state == RCPT || next == RCPT;

	while (asks && rcpt < c->mail.rcpt_count && c->refused[rcpt])
		rcpt++;
	if (asks && rcpt < c->mail.rcpt_count)
		*p = (struct place){ RCPT, rcpt };
	else
		*p = (struct place){ !asks ? next : c->mail.only_ask ? UNDO : DATA, 0 };
}

static bool may_write(const struct smtpc *c)
{
	const struct row *row = &rows[c->ask.state];

	if (!row->send)
		return false;
	if (c->outstanding == 0)
		return true;
	return c->caps.pipelining && row->piped && !c->giving_up && buf_len(&c->out) < GROUP_BYTES;
}

static void write_commands(struct smtpc *c)
{
	if (c->outstanding == 0)
		c->ask = c->await;
	while (may_write(c)) {
		const struct row *row = &rows[c->ask.state];

		if (smtpc_is_early(c)) {
			smtpc_break(c, SMTPC_EARLY);
			return;
		}
		if (!row->send(c, c->ask.rcpt)) {
			smtpc_break(c, SMTPC_FULL);
			return;
		}
		advance(c, &c->ask, row->next);
		c->outstanding++;
	}
}

/* A reply that nobody asked for.  421 is a good-bye; a refusal amid the content is a refusal of
 * the mail, but nothing else may be believed. */
static void on_unasked(struct smtpc *c, const struct smtpc_reply *r)
{
	if (c->await.state == BODY && r->code >= 400 && r->code != 421)
		decide(c, r);
	if (r->code >= 400)
		break_off(c, r);
	else
		smtpc_break(c, SMTPC_EARLY);
}

/* An answer of a class that the command cannot have. */
static void on_odd(struct smtpc *c, const struct row *row, const struct smtpc_reply *r)
{
	struct smtpc_reply odd;

	smtpc_reply_own(&odd, 0, "", "server answered %s with: %s", row->name, r->text);
	break_off(c, &odd);
}

static void on_reply(struct smtpc *c, const struct smtpc_reply *r)
{
	const struct place at = c->await;
	const struct row *row = &rows[at.state];
	int class = r->code / 100;
	bool good = class == row->wants;

	c->outstanding--;
	if (r->code == 421 && at.state != QUIT) {
		if (at.state == DOT)
			on_dot(c, r, false, 0);
		break_off(c, r);
		return;
	}
	if (!good && class != 4 && class != 5) {
		on_odd(c, row, r);
		return;
	}
	advance(c, &c->await, good ? row->next : row->refused);
	if (c->await.state == BROKEN)
		break_off(c, r);
	else if (row->heard)
		row->heard(c, r, good, at.rcpt);
}

static void read_replies(struct smtpc *c)
{
	struct smtpc_reply r;

	while (c->outstanding > 0 && smtpc_reply_read(c, &r))
		on_reply(c, &r);
	if ((c->await.state == IDLE || c->await.state == BODY) && smtpc_reply_read(c, &r))
		on_unasked(c, &r);
}

enum smtpc_event smtpc_next(struct smtpc *c)
{
	read_replies(c);
	write_commands(c);
	if (c->await.state == DONE) {
		c->await.state = IDLE;
		return SMTPC_DONE;
	}
	return rows[c->await.state].event;
}

/* ---- what the caller does ---- */

static void forget_mail(struct smtpc *c)
{
	for (size_t i = 0; i < c->rcpt_count; i++)
		free(c->refused[i]);
	free(c->refused);
	free(c->users);
	c->refused = NULL;
	c->users = NULL;
	c->rcpt_count = 0;
}

struct smtpc *smtpc_new(const char *helo)
{
	struct smtpc *c = mem_alloc(sizeof(*c));

	c->helo = helo;
	buf_init(&c->in, INPUT_MAX);
	buf_init(&c->out, SMTPC_OUTPUT_MAX);
	c->outstanding = 1; /* the greeting */
	c->decided = true;
	return c;
}

void smtpc_free(struct smtpc *c)
{
	if (!c)
		return;
	forget_mail(c);
	buf_done(&c->in);
	buf_done(&c->out);
	free(c);
}

bool smtpc_feed(struct smtpc *c, struct str bytes)
{
	if (c->await.state == BROKEN || c->await.state == CLOSED)
		return true;
	if (buf_add(&c->in, bytes))
		return true;
	smtpc_break(c, "server sent more than a reply may have");
	return false;
}

void smtpc_send(struct smtpc *c, const struct smtpc_mail *m)
{
	assert(c->await.state == IDLE);
	assert(m->rcpt_count >= 1 && m->rcpt_count <= (m->only_ask ? 1 : RCPTS_MAX));
	forget_mail(c);
	c->mail = *m;
	c->rcpt_count = m->rcpt_count;
	c->refused = mem_alloc(m->rcpt_count * sizeof(struct smtpc_reply *));
	c->users = mem_alloc(m->rcpt_count);
	c->taken = 0;
	c->decided = c->giving_up = c->dot_sent = false;
	c->content = LINE_START;
	c->await = (struct place){ c->open ? RSET : MAIL, 0 };

	struct smtpc_reply r;

	if (c->caps.max_size > 0 && m->size > c->caps.max_size) {
		smtpc_reply_own(&r, 552, "5.3.4",
				"552 5.3.4 %" PRIu64
				" bytes, and the server takes no more than %" PRIu64,
				m->size, c->caps.max_size);
		r.lack = SMTPC_LACKS_SIZE;
	} else if (!smtpc_is_sendable(m)) {
		smtpc_reply_own(&r, 553, "5.1.3", "553 5.1.3 control character in an address");
	} else if (smtpc_utf8_begin(c, &r)) {
		write_commands(c);
		return;
	}
	decide(c, &r);
	c->await.state = DONE;
}

void smtpc_quit(struct smtpc *c)
{
	assert(c->await.state == IDLE);
	c->await.state = QUIT;
	write_commands(c);
}

void smtpc_lost(struct smtpc *c, const char *why)
{
	if (c->await.state != BROKEN && c->await.state != CLOSED)
		smtpc_break(c, why);
}

struct buf *smtpc_output(struct smtpc *c)
{
	return &c->out;
}

enum smtpc_phase smtpc_phase(const struct smtpc *c)
{
	return rows[c->await.state].phase;
}

const char *smtpc_state_name(const struct smtpc *c)
{
	return rows[c->await.state].name;
}

const struct smtpc_reply *smtpc_result(const struct smtpc *c, size_t i)
{
	assert(i < c->rcpt_count);
	return c->refused[i] ? c->refused[i] : &c->final;
}

enum smtpc_user smtpc_user(const struct smtpc *c, size_t i)
{
	assert(i < c->rcpt_count);
	return (enum smtpc_user)c->users[i];
}

const struct smtpc_reply *smtpc_why(const struct smtpc *c)
{
	return &c->why;
}

bool smtpc_dot_sent(const struct smtpc *c)
{
	return c->dot_sent;
}

/* MAIL's good answer opens, and a bad one is the mail's answer. */
bool smtpc_is_unheard(const struct smtpc *c)
{
	return !c->open && c->decided && c->final.code == 0;
}

const struct smtpc_caps *smtpc_caps(const struct smtpc *c)
{
	return &c->caps;
}

const char *smtpc_greeting(const struct smtpc *c)
{
	return c->greeting;
}
