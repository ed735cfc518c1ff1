/* access.c: see access.h.
 *
 * Networks are sorted by their length and bits: a look-up masks the address once for each length
 * that there is.  Names are sorted as strings; the forms that could stand for an address are looked
 * up one after the other, the most special first.
 * SPDX-License-Identifier: ISC */
#include "db/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/idn.h"
#include "base/log.h"
#include "base/utf8.h"

#define LISTS      2
#define KINDS      3
#define SHOWN_MAX  80

struct net {
	struct cidr cidr;
	struct str text;
};

struct names {
	struct str *at;
	size_t n, room;
};

struct nets {
	struct net *at;
	size_t n, room;
};

struct access {
	struct arena *arena;
	struct nets nets[LISTS];
	struct names names[LISTS][KINDS];
};

const char *access_list_name(enum access_list list)
{
	return list == ACCESS_ALLOW ? "allow" : "deny";
}

const char *access_kind_name(enum access_kind kind)
{
	static const char *const names[KINDS] = { "client", "sender", "recipient" };

	return names[kind];
}

bool access_list_parse(struct str s, enum access_list *ret)
{
	*ret = str_eq(s, STR("deny")) ? ACCESS_DENY : ACCESS_ALLOW;
	return str_eq(s, str_of(access_list_name(*ret)));
}

bool access_kind_parse(struct str s, enum access_kind *ret)
{
	for (*ret = ACCESS_CLIENT; *ret < KINDS; (*ret)++)
		if (str_eq(s, str_of(access_kind_name(*ret))))
			return true;
	return false;
}

/* -- patterns ------------------------------------------------------------------------------- */

/* No name in DNS ends in digits only: that is an address, badly written. */
static bool is_domain(struct str s)
{
	size_t label = 0;
	bool digits = true;

	if (!s.n || s.n > 253)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c == '.' && !label)
			return false;
		label = c == '.' ? 0 : label + 1;
		digits = c == '.' || (digits && c >= '0' && c <= '9');
		if (c <= ' ' || c == 0x7f || strchr("@<>\"\\/*", c) || label > 63)
			return false;
	}
	return label > 0 && !digits;
}

static bool is_local(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.at[i] <= ' ' || s.at[i] == 0x7f || strchr("<>@*", s.at[i]))
			return false;
	return s.n > 0 && s.n <= 64;
}

static bool is_name(struct str s)
{
	ptrdiff_t at = str_rfind(s, '@');
	struct str domain = str_from(s, (size_t)(at + 1));

	if (str_eq(s, STR("<>")))
		return true;
	if (at < 0)
		return is_domain(str_from(s, s.n && s.at[0] == '.'));
	return is_local((struct str){ s.at, (size_t)at }) && (!domain.n || is_domain(domain));
}

/* In lower case, its domain in A-labels: there are two forms of a name, and here is the one of
 * tables.  .at is NULL past the arena's maximum. */
static struct str one_form(struct arena *a, struct str text)
{
	size_t start = (size_t)(str_rfind(text, '@') + 1);
	struct str domain, form;
	char room[IDN_DOMAIN_MAX];
	char *kept;

	start += start < text.n && text.at[start] == '.';
	domain = str_from(text, start);
	if (!utf8_has_8bit(domain) || !idn_domain(domain, room, &form))
		form = domain;
	kept = arena_printf(a, "%.*s%.*s", (int)start, text.at, STR_ARGS(form));
	if (!kept)
		return (struct str){ NULL, 0 };
	str_lower(kept, strlen(kept));
	return str_of(kept);
}

bool access_pattern(struct arena *a, struct str text, bool of_recipients,
		    enum access_kind *ret_kind, struct str *ret, struct err *e)
{
	char shown[SHOWN_MAX];
	struct cidr cidr;
	bool is_client = cidr_parse(text, &cidr);

	if (!is_client && memchr(text.at, '/', text.n))
		return err_set(e, ERR_INPUT,
			       "not a network: %s (its length fits the address, and bits behind it "
			       "are 0: 192.0.2.0/24)",
			       log_quote(text, shown, sizeof(shown)));
	if (text.n > ACCESS_PATTERN_MAX || (!is_client && !is_name(text)) ||
	    (of_recipients && (is_client || str_eq(text, STR("<>")))))
		return err_set(e, ERR_INPUT,
			       "not an entry: %s (there are 192.0.2.0/24, user@domain, domain, "
			       ".domain with its subdomains, user@, <>)",
			       log_quote(text, shown, sizeof(shown)));
	*ret = one_form(a, text);
	if (!ret->at)
		return err_set(e, ERR_INPUT, "the request is too large");
	*ret_kind = is_client ? ACCESS_CLIENT : of_recipients ? ACCESS_RECIPIENT : ACCESS_SENDER;
	return true;
}

/* -- a scope -------------------------------------------------------------------------------- */

struct access *access_new(struct arena *a)
{
	struct access *x = arena_alloc(a, sizeof(*x));

	if (x)
		x->arena = a;
	return x;
}

/* Room for one more, in the arena: what is outgrown stays there until it is freed, at most as much
 * again. */
static void *grown(struct arena *a, void *rows, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 8;
	void *fresh;

	if (n < *room)
		return rows;
	fresh = arena_alloc(a, more * size);
	if (fresh && n)
		memcpy(fresh, rows, n * size);
	*room = more;
	return fresh;
}

