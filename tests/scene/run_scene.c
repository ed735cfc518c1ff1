/* run_scene: runs scenes: real checks in a false world.
 *
 *	run_scene [FILE.scene ...]	without arguments: all scenes there are
 *
 * Each scene is run several ways: every rcpt line a mail of its own, all side by side, with the
 * answers given at once, later in the order of the questions, reversed, and shuffled; and all of
 * them one after the other in one mail.  The verdicts must always be the same.  Besides, of each
 * check: run once more without news it waits on and puts no question twice; run once more after
 * its verdict it gives the same one.
 *
 * Decided against: a process for each scene.  There is nothing in here that could leak from one
 * into the next.
 * SPDX-License-Identifier: ISC */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "policy/spf.h"
#include "tests/scene/scene.h"

#define NOW_MS      INT64_C(1795361412000) /* it never moves */
#define PENDING_MAX 4096
#define MAIL_MAX    (256 * 1024)

enum order { AT_ONCE, IN_ORDER, REVERSED, SHUFFLED };

struct way {
	const char *name;
	enum order order;
	bool one_mail;
	uint32_t seed;
};

static const struct way ways[] = {
	{ "answers at once", AT_ONCE, false, 0 },
	{ "answers in order", IN_ORDER, false, 0 },
	{ "answers reversed", REVERSED, false, 0 },
	{ "answers shuffled, seed 1", SHUFFLED, false, 1 },
	{ "answers shuffled, seed 7", SHUFFLED, false, 7 },
	{ "answers shuffled, seed 42", SHUFFLED, false, 42 },
	{ "answers shuffled, seed 1234567", SHUFFLED, false, 1234567 },
	{ "answers shuffled, seed 4000000007", SHUFFLED, false, 4000000007u },
	{ "one mail, answers at once", AT_ONCE, true, 0 },
	{ "one mail, answers later", IN_ORDER, true, 0 },
};

struct run;

/* One RCPT of one mail. */
struct talk {
	struct run *run;
	const struct scene_wanted *wanted;
	struct arena *arena;
	bool arena_is_lent; /* the mail is another talk's */
	struct asks *asks;
	struct policy policy;
	struct mail facts;
	struct spf_result spf;
	enum verdict verdict;
};

struct pending {
	struct talk *talk;
	unsigned index;
	struct answer answer;
};

/* A scene, run one way. */
struct run {
	const char *file;
	const struct scene *scene;
	const struct way *way;
	struct talk *talks;
	size_t talk_count;
	struct pending pending[PENDING_MAX];
	size_t pending_count;
	struct talk *running; /* whose check is being run: the backend's world is the mail's */
	unsigned questions, faults;
	uint32_t dice;
};

#define fault(run, line, ...)                                                   \
	do {                                                                    \
		printf("# %s:%u: %s: ", (run)->file, (line), (run)->way->name); \
		printf(__VA_ARGS__);                                            \
		putchar('\n');                                                  \
		(run)->faults++;                                                \
	} while (0)

/* -- the false world ---------------------------------------------------------------------- */

static const struct scene_answer *find_answer(const struct scene *s, enum ask_kind kind,
					      struct str local, struct str domain)
{
	for (size_t i = 0; i < s->answer_count; i++)
		if (s->answers[i].kind == kind && str_eq(s->answers[i].local, local) &&
		    str_eq(s->answers[i].domain, domain))
			return &s->answers[i];
	return NULL;
}

/* As the store does it: an entry for the whole local part wins over one for its base. */
static const struct scene_answer *look_up(const struct scene *s, const struct question *q)
{
	struct str domain = scene_domain_name(s, q->domain);
	const struct scene_answer *whole = find_answer(s, q->kind, q->name, domain);
	const struct scene_answer *base =
		q->base.n ? find_answer(s, q->kind, q->base, domain) : NULL;

	if (base && (!whole || whole->canned == CANNED_NONE))
		return base;
	return whole ? whole : find_answer(s, q->kind, STR("*"), domain);
}

