/* policy.c: the runner.  See policy.h.
 * SPDX-License-Identifier: ISC */
#include "policy/policy.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"

#define WORDS_MAX    400
#define FINDINGS_MAX (CHECK_COUNT * (POLICY_NOTE_MAX + 64))

void policy_start(struct policy *p)
{
	*p = (struct policy){ 0 };
}

static enum check_mode mode_of(const struct check *check, const struct mail *m)
{
	return check->always ? MODE_REJECT : m->policy->mode[check->id];
}

/* A 5xx as the 4xx that it would be: the same words, X.Y.Z with 4. */
static const struct reply *softened(const struct reply *r, struct arena *a)
{
	struct reply *soft;
	char *enhanced;

	if (!reply_is_perm(r))
		return r;
	soft = arena_alloc(a, sizeof(*soft));
	enhanced = arena_cstr(a, str_of(r->enhanced));
	if (!soft || !enhanced)
		return reply_get(REPLY_POLICY_LATER);
	if (enhanced[0] == '5')
		enhanced[0] = '4';
	*soft = (struct reply){ .code = 451, .enhanced = enhanced, .text = r->text };
	return soft;
}

static void keep(struct policy *p, const struct check *check, enum finding_kind kind,
		 struct str note)
{
	if (note.n > POLICY_NOTE_MAX)
		note.n = POLICY_NOTE_MAX;
	p->found[check->id] = (struct finding){ kind, note.at ? note : STR_NONE };
}

/* A refusal, in the domain's mode. */
static enum verdict refused(struct policy *p, const struct check *check, const struct mail *m,
			    const struct ruling *r)
{
	enum check_mode mode = mode_of(check, m);

	assert(r->reply);
	if (mode == MODE_LOG) {
		keep(p, check, FINDING_WOULD, r->note);
		return PASS;
	}
	p->by = check;
	p->reply = mode == MODE_DEFER ? softened(r->reply, m->arena) : r->reply;
	keep(p, check, reply_is_perm(p->reply) ? FINDING_REJECTED : FINDING_DEFERRED, r->note);
	return REFUSE;
}

static bool in_question(const struct check *check, enum stage stage, const struct mail *m)
{
	return check->stage == stage && mode_of(check, m) != MODE_OFF &&
	       (!check->applies || check->applies(m));
}

/* One that is formed stays: with more answers the check would say the same. */
static void form_opinion(struct policy *p, const struct check *check, struct asks *asks,
			 const struct mail *m)
{
	struct opinion *o = &p->opinions[check->id];

	if (o->verdict != WAIT)
		return;
	o->ruling = (struct ruling){ .note = STR_NONE };
	o->verdict = check->run(asks, m, &o->ruling);
}

static enum verdict run_check(struct policy *p, const struct check *check, struct asks *asks,
			      const struct mail *m)
{
	const struct opinion *o = &p->opinions[check->id];

	if (m->allowed.at && !check->always) {
		keep(p, check, FINDING_ALLOWED, m->allowed);
		return PASS;
	}
	form_opinion(p, check, asks, m);
	p->unverified = p->unverified || (o->verdict == PASS && o->ruling.unverified);
	if (o->verdict == PASS && o->ruling.address.at) {
		p->address = o->ruling.address;
		p->domain = o->ruling.domain;
	}
	if (o->verdict == PASS)
		keep(p, check, FINDING_PASSED, o->ruling.note);
	return o->verdict == REFUSE ? refused(p, check, m, &o->ruling) : o->verdict;
}

/* Puts the questions of what comes behind, so that nothing is waited for twice as long. */
static void look_ahead(struct policy *p, enum stage stage, struct asks *asks, const struct mail *m)
{
	for (unsigned i = p->at + 1; checks[i] && !m->allowed.at; i++)
		if (checks[i]->eager && in_question(checks[i], stage, m))
			form_opinion(p, checks[i], asks, m);
}

enum verdict policy_run(struct policy *p, enum stage stage, struct asks *asks, const struct mail *m)
{
	for (; checks[p->at]; p->at++) {
		enum verdict verdict;

		if (!in_question(checks[p->at], stage, m))
			continue;
		verdict = run_check(p, checks[p->at], asks, m);
		if (verdict == WAIT)
			look_ahead(p, stage, asks, m);
		if (verdict != PASS)
			return verdict;
	}
	return PASS;
}

