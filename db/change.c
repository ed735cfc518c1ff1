/* change: each of these makes a job, waits until it has been answered, and takes it apart.
 *
 * The audit text is what the operator asked for, in the words of the command line; the backend
 * adds how many rows it changed.
 * SPDX-License-Identifier: ISC */
#include "db/change.h"

#include <stdlib.h>

#include "db/change_private.h"
#include "db/patch.h"

struct job_change *change_begin(struct change *c, enum change_kind what, const char *who,
				size_t max_bytes)
{
	inbox_init(&c->answers, NULL, NULL);
	c->job = job_new_change(&c->answers, max_bytes);
	c->job->what = what;
	c->job->who = arena_dup(c->job->job.arena, str_of(who));
	if (!c->job->who.at)
		c->job->who = STR("(long name)");
	c->job->audit = STR_NONE;
	return c->job;
}

bool change_end(struct change *c, bool ok)
{
	free(c->job->locals);
	job_free(&c->job->job);
	inbox_done(&c->answers);
	return ok;
}

/* Gives the job away and waits for it. */
bool change_carry_out(struct change *c, struct store *s, uint64_t *ret_changed, struct err *e)
{
	struct list answered;

	list_init(&answered);
	store_put(s, &c->job->job);
	(void)inbox_wait(&c->answers, &answered, -1);
	if (!c->job->job.ok) {
		*e = c->job->job.err;
		return false;
	}
	if (ret_changed)
		*ret_changed = c->job->changed;
	return true;
}

bool change_set_audit(struct change *c, struct buf *text)
{
	c->job->audit = arena_dup(c->job->job.arena, buf_str(text));
	buf_done(text);
	return c->job->audit.at != NULL;
}

bool change_too_large(struct err *e)
{
	return err_set(e, ERR_INPUT, "the request is too large");
}

void change_say(struct buf *text, const char *word, struct str what)
{
	if (buf_addf(text, "%s%.*s", word, STR_ARGS(what)))
		return;
	if (!buf_add(text, STR(" ...")))
		text->max = buf_len(text);
}

/* -- domains ----------------------------------------------------------------------- */

static bool change_domain(struct store *s, enum change_kind what, const char *who,
			  const char *name, const struct change_pair *pairs, size_t n,
			  struct err *e)
{
	bool is_new = what == CHANGE_DOMAIN_ADD;
	struct change c;
	struct job_change *j = change_begin(&c, what, who, 64 << 10);
	struct buf audit;

	buf_init(&audit, CHANGE_AUDIT_MAX);
	if (!patch_domain_name(j->job.arena, name, &j->domain, e) ||
	    !patch_parse(j->job.arena, pairs, n, &j->patch, e))
		return change_end(&c, false);
	if (is_new && str_eq(j->domain, STR("all"))) {
		err_set(e, ERR_INPUT, "'all' stands for all domains and cannot be one");
		return change_end(&c, false);
	}
	if (is_new && !j->patch.route_count) {
		err_set(e, ERR_INPUT, "a domain needs at least one primary=HOST:PORT");
		return change_end(&c, false);
	}
	change_say(&audit, is_new ? "domain add " : "domain set ", j->domain);
	for (size_t i = 0; i < n; i++) {
		change_say(&audit, " ", str_of(pairs[i].key));
		change_say(&audit, "=", str_of(pairs[i].value));
	}
	if (!change_set_audit(&c, &audit))
		return change_end(&c, change_too_large(e));
	return change_end(&c, change_carry_out(&c, s, NULL, e));
}

bool change_domain_add(struct store *s, const char *who, const char *name,
		       const struct change_pair *pairs, size_t n, struct err *e)
{
	return change_domain(s, CHANGE_DOMAIN_ADD, who, name, pairs, n, e);
}

bool change_domain_set(struct store *s, const char *who, const char *name,
		       const struct change_pair *pairs, size_t n, struct err *e)
{
	return change_domain(s, CHANGE_DOMAIN_SET, who, name, pairs, n, e);
}

bool change_domain_remove(struct store *s, const char *who, const char *name, bool force,
			  struct err *e)
{
	struct change c;
	struct job_change *j = change_begin(&c, CHANGE_DOMAIN_REMOVE, who, 64 << 10);
	struct buf audit;

	buf_init(&audit, CHANGE_AUDIT_MAX);
	if (!patch_domain_name(j->job.arena, name, &j->domain, e))
		return change_end(&c, false);
	j->force = force;
	change_say(&audit, force ? "domain remove --force " : "domain remove ", j->domain);
	if (!change_set_audit(&c, &audit))
		return change_end(&c, change_too_large(e));
	return change_end(&c, change_carry_out(&c, s, NULL, e));
}

/* -- the queue --------------------------------------------------------------------- */

/* The command. */
static const char *act_words(enum queue_act act)
{
	switch (act) {
	case QUEUE_HOLD:
		return "queue hold ";
	case QUEUE_RELEASE:
		return "queue release ";
	case QUEUE_DELETE:
		return "queue delete ";
	case QUEUE_GIVE_UP:
		return "failed delete ";
	case QUEUE_RETRY:
		break;
	}
	return "failed retry ";
}

bool change_message(struct store *s, const char *who, msgid id, enum queue_act act,
		    uint64_t *ret_changed, struct err *e)
{
	struct change c;
	struct job_change *j = change_begin(&c, CHANGE_MESSAGE, who, 0);
	char text[ID_TEXT_MAX];
	struct buf audit;

	buf_init(&audit, CHANGE_AUDIT_MAX);
	j->message = id;
	j->act = act;
	change_say(&audit, act_words(act), str_of(id_text(id, text)));
	if (!change_set_audit(&c, &audit))
		return change_end(&c, change_too_large(e));
	return change_end(&c, change_carry_out(&c, s, ret_changed, e));
}

static bool change_all(struct store *s, enum change_kind what, const char *who,
		       const char *domain, enum queue_act act, const char *words,
		       uint64_t *ret_changed, struct err *e)
{
	struct change c;
	struct job_change *j = change_begin(&c, what, who, 0);
	struct buf audit;

	buf_init(&audit, CHANGE_AUDIT_MAX);
	j->act = act;
	if (domain && !patch_domain_name(j->job.arena, domain, &j->domain, e))
		return change_end(&c, false);
	change_say(&audit, words, domain ? j->domain : STR("(all domains)"));
	if (!change_set_audit(&c, &audit))
		return change_end(&c, change_too_large(e));
	return change_end(&c, change_carry_out(&c, s, ret_changed, e));
}

bool change_failed_all(struct store *s, const char *who, const char *domain, enum queue_act act,
		       uint64_t *ret_changed, struct err *e)
{
	if (act != QUEUE_RETRY && act != QUEUE_DELETE)
		return err_set(e, ERR_INPUT, "failed mail can be retried or deleted");
	return change_all(s, CHANGE_FAILED_ALL, who, domain, act,
			  act == QUEUE_RETRY ? "failed retry " : "failed delete ", ret_changed, e);
}

bool change_flush(struct store *s, const char *who, const char *domain, uint64_t *ret_changed,
		  struct err *e)
{
	return change_all(s, CHANGE_FLUSH, who, domain, QUEUE_RELEASE, "queue flush ",
			  ret_changed, e);
}
