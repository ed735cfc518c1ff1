/* spf_field.c: see spf_field.h.
 * SPDX-License-Identifier: ISC */
#include "proto/spf_field.h"

#include <string.h>

#include "base/buf.h"

#define FIELDS_MAX 8192
#define VALUE_MAX  320 /* bytes of one value, before quoting */

static bool is_atom_byte(char c)
{
	return str_is_letter(c) || str_is_digit(c) || (c && strchr("-_.+", c));
}

/* What is an atom for everybody (RFC 5322 §3.2.3) and a token too (RFC 2045 §5.1). */
static bool is_atom(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_atom_byte(s.at[i]) || (s.at[i] == '.' && (!i || s.at[i - 1] == '.')))
			return false;
	return s.n && s.at[s.n - 1] != '.';
}

/* Adds before, and s as it is or quoted (RFC 5322 §3.2.4). */
static bool add(struct buf *out, const char *before, struct str s)
{
	bool ok = buf_add(out, str_of(before));

	if (s.n > VALUE_MAX)
		s.n = VALUE_MAX;
	if (is_atom(s))
		return ok && buf_add(out, s);
	ok = ok && buf_add(out, STR("\""));
	for (size_t i = 0; ok && i < s.n; i++) {
		char c = s.at[i] < ' ' || s.at[i] > '~' ? '?' : s.at[i];

		ok = buf_addf(out, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
	}
	return ok && buf_add(out, STR("\""));
}

static bool add_some(struct buf *out, const char *before, struct str s)
{
	return !s.n || add(out, before, s);
}

/* RFC 8601 §2.2 takes local@domain only where both are plain; else the domain tells enough. */
static bool add_identity(struct buf *out, const struct spf_field *f)
{
	ptrdiff_t at = str_rfind(f->sender, '@');

	if (f->of_helo)
		return add(out, " smtp.helo=", f->helo);
	if (at < 0 || !is_atom((struct str){ f->sender.at, (size_t)at }) || !is_atom(f->domain))
		return add(out, " smtp.mailfrom=", f->domain);
	return add(out, " smtp.mailfrom=", (struct str){ f->sender.at, (size_t)at }) &&
	       add(out, "@", f->domain);
}

static bool write_fields(struct buf *out, const struct spf_field *f)
{
	return add(out, "Authentication-Results: ", str_of(f->hostname)) &&
	       buf_addf(out, ";\r\n\tspf=%s", f->result) && add_identity(out, f) &&
	       add(out, "\r\n\tsmtp.remote-ip=", str_of(f->client)) &&
	       buf_addf(out, "\r\nReceived-SPF: %s\r\n", f->result) &&
	       add(out, "\treceiver=", str_of(f->hostname)) &&
	       add(out, "; client-ip=", str_of(f->client)) &&
	       add(out, ";\r\n\tenvelope-from=", f->sender) && add(out, ";\r\n\thelo=", f->helo) &&
	       buf_addf(out, ";\r\n\tidentity=%s", f->of_helo ? "helo" : "mailfrom") &&
	       add_some(out, ";\r\n\tmechanism=", str_of(f->mechanism)) &&
	       add_some(out, ";\r\n\tproblem=", str_of(f->problem)) && buf_add(out, STR("\r\n"));
}

struct str spf_field_text(struct arena *a, const struct spf_field *f)
{
	struct str text = { NULL, 0 };
	struct buf out;

	buf_init(&out, FIELDS_MAX);
	if (write_fields(&out, f))
		text = arena_dup(a, buf_str(&out));
	buf_done(&out);
	return text;
}
