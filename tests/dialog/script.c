/* script: reads a dialog file; README.md has the format.
 * SPDX-License-Identifier: ISC */
#include "tests/dialog/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/attr.h"
#include "proto/reply.h"

#define BYTES_MAX (16 * 1024 * 1024)

struct reader {
	struct script *script;
	unsigned line_no;
	bool has_limits;
	bool says_live;
};

static bool wrong(const struct reader *r, const char *what)
{
	(void)fprintf(stderr, "%s:%u: %s\n", r->script->path, r->line_no, what);
	return false;
}

/* -- text --------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	const char *all = "0123456789abcdef", *at = c ? strchr(all, str_lower_char(c)) : NULL;

	return at ? (int)(at - all) : -1;
}

/* One escape behind the backslash; answers the bytes used, 0 when there is no such escape. */
static size_t escape(struct str s, char *ret)
{
	static const struct {
		char letter, byte;
	} simple[] = { { 'r', '\r' }, { 'n', '\n' }, { 't', '\t' }, { '0', '\0' }, { '\\', '\\' } };

	for (size_t i = 0; s.n && i < COUNT(simple); i++) {
		if (s.at[0] == simple[i].letter) {
			*ret = simple[i].byte;
			return 1;
		}
	}
	if (s.n < 3 || s.at[0] != 'x' || hex_digit(s.at[1]) < 0 || hex_digit(s.at[2]) < 0)
		return 0;
	*ret = (char)(hex_digit(s.at[1]) * 16 + hex_digit(s.at[2]));
	return 3;
}

static bool add_escaped(const struct reader *r, struct buf *to, struct str text)
{
	while (text.n) {
		char c = text.at[0];

		text = str_from(text, 1);
		if (c == '\\') {
			size_t used = escape(text, &c);

			if (!used)
				return wrong(r, "no such escape");
			text = str_from(text, used);
		}
		if (!buf_add(to, (struct str){ &c, 1 }))
			return wrong(r, "too long");
	}
	return true;
}

/* "N text": text N times. */
static bool add_repeated(const struct reader *r, struct buf *to, struct str rest)
{
	struct str count, text;
	uint64_t times;

	str_cut(rest, ' ', &count, &text);
	if (!str_to_u64(count, BYTES_MAX, &times))
		return wrong(r, "no count behind *");
	while (times--)
		if (!add_escaped(r, to, text))
			return false;
	return true;
}

/* What stands behind the letter: ": line", "| raw" or "*N raw". */
static bool add_bytes(const struct reader *r, struct buf *to, struct str rest, bool escapes)
{
	struct str text = str_from(rest, 1);

	if (rest.n && rest.at[0] == '*')
		return add_repeated(r, to, text);
	text = str_from(text, str_starts(text, STR(" ")));
	if (rest.n && rest.at[0] == '|')
		return add_escaped(r, to, text);
	if (!rest.n || rest.at[0] != ':')
		return wrong(r, "wanted ':', '|' or '*' behind the letter");
	if (escapes)
		return add_escaped(r, to, text) && add_escaped(r, to, STR("\\r\\n"));
	return (buf_add(to, text) && buf_add(to, STR("\r\n"))) || wrong(r, "too long");
}

/* -- steps -------------------------------------------------------------------------------- */

static struct step *add_step(struct reader *r, enum step_kind kind)
{
	struct script *s = r->script;
	struct step *step;

