/* show.h: tables, times and texts for a terminal.
 *
 * Whatever came from outside (all of the daemon's texts may have) passes log_quote here, so that
 * no address and no server's reply can talk to the terminal.
 * SPDX-License-Identifier: ISC */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/human.h"

#define SHOW_COLUMNS_MAX 12
#define SHOW_TEXT_MAX    512

struct libscols_table;

struct show_table {
	struct libscols_table *table;
	size_t columns;
	size_t prose; /* the column of prose; none: columns */
	size_t widths[SHOW_COLUMNS_MAX];
};

/* Headings; one that begins with '>' is of a column of numbers, one with '~' of the last and
 * one of prose, which is wrapped between words where the terminal ends.  NULL ends them. */
void show_table_init(struct show_table *t, const char *const *headings);
/* One cell a column; they are quoted and copied. */
void show_table_row(struct show_table *t, const char *const *cells);
/* Prints and frees it. */
void show_table_print(struct show_table *t);
/* A table with a row for each of the array's; of none a person at a terminal is told. */
typedef void show_row_fn(struct show_table *t, const json_t *row);
void show_rows(const json_t *rows, const char *const *headings, show_row_fn *row);

/* A line of printf text, quoted whole. */
void show_line(const char *fmt, ...) PRINTF(1, 2);
/* The daemon's answer for --json.  Takes the reference; answers CLI_DONE. */
int show_json(json_t *json);

/* Members of an object; "" and 0 when they are missing or null. */
const char *show_text(const json_t *object, const char *key);
int64_t show_num(const json_t *object, const char *key);
/* A domain's name as its people write it, or as DNS has it where that cannot be shown. */
const char *show_domain_name(const json_t *domain);
/* A member that is text or a number, as text; out has HUMAN_MAX bytes. */
const char *show_value(const json_t *object, const char *key, char out[HUMAN_MAX]);
/* Text of a number; out has HUMAN_MAX bytes. */
const char *show_count(const json_t *object, const char *key, char out[HUMAN_MAX]);
/* How long ago, or until, the time in KEY_ms is ("3m"; "due" when it is past); "-" when it is null.
 */
const char *show_age(const json_t *object, const char *key, char out[HUMAN_MAX]);
const char *show_until(const json_t *object, const char *key, char out[HUMAN_MAX]);
const char *show_size(const json_t *object, const char *key, char out[HUMAN_MAX]);
/* "<a@b.example>", the null reverse-path as "<>"; out has SHOW_TEXT_MAX bytes. */
const char *show_path(const json_t *object, const char *key, char out[SHOW_TEXT_MAX]);

#endif
