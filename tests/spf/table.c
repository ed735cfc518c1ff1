/* table.c: reads a table of SPF cases, a line at a time; the first word says what the line is.
 * SPDX-License-Identifier: ISC */
#include "tests/spf/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

#define FILE_MAX_BYTES (1024 * 1024)

/* -- words ------------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, str_lower_char(c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The rest of a quoted word, behind its quote: \\ \" \xHH. */
static bool quoted_word(struct arena *a, struct str *line, struct str *ret)
{
	char *out = arena_alloc(a, line->n + 1);
	size_t n = 0, i = 0;

	if (!out)
		abort();
	for (; i < line->n && line->at[i] != '"'; i++) {
		if (line->at[i] != '\\') {
			out[n++] = line->at[i];
			continue;
		}
		if (++i == line->n)
			return false;
		if (line->at[i] != 'x') {
			out[n++] = line->at[i];
			continue;
		}
		if (i + 2 >= line->n || hex_digit(line->at[i + 1]) < 0 ||
		    hex_digit(line->at[i + 2]) < 0)
			return false;
		out[n++] = (char)(hex_digit(line->at[i + 1]) * 16 + hex_digit(line->at[i + 2]));
		i += 2;
	}
	if (i == line->n)
		return false;
	*line = str_trim(str_from(*line, i + 1));
	*ret = (struct str){ out, n };
	return true;
}

/* False when there is none. */
static bool word(struct arena *a, struct str *line, struct str *ret)
{
	if (!line->n)
		return false;
	if (line->at[0] == '"') {
		*line = str_from(*line, 1);
		return quoted_word(a, line, ret);
	}
	str_cut(*line, ' ', ret, line);
	*line = str_trim(*line);
	return true;
}

/* -- at NAME TYPE DATA, fails NAME --------------------------------------------------------------
 */

/* As it comes from DNS: lower case, without the final dot. */
static struct str host_name(struct arena *a, struct str name)
{
	char *copy;

	if (name.n && name.at[name.n - 1] == '.')
		name.n--;
	copy = arena_cstr(a, name);
	if (!copy)
		abort();
	str_lower(copy, name.n);
	return (struct str){ copy, name.n };
}

static bool read_address(struct arena *a, struct str text, bool v4, struct str *ret)
{
	struct ip ip;
	size_t n = v4 ? 4 : 16;

	if (!ip_parse(text, &ip))
		return false;
	*ret = arena_dup(a, (struct str){ (const char *)ip.at + 16 - n, n });
	return ret->at;
}

static bool read_data(struct arena *a, struct str *line, enum dns_type type, struct dns_record *ret)
{
	struct str data;
	uint64_t preference = 0;

	if (!word(a, line, &data))
		return false;
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		return read_address(a, data, type == DNS_A, &ret->data);
	case DNS_TXT:
		ret->data = data;
		return true;
	case DNS_MX:
		if (!str_to_u64(data, 65535, &preference) || !word(a, line, &data))
			return false;
		ret->preference = (unsigned)preference;
		break;
	case DNS_CNAME:
	case DNS_PTR:
		break;
	}
	ret->data = host_name(a, data);
	return true;
}

static bool parse_at(struct table *t, struct str line, bool fails, struct err *e)
{
	struct table_record *r = &t->records[t->record_count];
	struct str type;

	if (t->record_count == TABLE_RECORDS_MAX)
		return err_set(e, ERR_INPUT, "too many records");
	*r = (struct table_record){ .fails = fails };
	if (!word(t->arena, &line, &r->name))
		return err_set(e, ERR_INPUT, "a name is missing");
	r->name = host_name(t->arena, r->name);
	if (!fails && (!word(t->arena, &line, &type) || !dns_type_parse(type, &r->type) ||
		       !read_data(t->arena, &line, r->type, &r->record)))
		return err_set(e, ERR_INPUT, "at NAME TYPE DATA");
	t->record_count++;
	return !line.n || err_set(e, ERR_INPUT, "too much");
}

/* -- check NAME CLIENT HELO SENDER RESULT [EXPLANATION] ------------------------------------------
 */

static bool parse_check(struct table *t, struct str line, struct err *e)
{
	struct table_case *c = &t->cases[t->case_count];
	struct str client, sender;
	ptrdiff_t at;

	if (t->case_count == TABLE_CASES_MAX)
		return err_set(e, ERR_INPUT, "too many cases");
	*c = (struct table_case){ .from = t->zone_from, .to = t->record_count };
	if (!word(t->arena, &line, &c->name) || !word(t->arena, &line, &client) ||
	    !ip_parse(client, &c->client) || !word(t->arena, &line, &c->helo) ||
	    !word(t->arena, &line, &sender) || !word(t->arena, &line, &c->wanted))
		return err_set(e, ERR_INPUT, "check NAME CLIENT HELO SENDER RESULT [EXPLANATION]");
	at = str_rfind(sender, '@');
	c->local = at < 0 ? STR_NONE : (struct str){ sender.at, (size_t)at };
	c->domain = str_from(sender, (size_t)(at + 1));
	c->explains = word(t->arena, &line, &c->explanation);
	t->case_count++;
	return !line.n || err_set(e, ERR_INPUT, "too much");
}

/* -- the file ------------------------------------------------------------------------------------
 */

static bool parse_line(struct table *t, struct str line, struct err *e)
{
	struct str first;

	line = str_trim(line);
	if (!line.n || line.at[0] == '#')
		return true;
	if (!word(t->arena, &line, &first))
		return err_set(e, ERR_INPUT, "malformed");
	if (str_eq(first, STR("zone"))) {
		t->zone_from = t->record_count;
		return true;
	}
	if (str_eq(first, STR("at")) || str_eq(first, STR("fails")))
		return parse_at(t, line, str_eq(first, STR("fails")), e);
	if (str_eq(first, STR("check")))
		return parse_check(t, line, e);
	return err_set(e, ERR_INPUT, "no such line: %.*s", STR_ARGS(first));
}

struct table *table_load(const char *path, struct err *e)
{
	struct arena *a = arena_new(8 * 1024 * 1024);
	struct table *t = arena_alloc(a, sizeof(*t));
	char *memory = arena_alloc(a, FILE_MAX_BYTES);
	FILE *file = fopen(path, "r");
	struct str text, line;
	bool ok = true;

	if (!t || !memory)
		abort();
	t->arena = a;
	if (!file) {
		(void)err_errno(e, "cannot open it");
		arena_free(a);
		return NULL;
	}
	text = (struct str){ memory, fread(memory, 1, FILE_MAX_BYTES, file) };
	fclose(file);
	for (unsigned number = 1; ok && text.n; number++) {
		str_cut(text, '\n', &line, &text);
		ok = parse_line(t, line, e) || err_wrap(e, "line %u", number);
	}
	if (ok && t->case_count)
		return t;
	if (ok)
		(void)err_set(e, ERR_INPUT, "no check in it: it proves nothing");
	arena_free(a);
	return NULL;
}

void table_free(struct table *t)
{
	if (t)
		arena_free(t->arena);
}
