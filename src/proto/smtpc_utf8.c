/* smtpc_utf8: mail that came with SMTPUTF8, to a server that may not know it (RFC 6531 §3.2).
 *
 * The message decides, not the flag that it came with: a server without SMTPUTF8 may have it if no
 * byte of addresses and header section needs that.  A domain alone is no reason, for it has a form
 * in A-labels; a local part has none.
 *
 * Mail that came without SMTPUTF8 is not looked at: a header that is 8-bit against the rules goes
 * on as it came, and the server says what it thinks of it.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpc_private.h"

#include "base/arena.h"
#include "proto/path.h"

static bool fits(struct str address)
{
	char room[PATH_ASCII_MAX];
	struct str ignored;

	return path_to_ascii(address, room, &ignored);
}

static void refuse(struct smtpc_reply *ret, const char *whose)
{
	smtpc_reply_own(ret, 550, "5.6.7",
			"550 5.6.7 the server does not take SMTPUTF8, and the %s's address "
			"needs it",
			whose);
	ret->lack = SMTPC_LACKS_UTF8;
}

static bool needs_it(const struct smtpc_mail *m)
{
	bool needs = !fits(m->sender);

	for (size_t i = 0; i < m->rcpt_count; i++)
		needs = needs || !fits(m->rcpts[i]);
	return needs;
}

/* How many recipients are left. */
static size_t refuse_rcpts(struct smtpc *c)
{
	size_t left = 0;

	for (size_t i = 0; i < c->rcpt_count; i++) {
		if (fits(c->mail.rcpts[i])) {
			left++;
			continue;
		}
		c->refused[i] = mem_alloc(sizeof(*c->refused[i]));
		refuse(c->refused[i], "recipient");
	}
	return left;
}

bool smtpc_utf8_begin(struct smtpc *c, struct smtpc_reply *ret)
{
	/* An alias of ours may lead from an ASCII address to one that is not. */
	c->utf8 = c->caps.smtputf8 && (c->mail.smtputf8 || needs_it(&c->mail));
	if (c->utf8)
		return true;
	refuse(ret, "sender");
	if (!fits(c->mail.sender))
		return false;
	if (!c->mail.smtputf8 || !c->mail.utf8_header)
		return refuse_rcpts(c) > 0;
	smtpc_reply_own(ret, 554, "5.6.9",
			"554 5.6.9 the server does not take SMTPUTF8, and the header needs it");
	ret->lack = SMTPC_LACKS_UTF8;
	return false;
}
