/* body: the parser recurses, and the stacks that it runs on are small: depth is bounded here.
 * SPDX-License-Identifier: ISC */
#include "admin/body.h"

#define NESTING_MAX 16

/* Deepest nesting of brackets outside strings. */
static unsigned nesting(struct str s)
{
	unsigned depth = 0, deepest = 0;
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.at[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{') && ++depth > deepest)
			deepest = depth;
		else if (!quoted && (c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return deepest;
}

json_t *body_parse(struct str text, struct err *e)
{
	json_error_t why;
	json_t *body;

	if (text.n == 0)
		return json_object();
	if (nesting(text) > NESTING_MAX) {
		(void)err_set(e, ERR_INPUT, "the body is nested too deeply");
		return NULL;
	}
	body = json_loadb(text.at, text.n, JSON_REJECT_DUPLICATES, &why);
	if (!body) {
		(void)err_set(e, ERR_INPUT, "the body is not JSON: line %d: %s", why.line,
			      why.text);
		return NULL;
	}
	if (json_is_object(body))
		return body;
	json_decref(body);
	(void)err_set(e, ERR_INPUT, "the body must be a JSON object");
	return NULL;
}
