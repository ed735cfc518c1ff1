/* patch: keys and values of a domain, names and local parts.
 *
 * Keys are rows: to add one is to add a row here, a bit in change_job.h and a column.
 * SPDX-License-Identifier: ISC */
#include "db/patch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/idn.h"
#include "base/log.h"
#include "base/utf8.h"

#define LIFETIME_MIN_MS INT64_C(1000)
#define LIFETIME_MAX_MS (INT64_C(366) * 86400000)
#define DEFAULT_LIFETIME_MS (INT64_C(30) * 86400000)
#define SHOWN_MAX 80
#define KEYS_SHOWN_MAX 200
#define MAX_SIZE_MIN (UINT64_C(64) << 10)
#define MAX_SIZE_MAX (UINT64_C(1) << 40)
#define RATE_MAX 1000000

typedef bool parse_fn(struct arena *a, struct str value, struct domain_patch *p, struct err *e);

static bool parse_mode(struct arena *a UNUSED, struct str value, struct domain_patch *p,
		       struct err *e)
{
	return domain_mode_parse(value, &p->mode) ||
	       err_set(e, ERR_INPUT, "mode is backup or reflector");
}

static bool parse_enabled(struct arena *a UNUSED, struct str value, struct domain_patch *p,
			  struct err *e)
{
	p->enabled = str_ieq(value, STR("yes"));
	return p->enabled || str_ieq(value, STR("no")) ||
	       err_set(e, ERR_INPUT, "enabled is yes or no");
}

static bool parse_unknown(struct arena *a UNUSED, struct str value, struct domain_patch *p,
			  struct err *e)
{
	return domain_unknown_parse(value, &p->unknown) ||
	       err_set(e, ERR_INPUT, "unknown is reject, defer or accept");
}

static bool parse_subaddress(struct arena *a UNUSED, struct str value, struct domain_patch *p,
			     struct err *e)
{
	p->subaddress = '\0';
	if (str_ieq(value, STR("none")))
		return true;
	if (value.n != 1 || !strchr("+-=_.#!$%&*/?^~|", value.at[0]))
		return err_set(e, ERR_INPUT, "subaddress is none or one of "
					     "+ - = _ . # ! $ %% & * / ? ^ ~ |");
	p->subaddress = value.at[0];
	return true;
}

static bool parse_lifetime(struct arena *a UNUSED, struct str value, struct domain_patch *p,
			   struct err *e)
{
	uint64_t ms;

	if (!str_to_ms(value, &ms) || ms < LIFETIME_MIN_MS || ms > LIFETIME_MAX_MS)
		return err_set(e, ERR_INPUT, "lifetime is a time from 1s to 366d, such as 30d");
	p->lifetime_ms = (int64_t)ms;
	return true;
}

static bool parse_max_size(struct arena *a UNUSED, struct str value, struct domain_patch *p,
			   struct err *e)
{
	p->max_size = 0;
	return str_ieq(value, STR("none")) ||
	       (str_to_bytes(value, &p->max_size) && p->max_size >= MAX_SIZE_MIN &&
		p->max_size <= MAX_SIZE_MAX) ||
	       err_set(e, ERR_INPUT, "max_size is none or a size from 64k to 1T, such as 20M");
}

static bool parse_rate(struct arena *a UNUSED, struct str value, struct domain_patch *p,
		       struct err *e)
{
	uint64_t rate = 0;
	bool ok = str_ieq(value, STR("none")) || (str_to_u64(value, RATE_MAX, &rate) && rate);

	p->rate = (unsigned)rate;
	return ok || err_set(e, ERR_INPUT, "rate is none or messages a minute, from 1 to %d",
			     RATE_MAX);
}

static bool parse_primary(struct arena *a, struct str value, struct domain_patch *p, struct err *e)
{
	char text[300], host[256], shown[SHOWN_MAX];
	struct route *r = &p->routes[p->route_count];
	unsigned port;

	if (p->route_count == DOMAIN_ROUTES_MAX)
		return err_set(e, ERR_INPUT, "at most %d primaries", DOMAIN_ROUTES_MAX);
	if (value.n >= sizeof(text))
		return err_set(e, ERR_INPUT, "primary: the name is too long");
	memcpy(text, value.at, value.n);
	text[value.n] = '\0';
	if (!conf_host_port(text, host, sizeof(host), &port, e)) {
		e->kind = ERR_INPUT;
		return err_wrap(e, "primary %s", log_quote(value, shown, sizeof(shown)));
	}
	str_lower(host, strlen(host));
	for (size_t i = 0; i < p->route_count; i++)
		if (p->routes[i].port == port &&
		    str_eq(str_of(p->routes[i].host), str_of(host)))
			return err_set(e, ERR_INPUT, "primary %s is named twice", text);
	r->host = arena_cstr(a, str_of(host));
	r->port = port;
	p->route_count++;
	return r->host || err_set(e, ERR_INPUT, "too many primaries");
}

