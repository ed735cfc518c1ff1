/* trace: the Received line (RFC 5321 §4.4).
 *
 * The client's name is hostile input that ends up in a header that others parse: only what a
 * domain or an address literal is made of is kept.
 * SPDX-License-Identifier: ISC */
#include "proto/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define HELO_MAX 255
#define RCPT_MAX 320
#define TLS_MAX  128

static bool is_name_byte(char c)
{
	return str_is_letter(c) || str_is_digit(c) || (c && strchr(".-_:[]", c));
}

static bool is_printable(char c)
{
	return c >= ' ' && c < 0x7f;
}

static bool is_printable_or_8bit(char c)
{
	return is_printable(c) || (unsigned char)c >= 0x80;
}

static const char *protocol_of(const struct trace *t)
{
	if (t->smtputf8)
		return t->tls_version ? "UTF8SMTPS" : "UTF8SMTP";
	if (!t->esmtp)
		return "SMTP";
	return t->tls_version ? "ESMTPS" : "ESMTP";
}

/* s with every byte that `fine` refuses as '?'; .at is NULL past the arena's maximum. */
static struct str clean(struct arena *a, struct str s, bool (*fine)(char c))
{
	char *copy = arena_cstr(a, s);

	for (size_t i = 0; copy && i < s.n; i++)
		if (!fine(copy[i]))
			copy[i] = '?';
	return (struct str){ copy, s.n };
}

struct str trace_received(struct arena *a, const struct trace *t)
{
	struct str helo = t->helo.n ? t->helo : STR("unknown"), rcpt = t->only_rcpt;
	const char *v6 = strchr(t->client, ':') ? "IPv6:" : "";
	char id[ID_TEXT_MAX], date[CLOCK_DATE_MAX], tls[TLS_MAX] = "";

	if (helo.n > HELO_MAX)
		helo.n = HELO_MAX;
	if (rcpt.n > RCPT_MAX)
		rcpt = STR_NONE;
	helo = clean(a, helo, is_name_byte);
	rcpt = clean(a, rcpt, t->smtputf8 ? is_printable_or_8bit : is_printable);
	if (!helo.at || !rcpt.at)
		return (struct str){ NULL, 0 };
	if (t->tls_version)
		(void)snprintf(tls, sizeof(tls), "\t(using %.20s with cipher %.60s)\r\n",
			       t->tls_version, t->tls_cipher);

	const char *line = arena_printf(a,
					"Received: from %s ([%s%s])\r\n%s"
					"\tby %s with %s id %s%s%s%s; %s\r\n",
					helo.at, v6, t->client, tls, t->hostname,
					protocol_of(t), id_text(t->id, id),
					rcpt.n ? "\r\n\tfor <" : "", rcpt.at, rcpt.n ? ">" : "",
					clock_rfc5322(t->wall_ms, date));

	return line ? str_of(line) : (struct str){ NULL, 0 };
}
