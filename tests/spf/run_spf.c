/* run_spf: evaluates SPF in a false DNS, and compares.
 *
 *	run_spf FILE.spf ...
 *
 * Each check is run with the answers at once, later in the order of the questions, reversed and
 * shuffled: result, explanation and the term that decided must always be the same.  Besides: run
 * once more without news it asks nothing and waits; where one answer never comes it waits or says
 * what it would say anyway; where one cannot be had it ends.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ask.h"
#include "policy/spf.h"
#include "tests/spf/table.h"

#define NOW_MS      INT64_C(1795361412000)
#define RECEIVER    "mx.receiver.test"
#define CNAMES_MAX  8
#define NONE_OF_ALL ASKS_MAX

enum order { AT_ONCE, IN_ORDER, REVERSED, SHUFFLED };

struct way {
	const char *name;
	enum order order;
	uint32_t seed;
	unsigned missing, failing; /* number of the question */
};

static const struct way ways[] = {
	{ "answers at once", AT_ONCE, 0, NONE_OF_ALL, NONE_OF_ALL },
	{ "answers in order", IN_ORDER, 0, NONE_OF_ALL, NONE_OF_ALL },
	{ "answers reversed", REVERSED, 0, NONE_OF_ALL, NONE_OF_ALL },
	{ "answers shuffled, seed 1", SHUFFLED, 1, NONE_OF_ALL, NONE_OF_ALL },
	{ "answers shuffled, seed 7", SHUFFLED, 7, NONE_OF_ALL, NONE_OF_ALL },
	{ "answers shuffled, seed 42", SHUFFLED, 42, NONE_OF_ALL, NONE_OF_ALL },
	{ "answers shuffled, seed 4000000007", SHUFFLED, 4000000007u, NONE_OF_ALL, NONE_OF_ALL },
};

/* One evaluation. */
struct run {
	const struct table *table;
	const struct table_case *check;
	const struct way *way;
	struct arena *arena;
	struct asks *asks;
	struct spf_result result;
	unsigned pending[ASKS_MAX];
	struct answer answers[ASKS_MAX];
	unsigned pending_count, questions;
	uint32_t dice;
	char fault[256];
};

/* -- the false DNS -------------------------------------------------------------------------------
 */

static const struct table_record *find(const struct run *run, struct str name, enum dns_type type,
				       bool fails, size_t *from)
{
	for (; *from < run->check->to; (*from)++) {
		const struct table_record *r = &run->table->records[*from];

		if (str_ieq(r->name, name) && r->fails == fails && (fails || r->type == type))
			return &run->table->records[(*from)++];
	}
	return NULL;
}

static struct answer look_up(struct run *run, struct str name, enum dns_type type)
{
	struct dns_record *records = arena_alloc(run->arena, DNS_RECORDS_MAX * sizeof(*records));
	const struct table_record *r;
	struct answer answer = { .status = ANSWER_NONE, .records = records };

	if (!records)
		abort();
	for (unsigned hops = 0; hops < CNAMES_MAX; hops++) {
		size_t at = run->check->from;

		while ((r = find(run, name, type, false, &at)))
			records[answer.record_count++] = r->record;
		at = run->check->from;
		if (answer.record_count)
			answer.status = ANSWER_FOUND;
		else if (find(run, name, type, true, &at))
			answer.status = ANSWER_ERROR;
		at = run->check->from;
		r = find(run, name, DNS_CNAME, false, &at);
		if (answer.status != ANSWER_NONE || !r)
			return answer;
		name = r->record.data;
	}
	return (struct answer){ .status = ANSWER_ERROR };
}

static bool put_question(void *world, unsigned index, const struct question *q, struct answer *ret)
{
	struct run *run = world;
	unsigned number = run->questions++;

	if (q->kind != ASK_DNS)
		abort();
	*ret = look_up(run, q->name, q->type);
	if (number == run->way->failing)
		*ret = (struct answer){ .status = ANSWER_ERROR };
	if (number == run->way->missing)
		return false;
	if (run->way->order == AT_ONCE)
		return true;
	run->answers[index] = *ret;
	run->pending[run->pending_count++] = index;
	return false;
}

/* -- one way -------------------------------------------------------------------------------------
 */

/* xorshift32: the same shuffle on every machine. */
static unsigned roll(struct run *run, unsigned n)
{
	run->dice ^= run->dice << 13;
	run->dice ^= run->dice >> 17;
	run->dice ^= run->dice << 5;
	return run->dice % n;
}

static unsigned choose(struct run *run)
{
	if (run->way->order == REVERSED)
		return run->pending_count - 1;
	return run->way->order == SHUFFLED ? roll(run, run->pending_count) : 0;
}

static enum spf evaluate(struct run *run)
{
	const struct table_case *c = run->check;

	return spf_check(run->asks,
			 &(struct spf_query){ .client = c->client,
					      .helo = c->helo,
					      .local = c->local,
					      .domain = c->domain,
					      .receiver = STR(RECEIVER),
					      .now_ms = NOW_MS },
			 &run->result);
}

/* Evaluates, and once more: without news nothing may change. */
static enum spf evaluate_twice(struct run *run)
{
	enum spf code = evaluate(run);
	unsigned questions = run->questions;

