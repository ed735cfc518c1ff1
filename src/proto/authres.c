/* authres.c: see authres.h.
 *
 * The word that says whose it is (RFC 8601 §2.2: authserv-id) is a token or a quoted string, with
 * comments and folds before it.  Whatever could be read as our name by somebody counts as it.
 * SPDX-License-Identifier: ISC */
#include "proto/authres.h"

#include <string.h>

static const char field_name[] = "authentication-results";

#define NAME_LENGTH (sizeof(field_name) - 1)

void authres_init(struct authres *a, const char *hostname)
{
	memset(a, 0, offsetof(struct authres, held));
	a->hostname = hostname;
	a->at = AUTHRES_LINE;
	a->field = AUTHRES_KEEP;
}

/* -- decisions -------------------------------------------------------------------------------- */

static void keep(struct authres *a)
{
	a->at = a->field = AUTHRES_KEEP;
	a->flush = a->held_n > 0;
}

static void drop(struct authres *a)
{
	a->at = a->field = AUTHRES_DROP;
	a->held_n = 0;
	a->removed++;
}

static void begin_value(struct authres *a)
{
	a->at = a->field = AUTHRES_VALUE;
	a->n = a->comment = 0;
	a->quoted = a->escaped = false;
	a->is_host = true;
}

/* -- the word ---------------------------------------------------------------------------------- */

static void add_to_word(struct authres *a, char c)
{
	/* is_host: all before is equal, so n is within the name and its NUL. */
	a->is_host = a->is_host && c && str_lower_char(c) == str_lower_char(a->hostname[a->n]);
	a->n++;
}

static void end_word(struct authres *a)
{
	if (a->is_host && !a->hostname[a->n])
		drop(a);
	else
		keep(a);
}

static void on_comment_byte(struct authres *a, char c)
{
	if (a->escaped)
		a->escaped = false;
	else if (c == '\\')
		a->escaped = true;
	else if (c == '(')
		a->comment++;
	else if (c == ')')
		a->comment--;
}

static void on_quoted_byte(struct authres *a, char c)
{
	if (a->escaped || (c != '\\' && c != '"' && c != '\r')) {
		a->escaped = false;
		add_to_word(a, c);
	} else if (c == '\\') {
		a->escaped = true;
	} else if (c == '"') {
		end_word(a);
	}
}

static void on_value_byte(struct authres *a, char c)
{
	if (c == '\n') { /* folded, perhaps: comments and quotes go on */
		a->at = AUTHRES_LINE;
		a->escaped = false;
		if (a->n && !a->comment && !a->quoted)
			end_word(a);
	} else if (a->comment) {
		on_comment_byte(a, c);
	} else if (a->quoted) {
		on_quoted_byte(a, c);
	} else if (c == ' ' || c == '\t' || c == '\r' || c == '(') {
		a->comment = c == '(';
		if (a->n)
			end_word(a);
	} else if (c == '"' && !a->n) {
		a->quoted = true;
	} else if (c == ';') {
		end_word(a);
	} else {
		add_to_word(a, c);
	}
}

/* -- lines ------------------------------------------------------------------------------------- */

static void on_name_byte(struct authres *a, char c)
{
	if (a->n == NAME_LENGTH && c == ':')
		begin_value(a);
	else if (a->n == NAME_LENGTH && (c == ' ' || c == '\t'))
		a->at = AUTHRES_COLON; /* RFC 5322 §4.5: obsolete, but read */
	else if (a->n < NAME_LENGTH && str_lower_char(c) == field_name[a->n])
		a->n++;
	else
		keep(a);
}

static void on_line_byte(struct authres *a, char c)
{
	if (c == ' ' || c == '\t') {
		a->at = a->field;
		return;
	}
	a->field = AUTHRES_KEEP;
	if (c == '\r') {
		a->at = AUTHRES_EMPTY;
		return;
	}
	a->at = AUTHRES_NAME;
	a->n = 0;
	on_name_byte(a, c);
}