	s->steps = mem_grow(s->steps, (s->count + 1) * sizeof(*s->steps));
	step = &s->steps[s->count++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	step->line_no = r->line_no;
	buf_init(&step->bytes, BYTES_MAX);
	return step;
}

/* Neighbouring C lines go out in one write. */
static bool read_client(struct reader *r, struct str rest)
{
	struct script *s = r->script;
	struct step *step = s->count ? &s->steps[s->count - 1] : NULL;

	if (!step || step->kind != STEP_SEND)
		step = add_step(r, STEP_SEND);
	return add_bytes(r, &step->bytes, rest, false);
}

static bool read_server(struct reader *r, struct str rest)
{
	bool is_regex = str_starts(rest, STR("~"));
	struct str text = str_from(rest, 1);
	struct step *step;

	text = str_from(text, str_starts(text, STR(" ")));
	if (!is_regex && !str_starts(rest, STR(":")))
		return wrong(r, "wanted 'S:' or 'S~'");
	if (!is_regex && str_eq(text, STR("<close>"))) {
		add_step(r, STEP_CLOSE);
		return true;
	}
	if (!is_regex && str_eq(text, STR("<tls>"))) {
		add_step(r, STEP_TLS);
		return true;
	}
	step = add_step(r, STEP_LINE);
	if (!buf_add(&step->bytes, text) || !buf_add(&step->bytes, (struct str){ "", 1 }))
		return wrong(r, "too long");
	if (!is_regex)
		return true;
	if (regcomp(&step->regex, buf_str(&step->bytes).at, REG_EXTENDED | REG_NOSUB))
		return wrong(r, "not a regular expression");
	step->kind = STEP_REGEX;
	return true;
}

static bool read_content(struct reader *r, struct str rest)
{
	r->script->has_content = true;
	return add_bytes(r, &r->script->content, rest, true);
}

static bool read_mails(struct reader *r, struct str rest)
{
	uint64_t n;

	if (!str_starts(rest, STR(":")) || !str_to_u64(str_trim(str_from(rest, 1)), 1000000, &n))
		return wrong(r, "wanted 'N: number'");
	r->script->mails = (long)n;
	return true;
}

/* -- headers ------------------------------------------------------------------------------ */

static const struct reply *reply_named(struct str name)
{
	for (int i = 0; i < REPLY_COUNT; i++)
		if (str_eq(name, str_of(reply_name((enum reply_id)i))))
			return reply_get((enum reply_id)i);
	return NULL;
}

static bool read_answer(struct reader *r, struct str value)
{
	static const struct {
		const char *name;
		enum smtpd_want want;
	} wants[] = { { "helo", WANT_HELO }, { "mail", WANT_MAIL }, { "rcpt", WANT_RCPT },
		      { "data", WANT_DATA }, { "end", WANT_END } };
	struct str want, name;

	str_cut(value, ' ', &want, &name);
	for (size_t i = 0; i < COUNT(wants); i++) {
		if (!str_eq(want, str_of(wants[i].name)))
			continue;
		r->script->answers[wants[i].want] = reply_named(str_trim(name));
		return reply_named(str_trim(name)) || wrong(r, "no such reply");
	}
	return wrong(r, "no such request");
}

static bool read_header(struct reader *r, struct str rest)
{
	struct smtpd_limits *l = &r->script->limits;
	const struct {
		const char *name;
		unsigned *value;
	} numbers[] = { { "max_line", &l->max_line }, { "max_rcpts", &l->max_rcpts },
			{ "max_errors", &l->max_errors }, { "max_commands", &l->max_commands } };
	struct str name, value;
	uint64_t n;

	str_cut(rest, ' ', &name, &value);
	value = str_trim(value);
	r->says_live = r->says_live || str_eq(name, STR("live"));
	if (str_eq(name, STR("live")))
		return true;
	if (str_eq(name, STR("only"))) {
		r->script->only = str_eq(value, STR("tls")) ? ONLY_TLS : ONLY_CLEAR;
		return r->script->only == ONLY_TLS || str_eq(value, STR("clear")) ||
		       wrong(r, "wanted 'clear' or 'tls'");
	}
	if (str_eq(name, STR("starttls"))) {
		r->has_limits = true;
		l->starttls = str_eq(value, STR("yes"));
		return true;
	}
	r->has_limits = true;
	if (str_eq(name, STR("canned")))
		return true;
	if (str_eq(name, STR("xclient"))) {
		l->xclient = true;
		return true;
	}
	if (str_eq(name, STR("answer")))
		return read_answer(r, value);
	if (str_eq(name, STR("max_size")))
		return str_to_u64(value, UINT64_MAX, &l->max_size) || wrong(r, "not a number");
	for (size_t i = 0; i < COUNT(numbers); i++) {
		if (!str_eq(name, str_of(numbers[i].name)))
			continue;
		if (!str_to_u64(value, 1000000, &n))
			return wrong(r, "not a number");
		*numbers[i].value = (unsigned)n;
		return true;
	}
	return wrong(r, "no such option");
}

/* -- the file ----------------------------------------------------------------------------- */

static bool read_row(struct reader *r, struct str line)
{
	static const struct {
		char letter;
		bool (*read)(struct reader *r, struct str rest);
	} kinds[] = { { 'C', read_client },  { 'S', read_server }, { 'M', read_content },
		      { 'N', read_mails },   { '@', read_header } };

	if (!line.n || line.at[0] == '#')
		return true;
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (line.at[0] == kinds[i].letter)
			return kinds[i].read(r, str_from(line, 1));
	return wrong(r, "wanted C, S, M, N, @ or #");
}

static void set_claim(struct script *s)
{
	struct str name = str_of(s->path);

	name = str_from(name, (size_t)(str_rfind(name, '/') + 1));
	if (str_rfind(name, '.') > 0)
		name.n = (size_t)str_rfind(name, '.');
	(void)snprintf(s->claim, sizeof(s->claim), "%.*s", STR_ARGS(name));
}

bool script_read(struct script *s, const char *path)
{
	struct reader r = { .script = s };
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	bool fine = f;
	ssize_t n;

	*s = (struct script){ .path = path, .mails = -1 };
	s->limits = (struct smtpd_limits){ .max_size = 50 * 1024 * 1024, .max_line = 2048,
					   .max_rcpts = 1000, .max_errors = 20,
					   .max_commands = 500, .starttls = true };
	buf_init(&s->content, BYTES_MAX);
	set_claim(s);
	if (!f) {
		perror(path);
		return false;
	}
	while (fine && (n = getline(&line, &room, f)) > 0) {
		r.line_no++;
		if (line[n - 1] == '\n')
			n--;
		fine = read_row(&r, (struct str){ line, (size_t)n });
	}
	s->live = r.says_live || !r.has_limits;
	free(line);
	(void)fclose(f);
	return fine;
}

void script_done(struct script *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->steps[i].kind == STEP_REGEX)
			regfree(&s->steps[i].regex);
		buf_done(&s->steps[i].bytes);
	}
	free(s->steps);
	buf_done(&s->content);
}
