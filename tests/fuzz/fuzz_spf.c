/* fuzz_spf: whatever stands in DNS, SPF ends, within its bounds, and says the same in any order.
 *
 * Input: one byte that chooses the client, then lines.  The first is the sender; the others are
 * what TXT answers, by turns; every other answer follows from the name that is asked for.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/spf.h"

#define QUESTIONS_MAX 80
#define TEXTS_MAX     16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct world {
	struct arena *arena;
	struct asks *asks;
	struct spf_query query;
	struct str texts[TEXTS_MAX];
	size_t text_count;
	bool later;
	unsigned questions, pending[QUESTIONS_MAX], pending_count;
	struct answer answers[QUESTIONS_MAX];
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static struct str data_of(enum dns_type type, struct str name, uint64_t hash)
{
	switch (type) {
	case DNS_A:
		return hash & 8 ? STR("\xc0\0\2\1") : STR("\xc6\x33\x64\1");
	case DNS_AAAA:
		return STR(" \1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
	case DNS_MX:
		return hash & 16 ? STR("") : STR("mx.test");
	case DNS_PTR:
	case DNS_CNAME:
	case DNS_TXT:
		break;
	}
	return hash & 16 ? STR("client.test") : name;
}

static struct answer answer_to(struct world *w, const struct question *q)
{
	uint64_t hash = str_ihash(q->name) ^ (uint64_t)q->type * 77;
	size_t count = 1 + hash % 13;
	struct dns_record *records;

	if (q->type == DNS_TXT)
		count = w->text_count ? 1 : 0;
	if (hash % 7 == 1 || !count)
		return (struct answer){ .status = hash & 32 ? ANSWER_NONE : ANSWER_ERROR };
	records = arena_alloc(w->arena, count * sizeof(*records));
	must(records, "no memory");
	for (size_t i = 0; i < count; i++)
		records[i].data = q->type == DNS_TXT ? w->texts[hash % w->text_count]
						     : data_of(q->type, q->name, hash + i * 8);
	return (struct answer){ .status = ANSWER_FOUND, .records = records, .record_count = count };
}

static bool put(void *world, unsigned index, const struct question *q, struct answer *ret)
{
	struct world *w = world;

	must(w->questions < QUESTIONS_MAX, "too many questions");
	must(dns_name_is_valid(q->name), "asks for what is no name");
	*ret = answer_to(w, q);
	w->questions++;
	if (!w->later)
		return true;
	w->answers[index] = *ret;
	w->pending[w->pending_count++] = index;
	return false;
}

static struct spf_result run(struct world *w, bool later)
{
	struct spf_result result;

	w->later = later;
	w->questions = w->pending_count = 0;
	w->arena = arena_new(1024 * 1024);
	w->asks = asks_new(w->arena, &(struct asks_backend){ .put = put, .world = w });
	must(w->asks, "no memory");
	while (spf_check(w->asks, &w->query, &result) == SPF_WAIT) {
		must(w->pending_count, "waits for nothing");
		w->pending_count--;
		asks_answer(w->asks, w->pending[w->pending_count],
			    w->answers[w->pending[w->pending_count]]);
	}
	arena_free(w->arena);
	return result;
}

static void must_be_printable(const char *text, size_t max)
{
	must(strlen(text) <= max, "too long");
	for (; *text; text++)
		must(*text >= ' ' && *text <= '~', "not printable");
}

static void ask_for(struct world *w, struct str sender, uint8_t choice)
{
	ptrdiff_t at = str_rfind(sender, '@');

	w->query = (struct spf_query){
		.helo = STR("helo.test"),
		.local = at < 0 ? STR_NONE : (struct str){ sender.at, (size_t)at },
		.domain = choice & 2   ? STR_NONE
			  : choice & 4 ? STR("s.test")
				       : str_from(sender, (size_t)(at + 1)),
		.receiver = STR("mx.test"),
	};
	must(ip_parse(choice & 1 ? STR("192.0.2.1") : STR("2001:db8::1"), &w->query.client),
	     "an address");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct world w = { .text_count = 0 };
	struct spf_result at_once, reversed;
	struct str sender, rest;

	if (!n)
		return 0;
	str_cut((struct str){ (const char *)data + 1, n - 1 }, '\n', &sender, &rest);
	while (rest.n && w.text_count < TEXTS_MAX)
		str_cut(rest, '\n', &w.texts[w.text_count++], &rest);
	ask_for(&w, sender, data[0]);
	at_once = run(&w, false);
	reversed = run(&w, true);
	must(at_once.code == reversed.code, "the order changes the result");
	must(strcmp(at_once.explanation, reversed.explanation) == 0, "… the explanation");
	must(strcmp(at_once.mechanism, reversed.mechanism) == 0, "… the term");
	must(at_once.code == SPF_FAIL || !at_once.explanation[0], "explains what is no fail");
	must_be_printable(at_once.mechanism, SPF_MECHANISM_MAX);
	must_be_printable(at_once.explanation, SPF_EXPLANATION_MAX);
	return 0;
}
