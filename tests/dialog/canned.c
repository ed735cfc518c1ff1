/* canned: the relay of the dialogs.
 * SPDX-License-Identifier: ISC */
#include "tests/dialog/canned.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "base/idn.h"
#include "proto/reply.h"

void canned_init(struct canned *c)
{
	*c = (struct canned){ .mails = 0 };
	buf_init(&c->content, CANNED_MAX);
}

void canned_done(struct canned *c)
{
	buf_done(&c->content);
}

/* Tests have room for what they send. */
static void must_add(struct buf *b, struct str s)
{
	bool added = buf_add(b, s);

	assert(added);
}

static void note(struct canned *c, const char *what, struct str detail)
{
	if (!c->log)
		return;
	must_add(c->log, str_of(what));
	must_add(c->log, detail);
	must_add(c->log, STR("\n"));
}

static void note_number(struct canned *c, const char *what, uint64_t n)
{
	bool added = !c->log || buf_addf(c->log, "%s %llu\n", what, (unsigned long long)n);

	assert(added);
}

static void forget_mail(struct canned *c)
{
	c->content.end = c->content.start + c->mail_at;
}

static bool is_user(struct str local)
{
	if (str_eq(local, STR("jos\xc3\xa9")))
		return true;
	return str_ieq(local, STR("postmaster")) ||
	       (local.n == 5 && str_istarts(local, STR("user")) && local.at[4] >= '1' &&
		local.at[4] <= '9');
}

static const struct reply *on_rcpt(struct canned *c, const struct smtpd_request *r)
{
	char name[65], folded[IDN_LOCAL_MAX], form[IDN_DOMAIN_MAX];
	struct str local = path_unquote(r->path.local, name), domain = r->path.domain;
	bool ok = idn_local(local, folded, &local) && idn_domain(domain, form, &domain);

	assert(ok);
	note(c, "RCPT ", r->path.address);
	if (domain.n && !str_eq(domain, STR("example.test")) &&
	    !str_eq(domain, STR("xn--bcher-kva.test")))
		return reply_get(REPLY_NOT_OURS);
	if (str_ieq(local, STR("defer")))
		return reply_get(REPLY_RCPT_UNKNOWN_NOW);
	return reply_get(is_user(local) ? REPLY_RCPT_OK : REPLY_NO_SUCH_USER);
}

static const struct reply *on_helo(struct canned *c, const struct smtpd_request *r)
{
	forget_mail(c);
	note(c, r->esmtp ? "EHLO " : "HELO ", r->helo);
	return reply_get(REPLY_OK);
}

static const struct reply *on_mail(struct canned *c, const struct smtpd_request *r)
{
	note(c, r->body_8bit ? "MAIL 8 " : "MAIL ", r->path.address);
	if (r->smtputf8)
		note(c, "SMTPUTF8", STR_NONE);
	note_number(c, "SIZE", r->size);
	return reply_get(REPLY_SENDER_OK);
}

static const struct reply *on_data(struct canned *c, const struct smtpd_request *r UNUSED)
{
	header_init(&c->header, CANNED_HOSTNAME);
	note(c, "DATA", STR_NONE);
	return reply_get(REPLY_OK);
}

static const struct reply *on_chunk(struct canned *c, const struct smtpd_request *r)
{
	assert(r->bytes.n);
	header_feed(&c->header, r->bytes);
	must_add(&c->content, r->bytes);
	if (c->log)
		must_add(c->log, r->bytes);
	return NULL;
}

static const struct reply *on_end(struct canned *c, const struct smtpd_request *r)
{
	const struct reply *refusal = header_refusal(&c->header);

	assert(r->size == buf_len(&c->content) - c->mail_at);
	note_number(c, "END", r->size);
	if (c->answers[WANT_END] || refusal) {
		forget_mail(c);
	} else {
		c->mails++;
		c->mail_at = buf_len(&c->content);
	}
	return refusal ? refusal : reply_get(REPLY_OK);
}

static const struct reply *on_drop(struct canned *c, const struct smtpd_request *r)
{
	forget_mail(c);
	note(c, "DROP ", str_of(r->refuse->text));
	return r->refuse;
}

static const struct reply *on_rset(struct canned *c, const struct smtpd_request *r UNUSED)
{
	forget_mail(c);
	note(c, "RSET", STR_NONE);
	return reply_get(REPLY_FLUSHED);
}

static const struct reply *on_xclient(struct canned *c, const struct smtpd_request *r)
{
	note(c, "XCLIENT ", r->xclient);
	return reply_get(REPLY_OK);
}

/* The handshake is the peer's affair. */
static const struct reply *on_starttls(struct canned *c, const struct smtpd_request *r UNUSED)
{
	forget_mail(c);
	note(c, "STARTTLS", STR_NONE);
	return reply_get(REPLY_TLS_READY);
}

/* NULL: nothing is to be answered. */
static const struct reply *(*const rules[])(struct canned *c, const struct smtpd_request *r) = {
	[WANT_HELO] = on_helo, [WANT_MAIL] = on_mail,	[WANT_RCPT] = on_rcpt,
	[WANT_DATA] = on_data, [WANT_CHUNK] = on_chunk, [WANT_END] = on_end,
	[WANT_DROP] = on_drop, [WANT_RSET] = on_rset,
	[WANT_XCLIENT] = on_xclient,
	[WANT_TLS] = on_starttls,
};

static enum smtpd_want serve_requests(struct canned *c, struct smtpd *s)
{
	struct smtpd_request r;

	while ((r = smtpd_next(s)).want != WANT_INPUT && r.want != WANT_CLOSE) {
		const struct reply *reply;

		assert(r.want < COUNT(rules) && rules[r.want]);
		reply = rules[r.want](c, &r);
		if (reply)
			smtpd_answer(s, c->answers[r.want] ? c->answers[r.want] : reply);
	}
	return r.want;
}

bool canned_serve(struct canned *c, struct smtpd *s, struct buf *out)
{
	for (;;) {
		enum smtpd_want want = serve_requests(c, s);
		struct buf *said = smtpd_output(s);
		bool more = buf_len(said) > 0;

		must_add(out, buf_str(said));
		buf_clear(said);
		if (want == WANT_CLOSE)
			return false;
		if (!more)
			return true;
	}
}
