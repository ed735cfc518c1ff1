/* smtpd_params: what stands behind a verb: names, paths and the parameters of MAIL and RCPT
 * (RFC 5321 §4.1.2; SIZE: RFC 1870; BODY: RFC 6152; SMTPUTF8: RFC 6531).
 *
 * A parameter is one row of a table.  An unknown one is refused with 555, never ignored: the
 * client believes what it was not refused.
 *
 * Lenient in one thing only: blanks between the colon and the path, which much software writes
 * and which cannot be misread.
 * SPDX-License-Identifier: ISC */
#include "proto/smtpd_private.h"

#include "base/utf8.h"
#include "proto/unitext.h"
#include "proto/xclient.h"
#include "proto/xtext.h"

#define HELO_MAX 255
#define ENVID_MAX 100 /* RFC 3461 §4.4 */
#define ORCPT_MAX 500 /* RFC 3461 §4.2 */
#define SIZE_DIGITS_MAX 20 /* RFC 1870 §3, RFC 3030 §2 */

struct param {
	const char *keyword;
	bool needs_value;
	/* NULL when the value is fine, else the refusal. */
	const struct reply *(*parse)(struct smtpd *s, struct str value, struct smtpd_request *r);
};

static bool is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!str_is_digit(s.at[i]))
			return false;
	return s.n > 0;
}

static const struct reply *parse_size(struct smtpd *s, struct str value, struct smtpd_request *r)
{
	if (!is_digits(value) || value.n > SIZE_DIGITS_MAX)
		return reply_get(REPLY_BAD_PARAM);
	if (!str_to_u64(value, s->limits.max_size, &r->size))
		return reply_get(REPLY_TOO_BIG);
	return NULL;
}

static const struct reply *parse_body(struct smtpd *s, struct str value, struct smtpd_request *r)
{
	(void)s;
	r->body_8bit = str_ieq(value, STR("8BITMIME"));
	if (r->body_8bit || str_ieq(value, STR("7BIT")))
		return NULL;
	return reply_get(REPLY_BAD_PARAM);
}

static const struct reply *parse_ret(struct smtpd *s, struct str value, struct smtpd_request *r)
{
	(void)s;
	if (str_ieq(value, STR("FULL")))
		r->ret = DSN_RET_FULL;
	else if (str_ieq(value, STR("HDRS")))
		r->ret = DSN_RET_HDRS;
	return r->ret ? NULL : reply_get(REPLY_BAD_PARAM);
}

static const struct reply *parse_envid(struct smtpd *s, struct str value, struct smtpd_request *r)
{
	(void)s;
	r->envid = value;
	return value.n <= ENVID_MAX && xtext_is(value) ? NULL : reply_get(REPLY_BAD_PARAM);
}

static const struct reply *parse_notify(struct smtpd *s, struct str value, struct smtpd_request *r)
{
	struct str word;

	(void)s;
	while (value.n) {
		bool more = str_cut(value, ',', &word, &value);
		unsigned bit = dsn_notify_bit(word);

		/* NEVER stands alone (RFC 3461 §4.1). */
		if (!bit || (more && !value.n) || (r->notify && (r->notify | bit) & NOTIFY_NEVER))
			return reply_get(REPLY_BAD_PARAM);
		r->notify |= bit;
	}
	return NULL;
}

static const struct reply *parse_smtputf8(struct smtpd *s, struct str value,
					  struct smtpd_request *r)
{
	(void)s;
	(void)value;
	r->smtputf8 = true;
	return NULL;
}

/* addr-type ";" xtext: the type is an atom; what has the type utf-8 may be written in its own way
 * (RFC 6533 §3), with bytes from 0x80 on only when SMTPUTF8 was said. */
static const struct reply *parse_orcpt(struct smtpd *s, struct str value, struct smtpd_request *r)
{
	struct str type, address;

	r->orcpt = value;
	if (!str_cut(value, ';', &type, &address) || !type.n || !address.n ||
	    value.n > ORCPT_MAX || utf8_has_8bit(type) || str_find(type, '+') >= 0)
		return reply_get(REPLY_BAD_PARAM);
	if (xtext_is(address) ||
	    (str_ieq(type, STR("utf-8")) && unitext_is(address, s->smtputf8)))
		return NULL;
	return reply_get(REPLY_BAD_PARAM);
}

static const struct param mail_params[] = {
	/* keyword  needs value  parse */
	{ "SIZE",   true,        parse_size }, /* RFC 1870 */
	{ "BODY",   true,        parse_body }, /* RFC 6152 */
	{ "RET",    true,        parse_ret  }, /* RFC 3461 §4.3 */
	{ "ENVID",  true,        parse_envid }, /* RFC 3461 §4.4 */
	{ "SMTPUTF8", false,     parse_smtputf8 }, /* RFC 6531 §3.4 */
	{ NULL,     false,       NULL       },
};

static const struct param rcpt_params[] = {
	{ "NOTIFY", true,        parse_notify }, /* RFC 3461 §4.1 */
	{ "ORCPT",  true,        parse_orcpt }, /* RFC 3461 §4.2 */
	{ NULL,     false,       NULL       },
};

/* esmtp-value: printable without blank and "=" (RFC 5321 §4.1.2), UTF-8 (RFC 6531 §3.3) where its
 * own parser takes it. */
static bool is_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.at[i] <= ' ' || s.at[i] == 0x7f || s.at[i] == '=')
			return false;
	return s.n > 0;
}