enum verdict policy_try(struct policy *p, enum stage stage, struct asks *asks, const struct mail *m)
{
	const struct check *by = NULL;
	const struct reply *reply = NULL;
	bool waiting = false;

	policy_start(p);
	for (unsigned i = 0; checks[i]; i++) {
		enum verdict verdict;

		if (!in_question(checks[i], stage, m))
			continue;
		verdict = run_check(p, checks[i], asks, m);
		waiting = waiting || verdict == WAIT;
		if (verdict == REFUSE && !by) {
			by = p->by;
			reply = p->reply;
		}
		/* Without these facts there is no policy to go on with. */
		if (verdict == REFUSE && checks[i]->always && !m->policy)
			break;
	}
	p->by = by;
	p->reply = reply;
	if (waiting)
		return WAIT;
	return by ? REFUSE : PASS;
}

const char *finding_name(enum finding_kind kind)
{
	static const char *const names[FINDING_KINDS] = {
		[FINDING_NONE] = "none",	   [FINDING_PASSED] = "passed",
		[FINDING_WOULD] = "would-refuse",  [FINDING_DEFERRED] = "deferred",
		[FINDING_REJECTED] = "rejected",   [FINDING_ALLOWED] = "allowed",
	};

	return names[kind];
}

/* "check kind note", behind the end of the line before.  For each check of each recipient: printf
 * would cost more than many a check. */
static bool add_finding(struct buf *text, enum check_id id, const struct finding *f)
{
	return (!buf_len(text) || buf_add(text, STR("\n"))) &&
	       buf_add(text, str_of(check_name(id))) && buf_add(text, STR(" ")) &&
	       buf_add(text, str_of(finding_name(f->kind))) &&
	       (!f->note.n || buf_add(text, STR(" "))) && buf_add(text, f->note);
}

struct str policy_findings(const struct policy *p, struct arena *a)
{
	struct buf text;
	struct str kept = STR_NONE;
	bool ok = true;

	buf_init(&text, FINDINGS_MAX);
	for (unsigned i = 0; checks[i] && ok; i++) {
		const struct finding *f = &p->found[checks[i]->id];

		ok = f->kind == FINDING_NONE || add_finding(&text, checks[i]->id, f);
	}
	kept = ok ? arena_dup(a, buf_str(&text)) : (struct str){ NULL, 0 };
	buf_done(&text);
	return kept;
}

/* -- for checks ------------------------------------------------------------------------------- */

bool policy_is_inside(const struct ip *ip)
{
	static const struct cidr inside[] = {
#define V4(x, y, n) \
	{ .net.at = { [10] = 0xff, [11] = 0xff, [12] = (x), [13] = (y) }, .bits = 96 + (n) }
		V4(127, 0, 8), V4(10, 0, 8), V4(172, 16, 12), V4(192, 168, 16), V4(169, 254, 16),
		V4(100, 64, 10),
#undef V4
		{ .net.at = { [15] = 1 }, .bits = 128 },              /* ::1 */
		{ .net.at = { [0] = 0xfc }, .bits = 7 },              /* RFC 4193 */
		{ .net.at = { [0] = 0xfe, [1] = 0x80 }, .bits = 10 }, /* link-local */
	};

	return cidr_any_has(inside, COUNT(inside), ip);
}

enum verdict policy_refuse(struct ruling *r, enum reply_id id)
{
	r->reply = reply_get(id);
	return REFUSE;
}

static char *words(struct arena *a, const char *fmt, va_list args) PRINTF(2, 0);

/* One line of at most WORDS_MAX bytes, all of them printable. */
static char *words(struct arena *a, const char *fmt, va_list args)
{
	char text[WORDS_MAX];
	int n = vsnprintf(text, sizeof(text), fmt, args);

	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return n < 0 ? NULL : arena_cstr(a, str_of(text));
}

enum verdict policy_refuse_in_words(struct ruling *r, const struct mail *m, enum reply_id id,
				    const char *fmt, ...)
{
	const struct reply *fixed = reply_get(id);
	struct reply *own = arena_alloc(m->arena, sizeof(*own));
	va_list args;
	char *text;

	va_start(args, fmt);
	text = words(m->arena, fmt, args);
	va_end(args);
	if (own && text)
		*own = (struct reply){ fixed->code, fixed->enhanced, text };
	r->reply = own && text ? own : fixed;
	return REFUSE;
}

void policy_note(struct ruling *r, const struct mail *m, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = words(m->arena, fmt, args);
	va_end(args);
	r->note = str_of(text);
}
