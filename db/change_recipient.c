/* change_recipient: the list of valid users as operators change it: some of it, from a file, or the
 * whole of it by another.
 * SPDX-License-Identifier: ISC */
#include "db/change.h"

#include <stdlib.h>
#include <string.h>

#include "db/change_private.h"
#include "db/import.h"
#include "db/patch.h"

#define SHOWN_LOCALS 5

static bool set_recipients_audit(struct change *c, const char *what, size_t given, struct err *e)
{
	struct job_change *j = c->job;
	struct buf audit;

	buf_init(&audit, CHANGE_AUDIT_MAX);
	change_say(&audit, what, j->domain);
	for (size_t i = 0; i < j->local_count && i < SHOWN_LOCALS; i++)
		change_say(&audit, " ", j->locals[i].local);
	if (j->local_count > SHOWN_LOCALS && !buf_addf(&audit, " ... (%zu in all)", given))
		change_say(&audit, " ...", STR_NONE);
	return change_set_audit(c, &audit) || change_too_large(e);
}

static bool change_locals(struct change *c, const char *const *locals, size_t n,
			  enum recipient_found action, struct err *e)
{
	struct job_change *j = c->job;

	j->locals = mem_alloc((n ? n : 1) * sizeof(*j->locals));
	for (size_t i = 0; i < n; i++) {
		struct change_local *l = &j->locals[i];
		struct str text = str_of(locals[i]);
		char *at = arena_cstr(j->job.arena, text);

		if (!at)
			return change_too_large(e);
		if (!patch_local(j->job.arena, text, j->domain, at, &l->local, e))
			return false;
		l->action = action;
		l->target = STR_NONE;
		l->line = (uint32_t)i;
	}
	j->local_count = patch_sort_locals(j->locals, n);
	return true;
}

/* Enough for the texts and what the arena rounds them up by. */
static size_t texts_size(const char *const *locals, size_t n)
{
	size_t bytes = 64 << 10;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(locals[i]) + 64;
	return bytes;
}

bool change_recipient_add(struct store *s, const char *who, const char *domain,
			  const char *const *locals, size_t n, enum recipient_found action,
			  uint64_t *ret_changed, struct err *e)
{
	bool reject = action == RECIPIENT_REJECT;
	struct change c;
	struct job_change *j = change_begin(&c, CHANGE_RECIPIENT_ADD, who, texts_size(locals, n));

	j->source = "list";
	if (!patch_domain_name(j->job.arena, domain, &j->domain, e) ||
	    !change_locals(&c, locals, n, reject ? RECIPIENT_REJECT : RECIPIENT_ACCEPT, e) ||
	    !set_recipients_audit(&c, reject ? "recipient add --reject " : "recipient add ", n, e))
		return change_end(&c, false);
	return change_end(&c, change_carry_out(&c, s, ret_changed, e));
}

bool change_recipient_alias(struct store *s, const char *who, const char *domain,
			    const char *local, const char *target, uint64_t *ret_changed,
			    struct err *e)
{
	struct change c;
	struct job_change *j = change_begin(&c, CHANGE_RECIPIENT_ADD, who, 64 << 10);
	struct buf audit;

	j->source = "list";
	if (!patch_domain_name(j->job.arena, domain, &j->domain, e) ||
	    !change_locals(&c, &local, 1, RECIPIENT_ALIAS, e) ||
	    !patch_target(j->job.arena, str_of(target), &j->locals[0].target, e))
		return change_end(&c, false);
	buf_init(&audit, CHANGE_AUDIT_MAX);
	change_say(&audit, "recipient add --alias ", j->locals[0].target);
	change_say(&audit, " ", j->domain);
	change_say(&audit, " ", j->locals[0].local);
	if (!change_set_audit(&c, &audit))
		return change_end(&c, change_too_large(e));
	return change_end(&c, change_carry_out(&c, s, ret_changed, e));
}

