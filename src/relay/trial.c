/* trial.c: see trial.h.
 * SPDX-License-Identifier: ISC */
#include "relay/trial.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "relay/facts.h"
#include "relay/inquiry.h"
#include "relay/receipt.h"
#include "relay/receive.h"
#include "relay/thread.h"
#include "relay/worker.h"

#define TRIAL_ARENA_MAX ((size_t)1024 * 1024)

struct trial {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	unsigned refs;
	bool done;
	struct arena *arena; /* question and answer */
	struct str client, helo;
	struct ip ip;
	struct path sender, rcpt;
	struct board_trial_answer answer;
};

/* -- who asks --------------------------------------------------------------------------------- */

static bool read_question(struct trial *t, const struct board_trial *q, struct err *e)
{
	struct path sender = { STR_NONE, STR_NONE, STR_NONE }, rcpt;

	if (!ip_parse(str_of(q->client), &t->ip))
		return err_set(e, ERR_INPUT, "client must be an address such as 192.0.2.1");
	if (q->sender[0] && !path_is_address(str_of(q->sender), &sender))
		return err_set(e, ERR_INPUT, "from must be an address, or empty");
	if (!path_is_address(str_of(q->rcpt), &rcpt))
		return err_set(e, ERR_INPUT, "to must be an address");
	t->client = arena_dup(t->arena, str_of(q->client));
	t->helo = arena_dup(t->arena, str_of(q->helo));
	return (t->client.at && t->helo.at && path_keep(t->arena, &sender, &t->sender) &&
		path_keep(t->arena, &rcpt, &t->rcpt)) ||
	       err_set(e, ERR_INPUT, "the request is too large");
}

bool trial_new(const struct board_trial *question, struct trial **ret, struct err *e)
{
	struct trial *t = mem_alloc(sizeof(*t));

	pthread_mutex_init(&t->lock, NULL);
	thread_cond_init(&t->answered);
	t->refs = 1;
	t->arena = arena_new(TRIAL_ARENA_MAX);
	if (!read_question(t, question, e)) {
		trial_unref(t);
		return false;
	}
	*ret = t;
	return true;
}

struct trial *trial_ref(struct trial *t)
{
	pthread_mutex_lock(&t->lock);
	t->refs++;
	pthread_mutex_unlock(&t->lock);
	return t;
}

void trial_unref(struct trial *t)
{
	bool last;

	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	last = --t->refs == 0;
	pthread_mutex_unlock(&t->lock);
	if (!last)
		return;
	arena_free(t->arena);
	pthread_cond_destroy(&t->answered);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static bool copy_answer(const struct board_trial_answer *from, struct arena *a,
			struct board_trial_answer *to)
{
	struct board_trial_row *rows = arena_alloc(a, from->n * sizeof(*rows) + 1);

	*to = *from;
	to->rows = rows;
	to->text = arena_cstr(a, str_of(from->text));
	for (size_t i = 0; rows && i < from->n; i++) {
		rows[i] = from->rows[i];
		rows[i].note = arena_cstr(a, str_of(from->rows[i].note));
		if (!rows[i].note)
			return false;
	}
	return rows && to->text;
}

bool trial_wait(struct trial *t, int timeout_ms, struct arena *a, struct board_trial_answer *ret)
{
	int64_t end_ms = clock_mono_ms() + timeout_ms;
	bool late = false, ok;

	pthread_mutex_lock(&t->lock);
	while (!t->done && !late)
		late = !thread_cond_wait(&t->answered, &t->lock, end_ms);
	ok = t->done && copy_answer(&t->answer, a, ret);
	pthread_mutex_unlock(&t->lock);
	return ok;
}

/* -- the worker ------------------------------------------------------------------------------- */

static void end(struct receipt *m)
{
	struct trial *t = m->trial;

	list_remove(&m->trial_link);
	receipt_free(m);
	trial_unref(t);
}

static struct board_trial_row row_of(struct trial *t, const struct receipt *m,
				     const struct check *check)
{
	const struct finding *f = &m->policy.found[check->id];
	enum check_mode mode = MODE_REJECT;
	const char *note = arena_cstr(t->arena, f->note.at ? f->note : STR_NONE);

	if (!check->always)
		mode = m->facts.policy ? m->facts.policy->mode[check->id] : MODE_OFF;
	return (struct board_trial_row){
		.check = check_name(check->id),
		.mode = check_mode_name(mode),
		.finding = finding_name(f->kind),
		.note = note ? note : "",
	};
}

static void tell(struct receipt *m, enum verdict verdict)
{
	struct trial *t = m->trial;
	const struct reply *reply =
		verdict == REFUSE ? m->policy.reply : reply_get(REPLY_RCPT_OK);
	struct board_trial_row *rows;
	const char *text;

	pthread_mutex_lock(&t->lock);
	rows = arena_alloc(t->arena, CHECK_COUNT * sizeof(*rows));
	for (size_t i = 0; rows && checks[i]; i++)
		rows[t->answer.n++] = row_of(t, m, checks[i]);
	t->answer.rows = rows;
	text = arena_printf(t->arena, "%d %s %s", reply->code, reply->enhanced, reply->text);
	t->answer.text = text ? text : "";
	t->answer.by = verdict == REFUSE ? check_name(m->policy.by->id) : "";
	t->done = t->answer.rows != NULL;
	pthread_cond_signal(&t->answered);
	pthread_mutex_unlock(&t->lock);
}

void trial_answered(struct receipt *m)
{
	enum verdict verdict = policy_try(&m->policy, AT_RCPT, m->asks, &m->facts);

	if (verdict == WAIT)
		return;
	tell(m, verdict);
	end(m);
}

void trial_begin(struct worker *w, struct trial *t)
{
	struct receipt *m = mem_alloc(sizeof(*m));

	m->w = w;
	m->trial = t;
	m->budget = &w->d->spool;
	m->arena = arena_new(MAIL_ARENA_MAX);
	spool_init(&m->spool, w->d->state_dir, m->budget);
	list_init(&m->inquiries);
	list_add_tail(&w->trials, &m->trial_link);
	m->asks = asks_new(m->arena, &(struct asks_backend){ .put = inquiry_put, .world = m });
	m->settings = settings_board_get(&w->d->settings);
	m->sender = t->sender;
	m->rcpt = t->rcpt;
	facts_state(m, &(struct facts_client){ .text = t->client, .ip = t->ip, .helo = t->helo });
	if (m->asks)
		trial_answered(m);
	else
		end(m);
}

void trial_drop_all(struct worker *w)
{
	while (!list_is_empty(&w->trials))
		end(LIST_ITEM(w->trials.next, struct receipt, trial_link));
}
