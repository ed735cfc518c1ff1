/* routes: the API, as one can read it from top to bottom.  GET /v1 answers this table.
 *
 * A change is a POST (PATCH where members of a thing are set, DELETE where the thing itself goes),
 * so that no GET changes anything.  Recipients are removed by POST …/remove and not by DELETE,
 * because many go in one transaction.
 * SPDX-License-Identifier: ISC */
#include "admin/routes.h"

#include <string.h>

static const struct api_route routes[] = {
	{ "GET", "/v1", api_index, API_NONE, NULL, "this list" },
	{ "GET", "/v1/status", api_status, API_NONE, NULL,
	  "the daemon, its counters, every domain with its primaries" },
	{ "GET", "/v1/audit", api_audit, API_NONE, "limit", "who changed what, newest first" },
	{ "GET", "/v1/explain/{id}", api_explain, API_NONE, NULL,
	  "what became of a message, or why it is still here" },

	{ "GET", "/v1/sessions", api_session_list, API_NONE, "limit",
	  "the open SMTP sessions, oldest first" },

	{ "GET", "/v1/domains", api_domain_list, API_NONE, NULL, "all domains" },
	{ "POST", "/v1/domains", api_domain_add, API_JSON, NULL, "add a domain" },
	{ "GET", "/v1/domains/{name}", api_domain_show, API_NONE, NULL, "one domain" },
	{ "PATCH", "/v1/domains/{name}", api_domain_set, API_JSON, NULL,
	  "change settings of a domain" },
	{ "DELETE", "/v1/domains/{name}", api_domain_remove, API_NONE, "force",
	  "remove a domain; force=yes deletes its mail too" },

	{ "GET", "/v1/domains/{name}/policy", api_policy_show, API_NONE, NULL,
	  "every setting of its policy, and where its value comes from" },
	{ "PATCH", "/v1/domains/{name}/policy", api_policy_set, API_JSON, NULL,
	  "change settings of its policy; \"default\" takes one back" },
	{ "GET", "/v1/domains/{name}/policy/report", api_policy_report, API_NONE, NULL,
	  "what each check refused, would have refused and passed, in the last day and week" },
	{ "POST", "/v1/domains/{name}/policy/test", api_policy_test, API_JSON, NULL,
	  "run all checks for a mail that nobody sends" },
	{ "GET", "/v1/policy", api_policy_show_all, API_NONE, NULL, "the policy for all domains" },
	{ "GET", "/v1/policy/report", api_policy_report_all, API_NONE, NULL,
	  "the same of all domains together" },
	{ "PATCH", "/v1/policy", api_policy_set_all, API_JSON, NULL,
	  "change the policy for all domains" },

	{ "GET", "/v1/greylist", api_greylist_list, API_NONE, "domain state limit",
	  "clients that were told to come back, newest first; state=known: those that did" },
	{ "POST", "/v1/greylist/forget", api_greylist_forget, API_NONE, "domain client",
	  "forget a client of a domain, or all of them" },

	{ "GET", "/v1/domains/{name}/recipients", api_recipient_list, API_NONE, "limit after",
	  "the list of valid users" },
	{ "POST", "/v1/domains/{name}/recipients", api_recipient_add, API_JSON, NULL,
	  "add users to the list" },
	{ "POST", "/v1/domains/{name}/recipients/remove", api_recipient_remove, API_JSON, NULL,
	  "remove users from the list" },
	{ "POST", "/v1/domains/{name}/recipients/forget", api_recipient_forget, API_JSON, "all",
	  "forget what its primaries said of users; all=yes: of all" },
	{ "POST", "/v1/domains/{name}/recipients/import", api_recipient_import, API_FILE,
	  "replace force",
	  "add users from a text or CSV file; replace=yes makes it the whole list" },

	{ "GET", "/v1/access/{list}", api_access_list, API_NONE, "domain limit skip",
	  "entries of the list allow or deny" },
	{ "POST", "/v1/access/{list}/add", api_access_add, API_JSON, NULL,
	  "add entries, for one domain or for all" },
	{ "POST", "/v1/access/{list}/remove", api_access_remove, API_JSON, NULL,
	  "remove entries" },

	{ "GET", "/v1/queue", api_queue_list, API_NONE, "domain state limit after",
	  "what waits, oldest first" },
	{ "GET", "/v1/queue/{id}", api_queue_show, API_NONE, "headers", "one message that waits" },
	{ "POST", "/v1/queue/{id}/hold", api_queue_hold, API_NONE, NULL, "do not deliver it" },
	{ "POST", "/v1/queue/{id}/release", api_queue_release, API_NONE, NULL,
	  "deliver what was held" },
	{ "POST", "/v1/queue/{id}/delete", api_queue_delete, API_NONE, NULL,
	  "delete it, for all recipients that wait" },
	{ "POST", "/v1/flush", api_queue_flush, API_NONE, "domain", "try what is queued now" },

	{ "GET", "/v1/failed", api_failed_list, API_NONE, "domain limit after",
	  "what a primary refused for good" },
	{ "GET", "/v1/failed/{id}", api_failed_show, API_NONE, "headers", "one failed message" },
	{ "POST", "/v1/failed/{id}/retry", api_failed_retry, API_NONE, NULL, "try it once more" },
	{ "POST", "/v1/failed/{id}/delete", api_failed_delete, API_NONE, NULL, "give it up" },
	{ "POST", "/v1/failed/retry", api_failed_retry_all, API_NONE, "domain",
	  "try all that failed once more" },
	{ "POST", "/v1/failed/delete", api_failed_delete_all, API_NONE, "domain",
	  "give up all that failed" },
};