static const struct reply *parse_param(struct smtpd *s, const struct param *p, struct str word,
				       struct smtpd_request *r, unsigned *seen, unsigned bit)
{
	struct str keyword, value;
	bool has_value = str_cut(word, '=', &keyword, &value);

	for (; p->keyword; p++, bit <<= 1) {
		if (!str_ieq(keyword, str_of(p->keyword)))
			continue;
		if (*seen & bit || has_value != p->needs_value || (has_value && !is_value(value)))
			return reply_get(REPLY_BAD_PARAM);
		*seen |= bit;
		return p->parse(s, value, r);
	}
	return reply_get(REPLY_UNKNOWN_PARAM);
}

static const struct reply *parse_params(struct smtpd *s, const struct param *table,
					struct str args, struct smtpd_request *r)
{
	unsigned seen = 0;

	while (args.n) {
		const struct reply *refusal;
		struct str word;

		str_cut(args, ' ', &word, &args);
		if (!word.n)
			continue;
		refusal = parse_param(s, table, word, r, &seen, 1);
		if (refusal)
			return refusal;
	}
	return NULL;
}

/* PREFIX, path, parameters. */
static const struct reply *parse_path(struct smtpd *s, struct str args, struct str prefix,
				      enum path_kind kind, struct smtpd_request *r)
{
	bool sender = kind == PATH_REVERSE;
	const struct reply *bad = reply_get(sender ? REPLY_BAD_SENDER : REPLY_BAD_RCPT), *refusal;
	enum path_result found;
	size_t used;

	if (!str_istarts(args, prefix))
		return bad;
	args = str_trim(str_from(args, prefix.n));
	found = path_parse(args, kind, &r->path, &used);
	if (found == PATH_BAD)
		return bad;
	args = str_from(args, used);
	if (args.n && args.at[0] != ' ')
		return bad;
	refusal = parse_params(s, sender ? mail_params : rcpt_params, args, r);
	if (sender)
		s->smtputf8 = r->smtputf8;
	if (!refusal && found == PATH_UTF8 && !s->smtputf8)
		return reply_get(sender ? REPLY_SENDER_UTF8 : REPLY_RCPT_UTF8);
	return refusal;
}

const struct reply *smtpd_args_mail(struct smtpd *s, struct str args, struct smtpd_request *r)
{
	return parse_path(s, args, STR("FROM:"), PATH_REVERSE, r);
}

const struct reply *smtpd_args_rcpt(struct smtpd *s, struct str args, struct smtpd_request *r)
{
	if (s->rcpts >= s->limits.max_rcpts)
		return reply_get(REPLY_TOO_MANY_RCPTS);
	return parse_path(s, args, STR("TO:"), PATH_FORWARD, r);
}

/* chunk-size [SP "LAST"] (RFC 3030 §2).  When it cannot be read nobody knows how many octets
 * follow, and what follows is content: it must not be run as commands, so the session ends. */
const struct reply *smtpd_args_bdat(struct smtpd *s, struct str args, struct smtpd_request *r)
{
	struct chunk chunk = { .open = true };
	struct str size, last;

	(void)r;
	str_cut(args, ' ', &size, &last);
	last = str_trim(last);
	chunk.last = str_ieq(last, STR("LAST"));
	if (!str_to_u64(size, UINT64_MAX, &chunk.left) || size.n > SIZE_DIGITS_MAX ||
	    (last.n && !chunk.last)) {
		s->state = CLOSED;
		return reply_get(REPLY_BAD_CHUNK);
	}
	chunk.size = chunk.left;
	s->chunk = chunk;
	return NULL;
}

/* RFC 3207 §4. */
const struct reply *smtpd_args_starttls(struct smtpd *s, struct str args,
					struct smtpd_request *r)
{
	if (s->secure)
		return reply_get(REPLY_TLS_TWICE);
	if (!s->limits.starttls)
		return reply_get(REPLY_TLS_UNAVAILABLE);
	return smtpd_args_none(s, args, r);
}

/* Any printable name is taken here; whether it is a good one is the policy's question. */
const struct reply *smtpd_args_helo(struct smtpd *s, struct str args, struct smtpd_request *r)
{
	if (!args.n || args.n > HELO_MAX)
		return reply_get(REPLY_BAD_HELO);
	for (size_t i = 0; i < args.n; i++)
		if (args.at[i] < ' ' || args.at[i] >= 0x7f)
			return reply_get(REPLY_BAD_HELO);
	s->extended = false;
	r->helo = args;
	return NULL;
}

const struct reply *smtpd_args_ehlo(struct smtpd *s, struct str args, struct smtpd_request *r)
{
	const struct reply *refusal = smtpd_args_helo(s, args, r);

	s->extended = r->esmtp = !refusal;
	return refusal;
}

const struct reply *smtpd_args_xclient(struct smtpd *s, struct str args, struct smtpd_request *r)
{
	struct xclient ignored;

	if (!s->limits.xclient)
		return reply_get(REPLY_XCLIENT_DENIED);
	if (!xclient_parse(args, &ignored))
		return reply_get(REPLY_BAD_PARAM);
	r->xclient = args;
	return NULL;
}

const struct reply *smtpd_args_none(struct smtpd *s, struct str args, struct smtpd_request *r)
{
	(void)s;
	(void)r;
	return args.n ? reply_get(REPLY_NO_ARGUMENT) : NULL;
}

const struct reply *smtpd_args_any(struct smtpd *s, struct str args, struct smtpd_request *r)
{
	(void)s;
	(void)args;
	(void)r;
	return NULL;
}
