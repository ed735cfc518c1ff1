/* scene.c: reads a .scene file, a line at a time; the first word says what the line is.
 * SPDX-License-Identifier: ISC */
#include "tests/scene/scene_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

#define FILE_MAX_BYTES (64 * 1024)

/* -- domain NAME [enabled=no] [unknown=…] [subaddress=C] [list=empty] ------------------- */

static bool domain_option(struct domain *d, struct str option, struct err *e)
{
	struct str key, value;

	str_cut(option, '=', &key, &value);
	if (str_eq(key, STR("enabled"))) {
		d->enabled = !str_eq(value, STR("no"));
		return true;
	}
	if (str_eq(key, STR("subaddress")) && value.n == 1) {
		d->subaddress = value.at[0];
		return true;
	}
	if (str_eq(key, STR("mode")))
		return domain_mode_parse(value, &d->mode) ||
		       err_set(e, ERR_INPUT, "no such mode: %.*s", STR_ARGS(value));
	if (str_eq(key, STR("list"))) {
		d->has_recipients = !str_eq(value, STR("empty"));
		return true;
	}
	if (str_eq(key, STR("unknown")) && domain_unknown_parse(value, &d->unknown))
		return true;
	return err_set(e, ERR_INPUT, "no such option: %.*s", STR_ARGS(option));
}

static bool parse_domain(struct scene *s, struct str line, struct err *e)
{
	struct domain *d = &s->domains[s->settings.domain_count];

	if (s->settings.domain_count == SCENE_DOMAINS_MAX)
		return err_set(e, ERR_INPUT, "too many domains");
	*d = (struct domain){
		.id = (int64_t)s->settings.domain_count + 1,
		.name = scene_word(&line),
		.enabled = true,
		.has_recipients = true,
		.route_count = 1,
		.policy = s->policy,
	};
	s->settings.domain_count++;
	while (line.n)
		if (!domain_option(d, scene_word(&line), e))
			return false;
	return path_is_domain(d->name) || err_set(e, ERR_INPUT, "not a domain");
}

/* -- policy DOMAIN|all NAME=VALUE…|default ------------------------------------------- */

static struct domain *find_domain(struct scene *s, struct str name)
{
	for (size_t i = 0; i < s->settings.domain_count; i++)
		if (str_eq(s->domains[i].name, name))
			return &s->domains[i];
	return NULL;
}

/* The settings that a line changes: those for all are changed for all that come behind. */
static struct policy_settings *policy_of(struct scene *s, struct str name)
{
	struct domain *d = find_domain(s, name);
	struct policy_settings *own;

	if (!d)
		return s->policy;
	own = arena_alloc(s->arena, sizeof(*own));
	if (!own)
		abort();
	*own = *d->policy;
	d->policy = own;
	return own;
}

/* Every check but that of the recipient is off until the scene sets it, and no list of good clients
 * is asked: a new check changes no old scene. */
static struct policy_settings *all_off(struct arena *a)
{
	struct policy_settings *p = policy_settings_defaults(a);
	struct err ignored;

	if (!p)
		abort();
	for (enum check_id id = 0; id < CHECK_COUNT; id++)
		if (id != CHECK_recipient)
			p->mode[id] = MODE_OFF;
	if (!dnslist_parse_good(a, STR("none"), &p->dnswl, &ignored))
		abort();
	return p;
}

static bool parse_policy(struct scene *s, struct str line, struct err *e)
{
	struct str name = scene_word(&line), key, value;
	struct policy_settings *p = policy_of(s, name);

	if (p == s->policy && !str_eq(name, STR("all")))
		return err_set(e, ERR_INPUT, "no such domain before this line");
	while (line.n) {
		const struct policy_option *o;

		str_cut(scene_word(&line), '=', &key, &value);
		o = policy_option_find(key);
		if (!o)
			return err_set(e, ERR_INPUT, "no policy setting %.*s", STR_ARGS(key));
		if (str_eq(value, STR("default")))
			value = str_of(o->dflt);
		if (!policy_settings_put(p, s->arena, o, value, e))
			return false;
	}
	return true;
}

static bool parse_allowed(struct scene *s, struct str line, struct err *e)
{
	s->allowed = line;
	return line.n || err_set(e, ERR_INPUT, "allowed ENTRY");
}

