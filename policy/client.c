/* client.c: see client.h.
 *
 * Senders are made alike by their look and not by a list of who sends what: a bounce address with
 * a number in it (VERP), SRS0=HASH=TT=domain=user@…, prvs=TAG=user@…, hexadecimal tokens.  That two
 * senders are taken for one costs nothing: it is still the same client and recipient.
 * SPDX-License-Identifier: ISC */
#include "policy/client.h"

#include <stdio.h>
#include <string.h>

#include "policy/spf_check.h"

#define TOKEN_LONG 8

/* -- the client ------------------------------------------------------------------------------ */

static struct str network(const struct ip *ip, char out[CLIENT_KEY_MAX])
{
	struct ip net = ip_network(ip, 24, 64);
	char text[46];
	struct str address = ip_text(&net, text);
	int n = snprintf(out, CLIENT_KEY_MAX, "%.*s/%d", STR_ARGS(address), ip_is_v4(ip) ? 24 : 64);

	return (struct str){ out, (size_t)n };
}

bool client_key(struct asks *asks, const struct mail *m, char out[CLIENT_KEY_MAX],
		struct str *ret)
{
	const struct spf_result *spf;
	struct str domain;

	/* Nobody publishes records for hosts that only he sees. */
	if (!spf_is_asked(m)) {
		*ret = network(&m->ip, out);
		return true;
	}
	spf = spf_of_mail(asks, m);
	if (!spf)
		return false;
	if (spf->code != SPF_PASS) {
		*ret = network(&m->ip, out);
		return true;
	}
	domain = str_of(spf->domain);
	memcpy(out, domain.at, domain.n);
	str_lower(out, domain.n);
	*ret = (struct str){ out, domain.n };
	return true;
}

/* -- the sender ------------------------------------------------------------------------------ */

struct copy {
	char *at;
	size_t n;
};

static void put(struct copy *out, struct str s)
{
	if (s.n > CLIENT_SENDER_MAX - out->n)
		s.n = CLIENT_SENDER_MAX - out->n;
	if (s.n)
		memcpy(out->at + out->n, s.at, s.n);
	str_lower(out->at + out->n, s.n);
	out->n += s.n;
}

static bool is_word(char c)
{
	c = str_lower_char(c);
	return str_is_digit(c) || (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

/* A long one with a digit in it is a token; of another each number is one "#". */
static void put_word(struct copy *out, struct str word)
{
	bool digits = false, before = false;

	for (size_t i = 0; i < word.n; i++)
		digits = digits || str_is_digit(word.at[i]);
	if (!digits || word.n >= TOKEN_LONG) {
		put(out, digits ? STR("#") : word);
		return;
	}
	for (size_t i = 0; i < word.n; i++) {
		bool digit = str_is_digit(word.at[i]);

		if (!digit)
			put(out, (struct str){ word.at + i, 1 });
		else if (!before)
			put(out, STR("#"));
		before = digit;
	}
}

static void put_words(struct copy *out, struct str s)
{
	for (size_t i = 0, end; i < s.n; i = end) {
		for (end = i; end < s.n && is_word(s.at[end]); end++)
			;
		put_word(out, (struct str){ s.at + i, end - i });
		if (end < s.n)
			put(out, (struct str){ s.at + end++, 1 });
	}
}

/* How many of the fields behind the prefix change: SRS0 a hash and a date, SRS1 a hash, BATV a
 * tag. */
static unsigned changing_fields(struct str local)
{
	static const struct {
		const char *prefix;
		unsigned fields;
	} schemes[] = { { "srs0=", 2 }, { "srs0+", 2 }, { "srs0-", 2 }, { "srs1=", 1 },
			{ "srs1+", 1 }, { "srs1-", 1 }, { "prvs=", 1 } };

	for (unsigned i = 0; i < COUNT(schemes); i++)
		if (str_istarts(local, str_of(schemes[i].prefix)))
			return schemes[i].fields;
	return 0;
}

struct str client_sender(const struct path *sender, char out[CLIENT_SENDER_MAX])
{
	char unquoted[65];
	struct str local = path_unquote(sender->local, unquoted), field;
	unsigned fields = changing_fields(local);
	struct copy c = { out, 0 };
	ptrdiff_t plus;

	if (!sender->address.n)
		return STR_NONE;
	if (fields) {
		put(&c, (struct str){ local.at, 5 });
		local = str_from(local, 5);
	}
	for (; fields && str_find(local, '=') >= 0; fields--) {
		(void)str_cut(local, '=', &field, &local);
		put(&c, STR("#="));
	}
	plus = str_find(local, '+');
	if (plus > 0)
		local.n = (size_t)plus;
	put_words(&c, local);
	put(&c, STR("@"));
	put(&c, sender->domain);
	return (struct str){ c.at, c.n };
}

/* -- asking ----------------------------------------------------------------------------------- */

static struct str folded(struct str local, char out[65])
{
	struct str text = path_unquote(local, out);

	str_lower(out, text.n);
	return text;
}

bool client_wants_postmaster(const struct mail *m)
{
	char local[65];

	return str_eq(folded(m->rcpt.local, local), STR("postmaster"));
}

const struct answer *client_ask(struct asks *asks, const struct mail *m, enum ask_kind kind,
				char out[CLIENT_KEY_MAX], struct str *ret_client)
{
	char sender[CLIENT_SENDER_MAX], local[65];

	if (!client_key(asks, m, out, ret_client))
		return NULL;
	return ask(asks, &(struct question){
				 .kind = kind,
				 .domain = m->domain->id,
				 .name = *ret_client,
				 .base = client_sender(&m->sender, sender),
				 .to = folded(m->rcpt.local, local),
			 });
}
