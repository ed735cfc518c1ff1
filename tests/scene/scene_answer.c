/* scene_answer.c: the lines "answer …" of a scene: what the world says when it is asked.
 * SPDX-License-Identifier: ISC */
#include "tests/scene/scene_parse.h"

#include <string.h>

#include "base/attr.h"

struct str scene_word(struct str *line)
{
	struct str first, rest;

	str_cut(str_trim(*line), ' ', &first, &rest);
	*line = str_trim(rest);
	return first;
}

struct str scene_last_word(struct str *line)
{
	struct str all = str_trim(*line);
	ptrdiff_t blank = str_rfind(all, ' ');

	if (blank < 0) {
		*line = STR_NONE;
		return all;
	}
	*line = str_trim((struct str){ all.at, (size_t)blank });
	return str_from(all, (size_t)blank + 1);
}

/* -- answer recipient LOCAL@DOMAIN WORD, answer dns NAME TYPE RECORDS|WORD ----------------- */

static bool parse_canned(struct str name, enum canned *ret)
{
	static const char *const names[] = {
		[CANNED_ACCEPT] = "accept", [CANNED_REJECT] = "reject", [CANNED_NONE] = "none",
		[CANNED_ERROR] = "error",   [CANNED_NEVER] = "never",
	};

	for (unsigned i = 0; i < COUNT(names); i++) {
		if (!str_eq(name, str_of(names[i])))
			continue;
		*ret = (enum canned)i;
		return true;
	}
	return false;
}

static bool parse_user(struct scene_answer *a, struct str line, struct err *e)
{
	struct str last = scene_last_word(&line);
	bool known = parse_canned(last, &a->canned);
	ptrdiff_t at;

	if (!known && str_eq(scene_last_word(&line), STR("alias"))) {
		a->canned = CANNED_ALIAS;
		a->alias = last;
		known = true;
	}
	at = str_rfind(line, '@');

	if (!known || at < 0)
		return err_set(e, ERR_INPUT,
			       "answer recipient LOCAL@DOMAIN accept|reject|none|error|never");
	a->local = (struct str){ line.at, (size_t)at };
	a->domain = str_from(line, (size_t)at + 1);
	return true;
}

/* As it stands in a zone file: "192.0.2.1", "10 mail.example", "\"text\"". */
static bool parse_record(struct scene *s, enum dns_type type, struct str text,
			 struct dns_record *ret)
{
	uint64_t preference = 0;
	struct ip ip;

	text = str_trim(text);
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		if (!ip_parse(text, &ip) || ip_is_v4(&ip) != (type == DNS_A))
			return false;
		ret->data = arena_dup(s->arena, type == DNS_A ?
						       (struct str){ (char *)ip.at + 12, 4 } :
						       (struct str){ (char *)ip.at, 16 });
		return ret->data.at != NULL;
	case DNS_MX:
		if (!str_to_u64(scene_word(&text), 65535, &preference))
			return false;
		ret->preference = (unsigned)preference;
		break;
	case DNS_TXT:
		if (text.n < 2 || text.at[0] != '"' || text.at[text.n - 1] != '"')
			return false;
		text = (struct str){ text.at + 1, text.n - 2 };
		break;
	case DNS_CNAME:
	case DNS_PTR:
		break;
	}
	ret->data = str_eq(text, STR(".")) ? STR_NONE : text;
	return true;
}

static bool parse_records(struct scene *s, struct scene_answer *a, struct str line, struct err *e)
{
	a->canned = CANNED_FOUND;
	while (line.n) {
		struct str one = line;
		const char *bar = memmem(line.at, line.n, " | ", 3);

		if (bar)
			one.n = (size_t)(bar - line.at);
		line = str_from(line, one.n + (bar ? 3 : 0));
		if (a->record_count == SCENE_RECORDS_MAX ||
		    !parse_record(s, a->type, one, &a->records[a->record_count]))
			return err_set(e, ERR_INPUT, "not a record: %.*s", STR_ARGS(one));
		a->record_count++;
	}
	return a->record_count || err_set(e, ERR_INPUT, "answer dns NAME TYPE RECORDS|WORD");
}

static bool parse_dns(struct scene *s, struct scene_answer *a, struct str line, struct err *e)
{
	a->local = scene_word(&line);
	if (!dns_type_parse(scene_word(&line), &a->type))
		return err_set(e, ERR_INPUT, "answer dns NAME TYPE RECORDS|WORD");
	return parse_canned(line, &a->canned) || parse_records(s, a, line, e);
}

/* Two words are the key: client and <sender>; "* *" for all others. */
static bool parse_greylist(struct scene_answer *a, struct str line, struct err *e)
{
	struct str said, span = STR_NONE;
	uint64_t ms = 0, tried = 0;

	a->local = scene_word(&line);
	a->domain = scene_word(&line);
	said = scene_word(&line);
	if (line.n)
		span = scene_word(&line);
	if (span.n && !str_to_ms(span, &ms))
		return err_set(e, ERR_INPUT, "not a span of time: %.*s", STR_ARGS(span));
	if (line.n && !str_to_u64(scene_word(&line), 1000, &tried))
		return err_set(e, ERR_INPUT, "not a number of tries");
	a->ago_ms = (int64_t)ms;
	a->tried = (unsigned)tried;
	a->canned = str_eq(said, STR("known")) ? CANNED_ACCEPT :
		    str_eq(said, STR("back"))  ? CANNED_FOUND :
		    str_eq(said, STR("wait"))  ? CANNED_REJECT :
						 CANNED_NEVER;
	return a->canned != CANNED_NEVER || parse_canned(said, &a->canned) ||
	       err_set(e, ERR_INPUT,
		       "answer greylist CLIENT <SENDER> known|back|wait AGO, or error|never");
}

bool scene_parse_answer(struct scene *s, struct str line, struct err *e)
{
	struct scene_answer *a = &s->answers[s->answer_count];
	struct str kind = scene_word(&line);

	if (s->answer_count == SCENE_ANSWERS_MAX)
		return err_set(e, ERR_INPUT, "too many answers");
	s->answer_count++;
	if (str_eq(kind, STR("dns"))) {
		a->kind = ASK_DNS;
		return parse_dns(s, a, line, e);
	}
	if (str_eq(kind, STR("greylist")) || str_eq(kind, STR("tries"))) {
		a->kind = str_eq(kind, STR("tries")) ? ASK_TRIES : ASK_GREYLIST;
		return parse_greylist(a, line, e);
	}
	a->heard = str_eq(kind, STR("heard"));
	a->kind = str_eq(kind, STR("probe")) ? ASK_PROBE : ASK_RECIPIENT;
	return ((a->heard || a->kind == ASK_PROBE || str_eq(kind, STR("recipient"))) &&
		parse_user(a, line, e)) ||
	       err_set(e, ERR_INPUT, "answer recipient|heard|probe|greylist|dns …");
}