bool change_recipient_remove(struct store *s, const char *who, const char *domain,
			     const char *const *locals, size_t n, uint64_t *ret_changed,
			     struct err *e)
{
	struct change c;
	struct job_change *j =
		change_begin(&c, CHANGE_RECIPIENT_REMOVE, who, texts_size(locals, n));

	if (!patch_domain_name(j->job.arena, domain, &j->domain, e) ||
	    !change_locals(&c, locals, n, RECIPIENT_ACCEPT, e) ||
	    !set_recipients_audit(&c, "recipient remove ", n, e))
		return change_end(&c, false);
	return change_end(&c, change_carry_out(&c, s, ret_changed, e));
}

/* Beside the store it is forgotten first: how much that was is told by the audit row too. */
static void forget_memory(struct job_change *j, const struct change_memory *m)
{
	if (!m->forget)
		return;
	if (j->all)
		j->remembered = m->forget(m->world, m->domain, (struct str){ NULL, 0 });
	for (size_t i = 0; i < j->local_count; i++)
		j->locals[i].remembered =
			m->forget(m->world, m->domain, j->locals[i].local) > 0;
}

bool change_recipient_forget(struct store *s, const char *who, const char *domain,
			     const char *const *locals, size_t n,
			     const struct change_memory *memory, uint64_t *ret_changed,
			     struct err *e)
{
	struct change c;
	struct job_change *j =
		change_begin(&c, CHANGE_RECIPIENT_FORGET, who, locals ? texts_size(locals, n) : 0);

	j->all = !locals;
	if (!patch_domain_name(j->job.arena, domain, &j->domain, e) ||
	    (locals && !change_locals(&c, locals, n, RECIPIENT_ACCEPT, e)) ||
	    !set_recipients_audit(&c, j->all ? "recipient forget --all " : "recipient forget ", n,
				  e))
		return change_end(&c, false);
	forget_memory(j, memory);
	return change_end(&c, change_carry_out(&c, s, ret_changed, e));
}

/* Most entries stay in the file's own copy; those that folding makes longer are in the arena. */
static size_t file_size(struct str file)
{
	return (64 << 10) + 4 * file.n;
}

/* The file's users to the job; *ret_lines counts them with their doubles. */
static bool read_file(struct job_change *j, const char *domain, char *text, size_t n,
		      size_t *ret_lines, struct err *e)
{
	j->source = "import";
	if (!patch_domain_name(j->job.arena, domain, &j->domain, e) ||
	    !import_parse(j->job.arena, text, n, j->domain, &j->locals, ret_lines, e))
		return false;
	j->local_count = patch_sort_locals(j->locals, *ret_lines);
	return true;
}

bool change_recipient_import(struct store *s, const char *who, const char *domain, struct str file,
			     uint64_t *ret_lines, uint64_t *ret_changed, struct err *e)
{
	struct change c;
	struct job_change *j = change_begin(&c, CHANGE_RECIPIENT_ADD, who, file_size(file));
	char *text = mem_str(file);
	size_t lines = 0;
	bool ok = read_file(j, domain, text, file.n, &lines, e) &&
		  set_recipients_audit(&c, "recipient import ", lines, e) &&
		  change_carry_out(&c, s, ret_changed, e);

	if (ok)
		*ret_lines = lines;
	ok = change_end(&c, ok);
	free(text);
	return ok;
}

bool change_recipient_replace(struct store *s, const char *who, const char *domain,
			      struct str file, bool force, struct change_tally *ret,
			      struct err *e)
{
	struct change c;
	struct job_change *j = change_begin(&c, CHANGE_RECIPIENT_REPLACE, who, file_size(file));
	char *text = mem_str(file);
	size_t lines = 0;
	bool ok;

	j->force = force;
	ok = read_file(j, domain, text, file.n, &lines, e) &&
	     set_recipients_audit(&c,
				  force ? "recipient import --replace --force " :
					  "recipient import --replace ",
				  lines, e) &&
	     change_carry_out(&c, s, NULL, e);
	if (ok)
		*ret = (struct change_tally){ lines, j->changed, j->added, j->removed, j->kept };
	ok = change_end(&c, ok);
	free(text);
	return ok;
}
