/* smtpc_send: what each row of the dialogue writes; false when the output is full.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpc_private.h"

#include <inttypes.h>
#include <stdio.h>

bool smtpc_send_ehlo(struct smtpc *c, size_t rcpt UNUSED)
{
	return buf_addf(&c->out, "EHLO %s\r\n", c->helo);
}

bool smtpc_send_helo(struct smtpc *c, size_t rcpt UNUSED)
{
	return buf_addf(&c->out, "HELO %s\r\n", c->helo);
}

bool smtpc_send_rset(struct smtpc *c, size_t rcpt UNUSED)
{
	return buf_add(&c->out, STR("RSET\r\n"));
}

/* RFC 3461 §5.2.1: what the sender asked for goes on to a server that knows it. */
static bool add_mail_dsn(struct smtpc *c)
{
	const struct smtpc_mail *m = &c->mail;

	if (!c->caps.dsn)
		return true;
	if (m->ret &&
	    !buf_addf(&c->out, " RET=%s", m->ret == DSN_RET_FULL ? "FULL" : "HDRS"))
		return false;
	return !m->envid.n || buf_addf(&c->out, " ENVID=%.*s", STR_ARGS(m->envid));
}

static bool add_rcpt_dsn(struct smtpc *c, size_t rcpt)
{
	const struct smtpc_rcpt_dsn *d = c->mail.dsn ? &c->mail.dsn[rcpt] : NULL;
	char words[32];

	if (!d || !c->caps.dsn)
		return true;
	if (d->notify && !buf_addf(&c->out, " NOTIFY=%s", dsn_notify_text(d->notify, words)))
		return false;
	return !d->orcpt.n || buf_addf(&c->out, " ORCPT=%.*s", STR_ARGS(d->orcpt));
}

bool smtpc_send_mail(struct smtpc *c, size_t rcpt UNUSED)
{
	char size[sizeof(" SIZE=18446744073709551615")] = "";

	if (c->caps.size)
		snprintf(size, sizeof(size), " SIZE=%" PRIu64, c->mail.size);
	return buf_addf(&c->out, "MAIL FROM:<%.*s>%s%s", STR_ARGS(c->mail.sender), size,
			c->caps.mime8bit && c->mail.body_8bit ? " BODY=8BITMIME" : "") &&
	       add_mail_dsn(c) && buf_add(&c->out, STR("\r\n"));
}

bool smtpc_send_rcpt(struct smtpc *c, size_t rcpt)
{
	return buf_addf(&c->out, "RCPT TO:<%.*s>", STR_ARGS(c->mail.rcpts[rcpt])) &&
	       add_rcpt_dsn(c, rcpt) && buf_add(&c->out, STR("\r\n"));
}

bool smtpc_send_data(struct smtpc *c, size_t rcpt UNUSED)
{
	return buf_add(&c->out, STR("DATA\r\n"));
}

bool smtpc_send_quit(struct smtpc *c, size_t rcpt UNUSED)
{
	return buf_add(&c->out, STR("QUIT\r\n"));
}