struct key {
	const char *name;
	enum patch_bit bit;
	bool repeats;
	parse_fn *parse;
};

static const struct key keys[] = {
	{ "mode",       PATCH_MODE,       false, parse_mode       },
	{ "enabled",    PATCH_ENABLED,    false, parse_enabled    },
	{ "unknown",    PATCH_UNKNOWN,    false, parse_unknown    },
	{ "subaddress", PATCH_SUBADDRESS, false, parse_subaddress },
	{ "lifetime",   PATCH_LIFETIME,   false, parse_lifetime   },
	{ "max_size",   PATCH_MAX_SIZE,   false, parse_max_size   },
	{ "rate",       PATCH_RATE,       false, parse_rate       },
	{ "primary",    PATCH_ROUTES,     true,  parse_primary    },
};

static bool refuse_key(struct str name, struct err *e)
{
	char shown[SHOWN_MAX], there[KEYS_SHOWN_MAX] = "";

	for (size_t i = 0, n = 0; i < COUNT(keys) && n < sizeof(there); i++)
		n += (size_t)snprintf(there + n, sizeof(there) - n, "%s%s", i ? ", " : "",
				      keys[i].name);
	return err_set(e, ERR_INPUT, "no such setting: %s (there are %s)",
		       log_quote(name, shown, sizeof(shown)), there);
}

static const struct key *find_key(struct str name)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (str_eq(name, str_of(keys[i].name)))
			return &keys[i];
	return NULL;
}

bool patch_parse(struct arena *a, const struct change_pair *pairs, size_t n,
		 struct domain_patch *ret, struct err *e)
{
	struct domain_patch p = { .has = 0 };

	for (size_t i = 0; i < n; i++) {
		struct str name = str_of(pairs[i].key);
		const struct key *k = find_key(name);

		if (!k)
			return refuse_key(name, e);
		if ((p.has & k->bit) && !k->repeats)
			return err_set(e, ERR_INPUT, "%s is given twice", k->name);
		if (!k->parse(a, str_of(pairs[i].value), &p, e))
			return false;
		p.has |= k->bit;
	}
	*ret = p;
	return true;
}

struct domain_patch patch_defaults(void)
{
	return (struct domain_patch){
		.mode = DOMAIN_BACKUP,
		.enabled = true,
		.unknown = UNKNOWN_REJECT,
		.subaddress = '+',
		.lifetime_ms = DEFAULT_LIFETIME_MS,
	};
}

static bool is_label(struct str label, bool *ret_digits)
{
	*ret_digits = true;
	if (!label.n || label.n > 63 || label.at[0] == '-' || label.at[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++) {
		char c = str_lower_char(label.at[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_')
			return false;
		*ret_digits = *ret_digits && c >= '0' && c <= '9';
	}
	return true;
}

bool patch_domain_name(struct arena *a, const char *name, struct str *ret, struct err *e)
{
	char form[IDN_DOMAIN_MAX], shown[SHOWN_MAX];
	struct str text = STR_NONE, rest, label;
	bool good = idn_domain(str_of(name), form, &text) && text.n && text.n <= 253;
	bool more = true, digits = true;

	for (rest = text; good && more;) {
		more = str_cut(rest, '.', &label, &rest);
		good = is_label(label, &digits);
	}
	if (!good || digits) /* a name that ends in digits is an address */
		return err_set(e, ERR_INPUT, "not a domain name: %s",
			       log_quote(str_of(name), shown, sizeof(shown)));

	char *copy = arena_cstr(a, text);

	if (!copy)
		return err_set(e, ERR_INPUT, "the request is too large");
	*ret = (struct str){ copy, text.n };
	return true;
}

static bool is_atext(char c)
{
	return (unsigned char)c >= 0x80 || str_is_letter(c) || str_is_digit(c) ||
	       (c && strchr(".!#$%&'*+-/=?^_`{|}~", c));
}

/* Without the quotes around it and the backslashes in it; n bytes at `at`, which may be text.at. */
static bool unquote(struct str text, char *at, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 1; i + 1 < text.n; i++) {
		if (text.at[i] == '"')
			return false;
		if (text.at[i] == '\\' && ++i + 1 == text.n)
			return false;
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return false;
		at[n++] = text.at[i];
	}
	*ret_n = n;
	return true;
}

static bool plain(struct str text, char *at)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!is_atext(text.at[i]))
			return false;
		at[i] = text.at[i];
	}
	return true;
}