	if (evaluate(run) != code || questions != run->questions)
		snprintf(run->fault, sizeof(run->fault), "run again it does something else");
	return code;
}

static struct run *run_new(const struct table *t, const struct table_case *c, const struct way *way)
{
	struct run *run = mem_alloc(sizeof(*run));

	*run = (struct run){ .table = t, .check = c, .way = way, .dice = way->seed };
	run->arena = arena_new(4 * 1024 * 1024);
	run->asks =
		asks_new(run->arena, &(struct asks_backend){ .put = put_question, .world = run });
	if (!run->asks)
		abort();
	return run;
}

static void run_free(struct run *run)
{
	arena_free(run->arena);
	free(run);
}

static struct run *run_way(const struct table *t, const struct table_case *c, const struct way *way)
{
	struct run *run = run_new(t, c, way);

	(void)evaluate_twice(run);
	while (run->pending_count) {
		unsigned at = choose(run);
		unsigned index = run->pending[at];

		run->pending_count--;
		memmove(&run->pending[at], &run->pending[at + 1],
			(run->pending_count - at) * sizeof(run->pending[0]));
		asks_answer(run->asks, index, run->answers[index]);
		(void)evaluate_twice(run);
	}
	return run;
}

/* -- a case --------------------------------------------------------------------------------------
 */

static bool is_wanted(const struct table_case *c, enum spf code)
{
	struct str one, rest = c->wanted;

	while (rest.n) {
		str_cut(rest, '|', &one, &rest);
		if (str_eq(one, str_of(spf_name(code))))
			return true;
	}
	return false;
}

static bool is_same(const struct spf_result *a, const struct spf_result *b)
{
	return a->code == b->code && strcmp(a->mechanism, b->mechanism) == 0 &&
	       strcmp(a->explanation, b->explanation) == 0 && strcmp(a->reason, b->reason) == 0;
}

static bool complain(const struct table_case *c, const struct way *way, const struct run *run,
		     const char *what)
{
	printf("# %.*s, %s: %s; got %s (%s) by \"%s\", \"%s\"\n", STR_ARGS(c->name), way->name,
	       what, spf_name(run->result.code), run->result.reason, run->result.mechanism,
	       run->result.explanation);
	return false;
}

static bool judge(const struct table_case *c, const struct way *way, const struct run *run,
		  const struct spf_result *first)
{
	if (run->fault[0])
		return complain(c, way, run, run->fault);
	if (!is_wanted(c, run->result.code))
		return complain(c, way, run, "another result was wanted");
	if (c->explains && !str_eq(c->explanation, str_of(run->result.explanation)))
		return complain(c, way, run, "another explanation was wanted");
	if (first && !is_same(first, &run->result))
		return complain(c, way, run, "the order changes it");
	return true;
}

/* One answer never comes, or is an error: for each question that is put. */
static bool check_without(const struct table *t, const struct table_case *c, unsigned questions,
			  const struct spf_result *wanted)
{
	bool ok = true;

	for (unsigned n = 0; n < questions; n++) {
		struct way missing = { "one answer missing", IN_ORDER, 0, n, NONE_OF_ALL };
		struct way failing = { "one answer failing", IN_ORDER, 0, NONE_OF_ALL, n };
		struct run *run = run_way(t, c, &missing);

		if (run->result.code != SPF_WAIT && !is_same(wanted, &run->result))
			ok = complain(c, &missing, run, "decided without knowing");
		run_free(run);
		run = run_way(t, c, &failing);
		if (run->result.code == SPF_WAIT)
			ok = complain(c, &failing, run, "waits for ever");
		run_free(run);
	}
	return ok;
}

static bool check_case(const struct table *t, const struct table_case *c)
{
	struct spf_result first;
	unsigned questions = 0;
	bool ok = true;

	for (unsigned i = 0; i < COUNT(ways); i++) {
		struct run *run = run_way(t, c, &ways[i]);

		ok = judge(c, &ways[i], run, i ? &first : NULL) && ok;
		if (!i)
			first = run->result;
		questions = run->questions > questions ? run->questions : questions;
		run_free(run);
	}
	return check_without(t, c, questions, &first) && ok;
}

/* -- files ---------------------------------------------------------------------------------------
 */

static bool run_file(const char *path, unsigned *number)
{
	struct err e;
	struct table *t = table_load(path, &e);
	bool all_ok = true;

	if (!t) {
		printf("not ok %u - %s: %s\n", ++*number, path, e.text);
		return false;
	}
	for (size_t i = 0; i < t->case_count; i++) {
		bool ok = check_case(t, &t->cases[i]);

		printf("%s %u - %.*s\n", ok ? "ok" : "not ok", ++*number,
		       STR_ARGS(t->cases[i].name));
		all_ok = all_ok && ok;
	}
	table_free(t);
	return all_ok;
}

int main(int argc, char **argv)
{
	unsigned number = 0;
	bool ok = argc > 1;

	for (int i = 1; i < argc; i++)
		ok = run_file(argv[i], &number) && ok;
	printf("1..%u\n", number);
	return ok ? 0 : 1;
}
