/* conf: reads the file with libconfuse and fills a struct conf from it, row by row.
 *
 * To libconfuse every option is a string or a list of strings; what a value may be is decided by
 * conf_option_read alone, for the file as for the defaults.  (libconfuse's own integers would
 * take octal.)  Checks run while the line is being parsed, so that errors have its number.
 *
 * The error function of libconfuse has no argument of ours, and a static is not wanted: the
 * first error is kept in the `comment` of the section where it happened, a string that libconfuse
 * frees and does not use unless CFGF_COMMENTS is set.
 *
 * An option of our own, put behind the text, proves that the text ends at the top level:
 * libconfuse takes a file that ends within a section for a good one.
 * SPDX-License-Identifier: ISC */
#include "base/conf.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf_private.h"
#include "base/log.h"
#include "base/str.h"

#define HOSTNAME_MAX 256
#define END_OPTION   "end_of_file"

/* -- libconfuse's errors -------------------------------------------------------------------- */

static bool is_root(cfg_t *cfg)
{
	return strcmp(cfg_name(cfg), "root") == 0;
}

static void keep_error(cfg_t *cfg, const char *where, const char *text)
{
	if (!cfg->comment)
		cfg->comment = mem_printf("%d: %s%s", cfg->line, where, text);
}

static PRINTF(2, 0) void on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	char text[160], shown[160], where[40] = "";

	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		text[0] = '\0';
	if (!is_root(cfg))
		(void)snprintf(where, sizeof(where), "in section %s: ", cfg_name(cfg));
	if (strstr(text, "'" END_OPTION "'"))
		keep_error(cfg, where, "missing closing brace");
	else
		keep_error(cfg, where, log_quote(str_of(text), shown, sizeof(shown)));
}

static cfg_t *section_of(cfg_t *root, const struct conf_option *o)
{
	return o->section[0] ? cfg_getsec(root, o->section) : root;
}

static bool tell(cfg_t *root, const char *path, struct err *e)
{
	const char *text = root->comment;
	for (const struct conf_option *o = conf_options; o->name && !text; o++) {
		cfg_t *section = section_of(root, o);

		text = section ? section->comment : NULL;
	}
	for (unsigned i = 0; i < cfg_size(root, CONF_LISTENER) && !text; i++)
		text = cfg_getnsec(root, CONF_LISTENER, i)->comment;
	return err_set(e, ERR_INPUT, "%s:%s", path, text ? text : " cannot be parsed");
}

/* -- rows as libconfuse wants them ---------------------------------------------------------- */

static bool belongs(const struct conf_option *o, const char *section)
{
	return strcmp(section, CONF_LISTENER) == 0 ? o->listener : strcmp(o->section, section) == 0;
}

static const struct conf_option *find_row(const char *section, const char *name)
{
	for (const struct conf_option *o = conf_options; o->name; o++) {
		if (belongs(o, section) && strcmp(o->name, name) == 0)
			return o;
	}
	return NULL;
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const char *section = is_root(cfg) ? "" : cfg_name(cfg);
	const struct conf_option *o = find_row(section, cfg_opt_name(opt));
	const char **ret = result;
	int64_t number;
	struct err e;

	/* libconfuse also takes "section|option" at the top. */
	if (!o) {
		cfg_error(cfg, "write '%s' inside of its section", cfg_opt_name(opt));
		return -1;
	}
	if (!conf_option_read(o, value, &number, &e)) {
		keep_error(cfg, "", e.text);
		return -1;
	}
	*ret = value;
	return 0;
}

static const char *default_hostname(char out[HOSTNAME_MAX])
{
	if (gethostname(out, HOSTNAME_MAX - 1) == 0) {
		out[HOSTNAME_MAX - 1] = '\0';
		if (conf_is_domain(str_of(out)))
			return out;
	}
	return "localhost.localdomain";
}

/* Where it is optional, "not said" is told from the default. */
static void fill_option(cfg_opt_t *to, const struct conf_option *o, bool optional)
{
	char hostname[HOSTNAME_MAX];
	const char *dflt = o->dflt ? o->dflt : default_hostname(hostname);

	to->name = o->name;
	to->type = CFGT_STR;
	to->parsecb = on_value;
	if (optional) {
		to->flags = CFGF_NODEFAULT;
		return;
	}
	if (o->type == CONF_STRINGS) {
		to->flags = CFGF_LIST;
		to->def.parsed = mem_str(str_of(dflt));
	} else {
		to->def.string = mem_str(str_of(dflt));
	}
}

static bool is_first_of_section(const struct conf_option *o)
{
	return o->section[0] && strcmp(o->section, o[-1].section) != 0;
}

/* One more, zeroed, and a zeroed one behind it. */
static cfg_opt_t *add_option(cfg_opt_t **all, size_t *n)
{
	*all = mem_grow(*all, (*n + 2) * sizeof(**all));
	memset(&(*all)[*n], 0, 2 * sizeof(**all));
	return &(*all)[(*n)++];
}

static cfg_opt_t *options_of(const char *section);

static void fill_section(cfg_opt_t *to, const char *name, cfg_flag_t flags)
{
	to->name = name;
	to->type = CFGT_SEC;
	to->flags = flags;
	to->subopts = options_of(name);
}