/* "{name}" stands for any one part. */
static bool part_fits(struct str pattern, const char *part)
{
	return (pattern.n > 2 && pattern.at[0] == '{') || str_eq(pattern, str_of(part));
}

static bool path_fits(const char *path, const struct target *t, const char *args[API_ARGS_MAX])
{
	struct str rest = str_of(path + 1), pattern;
	size_t at = 0, arg_count = 0;

	for (bool more = true; more; at++) {
		more = str_cut(rest, '/', &pattern, &rest);
		if (at == t->part_count || !part_fits(pattern, t->parts[at]))
			return false;
		if (pattern.at[0] == '{' && arg_count < API_ARGS_MAX)
			args[arg_count++] = t->parts[at];
	}
	return at == t->part_count;
}

enum routes_match routes_find(const char *method, const struct target *t,
			      const struct api_route **ret, const char *ret_args[API_ARGS_MAX])
{
	enum routes_match match = ROUTES_NO_PATH;

	for (size_t i = 0; i < COUNT(routes); i++) {
		const char *args[API_ARGS_MAX] = { 0 };

		if (!path_fits(routes[i].path, t, args))
			continue;
		match = ROUTES_NO_METHOD;
		if (strcmp(routes[i].method, method) != 0)
			continue;
		memcpy(ret_args, args, sizeof(args));
		*ret = &routes[i];
		return ROUTES_FOUND;
	}
	return match;
}

static bool has_word(const char *words, const char *word)
{
	struct str rest = str_of(words), head;

	for (bool more = rest.n > 0; more;) {
		more = str_cut(rest, ' ', &head, &rest);
		if (str_eq(head, str_of(word)))
			return true;
	}
	return false;
}

bool routes_check_query(const struct api_route *route, const struct target *t, struct err *e)
{
	for (size_t i = 0; i < t->query_count; i++) {
		const char *key = t->queries[i].key;

		if (!has_word(route->query, key))
			return err_set(e, ERR_INPUT, "'%.64s' has no meaning for %s %s", key,
				       route->method, route->path);
	}
	return true;
}

json_t *api_index(struct request *r, struct err *e)
{
	json_t *answer = json_object(), *rows = json_array();

	(void)r;
	(void)e;
	for (size_t i = 0; i < COUNT(routes); i++) {
		json_t *row = json_object();

		api_put(row, "method", routes[i].method);
		api_put(row, "path", routes[i].path);
		api_put(row, "query", routes[i].query);
		api_put(row, "says", routes[i].says);
		(void)json_array_append_new(rows, row);
	}
	(void)json_object_set_new(answer, "routes", rows);
	return answer;
}
