/* explain: mxkeep explain: the daemon tells the story, we print it.
 * SPDX-License-Identifier: ISC */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

int explain_show(struct cli *c, const struct args *a)
{
	struct buf path;
	json_t *line;
	size_t i;

	client_path(&path, "explain", a->words[0], NULL);

	json_t *answer = client_call(c->client, "GET", &path, NULL);

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	json_array_foreach(json_object_get(answer, "story"), i, line)
		show_line("%s", json_string_value(line));
	json_decref(answer);
	return CLI_DONE;
}