static const struct scene_answer *look_up_dns(const struct scene *s, const struct question *q)
{
	const struct scene_answer *any = NULL;

	for (size_t i = 0; i < s->answer_count; i++) {
		const struct scene_answer *a = &s->answers[i];

		if (a->kind != ASK_DNS || a->type != q->type)
			continue;
		if (str_ieq(a->local, q->name))
			return a;
		if (str_eq(a->local, STR("*")))
			any = a;
	}
	return any;
}

static bool fits(struct str pattern, struct str name)
{
	return str_eq(pattern, STR("*")) || str_eq(pattern, name);
}

static const struct scene_answer *look_up_greylist(const struct scene *s, const struct question *q)
{
	for (size_t i = 0; i < s->answer_count; i++) {
		const struct scene_answer *a = &s->answers[i];
		struct str sender = a->domain;

		if (sender.n >= 2 && sender.at[0] == '<')
			sender = (struct str){ sender.at + 1, sender.n - 2 };
		if (a->kind == q->kind && fits(a->local, q->name) && fits(sender, q->base))
			return a;
	}
	return NULL;
}

static struct answer to_comeback(const struct scene_answer *a)
{
	return (struct answer){
		.status = a->canned == CANNED_ERROR  ? ANSWER_ERROR :
			  a->canned == CANNED_REJECT ? ANSWER_NONE :
						       ANSWER_FOUND,
		.known = a->canned == CANNED_ACCEPT,
		.first_ms = NOW_MS - a->ago_ms,
		.tried = a->tried,
	};
}

static const struct scene_answer *find(const struct scene *s, const struct question *q)
{
	switch (q->kind) {
	case ASK_DNS:
		return look_up_dns(s, q);
	case ASK_GREYLIST:
	case ASK_TRIES:
		return look_up_greylist(s, q);
	case ASK_RECIPIENT:
	case ASK_PROBE:
		break;
	}
	return look_up(s, q);
}

static struct answer to_answer(const struct scene_answer *a)
{
	switch (a->canned) {
	case CANNED_ACCEPT:
		return (struct answer){ .status = ANSWER_FOUND, .accept = true,
					.heard = a->heard };
	case CANNED_ALIAS:
		return (struct answer){ .status = ANSWER_FOUND, .accept = true, .alias = a->alias };
	case CANNED_REJECT:
		return (struct answer){ .status = ANSWER_FOUND, .heard = a->heard };
	case CANNED_FOUND:
		return (struct answer){ .status = ANSWER_FOUND,
					.records = a->records,
					.record_count = a->record_count };
	case CANNED_NONE:
		return (struct answer){ .status = ANSWER_NONE };
	case CANNED_ERROR:
	case CANNED_NEVER:
		break;
	}
	return (struct answer){ .status = ANSWER_ERROR };
}

static bool put_question(void *world, unsigned index, const struct question *q, struct answer *ret)
{
	struct run *run = world;
	const struct scene_answer *a = find(run->scene, q);

	run->questions++;
	if (!a) {
		fault(run, run->running->wanted->line,
		      "asked for \"%.*s\", which has no answer here", STR_ARGS(q->name));
		*ret = (struct answer){ .status = ANSWER_ERROR };
		return true;
	}
	*ret = a->kind == ASK_GREYLIST || a->kind == ASK_TRIES ? to_comeback(a) : to_answer(a);
	if (a->canned == CANNED_NEVER)
		return false;
	if (run->way->order == AT_ONCE)
		return true;
	if (run->pending_count == PENDING_MAX)
		abort();
	run->pending[run->pending_count++] =
		(struct pending){ .talk = run->running, .index = index, .answer = *ret };
	return false;
}

/* -- one RCPT ----------------------------------------------------------------------------- */

/* Nothing more fits: the next question cannot even be remembered. */
static void fill(struct arena *a)
{
	for (size_t n = MAIL_MAX; n; n /= 2)
		while (arena_alloc(a, n))
			;
}

