/* import: lines, fields, addresses.
 *
 * A field's separator is whichever of comma, semicolon and TAB comes first in the line, since
 * spreadsheets of half the world write semicolons.  Everything is unpacked in place: a field never
 * becomes longer, but for the few local parts that folding makes so.
 *
 * Decided against: guessing which column is the address.  It is the first.
 * SPDX-License-Identifier: ISC */
#include "db/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/patch.h"

#define LINE_MAX_BYTES 10000

struct import {
	struct arena *arena;
	struct str domain;
	struct change_local *entries;
	size_t count, room;
	uint32_t line;
	bool may_be_header; /* nothing but comments so far */
	bool has_actions;   /* the second column is one, as far as the header tells */
};

/* The field at the start of *rest, unquoted in place; *rest goes behind its separator. */
static bool take_field(char *at, struct str *rest, char separator, struct str *ret)
{
	size_t i = 0, n = 0;

	if (!rest->n || rest->at[0] != '"') {
		struct str field;

		(void)str_cut(*rest, separator, &field, rest);
		*ret = str_trim(field);
		return true;
	}
	for (i = 1; i < rest->n; i++) {
		if (rest->at[i] == '"' && (i + 1 == rest->n || rest->at[i + 1] != '"'))
			break;
		i += rest->at[i] == '"';
		at[n++] = rest->at[i];
	}
	if (i >= rest->n)
		return false; /* no quote at the end */

	struct str behind = str_from(*rest, i + 1), ignored;

	while (behind.n && behind.at[0] == ' ')
		behind = str_from(behind, 1);
	if (behind.n && behind.at[0] != separator)
		return false;
	(void)str_cut(behind, separator, &ignored, rest);
	*ret = str_trim((struct str){ at, n });
	return true;
}

static char separator_of(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.at[i] == ',' || line.at[i] == ';' || line.at[i] == '\t')
			return line.at[i];
	return ',';
}

static bool is_header(struct str field)
{
	static const char *const names[] = { "address", "email", "e-mail", "recipient",
					     "localpart", "local part", "local_part" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_ieq(field, str_of(names[i])))
			return true;
	return false;
}

static bool parse_action(struct str field, enum recipient_found *ret, struct err *e)
{
	static const struct {
		const char *name;
		enum recipient_found action;
	} words[] = {
		{ "", RECIPIENT_ACCEPT },
		{ "accept", RECIPIENT_ACCEPT },
		{ "reject", RECIPIENT_REJECT },
		{ "alias", RECIPIENT_ALIAS },
	};
	char shown[60];

	for (size_t i = 0; i < COUNT(words); i++) {
		if (!str_ieq(field, str_of(words[i].name)))
			continue;
		*ret = words[i].action;
		return true;
	}
	return err_set(e, ERR_INPUT, "the action must be accept, reject or alias, not %s",
		       log_quote(field, shown, sizeof(shown)));
}

static struct change_local *add(struct import *im)
{
	if (im->count == im->room) {
		im->room = im->room ? im->room * 2 : 256;
		im->entries = mem_grow(im->entries, im->room * sizeof(*im->entries));
	}
	return &im->entries[im->count++];
}

/* "address,name": then the second column is not an action. */
static bool parse_header(struct import *im, char *at, struct str rest, char separator,
			 struct err *e)
{
	struct str second;

	if (!take_field(at, &rest, separator, &second))
		return err_set(e, ERR_INPUT, "a quoted field does not end");
	im->has_actions = !second.n || str_ieq(second, STR("action"));
	return true;
}

/* Its third column. */
static bool parse_alias(struct import *im, char *at, struct str rest, char separator,
			struct str *ret, struct err *e)
{
	struct str field;

	if (!take_field(at, &rest, separator, &field))
		return err_set(e, ERR_INPUT, "a quoted field does not end");
	return patch_target(im->arena, field, ret, e);
}

static bool parse_line(struct import *im, char *at, struct str line, struct err *e)
{
	bool first = im->may_be_header;
	char separator;
	struct str address, action, local, target = STR_NONE;
	enum recipient_found found = RECIPIENT_ACCEPT;

	line = str_trim(line);
	if (!line.n || line.at[0] == '#')
		return true;
	if (line.n > LINE_MAX_BYTES)
		return err_set(e, ERR_INPUT, "the line is too long");
	at += line.at - at;
	im->may_be_header = false;
	separator = separator_of(line);
	if (!take_field(at, &line, separator, &address))
		return err_set(e, ERR_INPUT, "a quoted field does not end");
	if (first && is_header(address))
		return parse_header(im, at, line, separator, e);
	if (!patch_local(im->arena, address, im->domain, at, &local, e))
		return false;
	if (!take_field(local.at == at ? at + local.n : at, &line, separator, &action))
		return err_set(e, ERR_INPUT, "a quoted field does not end");
	if (im->has_actions && !parse_action(action, &found, e))
		return false;
	if (found == RECIPIENT_ALIAS &&
	    !parse_alias(im, at + (action.at - at) + action.n, line, separator, &target, e))
		return false;
	*add(im) = (struct change_local){
		.local = local, .action = found, .target = target, .line = im->line
	};
	return true;
}

static bool parse_all(struct import *im, char *at, size_t n, struct err *e)
{
	struct str rest = { at, n }, line;

	if (n >= 2 && (memcmp(at, "\xff\xfe", 2) == 0 || memcmp(at, "\xfe\xff", 2) == 0))
		return err_set(e, ERR_INPUT, "line 1: the file is UTF-16; save it as UTF-8");
	if (str_starts(rest, STR("\xef\xbb\xbf")))
		rest = str_from(rest, 3);
	while (rest.n) {
		(void)str_cut(rest, '\n', &line, &rest);
		if (im->line == UINT32_MAX)
			return err_set(e, ERR_INPUT, "the file has too many lines");
		im->line++;
		if (line.n && line.at[line.n - 1] == '\r')
			line.n--;
		if (!parse_line(im, at + (line.at - at), line, e))
			return err_wrap(e, "line %u", im->line);
	}
	return true;
}

bool import_parse(struct arena *a, char *text, size_t n, struct str domain,
		  struct change_local **ret, size_t *ret_n, struct err *e)
{
	struct import im = { .arena = a,
			     .domain = domain,
			     .may_be_header = true,
			     .has_actions = true };

	if (!parse_all(&im, text, n, e)) {
		free(im.entries);
		return false;
	}
	*ret = im.entries;
	*ret_n = im.count;
	return true;
}
