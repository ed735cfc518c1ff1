/* conf_show: what can be told from the rows: a dump, a sample, the manual, and what differs.
 *
 * A dump is a valid file: loading it gives the same settings.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/conf_private.h"

static const void *field_of(const struct conf *c, const struct conf_option *o)
{
	return (const char *)c + o->offset;
}

/* -- the settings in force ------------------------------------------------------------------ */

static void put_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		/* "${" would be taken for a variable of the environment. */
		if (*text == '"' || *text == '\\' || *text == '$')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void put_list(FILE *out, const struct conf_list *list)
{
	fputc('{', out);
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			fputs(", ", out);
		put_quoted(out, list->items[i]);
	}
	fputc('}', out);
}

static void put_value(FILE *out, const void *field, const struct conf_option *o)
{
	char text[CONF_VALUE_MAX];

	if (o->type == CONF_STRINGS) {
		put_list(out, field);
	} else if (o->type == CONF_STRING) {
		const char *const *string = field;

		put_quoted(out, *string);
	} else {
		const int64_t *number = field;

		(void)conf_option_show(o, *number, text);
		if (o->type == CONF_COUNT && *number)
			fputs(text, out);
		else
			put_quoted(out, text);
	}
}

/* What stands between two rows: the ends and beginnings of sections.  Answers the indent. */
static const char *put_section(FILE *out, const struct conf_option *o)
{
	const char *before = o == conf_options ? "" : o[-1].section;
	const char *now = o->name ? o->section : "";

	if (strcmp(before, now) != 0) {
		if (before[0])
			fputs("}\n", out);
		if (now[0])
			fprintf(out, "\n%s {\n", now);
	}
	return now[0] ? "\t" : "";
}

/* What differs from smtp. */
static void put_listener(FILE *out, const struct conf *c, struct conf_listener *l)
{
	fputs("\n" CONF_LISTENER " ", out);
	put_quoted(out, l->address);
	fputs(" {\n", out);
	for (const struct conf_option *o = conf_options; o->name; o++) {
		const int64_t *here = o->listener ? conf_listener_field(l, o) : NULL;
		const int64_t *there = field_of(c, o);

		if (!here || *here == *there)
			continue;
		fprintf(out, "\t%s = ", o->name);
		put_value(out, here, o);
		fputc('\n', out);
	}
	fputs("}\n", out);
}

void conf_dump(const struct conf *c, FILE *out)
{
	const struct conf_option *o;

	for (o = conf_options; o->name; o++) {
		fprintf(out, "%s%s = ", put_section(out, o), o->name);
		put_value(out, field_of(c, o), o);
		fputc('\n', out);
	}
	(void)put_section(out, o);
	for (size_t i = 0; i < c->listener_count; i++)
		put_listener(out, c, &c->listeners[i]);
}

/* -- the sample file ------------------------------------------------------------------------ */

/* As it is written in a file. */
static void put_default(FILE *out, const struct conf_option *o)
{
	bool bare = o->type == CONF_STRINGS ||
		    (o->type == CONF_COUNT && strcmp(o->dflt, o->words ? o->words : "") != 0);

	if (!o->dflt)
		fputs("\"mx2.relay.example\"", out);
	else if (bare)
		fputs(o->dflt, out);
	else
		put_quoted(out, o->dflt);
}

void conf_sample(FILE *out)
{
	const struct conf_option *o;
	char range[80];

	fputs("# mxkeep.conf: what mxkeepd needs to start.  Domains, recipients and routes are "
	      "not\n"
	      "# here but in the database; see mxkeep(1).  Each option stands at its default,\n"
	      "# but for hostname: without it the machine's own name is taken.\n\n",
	      out);
	for (o = conf_options; o->name; o++) {
		const char *indent = put_section(out, o);

		conf_option_range(o, range, sizeof(range));
		fprintf(out, "%s# %s%s%s\n%s#%s = ", indent, o->says, range[0] ? "  Allowed: " : "",
			range, indent, o->name);
		put_default(out, o);
		fputs(o[1].name && strcmp(o[1].section, o->section) == 0 ? "\n\n" : "\n", out);
	}
	(void)put_section(out, o);
	fputs("\n# Limits of one listener, instead of those of smtp:\n"
	      "# " CONF_LISTENER " \"0.0.0.0:25\" {\n#     max_size = \"10M\"\n# }\n",
	      out);
}

/* -- the manual ----------------------------------------------------------------------------- */

static const char *placeholder(const struct conf_option *o)
{
	switch (o->type) {
	case CONF_STRING:
		return "text";
	case CONF_STRINGS:
		return "list";
	case CONF_BYTES:
		return "size";
	case CONF_DURATION:
		return "time";
	case CONF_COUNT:
		return "number";
	case CONF_CHOICE:
		break;
	}
	return "word";
}

static void put_roff(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
}

static void put_manual(FILE *out, const struct conf_option *o)
{
	char range[80];

	fputs(".TP\n\\fB", out);
	put_roff(out, o->name);
	fprintf(out, "\\fR = \\fI%s\\fR\n", placeholder(o));
	put_roff(out, o->says);
	fputs("\nDefault: ", out);
	if (o->dflt)
		put_roff(out, o->dflt);
	else
		fputs("the name of the machine", out);
	conf_option_range(o, range, sizeof(range));
	if (range[0]) {
		fputs(".\nAllowed: ", out);
		put_roff(out, range);
	}
	fputs(o->restart ? ".\nA change takes effect at the next start.\n" : ".\n", out);
}

static void put_listener_manual(FILE *out)
{
	const char *comma = "";

	fputs(".SS Section " CONF_LISTENER " \"ADDRESS:PORT\"\n"
	      "Limits of one listener, instead of those of section smtp. There may be one for\n"
	      "each address in smtp.listen and smtp.listen_tls, written as there. A listener\n"
	      "with a section counts the connections to it, and those from one address to it, by\n"
	      "itself; smtp.max_connections bounds those of all together. What may stand there:\n",
	      out);
	for (const struct conf_option *o = conf_options; o->name; o++) {
		if (!o->listener)
			continue;
		fprintf(out, "%s\\fB", comma);
		put_roff(out, o->name);
		fputs("\\fR", out);
		comma = ",\n";
	}
	fputs(".\n", out);
}

void conf_man(FILE *out)
{
	fputs(".SS Top level\n", out);
	for (const struct conf_option *o = conf_options; o->name; o++) {
		if (o->section[0] && strcmp(o->section, o[-1].section) != 0)
			fprintf(out, ".SS Section %s\n", o->section);
		put_manual(out, o);
	}
	put_listener_manual(out);
}

/* -- what differs --------------------------------------------------------------------------- */

static bool same_list(const struct conf_list *a, const struct conf_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

static bool is_same(const struct conf *a, const struct conf *b, const struct conf_option *o)
{
	const void *in_a = field_of(a, o), *in_b = field_of(b, o);

	if (o->type == CONF_STRINGS)
		return same_list(in_a, in_b);
	if (o->type == CONF_STRING)
		return strcmp(*(char *const *)in_a, *(char *const *)in_b) == 0;
	return *(const int64_t *)in_a == *(const int64_t *)in_b;
}

const char *conf_needs_restart(const struct conf *running, const struct conf *fresh, size_t *at)
{
	while (conf_options[*at].name) {
		const struct conf_option *o = &conf_options[(*at)++];

		if (o->restart && !is_same(running, fresh, o))
			return o->full;
	}
	return NULL;
}