static void mail_new(struct talk *t)
{
	t->arena = arena_new(MAIL_MAX);
	t->asks =
		asks_new(t->arena, &(struct asks_backend){ .put = put_question, .world = t->run });
	if (!t->asks)
		abort();
	if (t->run->scene->memory_none)
		fill(t->arena);
}

static void state_facts(struct talk *t)
{
	const struct scene *s = t->run->scene;
	const struct settings *settings = s->settings_missing ? NULL : &s->settings;

	t->facts = (struct mail){
		.arena = t->arena,
		.now_ms = NOW_MS,
		.hostname = STR("mx.relay.example"),
		.client = s->client,
		.helo = s->helo,
		.sender = s->sender,
		.rcpt = t->wanted->rcpt,
		.settings = settings,
		.settings_stale = s->settings_stale,
		.domain = settings ? settings_find(settings, t->wanted->rcpt.domain) : NULL,
		.allowed = s->allowed,
		.denied = s->denied,
		.hurried = s->hurried,
		.too_fast = s->too_fast,
		.primary = s->primary,
		.spf = &t->spf,
	};
	if (!ip_parse(s->client, &t->facts.ip))
		abort();
	if (settings)
		t->facts.policy = t->facts.domain ? t->facts.domain->policy : settings->policy;
	policy_start(&t->policy);
}

static enum verdict run_once(struct talk *t)
{
	t->run->running = t;
	return policy_run(&t->policy, AT_RCPT, t->asks, &t->facts);
}

/* Runs the checks, and once more: without news nothing may change. */
static void run_talk(struct talk *t)
{
	unsigned questions;

	t->verdict = run_once(t);
	questions = t->run->questions;
	if (t->verdict == WAIT && (run_once(t) != WAIT || t->run->questions != questions))
		fault(t->run, t->wanted->line, "run again without an answer it does not just wait");
}

static void verdict_text(const struct talk *t, char *out, size_t max)
{
	switch (t->verdict) {
	case WAIT:
		snprintf(out, max, "wait");
		break;
	case PASS:
		snprintf(out, max, "pass");
		break;
	case REFUSE:
		snprintf(out, max, "%d %s by %s", t->policy.reply->code, t->policy.reply->enhanced,
			 check_name(t->policy.by->id));
		break;
	}
}

/* Is there a line that begins so? */
static bool has_finding(const struct talk *t)
{
	struct arena *a = arena_new(MAIL_MAX);
	struct str rest = policy_findings(&t->policy, a), line;
	bool found = false, more = rest.n > 0;

	while (more) {
		more = str_cut(rest, '\n', &line, &rest);
		found = found || str_starts(line, t->wanted->finding);
	}
	arena_free(a);
	return found;
}

static void judge(struct talk *t)
{
	struct run *run = t->run;
	unsigned questions = run->questions;
	char got[128], again[128];

	verdict_text(t, got, sizeof(got));
	if (!str_eq(str_of(got), t->wanted->verdict))
		fault(run, t->wanted->line, "<%.*s>: got \"%s\", wanted \"%.*s\"",
		      STR_ARGS(t->wanted->rcpt.address), got, STR_ARGS(t->wanted->verdict));
	if (t->wanted->finding.n && !has_finding(t))
		fault(run, t->wanted->line, "<%.*s>: no finding \"%.*s\"",
		      STR_ARGS(t->wanted->rcpt.address), STR_ARGS(t->wanted->finding));
	policy_start(&t->policy);
	t->verdict = run_once(t);
	verdict_text(t, again, sizeof(again));
	if (strcmp(got, again) != 0 || run->questions != questions)
		fault(run, t->wanted->line, "run again after its verdict \"%s\" it says \"%s\"",
		      got, again);
}

/* -- answers ------------------------------------------------------------------------------ */

/* xorshift32: the same shuffle on every machine. */
static size_t roll(struct run *run, size_t n)
{
	run->dice ^= run->dice << 13;
	run->dice ^= run->dice >> 17;
	run->dice ^= run->dice << 5;
	return run->dice % n;
}