static bool parse_hurried(struct scene *s, struct str line, struct err *e)
{
	s->hurried = true;
	return !line.n || err_set(e, ERR_INPUT, "hurried, and nothing more");
}

static bool parse_too_fast(struct scene *s, struct str line, struct err *e)
{
	s->too_fast = true;
	return !line.n || err_set(e, ERR_INPUT, "too-fast, and nothing more");
}

static bool parse_denied(struct scene *s, struct str line, struct err *e)
{
	s->denied = line;
	return line.n || err_set(e, ERR_INPUT, "denied ENTRY");
}

/* -- pattern DOMAIN TEXT accept|reject|ADDRESS ------------------------------------------- */

/* The longest first, as the store hands them out. */
static void place_pattern(struct pattern *all, size_t n, struct pattern new)
{
	for (; n && all[n - 1].head.n + all[n - 1].tail.n < new.head.n + new.tail.n; n--)
		all[n] = all[n - 1];
	all[n] = new;
}

static bool parse_pattern(struct scene *s, struct str line, struct err *e)
{
	struct domain *d = find_domain(s, scene_word(&line));
	struct pattern p = { .accept = true, .alias = STR_NONE };

	if (!d || d->pattern_count == SCENE_PATTERNS_MAX || !pattern_parse(scene_word(&line), &p))
		return err_set(e, ERR_INPUT, "pattern DOMAIN TEXT accept|reject|ADDRESS");
	p.accept = !str_eq(line, STR("reject"));
	if (str_find(line, '@') > 0)
		p.alias = line;
	d->patterns = s->patterns[d - s->domains];
	place_pattern(s->patterns[d - s->domains], d->pattern_count++, p);
	return true;
}

/* -- client ADDRESS NAME PATH ------------------------------------------------------------- */

static bool parse_client(struct scene *s, struct str line, struct err *e)
{
	size_t used;

	s->client = scene_word(&line);
	s->helo = scene_word(&line);
	return path_parse(line, PATH_REVERSE, &s->sender, &used) == PATH_OK ||
	       err_set(e, ERR_INPUT, "client ADDRESS NAME <sender>");
}

/* -- primary up|down|unknown --------------------------------------------------------------- */

static bool parse_primary(struct scene *s, struct str line, struct err *e)
{
	s->primary = str_eq(line, STR("up"))   ? STANDING_UP :
		     str_eq(line, STR("down")) ? STANDING_DOWN :
						 STANDING_UNKNOWN;
	return s->primary != STANDING_UNKNOWN || str_eq(line, STR("unknown")) ||
	       err_set(e, ERR_INPUT, "the primary is up, down or unknown");
}

/* -- settings missing|stale, memory none -------------------------------------------------- */

static bool parse_settings(struct scene *s, struct str line, struct err *e)
{
	s->settings_missing = str_eq(line, STR("missing"));
	s->settings_stale = str_eq(line, STR("stale"));
	return s->settings_missing || s->settings_stale ||
	       err_set(e, ERR_INPUT, "settings are missing or stale");
}

static bool parse_memory(struct scene *s, struct str line, struct err *e)
{
	s->memory_none = str_eq(line, STR("none"));
	return s->memory_none || err_set(e, ERR_INPUT, "memory none");
}

/* -- rcpt PATH -> VERDICT, times N rcpt … ----------------------------------------------- */

static bool parse_rcpt(struct scene *s, struct str line, struct err *e)
{
	struct scene_wanted *w = &s->wanted[s->wanted_count];
	size_t used = 0;

	if (s->wanted_count == SCENE_WANTED_MAX)
		return err_set(e, ERR_INPUT, "too many rcpt lines");
	if (path_parse(line, PATH_FORWARD, &w->rcpt, &used) != PATH_OK)
		return err_set(e, ERR_INPUT, "not a path");
	line = str_trim(str_from(line, used));
	if (!str_eq(scene_word(&line), STR("->")) || !line.n)
		return err_set(e, ERR_INPUT, "rcpt <PATH> -> pass | wait | CODE X.Y.Z by CHECK");
	w->verdict = line;

	const char *with = memmem(line.at, line.n, " with ", 6);

	if (with) {
		w->verdict.n = (size_t)(with - line.at);
		w->finding = str_from(line, w->verdict.n + 6);
	}
	w->times = 1;
	s->wanted_count++;
	return true;
}

