/* keep.c: the end of a mail's content: it is refused, or goes into the store, and then the 250 is
 * said: in on_stored and nowhere else, after the store has committed.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "relay/receipt.h"
#include "relay/receive.h"
#include "relay/session.h"

static void refuse_content(struct session *s, const struct reply *why)
{
	const struct receipt *m = s->mail;

	s->refused++;
	session_count(s, COUNTER_refused_mails);
	log_say(s->w->d->log, LOG_INFO, "refused", F_CSTR("by", "content"),
		F_INT("code", why->code), F_CSTR("client", s->peer.text),
		F_CSTR("helo", s->helo), F_PATH("from", m->sender.address),
		F_PATH("to", m->rcpts[0].address), F_CSTR("reply", why->text));
	smtpd_answer(s->smtpd, why);
	receipt_forget(s);
}

void receive_drop(struct session *s, const struct smtpd_request *r)
{
	refuse_content(s, r->refuse);
}

static void log_stored(struct worker *w, const struct job_accept *mail)
{
	const struct envelope *env = &mail->env;

	if (mail->job.ok) {
		log_say(w->d->log, LOG_INFO, "accepted", F_ID("mail", env->id),
			F_STR("client", env->client), F_STR("helo", env->helo),
			F_STR("tls", env->tls), F_PATH("from", env->sender),
			F_PATH("to", env->rcpts[0].address), F_INT("rcpts", env->rcpt_count),
			F_INT("size", mail->body.size),
			F_CSTR("by", env->chunked ? "BDAT" : "DATA"));
		board_count(&w->d->board, COUNTER_accepted, 1);
		board_count(&w->d->board, COUNTER_accepted_bytes, mail->body.size);
		board_count(&w->d->board, COUNTER_accepted_rcpts, env->rcpt_count);
		board_count(&w->d->board, COUNTER_accepted_chunked, env->chunked);
	} else {
		log_say(w->d->log, LOG_ERROR, "not_stored", F_ID("mail", env->id),
			F_STR("client", env->client), F_PATH("from", env->sender),
			F_INT("size", mail->body.size), F_CSTR("why", mail->job.err.text));
		board_count(&w->d->board, COUNTER_deferred_mails, 1);
	}
}

static void answer_stored(struct session *s, const struct job_accept *mail)
{
	char id[ID_TEXT_MAX];

	if (!mail->job.ok) {
		session_answer(s, mail->job.err.kind == ERR_FULL ? REPLY_NO_SPACE :
								     REPLY_STORE_FAILED);
		return;
	}

	char *text = arena_printf(mail->job.arena, "ok, kept as %s", id_text(mail->env.id, id));

	s->accepted++;
	smtpd_answer(s->smtpd, &(struct reply){ 250, "2.0.0", text ? text : "ok" });
}

/* The commit has returned, or failed.  Whether the client is still there or not, a stored mail is
 * ours from here on (RFC 5321 §6.1). */
static void on_stored(void *world, struct job *job)
{
	struct worker *w = world;
	struct job_accept *mail = CONTAINER(job, struct job_accept, job);
	struct session *s = job->owner;

	log_stored(w, mail);
	spool_body_gone(&w->d->spool, &mail->body);
	if (s) {
		s->job = NULL;
		answer_stored(s, mail);
		session_resume(s);
	}
	job_free(job);
}

/* The job's own copy of the envelope: the mail is forgotten as soon as the job is given. */
static bool copy_envelope(struct session *s, struct arena *a, struct envelope *env)
{
	const struct receipt *m = s->mail;
	char tls[SESSION_TLS_MAX];
	struct envelope_rcpt *rcpts = arena_alloc(a, m->rcpt_count * sizeof(*rcpts));

	*env = (struct envelope){
		.id = m->id,
		.sender = arena_dup(a, m->sender.address),
		.client = arena_dup(a, str_of(s->peer.text)),
		.helo = arena_dup(a, str_of(s->helo)),
		.tls = arena_dup(a, str_of(session_tls_text(s, tls))),
		.received_ms = id_wall_ms(m->id),
		.esmtp = s->esmtp,
		.body_8bit = m->body_8bit,
		.smtputf8 = m->smtputf8,
		.utf8_header = m->header.has_8bit,
		.ret = m->ret,
		.envid = arena_dup(a, m->envid),
		.rcpts = rcpts,
		.rcpt_count = m->rcpt_count,
	};
	if (!rcpts || !env->sender.at || !env->envid.at || !env->client.at || !env->helo.at ||
	    !env->tls.at)
		return false;
	for (size_t i = 0; i < m->rcpt_count; i++) {
		rcpts[i].domain = m->rcpts[i].domain;
		rcpts[i].address = arena_dup(a, m->rcpts[i].address);
		rcpts[i].notify = m->rcpts[i].notify;
		rcpts[i].unverified = m->rcpts[i].unverified;
		rcpts[i].orcpt = arena_dup(a, m->rcpts[i].orcpt);
		rcpts[i].findings = arena_dup(a, m->rcpts[i].findings);
		if (!rcpts[i].address.at || !rcpts[i].orcpt.at || !rcpts[i].findings.at)
			return false;
	}
	return true;
}

static void store_mail(struct session *s, bool chunked)
{
	struct job_accept *job = job_new_accept(port_inbox(s->w->jobs), on_stored, s);
	bool ok = copy_envelope(s, job->job.arena, &job->env) &&
		  spool_take(&s->mail->spool, &job->body);

	job->env.chunked = chunked;
	receipt_forget(s);
	if (!ok) {
		log_say(s->w->d->log, LOG_ERROR, "not_spooled", F_CSTR("client", s->peer.text));
		session_count(s, COUNTER_deferred_mails);
		job_free(&job->job);
		session_answer(s, REPLY_NO_SPACE);
		return;
	}
	s->job = &job->job;
	store_put(s->w->d->store, &job->job);
}

void receive_end(struct session *s, const struct smtpd_request *r)
{
	const struct receipt *m = s->mail;
	const struct reply *refusal = header_refusal(&m->header);

	spool_write(&s->mail->spool, authres_end(&s->mail->authres));
	if (!refusal && m->smtputf8 && m->header.has_8bit && !m->may_be_utf8)
		refusal = reply_get(REPLY_UTF8_HEADER);
	if (refusal)
		refuse_content(s, refusal);
	else
		store_mail(s, r->chunked);
}