static size_t choose(struct run *run)
{
	switch (run->way->order) {
	case REVERSED:
		return run->pending_count - 1;
	case SHUFFLED:
		return roll(run, run->pending_count);
	case AT_ONCE:
	case IN_ORDER:
		break;
	}
	return 0;
}

static void give_answers(struct run *run)
{
	while (run->pending_count) {
		size_t at = choose(run);
		struct pending p = run->pending[at];

		run->pending_count--;
		memmove(&run->pending[at], &run->pending[at + 1],
			(run->pending_count - at) * sizeof(p));
		asks_answer(p.talk->asks, p.index, p.answer);
		run_talk(p.talk);
	}
}

/* -- the ways ----------------------------------------------------------------------------- */

static void side_by_side(struct run *run)
{
	for (size_t i = 0; i < run->talk_count; i++) {
		mail_new(&run->talks[i]);
		state_facts(&run->talks[i]);
		run_talk(&run->talks[i]);
	}
	give_answers(run);
	for (size_t i = 0; i < run->talk_count; i++)
		judge(&run->talks[i]);
}

/* RCPT after RCPT.  One that waits for ever is the last of its mail. */
static void in_one_mail(struct run *run)
{
	struct talk *before = NULL;

	for (size_t i = 0; i < run->talk_count; i++) {
		struct talk *t = &run->talks[i];

		if (before && before->verdict != WAIT) {
			t->asks = before->asks;
			t->spf = before->spf;
			t->arena = before->arena;
			t->arena_is_lent = true;
			asks_forget(t->asks);
		} else {
			mail_new(t);
		}
		state_facts(t);
		run_talk(t);
		give_answers(run);
		judge(t);
		before = t;
	}
}

static size_t count_talks(const struct scene *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->wanted_count; i++)
		n += s->wanted[i].times;
	return n;
}

static unsigned run_way(const char *file, const struct scene *s, const struct way *way)
{
	struct run *run = mem_alloc(sizeof(*run));
	unsigned faults;

	*run = (struct run){ .file = file, .scene = s, .way = way, .dice = way->seed };
	run->talk_count = count_talks(s);
	run->talks = mem_alloc(run->talk_count * sizeof(*run->talks));
	for (size_t i = 0, at = 0; i < s->wanted_count; i++)
		for (unsigned n = 0; n < s->wanted[i].times; n++)
			run->talks[at++] = (struct talk){ .run = run, .wanted = &s->wanted[i] };
	if (way->one_mail)
		in_one_mail(run);
	else
		side_by_side(run);
	faults = run->faults;
	for (size_t i = 0; i < run->talk_count; i++)
		if (!run->talks[i].arena_is_lent)
			arena_free(run->talks[i].arena);
	free(run->talks);
	free(run);
	return faults;
}

/* -- scenes ------------------------------------------------------------------------------- */

static bool run_scene(const char *file)
{
	struct err e;
	struct scene *s = scene_load(file, &e);
	unsigned faults = 0;

	if (!s) {
		printf("# %s: %s\n", file, e.text);
		return false;
	}
	for (unsigned i = 0; i < COUNT(ways); i++)
		faults += run_way(file, s, &ways[i]);
	scene_free(s);
	return !faults;
}

static int run_all(char *const *files, size_t n)
{
	bool all_ok = n > 0;

	printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		const char *slash = strrchr(files[i], '/');
		const char *name = slash ? slash + 1 : files[i];
		bool ok = run_scene(files[i]);

		printf("%s %zu - %.*s\n", ok ? "ok" : "not ok", i + 1, (int)strcspn(name, "."),
		       name);
		all_ok = all_ok && ok;
	}
	return all_ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	glob_t found;
	int status;

	if (argc > 1)
		return run_all(argv + 1, (size_t)argc - 1);
	if (glob(SCENE_DIR "/*.scene", 0, NULL, &found) != 0) {
		fputs("run_scene: no scenes in " SCENE_DIR "\n", stderr);
		return 1;
	}
	status = run_all(found.gl_pathv, found.gl_pathc);
	globfree(&found);
	return status;
}