bool access_add(struct access *x, enum access_list list, enum access_kind kind, struct str pattern)
{
	struct names *names = &x->names[list][kind];
	struct nets *nets = &x->nets[list];

	if (kind != ACCESS_CLIENT) {
		names->at = grown(x->arena, names->at, names->n, &names->room, sizeof(*names->at));
		if (names->at)
			names->at[names->n++] = pattern;
		return names->at != NULL;
	}

	struct net net = { .text = pattern };

	if (!cidr_parse(pattern, &net.cidr))
		return true;
	nets->at = grown(x->arena, nets->at, nets->n, &nets->room, sizeof(*nets->at));
	if (nets->at)
		nets->at[nets->n++] = net;
	return nets->at != NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct str *x = a, *y = b;

	return str_compare(*x, *y);
}

/* The longest first: the most special network counts. */
static int by_net(const void *a, const void *b)
{
	const struct net *x = a, *y = b;

	if (x->cidr.bits != y->cidr.bits)
		return x->cidr.bits > y->cidr.bits ? -1 : 1;
	return memcmp(&x->cidr.net, &y->cidr.net, sizeof(x->cidr.net));
}

void access_finish(struct access *x)
{
	for (unsigned list = 0; list < LISTS; list++) {
		if (x->nets[list].n)
			qsort(x->nets[list].at, x->nets[list].n, sizeof(struct net), by_net);
		for (unsigned kind = 0; kind < KINDS; kind++)
			if (x->names[list][kind].n)
				qsort(x->names[list][kind].at, x->names[list][kind].n,
				      sizeof(struct str), by_name);
	}
}

/* -- asking --------------------------------------------------------------------------------- */

static struct str none(void)
{
	return (struct str){ NULL, 0 };
}

/* The first network at or behind `from` that is not longer than bits. */
static size_t first_of_length(const struct nets *nets, size_t from, unsigned bits)
{
	size_t low = from, high = nets->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (nets->at[middle].cidr.bits > bits)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct str find_net(const struct nets *nets, const struct ip *ip)
{
	for (size_t at = 0; at < nets->n;) {
		unsigned bits = nets->at[at].cidr.bits;
		size_t end = bits ? first_of_length(nets, at, bits - 1) : nets->n;
		struct net key = { .cidr.bits = bits };
		const struct net *found;

		key.cidr.net = ip_network(ip, bits >= 96 ? bits - 96 : 0, bits);
		found = bsearch(&key, &nets->at[at], end - at, sizeof(key), by_net);
		if (found && cidr_has(&found->cidr, ip))
			return found->text;
		at = end;
	}
	return none();
}

static struct str find_name(const struct names *names, struct str name)
{
	const struct str *found = bsearch(&name, names->at, names->n, sizeof(name), by_name);

	return found ? *found : none();
}

/* address in lower case: "user@b.example", then "user@", "b.example", ".b.example", ".example". */
static struct str find_address(const struct names *names, struct str address)
{
	ptrdiff_t at = str_rfind(address, '@');
	struct str domain = str_from(address, (size_t)(at + 1)), found;
	char dotted[ACCESS_PATTERN_MAX + 1];

	if (!names->n)
		return none();
	found = find_name(names, address.n ? address : STR("<>"));
	if (!found.at && at > 0)
		found = find_name(names, (struct str){ address.at, (size_t)at + 1 });
	if (!found.at)
		found = find_name(names, domain);
	dotted[0] = '.';
	while (!found.at && domain.n && domain.n < sizeof(dotted)) {
		ptrdiff_t dot = str_find(domain, '.');

		memcpy(dotted + 1, domain.at, domain.n);
		found = find_name(names, (struct str){ dotted, domain.n + 1 });
		domain = dot < 0 ? STR_NONE : str_from(domain, (size_t)dot + 1);
	}
	return found;
}

static struct str find_in(const struct access *x, enum access_list list, const struct ip *ip,
			  struct str sender, struct str rcpt)
{
	struct str found = find_net(&x->nets[list], ip);

	if (!found.at)
		found = find_address(&x->names[list][ACCESS_SENDER], sender);
	if (!found.at && rcpt.n)
		found = find_address(&x->names[list][ACCESS_RECIPIENT], rcpt);
	return found;
}

static size_t append(char *out, size_t n, struct str s)
{
	size_t most = ACCESS_PATTERN_MAX - n;

	if (s.n > most)
		s.n = most;
	memcpy(out + n, s.at, s.n);
	str_lower(out + n, s.n);
	return n + s.n;
}

/* A copy in the form of patterns; what is longer than any pattern cannot be one. */
static struct str as_pattern(struct str s, char out[ACCESS_PATTERN_MAX])
{
	size_t start = (size_t)(str_rfind(s, '@') + 1), n;
	struct str domain = str_from(s, start), form;
	char room[IDN_DOMAIN_MAX];

	if (utf8_has_8bit(domain) && idn_domain(domain, room, &form))
		domain = form;
	n = append(out, 0, (struct str){ s.at, start });
	return (struct str){ out, append(out, n, domain) };
}

struct str access_find(const struct access *const *scopes, size_t n, const struct access_guest *g,
		       enum access_list *ret)
{
	char senders[ACCESS_PATTERN_MAX], rcpts[ACCESS_PATTERN_MAX];
	struct str sender = as_pattern(g->sender, senders), rcpt = as_pattern(g->rcpt, rcpts);

	for (size_t i = 0; i < n; i++) {
		for (*ret = ACCESS_ALLOW; scopes[i] && *ret <= ACCESS_DENY; (*ret)++) {
			struct str found = find_in(scopes[i], *ret, g->ip, sender, rcpt);

			if (found.at)
				return found;
		}
	}
	return none();
}
