/* policy_man.c: the settings as a manual tells them, from their rows.
 * SPDX-License-Identifier: ISC */
#include "db/policy_man.h"

#include "db/policy_settings.h"

/* A backslash, or a dot or quote at the start of a line, means something to roff. */
static void put_roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else
			fprintf(out, *text == '-' ? "\\%c" : "%c", *text);
	}
}

static void put_allowed(FILE *out, const struct policy_option *o)
{
	switch (o->type) {
	case POLICY_MODE:
		fprintf(out, "\nMode: %s.\n", o->words ? o->words : "off|log|defer|reject");
		break;
	case POLICY_CHOICE:
		fprintf(out, "\nOne of %s.\n", o->words);
		break;
	case POLICY_TIME:
	case POLICY_NUMBER:
		fprintf(out, "\nFrom %s to %s.\n", o->min, o->max);
		break;
	case POLICY_OTHER:
		fputs("\nWritten as\n.BR mxkeep (1)\ntells.\n", out);
		break;
	}
}

void policy_man(FILE *out)
{
	for (size_t i = 0; i < policy_option_count; i++) {
		const struct policy_option *o = &policy_options[i];

		fprintf(out, ".TP\n.BR %s \" = %s\"\n", o->name, o->dflt);
		put_roff(out, o->says);
		put_allowed(out, o);
	}
}
