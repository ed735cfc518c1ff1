/* smtpc_send: what each row of the dialogue writes; false when the output is full.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpc_private.h"

#include <inttypes.h>
#include <stdio.h>

#include "proto/path.h"
#include "proto/unitext.h"

static bool has_control(struct str address)
{
	for (size_t i = 0; i < address.n; i++)
		if ((unsigned char)address.at[i] < ' ' || address.at[i] == 0x7f)
			return true;
	return false;
}

bool smtpc_is_sendable(const struct smtpc_mail *m)
{
	bool bad = has_control(m->sender);

	for (size_t i = 0; i < m->rcpt_count; i++)
		bad = bad || has_control(m->rcpts[i]);
	return !bad;
}

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

/* RFC 6533 §3: bytes from 0x80 on only where SMTPUTF8 was said. */
static bool add_orcpt(struct smtpc *c, struct str orcpt)
{
	return c->utf8 ? buf_add(&c->out, orcpt) : unitext_add_7bit(&c->out, orcpt);
}

static bool add_rcpt_dsn(struct smtpc *c, size_t rcpt)
{
	const struct smtpc_rcpt_dsn *d = c->mail.dsn ? &c->mail.dsn[rcpt] : NULL;
	char words[32];

	if (!d || !c->caps.dsn)
		return true;
	if (d->notify && !buf_addf(&c->out, " NOTIFY=%s", dsn_notify_text(d->notify, words)))
		return false;
	return !d->orcpt.n || (buf_add(&c->out, STR(" ORCPT=")) && add_orcpt(c, d->orcpt));
}

/* smtpc_utf8_begin has seen to it that there is a form in ASCII where one is needed. */
static bool add_address(struct smtpc *c, struct str address)
{
	char room[PATH_ASCII_MAX];

	return (c->utf8 || path_to_ascii(address, room, &address)) &&
	       buf_addf(&c->out, "<%.*s>", STR_ARGS(address));
}

bool smtpc_send_mail(struct smtpc *c, size_t rcpt UNUSED)
{
	char size[sizeof(" SIZE=18446744073709551615")] = "";

	if (c->caps.size)
		snprintf(size, sizeof(size), " SIZE=%" PRIu64, c->mail.size);
	return buf_add(&c->out, STR("MAIL FROM:")) && add_address(c, c->mail.sender) &&
	       buf_addf(&c->out, "%s%s%s", size,
			c->caps.mime8bit && c->mail.body_8bit ? " BODY=8BITMIME" : "",
			c->utf8 ? " SMTPUTF8" : "") &&
	       add_mail_dsn(c) && buf_add(&c->out, STR("\r\n"));
}

bool smtpc_send_rcpt(struct smtpc *c, size_t rcpt)
{
	return buf_add(&c->out, STR("RCPT TO:")) && add_address(c, c->mail.rcpts[rcpt]) &&
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
