/* words: KEY=VALUE of the command line as members of a request.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "cli/cli.h"

void cli_put_setting(json_t *body, const char *key, const char *value)
{
	json_t *old = json_object_get(body, key);

	if (!old) {
		(void)json_object_set_new(body, key, json_string(value));
		return;
	}
	if (!json_is_array(old)) {
		json_t *array = json_array();

		(void)json_array_append(array, old);
		(void)json_object_set_new(body, key, array);
		old = array;
	}
	(void)json_array_append_new(old, json_string(value));
}

bool cli_put_word(json_t *body, const char *word)
{
	struct str key, value;

	if (!str_cut(str_of(word), '=', &key, &value) || key.n == 0)
		return false;

	char *name = mem_str(key);

	cli_put_setting(body, name, value.at);
	free(name);
	return true;
}
