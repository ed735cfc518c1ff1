/* findings.c: see findings.h.
 * SPDX-License-Identifier: ISC */
#include "admin/findings.h"

#include <stdlib.h>

#include "admin/api.h"
#include "base/arena.h"
#include "base/buf.h"

#define SENTENCE_MAX 2000

struct finding_line {
	struct str check, finding, note;
};

/* The next line of *rest; false when there is none. */
static bool next(struct str *rest, struct finding_line *ret)
{
	struct str line;

	if (!rest->n)
		return false;
	(void)str_cut(*rest, '\n', &line, rest);
	(void)str_cut(line, ' ', &ret->check, &line);
	(void)str_cut(line, ' ', &ret->finding, &ret->note);
	return true;
}

static void put(json_t *row, const char *key, struct str value)
{
	char *text = mem_str(value);

	api_put(row, key, text);
	free(text);
}

json_t *findings_json(const char *lines)
{
	struct str rest = str_of(lines);
	json_t *rows = json_array();
	struct finding_line f;

	while (next(&rest, &f)) {
		json_t *row = json_object();

		put(row, "check", f.check);
		put(row, "finding", f.finding);
		put(row, "note", f.note);
		(void)json_array_append_new(rows, row);
	}
	return rows;
}

/* The sentence so far becomes the story's next. */
static void end_sentence(json_t *story, struct buf *text)
{
	if (buf_len(text) && buf_add(text, (struct str){ "", 1 })) /* with its NUL */
		(void)json_array_append_new(story, api_string(buf_str(text).at));
	buf_clear(text);
}

static void say(struct buf *text, const char *before, struct str words, const char *behind)
{
	/* A sentence that grows past its bound is cut. */
	(void)(buf_addf(text, "%s%.*s%s", before, STR_ARGS(words), behind) || text->max);
}

static void tell_passed(json_t *story, struct buf *text, struct str rest)
{
	struct finding_line f;

	while (next(&rest, &f)) {
		if (!str_eq(f.finding, STR("passed")))
			continue;
		say(text, buf_len(text) ? ", " : "  Checks passed: ", f.check, "");
		if (f.note.n)
			say(text, " (", f.note, ")");
	}
	if (buf_len(text))
		say(text, ".", STR_NONE, "");
	end_sentence(story, text);
}

/* Who is on an allow-list is told once, with all that was not asked. */
static void tell_allowed(json_t *story, struct buf *text, struct str rest)
{
	struct finding_line f;

	while (next(&rest, &f)) {
		if (!str_eq(f.finding, STR("allowed")))
			continue;
		if (!buf_len(text))
			say(text, "  Checks not asked, for the allow-list has ", f.note, ": ");
		else
			say(text, ", ", STR_NONE, "");
		say(text, "", f.check, "");
	}
	if (buf_len(text))
		say(text, ".", STR_NONE, "");
	end_sentence(story, text);
}

void findings_tell(json_t *story, const char *lines)
{
	struct str rest = str_of(lines);
	struct finding_line f;
	struct buf text;

	buf_init(&text, SENTENCE_MAX);
	tell_passed(story, &text, rest);
	tell_allowed(story, &text, rest);
	while (next(&rest, &f)) {
		bool would = str_eq(f.finding, STR("would-refuse"));

		if (str_eq(f.finding, STR("passed")) || str_eq(f.finding, STR("allowed")))
			continue;
		say(&text, "  Check ", f.check, "");
		if (would)
			say(&text, " would have refused it, but only marks", STR_NONE, "");
		else
			say(&text, " ", f.finding, " it");
		if (f.note.n)
			say(&text, ": ", f.note, "");
		say(&text, ".", STR_NONE, "");
		end_sentence(story, &text);
	}
	buf_done(&text);
}