static bool is_in(struct str name, struct str domain)
{
	char form[IDN_DOMAIN_MAX];
	struct str canonical;

	return idn_domain(name, form, &canonical) && str_eq(canonical, domain);
}

/* n bytes at `at`, where there is room for `room`. */
static bool fold(struct arena *a, char *at, size_t n, size_t room, struct str *ret, struct err *e)
{
	char form[IDN_LOCAL_MAX], shown[SHOWN_MAX];
	struct str folded;

	if (!idn_local((struct str){ at, n }, form, &folded))
		return err_set(e, ERR_INPUT, "not UTF-8: %s",
			       log_quote((struct str){ at, n }, shown, sizeof(shown)));
	if (folded.n > room) {
		*ret = arena_dup(a, folded);
		return ret->at || err_set(e, ERR_INPUT, "the request is too large");
	}
	memcpy(at, folded.at, folded.n);
	*ret = (struct str){ at, folded.n };
	return true;
}

bool patch_local(struct arena *a, struct str text, struct str domain, char *at, struct str *ret,
		 struct err *e)
{
	ptrdiff_t sign = str_rfind(text, '@');
	struct str local = text;
	char shown[SHOWN_MAX];
	size_t n;

	/* Quoted for the message before it is overwritten. */
	(void)log_quote(text, shown, sizeof(shown));
	if (sign >= 0 && !(text.n > 1 && text.at[text.n - 1] == '"')) {
		if (!is_in(str_from(text, (size_t)sign + 1), domain))
			return err_set(e, ERR_INPUT, "%s is not in the domain %.*s", shown,
				       STR_ARGS(domain));
		local.n = (size_t)sign;
	}
	n = local.n;
	if (n > 2 && local.at[0] == '"' && local.at[n - 1] == '"') {
		if (!unquote(local, at, &n))
			return err_set(e, ERR_INPUT, "not a local part: %s", shown);
	} else if (!n || !plain(local, at)) {
		return err_set(e, ERR_INPUT, "not a local part: %s", n ? shown : "(empty)");
	}
	if (memchr(at, '*', n) && memchr(at, '*', n) != memrchr(at, '*', n))
		return err_set(e, ERR_INPUT, "a pattern has one *: %s", shown);
	if (n > PATCH_LOCAL_MAX)
		return err_set(e, ERR_INPUT, "the local part is longer than %d bytes: %s",
			       PATCH_LOCAL_MAX, shown);
	return fold(a, at, n, text.n, ret, e);
}

bool patch_target(struct arena *a, struct str text, struct str *ret, struct err *e)
{
	ptrdiff_t sign = str_rfind(text, '@');
	char scratch[PATCH_TARGET_MAX], shown[SHOWN_MAX];
	struct str domain, local;
	const char *name;
	char *whole;

	(void)log_quote(text, shown, sizeof(shown));
	if (sign < 1 || text.n >= PATCH_TARGET_MAX)
		return err_set(e, ERR_INPUT, "not an address: %s", text.n ? shown : "(empty)");
	name = arena_cstr(a, str_from(text, (size_t)sign + 1));
	text.n = (size_t)sign;
	if (!name || !patch_domain_name(a, name, &domain, e) ||
	    !patch_local(a, text, STR_NONE, scratch, &local, e))
		return name ? false : err_set(e, ERR_INPUT, "the request is too large");
	for (size_t i = 0; i < local.n; i++)
		if (local.at[i] == '*' || local.at[i] & '\x80')
			return err_set(e, ERR_INPUT, "an alias goes to one address in ASCII, not "
						     "to %s", shown);
	whole = arena_printf(a, "%.*s@%.*s", STR_ARGS(text), STR_ARGS(domain));
	*ret = str_of(whole);
	return whole || err_set(e, ERR_INPUT, "the request is too large");
}

static int by_local(const void *a, const void *b)
{
	const struct change_local *x = a, *y = b;
	int order = str_compare(x->local, y->local);

	if (order)
		return order;
	return x->line < y->line ? -1 : x->line > y->line;
}

size_t patch_sort_locals(struct change_local *locals, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(locals, n, sizeof(*locals), by_local);
	for (size_t i = 0; i < n; i++) {
		if (kept && str_eq(locals[kept - 1].local, locals[i].local))
			kept--;
		locals[kept++] = locals[i];
	}
	return kept;
}