static void on_byte(struct authres *a, char c)
{
	switch (a->at) {
	case AUTHRES_LINE:
		on_line_byte(a, c);
		break;
	case AUTHRES_NAME:
		on_name_byte(a, c);
		break;
	case AUTHRES_COLON:
		if (c == ':')
			begin_value(a);
		else if (c != ' ' && c != '\t')
			keep(a);
		break;
	case AUTHRES_VALUE:
		on_value_byte(a, c);
		break;
	case AUTHRES_KEEP:
	case AUTHRES_DROP:
		if (c == '\n')
			a->at = AUTHRES_LINE;
		break;
	case AUTHRES_EMPTY:
		a->at = c == '\n' ? AUTHRES_ENDED : AUTHRES_KEEP;
		break;
	case AUTHRES_ENDED:
		break;
	}
	/* The byte that decides may be the line's last. */
	if ((a->at == AUTHRES_KEEP || a->at == AUTHRES_DROP) && c == '\n')
		a->at = AUTHRES_LINE;
}

/* -- runs -------------------------------------------------------------------------------------- */

/* The field ends here without having said whose it is. */
static bool ends_undecided(const struct authres *a, char c)
{
	return a->at == AUTHRES_LINE && a->field == AUTHRES_VALUE && c != ' ' && c != '\t';
}

/* Without any word it is nobody's and stays; in a comment or quotes without end there is no telling
 * who reads what. */
static void end_undecided(struct authres *a)
{
	if (a->comment || a->quoted)
		drop(a);
	a->at = AUTHRES_LINE;
	a->field = AUTHRES_KEEP;
	a->flush = a->held_n > 0;
}

static bool is_dropped(const struct authres *a, char c)
{
	return a->at == AUTHRES_DROP ||
	       (a->at == AUTHRES_LINE && a->field == AUTHRES_DROP && (c == ' ' || c == '\t'));
}

/* A byte that is held back, or goes. */
static void take_held(struct authres *a, char c)
{
	if (a->held_n == AUTHRES_HELD_MAX)
		drop(a);
	if (!is_dropped(a, c))
		a->held[a->held_n++] = c;
	on_byte(a, c);
}

/* Does the next byte wait, or go, rather than pass at once? */
static bool is_held(const struct authres *a, char c)
{
	switch (a->at) {
	case AUTHRES_LINE:
		if (c == ' ' || c == '\t' || a->held_n)
			return a->field != AUTHRES_KEEP;
		return str_lower_char(c) == field_name[0];
	case AUTHRES_NAME:
	case AUTHRES_COLON:
	case AUTHRES_VALUE:
	case AUTHRES_DROP:
		return true;
	case AUTHRES_KEEP:
	case AUTHRES_EMPTY:
	case AUTHRES_ENDED:
		break;
	}
	return false;
}

/* How many bytes from the front pass at once. */
static size_t passing(struct authres *a, struct str bytes)
{
	size_t n = 0;

	while (n < bytes.n && a->at != AUTHRES_ENDED && !is_held(a, bytes.at[n])) {
		const char *lf = NULL;

		if (a->at == AUTHRES_KEEP) {
			lf = memchr(bytes.at + n, '\n', bytes.n - n);
			n = lf ? (size_t)(lf - bytes.at) : bytes.n;
			if (!lf)
				break;
		}
		on_byte(a, bytes.at[n++]);
	}
	return a->at == AUTHRES_ENDED ? bytes.n : n;
}

bool authres_next(struct authres *a, struct str *bytes, struct str *ret)
{
	size_t n = a->flush ? 0 : passing(a, *bytes);

	*ret = (struct str){ bytes->at, n };
	*bytes = str_from(*bytes, n);
	if (n)
		return true;
	while (bytes->n && !a->flush && is_held(a, bytes->at[0])) {
		if (ends_undecided(a, bytes->at[0])) {
			end_undecided(a);
			continue;
		}
		take_held(a, bytes->at[0]);
		*bytes = str_from(*bytes, 1);
	}
	if (a->flush) {
		*ret = (struct str){ a->held, a->held_n };
		a->held_n = 0;
		a->flush = false;
		return true;
	}
	return bytes->n > 0;
}

struct str authres_end(struct authres *a)
{
	struct str rest = { a->held, a->held_n };

	a->held_n = 0;
	a->at = AUTHRES_ENDED;
	return rest;
}
