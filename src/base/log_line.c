/* log_line: fields become a line of text or of JSON, without malloc and without stdio.
 *
 * A line that grows past its maximum is cut at a whole character, says "..." there, and stays
 * well-formed: RESERVE bytes at the end are kept for closing what is open.
 * Decided against: passing valid UTF-8 through.  Logs are read by tools that guess encodings, and
 * \xNN shows exactly which bytes came.
 * SPDX-License-Identifier: ISC */
#include "base/log_line.h"

#include <string.h>

#include "base/clock.h"
#include "base/id.h"

/* For ..." and ,"cut":true} and the newline. */
#define RESERVE 24
#define LIMIT   (LOG_LINE_MAX - RESERVE)
/* Room that a key and a number need. */
#define INT_TEXT_MAX 21

static const char hex[] = "0123456789abcdef";

static size_t room(const struct log_line *line)
{
	return line->n < LIMIT ? LIMIT - line->n : 0;
}

/* All of it or, from then on, nothing. */
static void put(struct log_line *line, const char *text, size_t n)
{
	if (line->cut || n > room(line)) {
		line->cut = true;
		return;
	}
	memcpy(line->text + line->n, text, n);
	line->n += n;
}

static void put_cstr(struct log_line *line, const char *text)
{
	put(line, text, strlen(text));
}

/* From the reserve: for what must come in any case. */
static void close_with(struct log_line *line, struct str text)
{
	memcpy(line->text + line->n, text.at, text.n);
	line->n += text.n;
}

/* Bytes that stand for themselves inside a quoted value. */
static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static bool needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_plain(s.at[i]) || s.at[i] == ' ')
			return true;
	}
	return s.n == 0;
}

static void put_escaped(struct log_line *line, char c)
{
	const char high = hex[(unsigned char)c >> 4], low = hex[(unsigned char)c & 15];
	const char json[] = { '\\', 'u', '0', '0', high, low };
	const char text[] = { '\\', 'x', high, low };
	const char pair[] = { '\\', c };

	if (c == '"' || c == '\\')
		put(line, pair, sizeof(pair));
	else if (line->format == LOG_JSON)
		put(line, json, sizeof(json));
	else
		put(line, text, sizeof(text));
}

static void put_bytes(struct log_line *line, struct str s)
{
	size_t i = 0;

	while (i < s.n && !line->cut) {
		size_t run = i;

		while (run < s.n && is_plain(s.at[run]))
			run++;
		/* What a run is too long for is cut inside of it. */
		if (run - i > room(line)) {
			put(line, s.at + i, room(line));
			line->cut = true;
			return;
		}
		put(line, s.at + i, run - i);
		if (run < s.n)
			put_escaped(line, s.at[run]);
		i = run + 1;
	}
}

static void put_value(struct log_line *line, struct str s, bool quotes, bool angles)
{
	if (quotes)
		put(line, "\"", 1);
	if (angles)
		put(line, "<", 1);
	put_bytes(line, s);
	if (line->cut)
		close_with(line, STR("..."));
	if (angles)
		close_with(line, STR(">"));
	if (quotes)
		close_with(line, STR("\""));
}

static void put_int(struct log_line *line, int64_t num)
{
	char digits[INT_TEXT_MAX];
	size_t at = sizeof(digits);
	uint64_t rest = num < 0 ? -(uint64_t)num : (uint64_t)num;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (num < 0)
		digits[--at] = '-';
	put(line, digits + at, sizeof(digits) - at);
}

static void put_key(struct log_line *line, const char *key)
{
	bool json = line->format == LOG_JSON;

	put_cstr(line, json ? ",\"" : " ");
	put_cstr(line, key);
	put_cstr(line, json ? "\":" : "=");
}

static void put_field(struct log_line *line, const struct log_field *f)
{
	bool json = line->format == LOG_JSON;
	char id[ID_TEXT_MAX];

	put_key(line, f->key);
	switch (f->type) {
	case LOG_TYPE_INT:
		put_int(line, f->num);
		break;
	case LOG_TYPE_ID:
		put_value(line, str_of(id_text(f->num, id)), json, false);
		break;
	case LOG_TYPE_PATH:
		put_value(line, f->str, json || (f->str.n && needs_quotes(f->str)), !json);
		break;
	case LOG_TYPE_STR:
		put_value(line, f->str, json || needs_quotes(f->str), false);
		break;
	}
}

static void put_fields(struct log_line *line, const struct log_field *fields, size_t n)
{
	for (size_t i = 0; i < n && !line->cut; i++) {
		/* A field is begun only when its key and a little of its value fit. */
		if (strlen(fields[i].key) + INT_TEXT_MAX + 8 <= room(line)) {
			put_field(line, &fields[i]);
			continue;
		}
		line->cut = true;
		if (line->format == LOG_TEXT)
			close_with(line, STR(" ..."));
	}
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "error";
	case LOG_WARNING:
		return "warning";
	case LOG_INFO:
		return "info";
	case LOG_DEBUG:
		break;
	}
	return "debug";
}

/* As <syslog.h> numbers them. */
static const char *level_prefix(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "<3>";
	case LOG_WARNING:
		return "<4>";
	case LOG_INFO:
		return "<6>";
	case LOG_DEBUG:
		break;
	}
	return "<7>";
}

void log_line_make(struct log_line *line, enum log_format format, bool prefix, int64_t wall_ms,
		   const struct log_event *event)
{
	bool json = format == LOG_JSON;
	char date[CLOCK_DATE_MAX];

	line->format = format;
	line->cut = false;
	line->n = 0;
	if (prefix && !json)
		put_cstr(line, level_prefix(event->level));
	put_cstr(line, json ? "{\"time\":\"" : "");
	put_cstr(line, clock_rfc3339(wall_ms, date));
	put_cstr(line, json ? "\",\"level\":\"" : " ");
	put_cstr(line, level_name(event->level));
	put_cstr(line, json ? "\",\"event\":\"" : " ");
	put_cstr(line, event->name);
	put_cstr(line, json ? "\"" : "");
	put_fields(line, event->fields, event->n);
	if (json)
		close_with(line, line->cut ? STR(",\"cut\":true}") : STR("}"));
	close_with(line, STR("\n"));
}