/* The rows of one section; at the top level also the sections.  Ends with a zeroed one. */
static cfg_opt_t *options_of(const char *section)
{
	bool top = section[0] == '\0';
	cfg_opt_t *all = NULL, *end;
	size_t n = 0;

	for (const struct conf_option *o = conf_options; o->name; o++) {
		if (belongs(o, section))
			fill_option(add_option(&all, &n), o,
				    strcmp(section, CONF_LISTENER) == 0);
		else if (top && is_first_of_section(o))
			fill_section(add_option(&all, &n), o->section, CFGF_NONE);
	}
	if (top) {
		fill_section(add_option(&all, &n), CONF_LISTENER,
			     CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
		end = add_option(&all, &n);
		end->name = END_OPTION;
		end->type = CFGT_STR;
		end->flags = CFGF_NODEFAULT;
	}
	return all;
}

static void free_options(cfg_opt_t *all)
{
	for (cfg_opt_t *o = all; o->name; o++) {
		if (o->subopts)
			free_options(o->subopts);
		free(o->def.parsed);
		free((void *)(uintptr_t)o->def.string);
	}
	free(all);
}

static cfg_t *parser_new(void)
{
	cfg_opt_t *all = options_of("");
	cfg_t *root = cfg_init(all, CFGF_NONE);

	free_options(all);
	if (!root)
		abort(); /* as mem_alloc: out of memory */
	(void)cfg_set_error_function(root, on_error);
	return root;
}

/* -- into struct conf ----------------------------------------------------------------------- */

static void *field_of(struct conf *c, const struct conf_option *o)
{
	return (char *)c + o->offset;
}

static void take_networks(struct conf_list *list)
{
	list->networks = mem_alloc((list->n + 1) * sizeof(*list->networks));
	for (size_t i = 0; i < list->n; i++)
		if (!cidr_parse(str_of(list->items[i]), &list->networks[i]))
			abort(); /* conf_is_network took it */
}

static void take_list(struct conf_list *to, cfg_opt_t *from)
{
	to->n = cfg_opt_size(from);
	to->items = mem_alloc((to->n + 1) * sizeof(*to->items));
	for (unsigned i = 0; i < to->n; i++)
		to->items[i] = mem_str(str_of(cfg_opt_getnstr(from, i)));
}

static bool take_option(struct conf *c, const struct conf_option *o, cfg_t *root, struct err *e)
{
	cfg_opt_t *opt = cfg_getopt(section_of(root, o), o->name);
	const char *text = cfg_opt_getnstr(opt, 0);

	if (o->type == CONF_STRINGS) {
		take_list(field_of(c, o), opt);
		if (o->networks)
			take_networks(field_of(c, o));
		return true;
	}
	if (o->type == CONF_STRING) {
		char **field = field_of(c, o);

		*field = mem_str(str_of(text));
		return true;
	}
	return conf_option_read(o, text, field_of(c, o), e);
}

/* What no row can say alone. */
static bool check_together(const struct conf *c, struct err *e)
{
	if (c->forward.retry_first_ms > c->forward.retry_max_ms)
		return err_set(e, ERR_INPUT,
			       "forward.retry_first must not be longer than forward.retry_max");
	if (c->forward.probe_first_ms > c->forward.probe_max_ms)
		return err_set(e, ERR_INPUT,
			       "forward.probe_first must not be longer than forward.probe_max");
	if (c->tls.certificate.n != c->tls.key.n)
		return err_set(e, ERR_INPUT,
			       "tls.certificate and tls.key must name as many files each");
	return true;
}

static bool take_all(struct conf *c, cfg_t *root, struct err *e)
{
	for (const struct conf_option *o = conf_options; o->name; o++) {
		if (!take_option(c, o, root, e))
			return false;
	}
	return conf_listeners_take(c, root, e) && check_together(c, e);
}

static bool parse(const char *path, struct str text, struct conf **ret, struct err *e)
{
	bool ended = text.n == 0 || text.at[text.n - 1] == '\n';
	char *copy =
		mem_printf("%.*s%s%s = reached\n", STR_ARGS(text), ended ? "" : "\n", END_OPTION);
	FILE *in = fmemopen(copy, strlen(copy), "r");
	cfg_t *root = parser_new();
	struct conf *c = NULL;
	bool good = false;

	if (!in) {
		err_errno(e, "%s", path);
	} else if (cfg_parse_fp(root, in) != CFG_SUCCESS) {
		tell(root, path, e);
	} else {
		c = mem_alloc(sizeof(*c));
		atomic_init(&c->refs, 1);
		good = take_all(c, root, e) || err_wrap(e, "%s", path);
	}
	if (in)
		(void)fclose(in);
	(void)cfg_free(root);
	free(copy);
	if (good)
		*ret = c;
	else
		conf_unref(c);
	return good;
}

/* -- the public story ----------------------------------------------------------------------- */

bool conf_load(const char *path, struct conf **ret, struct err *e)
{
	struct buf text;
	bool good;

	good = conf_text_read(path, &text, e) && parse(path, buf_str(&text), ret, e);
	buf_done(&text);
	if (good)
		(*ret)->path = mem_str(str_of(path));
	return good;
}

struct conf *conf_defaults(void)
{
	struct conf *c = NULL;
	struct err e;

	if (!parse("defaults", STR_NONE, &c, &e))
		abort(); /* a row is wrong; test_conf finds it */
	return c;
}

struct conf *conf_ref(struct conf *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

static void free_option(struct conf *c, const struct conf_option *o)
{
	if (o->type == CONF_STRING) {
		char **field = field_of(c, o);

		free(*field);
	} else if (o->type == CONF_STRINGS) {
		struct conf_list *list = field_of(c, o);

		for (size_t i = 0; i < list->n; i++)
			free(list->items[i]);
		free(list->items);
		free(list->networks);
	}
}

void conf_unref(struct conf *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (const struct conf_option *o = conf_options; o->name; o++)
		free_option(c, o);
	conf_listeners_free(c);
	free(c->path);
	free(c);
}
