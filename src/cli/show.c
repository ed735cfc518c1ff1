/* show: what people see; libsmartcols, and nobody else includes it.
 *
 * JSON is printed in ASCII: the escapes of jansson leave C1 controls alone, some terminals obey
 * them.
 * SPDX-License-Identifier: ISC */
#include "cli/show.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"

#define PROSE_MIN 30

static void check(int failed)
{
	if (failed)
		exit(cli_fail("cannot make the table"));
}

/* In characters; double and no width are rare enough. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void show_table_init(struct show_table *t, const char *const *headings)
{
	*t = (struct show_table){ .table = scols_new_table(), .prose = SHOW_COLUMNS_MAX };
	check(!t->table);
	/* The library would encode the backslashes that log_quote wrote. */
	check(scols_table_enable_noencoding(t->table, 1));
	for (; headings[t->columns]; t->columns++) {
		const char *name = headings[t->columns];
		bool is_prose = name[0] == '~', is_number = name[0] == '>';

		name += is_prose || is_number;
		if (is_prose)
			t->prose = t->columns;
		t->widths[t->columns] = width_of(name);
		check(!scols_table_new_column(t->table, name, 0,
					      is_number ? SCOLS_FL_RIGHT :
					      is_prose  ? SCOLS_FL_WRAP :
							  0));
	}
}

void show_table_row(struct show_table *t, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(t->table, NULL);

	check(!line);
	for (size_t i = 0; i < t->columns; i++) {
		char quoted[SHOW_TEXT_MAX];
		size_t width;

		log_quote(str_of(cells[i]), quoted, sizeof(quoted));
		width = width_of(quoted);
		if (width > t->widths[i])
			t->widths[i] = width;
		check(scols_line_set_data(line, i, quoted));
	}
}

/* Blanks become line ends, so that no line is longer than width if its words are not. */
static void wrap(char *text, size_t width)
{
	char *blank = NULL;
	size_t column = 0;

	for (char *at = text; *at; at++) {
		if (*at == ' ')
			blank = at;
		column += ((unsigned char)*at & 0xc0) != 0x80;
		if (column <= width || !blank)
			continue;
		*blank = '\n';
		column = (size_t)(at - blank);
		blank = NULL;
	}
}

static void wrap_prose(struct show_table *t, size_t width)
{
	struct libscols_column *column = scols_table_get_column(t->table, t->prose);
	struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;

	check(!lines || scols_column_set_wrapfunc(column, scols_wrapnl_chunksize,
						  scols_wrapnl_nextchunk, NULL));
	while (scols_table_next_line(t->table, lines, &line) == 0) {
		char *text = mem_str(str_of(scols_cell_get_data(
			scols_line_get_cell(line, t->prose))));

		wrap(text, width);
		check(scols_line_set_data(line, t->prose, text));
		free(text);
	}
	scols_free_iter(lines);
}

void show_table_print(struct show_table *t)
{
	size_t taken = 0, room = 0;
	struct winsize size;

	for (size_t i = 0; i < t->columns; i++)
		taken += i == t->prose ? 0 : t->widths[i] + 1;
	/* What goes into a file or a pipe stays one line a row. */
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		room = size.ws_col;
	if (t->prose < t->columns && room)
		wrap_prose(t, room > taken + PROSE_MIN ? room - taken : PROSE_MIN);
	check(scols_print_table(t->table));
	scols_unref_table(t->table);
	t->table = NULL;
}

void show_rows(const json_t *rows, const char *const *headings, show_row_fn *row)
{
	struct show_table t;
	const json_t *each;
	size_t i;

	/* To a person only: a job that looks for failed mail each hour is to stay silent. */
	if (!json_array_size(rows) && isatty(STDOUT_FILENO))
		(void)fputs("mxkeep: there is nothing to list\n", stderr);
	show_table_init(&t, headings);
	json_array_foreach(rows, i, each)
		row(&t, each);
	show_table_print(&t);
}

void show_line(const char *fmt, ...)
{
	char text[8192], quoted[4 * sizeof(text)];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)puts(log_quote(str_of(text), quoted, sizeof(quoted)));
}

int show_json(json_t *json)
{
	(void)json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	(void)putchar('\n');
	json_decref(json);
	return CLI_DONE;
}

const char *show_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

const char *show_domain_name(const json_t *domain)
{
	const char *unicode = show_text(domain, "unicode");

	/* Where the terminal's characters are not UTF-8 only the name in DNS can be read. */
	return *unicode && strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? unicode :
									show_text(domain, "name");
}

int64_t show_num(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *show_count(const json_t *object, const char *key, char out[HUMAN_MAX])
{
	(void)snprintf(out, HUMAN_MAX, "%lld", (long long)show_num(object, key));
	return out;
}

const char *show_value(const json_t *object, const char *key, char out[HUMAN_MAX])
{
	return json_is_integer(json_object_get(object, key)) ? show_count(object, key, out) :
							       show_text(object, key);
}

static int64_t time_of(const json_t *object, const char *key)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s_ms", key);
	return show_num(object, name);
}

const char *show_age(const json_t *object, const char *key, char out[HUMAN_MAX])
{
	int64_t at = time_of(object, key);

	return at ? human_span(clock_wall_ms() - at, out) : "-";
}

const char *show_until(const json_t *object, const char *key, char out[HUMAN_MAX])
{
	int64_t at = time_of(object, key), now = clock_wall_ms();

	if (!at)
		return "-";
	return at <= now ? "due" : human_span(at - now, out);
}

const char *show_size(const json_t *object, const char *key, char out[HUMAN_MAX])
{
	int64_t bytes = show_num(object, key);

	return human_size(bytes > 0 ? (uint64_t)bytes : 0, out);
}

const char *show_path(const json_t *object, const char *key, char out[SHOW_TEXT_MAX])
{
	(void)snprintf(out, SHOW_TEXT_MAX, "<%s>", show_text(object, key));
	return out;
}
