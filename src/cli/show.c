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

#include <libsmartcols.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"

static void check(int failed)
{
	if (failed)
		exit(cli_fail("cannot make the table"));
}

void show_table_init(struct show_table *t, const char *const *headings)
{
	t->table = scols_new_table();
	t->columns = 0;
	check(!t->table);
	/* The library would encode the backslashes that log_quote wrote. */
	check(scols_table_enable_noencoding(t->table, 1));
	for (; headings[t->columns]; t->columns++) {
		const char *name = headings[t->columns];
		int flags = name[0] == '>' ? SCOLS_FL_RIGHT : 0;

		check(!scols_table_new_column(t->table, name + (flags ? 1 : 0), 0, flags));
	}
}

void show_table_row(struct show_table *t, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(t->table, NULL);

	check(!line);
	for (size_t i = 0; i < t->columns; i++) {
		char quoted[SHOW_TEXT_MAX];

		log_quote(str_of(cells[i]), quoted, sizeof(quoted));
		check(scols_line_set_data(line, i, quoted));
	}
}

void show_table_print(struct show_table *t)
{
	check(scols_print_table(t->table));
	scols_unref_table(t->table);
	t->table = NULL;
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
