/* conf_private.h: the table of options, shared by the files of conf.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_CONF_PRIVATE_H
#define BASE_CONF_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/str.h"

enum conf_type {
	CONF_STRING,   /* char * */
	CONF_STRINGS,  /* struct conf_list */
	CONF_BYTES,    /* int64_t, as are all below; written "64k" */
	CONF_DURATION, /* written "5m" */
	CONF_COUNT,    /* written 20; may have one word that stands for 0 */
	CONF_CHOICE,   /* one of words; the value is its place in them */
};

struct conf_option {
	const char *section; /* "" at the top level */
	const char *name;
	const char *full; /* "section.name" */
	enum conf_type type;
	size_t offset;	  /* in struct conf */
	const char *dflt; /* as in the file; NULL: the machine's name */
	const char *min, *max; /* BYTES, DURATION and COUNT */
	const char *words;     /* "text|json" */
	/* Of a string: says in *wanted what it must be. */
	bool (*is_valid)(const char *text, const char **wanted);
	bool networks; /* CONF_STRINGS: each is a network, see conf_list */
	bool restart; /* read at start only */
	bool listener; /* of smtp: may stand in a section listener, too */
	const char *says;
};

/* Ends with a row whose name is NULL.  Rows of one section stand together. */
extern const struct conf_option conf_options[];

/* Text of one value; enough for any number. */
#define CONF_VALUE_MAX 32

/* Checks one value as it stands in the file; numbers are answered in *ret.  The error's text
 * begins with the option's name and says what is allowed. */
bool conf_option_read(const struct conf_option *o, const char *text, int64_t *ret, struct err *e)
	MUST_CHECK;
/* A number as one writes it in the file: "64k", "5m", 20, "text".  Answers out. */
const char *conf_option_show(const struct conf_option *o, int64_t value, char out[CONF_VALUE_MAX]);
/* What may stand there, for people: "64k to 2G", "text or json"; empty when all may. */
void conf_option_range(const struct conf_option *o, char *out, size_t max);

/* The section of one listener takes the rows of smtp that say so. */
#define CONF_LISTENER "listener"
/* The row's field, a number, in the settings of one listener. */
int64_t *conf_listener_field(struct conf_listener *l, const struct conf_option *o);
/* All of them from the parsed file, when smtp is complete. */
struct cfg_t;
bool conf_listeners_take(struct conf *c, struct cfg_t *root, struct err *e) MUST_CHECK;
void conf_listeners_free(struct conf *c);

/* The file's text with comments blanked; text is to be buf_done'd whatever the answer. */
bool conf_text_read(const char *path, struct buf *text, struct err *e) MUST_CHECK;

/* Letters, digits and inner hyphens between dots; no trailing dot; not all digits at the end. */
bool conf_is_domain(struct str s);
/* As is_valid of a row. */
bool conf_is_network(const char *text, const char **wanted);

#endif