static bool parse_times(struct scene *s, struct str line, struct err *e)
{
	uint64_t times;

	if (!str_to_u64(scene_word(&line), 1000, &times) || !str_eq(scene_word(&line), STR("rcpt")))
		return err_set(e, ERR_INPUT, "times N rcpt …");
	if (!parse_rcpt(s, line, e))
		return false;
	s->wanted[s->wanted_count - 1].times = (unsigned)times;
	return true;
}

/* -- the file ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*parse)(struct scene *s, struct str line, struct err *e);
} words[] = {
	{ "domain", parse_domain }, { "policy", parse_policy }, { "allowed", parse_allowed },
	{ "denied", parse_denied },	{ "hurried", parse_hurried },
	{ "too-fast", parse_too_fast },
	{ "client", parse_client }, { "settings", parse_settings },
	{ "memory", parse_memory }, { "answer", scene_parse_answer }, { "rcpt", parse_rcpt },
	{ "times", parse_times }, { "pattern", parse_pattern },
	{ "primary", parse_primary },
};

static bool parse_line(struct scene *s, struct str line, struct err *e)
{
	struct str first = scene_word(&line);

	if (!first.n || first.at[0] == '#')
		return true;
	for (unsigned i = 0; i < COUNT(words); i++)
		if (str_eq(first, str_of(words[i].name)))
			return words[i].parse(s, line, e);
	return err_set(e, ERR_INPUT, "a line cannot begin with \"%.*s\"", STR_ARGS(first));
}

static int by_name(const void *a, const void *b)
{
	return strncmp(((const struct domain *)a)->name.at, ((const struct domain *)b)->name.at,
		       255);
}

static int by_id(const void *a, const void *b)
{
	const struct domain *const *x = a, *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

/* As the store would hand it out: sorted twice, names ending in NUL. */
static void finish_settings(struct scene *s)
{
	size_t n = s->settings.domain_count;

	for (size_t i = 0; i < n; i++) {
		s->domains[i].name = arena_dup(s->arena, s->domains[i].name);
		if (!s->domains[i].name.at)
			abort();
	}
	qsort(s->domains, n, sizeof(*s->domains), by_name);
	for (size_t i = 0; i < n; i++)
		s->by_id[i] = &s->domains[i];
	qsort(s->by_id, n, sizeof(const struct domain *), by_id);
	s->settings.domains = s->domains;
	s->settings.by_id = s->by_id;
	s->settings.policy = s->policy;
}

static bool parse_text(struct scene *s, struct str text, struct err *e)
{
	struct str line;

	for (unsigned number = 1; text.n; number++) {
		str_cut(text, '\n', &line, &text);
		if (!parse_line(s, line, e))
			return err_wrap(e, "line %u", number);
		if (s->wanted_count && !s->wanted[s->wanted_count - 1].line)
			s->wanted[s->wanted_count - 1].line = number;
	}
	finish_settings(s);
	return s->wanted_count || err_set(e, ERR_INPUT, "no rcpt line: it proves nothing");
}

static bool read_file(struct arena *a, const char *path, struct str *ret, struct err *e)
{
	char *text = arena_alloc(a, FILE_MAX_BYTES);
	FILE *file = fopen(path, "r");

	if (!file)
		return err_errno(e, "cannot open it");
	if (!text)
		abort();
	*ret = (struct str){ text, fread(text, 1, FILE_MAX_BYTES, file) };
	fclose(file);
	return true;
}

struct scene *scene_load(const char *path, struct err *e)
{
	struct arena *a = arena_new(4 * 1024 * 1024);
	struct scene *s = arena_alloc(a, sizeof(*s));
	struct str text;

	if (!s)
		abort();
	s->arena = a;
	s->policy = all_off(a);
	s->client = STR("192.0.2.9");
	s->helo = STR("client.example");
	s->sender = (struct path){ STR("a@b.example"), STR("a"), STR("b.example") };
	if (read_file(a, path, &text, e) && parse_text(s, text, e))
		return s;
	scene_free(s);
	return NULL;
}

void scene_free(struct scene *s)
{
	if (s)
		arena_free(s->arena);
}

struct str scene_domain_name(const struct scene *s, int64_t id)
{
	const struct domain *d = settings_by_id(&s->settings, id);

	return d ? d->name : STR_NONE;
}
