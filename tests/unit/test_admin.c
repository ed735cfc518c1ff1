/* test_admin: the API over its socket, with the real store behind it: each route, right and wrong.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/api.h"
#include "admin_world.h"
#include "base/attr.h"
#include "base/clock.h"

#define EXAMPLE "{\"name\": \"Example.COM\", \"primaries\": [\"mail.example.com:2525\"]}"

static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	world_start(w);
	*state = w;
	return 0;
}

static int stop(void **state)
{
	world_stop(*state);
	free(*state);
	return 0;
}

/* -- asking --------------------------------------------------------------------- */

static json_t *ask(struct world *w, long wanted, const char *method, const char *path,
		   const char *body)
{
	json_t *answer;
	long status = world_ask(w, method, path, body, &answer);

	if (status != wanted)
		fail_msg("%s %s: %ld, wanted %ld: %s", method, path, status, wanted,
			 json_dumps(answer, 0));
	return answer;
}

static void done(struct world *w, const char *method, const char *path, const char *body)
{
	json_decref(ask(w, 200, method, path, body));
}

static void refused(struct world *w, long status, const char *method, const char *path,
		    const char *body, const char *says)
{
	json_t *answer = ask(w, status, method, path, body);
	const char *text = json_string_value(json_object_get(answer, "error"));

	assert_non_null(text);
	if (!strstr(text, says) || strchr(text, '\n'))
		fail_msg("%s %s: '%s', wanted '%s'", method, path, text, says);
	json_decref(answer);
}

static const char *text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	return value ? value : "(null)";
}

static long num(const json_t *o, const char *key)
{
	return (long)json_integer_value(json_object_get(o, key));
}

static json_t *item(const json_t *o, const char *key, size_t i)
{
	return json_array_get(json_object_get(o, key), i);
}

static size_t count(const json_t *o, const char *key)
{
	return json_array_size(json_object_get(o, key));
}

static long changed(struct world *w, const char *method, const char *path, const char *body)
{
	json_t *answer = ask(w, 200, method, path, body);
	long n = num(answer, "changed");

	json_decref(answer);
	return n;
}

/* Path with an id in it. */
static const char *with_id(const char *before, msgid id, const char *behind, char out[96])
{
	char name[ID_TEXT_MAX];

	(void)snprintf(out, 96, "%s%s%s", before, id_text(id, name), behind);
	return out;
}

static bool story_has(const json_t *answer, const char *words)
{
	size_t i;
	json_t *line;

	json_array_foreach(json_object_get(answer, "story"), i, line)
	{
		if (strstr(json_string_value(line), words))
			return true;
	}
	return false;
}

static void must_tell(const json_t *answer, const char *words)
{
	if (!story_has(answer, words))
		fail_msg("no '%s' in %s", words, json_dumps(json_object_get(answer, "story"), 0));
}

/* -- the tests ------------------------------------------------------------------- */

static void the_index_lists_the_routes(void **state)
{
	json_t *answer = ask(*state, 200, "GET", "/v1", NULL);

	assert_true(count(answer, "routes") > 20);
	assert_string_equal(text(item(answer, "routes", 0), "path"), "/v1");
	json_decref(answer);
}

static void a_domain_is_added_shown_set_and_removed(void **state)
{
	struct world *w = *state;
	json_t *d = ask(w, 200, "POST", "/v1/domains", EXAMPLE);

	assert_string_equal(text(d, "name"), "example.com");
	assert_string_equal(text(d, "mode"), "backup");
	assert_string_equal(text(d, "unknown"), "reject");
	assert_string_equal(text(d, "lifetime"), "30d");
	assert_string_equal(text(d, "record"), "example.com. IN MX 20 mx2.relay.example.");
	assert_true(json_is_false(json_object_get(d, "has_recipients")));
	assert_string_equal(json_string_value(item(d, "primaries", 0)), "mail.example.com:2525");
	json_decref(d);

	d = ask(w, 200, "PATCH", "/v1/domains/EXAMPLE.com",
		"{\"mode\":\"reflector\",\"enabled\":false,\"subaddress\":\"+\",\"lifetime\":"
		"\"7d\","
		"\"primary\":[\"192.0.2.1:25\",\"[2001:db8::1]:2525\"]}");
	json_decref(d);
	d = ask(w, 200, "GET", "/v1/domains/example.com", NULL);
	assert_string_equal(text(d, "mode"), "reflector");
	assert_string_equal(text(d, "record"), "example.com. IN MX 10 mx2.relay.example.");
	assert_true(json_is_false(json_object_get(d, "enabled")));
	assert_string_equal(text(d, "subaddress"), "+");
	assert_string_equal(text(d, "lifetime"), "7d");
	assert_string_equal(json_string_value(item(d, "primaries", 0)), "192.0.2.1:25");
	assert_string_equal(json_string_value(item(d, "primaries", 1)), "[2001:db8::1]:2525");
	json_decref(d);

	d = ask(w, 200, "GET", "/v1/domains", NULL);
	assert_int_equal(count(d, "domains"), 1);
	json_decref(d);
	done(w, "DELETE", "/v1/domains/example.com", NULL);
	refused(w, 404, "GET", "/v1/domains/example.com", NULL, "example.com");
}

static void wrong_requests_are_refused_with_one_clear_line(void **state)
{
	static const struct {
		long status;
		const char *method, *path, *body, *says;
	} rows[] = {
		{ 400, "GET", "/", NULL, "empty part" },
		{ 404, "GET", "/v2", NULL, "nothing" },
		{ 405, "PUT", "/v1/domains", "{}", "PUT is not possible" },
		{ 405, "DELETE", "/v1/status", NULL, "DELETE" },
		{ 400, "GET", "/v1/domains/%zz", NULL, "well-formed" },
		{ 400, "GET", "/v1/domains/%00", NULL, "well-formed" },
		{ 400, "GET", "/v1/queue?foo=1", NULL, "'foo' has no meaning" },
		{ 400, "GET", "/v1/queue?limit=0", NULL, "limit" },
		{ 400, "GET", "/v1/queue?limit=-1", NULL, "limit" },
		{ 400, "GET", "/v1/queue?state=gone", NULL, "state" },
		{ 400, "GET", "/v1/queue?after=xyz", NULL, "'xyz' is not a message id" },
		{ 400, "GET", "/v1/queue/xyz", NULL, "'xyz' is not a message id" },
		{ 404, "GET", "/v1/queue/0000000000001", NULL, "no message 0000000000001" },
		{ 404, "POST", "/v1/queue/0000000000001/hold", NULL, "0000000000001" },
		{ 404, "GET", "/v1/failed/0000000000001", NULL, "failed list" },
		{ 404, "POST", "/v1/failed/0000000000001/retry", NULL, "0000000000001" },
		{ 404, "POST", "/v1/failed/0000000000001/delete", NULL, "no such message" },
		{ 404, "GET", "/v1/explain/0000000000001", NULL, "the ledger keeps 90d" },
		{ 400, "GET", "/v1/explain/!", NULL, "not a message id" },
		{ 400, "POST", "/v1/domains", "", "'name' is missing" },
		{ 400, "POST", "/v1/domains", "{}", "'name' is missing" },
		{ 400, "POST", "/v1/domains", "[]", "JSON object" },
		{ 400, "POST", "/v1/domains", "{\"name\": 5}", "'name' must be a string" },
		{ 400, "POST", "/v1/domains", "{\"name\":\"a.b\",\"name\":\"c.d\"}", "not JSON" },
		{ 400, "POST", "/v1/domains", "name=a.b", "not JSON" },
		{ 400, "POST", "/v1/domains", "{\"name\":\"a.b\",\"mode\":1}", "mode is" },
		{ 400, "POST", "/v1/domains", "{\"name\":\"a.b\",\"mode\":[]}", "'mode'" },
		{ 400, "POST", "/v1/domains", "{\"name\":\"a.b\"}", "primary" },
		{ 400, "POST", "/v1/domains", "{\"name\":\"a b\",\"primary\":\"h:25\"}", "" },
		{ 400, "POST", "/v1/domains", "{\"name\":\"a.b\",\"primary\":\"h:0\"}", "" },
		{ 400, "POST", "/v1/domains", "{\"name\":\"a.b\",\"primary\":[1]}",
		  "strings only" },
		{ 409, "POST", "/v1/domains", EXAMPLE, "example.com" },
		{ 400, "PATCH", "/v1/domains/example.com", "{}", "nothing to set" },
		{ 400, "PATCH", "/v1/domains/example.com", "{\"colour\":\"red\"}", "colour" },
		{ 404, "PATCH", "/v1/domains/a.b", "{\"mode\":\"backup\"}", "a.b" },
		{ 404, "DELETE", "/v1/domains/a.b", NULL, "a.b" },
		{ 400, "DELETE", "/v1/domains/a.b?force=1", NULL, "force must be yes or no" },
		{ 404, "GET", "/v1/domains/a.b/recipients", NULL, "a.b" },
		{ 400, "POST", "/v1/domains/example.com/recipients", "{}", "'recipients'" },
		{ 400, "POST", "/v1/domains/example.com/recipients", "{\"recipients\":[1]}",
		  "strings only" },
		{ 400, "POST", "/v1/domains/example.com/recipients",
		  "{\"recipients\":[\"a\"],\"action\":\"x\"}", "action" },
		{ 404, "POST", "/v1/domains/a.b/recipients", "{\"recipients\":[\"a\"]}", "a.b" },
		{ 400, "POST", "/v1/domains/example.com/recipients/import", "ok\ntwo words\n",
		  "line 2" },
		{ 404, "POST", "/v1/domains/a.b/recipients/import", "a\n", "a.b" },
		{ 404, "POST", "/v1/flush?domain=a.b", NULL, "a.b" },
		{ 400, "POST", "/v1/flush", "body", "no body" },
	};

	done(*state, "POST", "/v1/domains", EXAMPLE);
	for (size_t i = 0; i < COUNT(rows); i++)
		refused(*state, rows[i].status, rows[i].method, rows[i].path, rows[i].body,
			rows[i].says);
}

static void what_was_learned_is_forgotten_of_whom_it_was_or_of_all(void **state)
{
	static const char path[] = "/v1/domains/example.com/recipients/forget";
	static const char all[] = "/v1/domains/example.com/recipients/forget?all=yes";
	static const char one[] = "{\"recipients\":[\"a\"]}";

	done(*state, "POST", "/v1/domains", EXAMPLE);
	refused(*state, 400, "POST", path, "{}", "'recipients'");
	refused(*state, 400, "POST", all, one, "all=yes");
	refused(*state, 404, "POST", path, one, "nothing was learned of a in example.com");
	refused(*state, 404, "POST", "/v1/domains/a.b/recipients/forget?all=yes", NULL, "a.b");
	assert_int_equal(changed(*state, "POST", all, NULL), 0);
}

static void users_are_added_listed_in_pages_and_removed(void **state)
{
	static const char path[] = "/v1/domains/example.com/recipients";
	struct world *w = *state;
	json_t *page;

	done(w, "POST", "/v1/domains", EXAMPLE);
	assert_int_equal(
		changed(w, "POST", path, "{\"recipients\":[\"bob\",\"Ann@example.com\",\"cy\"]}"),
		3);
	assert_int_equal(
		changed(w, "POST", path, "{\"recipients\":[\"cy\"],\"action\":\"reject\"}"), 1);
	page = ask(w, 200, "GET", "/v1/domains/example.com/recipients?limit=2", NULL);
	assert_int_equal(count(page, "recipients"), 2);
	assert_string_equal(text(item(page, "recipients", 0), "local"), "ann");
	assert_string_equal(text(page, "after"), "bob");
	json_decref(page);
	page = ask(w, 200, "GET", "/v1/domains/example.com/recipients?limit=2&after=bob", NULL);
	assert_int_equal(count(page, "recipients"), 1);
	assert_string_equal(text(item(page, "recipients", 0), "action"), "reject");
	assert_true(json_is_null(json_object_get(page, "after")));
	json_decref(page);
	page = ask(w, 200, "GET", "/v1/domains/example.com", NULL);
	assert_int_equal(num(page, "recipients"), 3);
	assert_true(json_is_true(json_object_get(page, "has_recipients")));
	json_decref(page);
	assert_int_equal(changed(w, "POST", "/v1/domains/example.com/recipients/remove",
				 "{\"recipients\":[\"bob\",\"nobody\"]}"),
			 1);
}

static void a_file_is_imported_whole_or_not_at_all(void **state)
{
	static const char path[] = "/v1/domains/example.com/recipients/import";
	struct world *w = *state;
	json_t *answer;

	done(w, "POST", "/v1/domains", EXAMPLE);
	answer = ask(w, 200, "POST", path, "address,action\r\nbob,accept\r\n\"cy\",reject\r\n");
	assert_int_equal(num(answer, "changed"), 2);
	json_decref(answer);
	refused(w, 400, "POST", path, "dora\nemil\ntwo words\n", "line 3");
	answer = ask(w, 200, "GET", "/v1/domains/example.com", NULL);
	assert_int_equal(num(answer, "recipients"), 2);
	json_decref(answer);
}

static void a_page_of_the_queue_ends_between_messages(void **state)
{
	struct world *w = *state;
	char first[96], second[96];
	json_t *page;
	msgid a, b;

	done(w, "POST", "/v1/domains", EXAMPLE);
	a = world_accept(w, "x@y.example", "a@example.com", NULL, NULL);
	b = world_accept(w, "", "a@example.com", "b@example.com", "c@example.com");
	page = ask(w, 200, "GET", "/v1/queue?limit=3", NULL);
	assert_int_equal(count(page, "deliveries"), 1);
	assert_true(json_is_true(json_object_get(page, "more")));
	assert_string_equal(text(page, "after"), with_id("", a, "", first));
	json_decref(page);
	page = ask(w, 200, "GET", with_id("/v1/queue?limit=3&after=", a, "", second), NULL);
	assert_int_equal(count(page, "deliveries"), 3);
	assert_true(json_is_false(json_object_get(page, "more")));
	assert_string_equal(text(item(page, "deliveries", 0), "id"), with_id("", b, "", second));
	assert_string_equal(text(item(page, "deliveries", 0), "sender"), "");
	json_decref(page);
	page = ask(w, 200, "GET", "/v1/queue?domain=example.com&state=held", NULL);
	assert_int_equal(count(page, "deliveries"), 0);
	json_decref(page);
}

static void a_message_is_held_released_and_deleted(void **state)
{
	struct world *w = *state;
	char path[96];
	json_t *m;
	msgid id;

	done(w, "POST", "/v1/domains", EXAMPLE);
	id = world_accept(w, "x@y.example", "a@example.com", "b@example.com", NULL);
	assert_int_equal(changed(w, "POST", with_id("/v1/queue/", id, "/hold", path), NULL), 2);
	refused(w, 409, "POST", with_id("/v1/queue/", id, "/hold", path), NULL, "");
	refused(w, 409, "DELETE", "/v1/domains/example.com", NULL, "");
	m = ask(w, 200, "GET", with_id("/v1/queue/", id, "?headers=yes", path), NULL);
	assert_string_equal(text(item(m, "deliveries", 1), "state"), "held");
	assert_string_equal(text(m, "client"), "192.0.2.9");
	assert_int_equal(count(m, "headers"), 3);
	assert_string_equal(json_string_value(item(m, "headers", 2)), "Subject: caf\\xe9 \x1b[2J");
	json_decref(m);
	assert_int_equal(changed(w, "POST", with_id("/v1/queue/", id, "/release", path), NULL), 2);
	assert_int_equal(changed(w, "POST", "/v1/flush?domain=example.com", NULL), 2);
	assert_int_equal(changed(w, "POST", with_id("/v1/queue/", id, "/delete", path), NULL), 2);
	refused(w, 404, "GET", with_id("/v1/queue/", id, "", path), NULL, "");
	m = ask(w, 200, "GET", with_id("/v1/explain/", id, "", path), NULL);
	must_tell(m, "a@example.com: deleted");
	must_tell(m, " by uid:");
	json_decref(m);
}

static void the_failed_list_is_retried_or_given_up(void **state)
{
	struct world *w = *state;
	char path[96];
	json_t *list;
	msgid one, two;

	done(w, "POST", "/v1/domains", EXAMPLE);
	one = world_accept(w, "x@y.example", "a@example.com", "b@example.com", NULL);
	two = world_accept(w, "x@y.example", "a@example.com", NULL, NULL);
	world_settle(w, one, 0, OUTCOME_FAILED, "550 5.1.1 no\xff such user");
	world_settle(w, two, 0, OUTCOME_FAILED, "554 5.7.1 no");
	list = ask(w, 200, "GET", "/v1/failed?domain=example.com", NULL);
	assert_int_equal(count(list, "deliveries"), 2);
	assert_string_equal(text(item(list, "deliveries", 0), "reply"),
			    "550 5.1.1 no\\xff such user");
	json_decref(list);
	list = ask(w, 200, "GET", with_id("/v1/failed/", one, "", path), NULL);
	assert_int_equal(count(list, "deliveries"), 1);
	json_decref(list);
	assert_int_equal(changed(w, "POST", with_id("/v1/failed/", one, "/retry", path), NULL), 1);
	assert_int_equal(changed(w, "POST", "/v1/failed/retry?domain=example.com", NULL), 1);
	world_settle(w, two, 0, OUTCOME_FAILED, "554 5.7.1 no");
	assert_int_equal(changed(w, "POST", with_id("/v1/failed/", two, "/delete", path), NULL), 1);
	world_settle(w, one, 1, OUTCOME_FAILED, "554 5.7.1 no");
	assert_int_equal(changed(w, "POST", with_id("/v1/failed/", one, "/delete", path), NULL), 1);
	list = ask(w, 200, "GET", with_id("/v1/queue/", one, "", path), NULL);
	assert_int_equal(count(list, "deliveries"), 1);
	assert_string_equal(text(item(list, "deliveries", 0), "recipient"), "a@example.com");
	json_decref(list);
	refused(w, 409, "POST", with_id("/v1/failed/", one, "/delete", path), NULL,
		"is on the failed list");
	world_settle(w, one, 0, OUTCOME_FAILED, "554 5.7.1 no");
	assert_int_equal(changed(w, "POST", "/v1/failed/delete", NULL), 1);
}

static void set_primary(struct world *w, enum primary_state state)
{
	const struct board_primary p = { .host = "mail.example.com",
					 .port = 2525,
					 .state = state,
					 .since_ms = clock_wall_ms() - 180500,
					 .next_probe_ms = clock_wall_ms() + 30500,
					 .why = "Connection refused",
					 .greeting = "" };

	board_set_primaries(&w->board, &p, 1);
}

static void explain_tells_why_mail_waits_and_what_became_of_it(void **state)
{
	struct world *w = *state;
	char path[96];
	json_t *m;
	msgid id;

	done(w, "POST", "/v1/domains", EXAMPLE);
	id = world_accept(w, "x@y.example", "a@example.com", "b@example.com", "c@example.com");
	world_settle(w, id, 0, OUTCOME_DEFERRED, "451 4.3.0 not now");
	world_settle(w, id, 1, OUTCOME_DELIVERED, "250 2.0.0 kept as 4711");
	world_settle(w, id, 2, OUTCOME_FAILED, "550 5.1.1 moved away");
	with_id("/v1/explain/", id, "", path);
	m = ask(w, 200, "GET", path, NULL);
	must_tell(m, "from 192.0.2.9 as client.example");
	must_tell(m, "sender <x@y.example>, for 3 recipients");
	must_tell(m, "(5m ago)");
	must_tell(m, "a@example.com: queued, next try ");
	must_tell(m, "1 try so far");
	must_tell(m, "451 4.3.0 not now");
	must_tell(m, "mail.example.com:2525 has not been tried");
	must_tell(m, "b@example.com: delivered");
	must_tell(m, "kept as 4711");
	must_tell(m, "c@example.com: refused for good; on the failed list");
	assert_int_equal(count(m, "recipients"), 3);
	assert_true(count(m, "events") > 0);
	json_decref(m);

	board_set_primaries(&w->board,
			    &(struct board_primary){ .host = "mail.example.com",
						     .port = 2525,
						     .state = PRIMARY_PROBING,
						     .why = "",
						     .greeting = "" },
			    1);
	m = ask(w, 200, "GET", path, NULL);
	must_tell(m, "mail.example.com:2525 is being tried for the first time");
	json_decref(m);
	set_primary(w, PRIMARY_DOWN);
	m = ask(w, 200, "GET", path, NULL);
	must_tell(m, "is down since ");
	must_tell(m, "(3m ago): Connection refused; next probe ");
	must_tell(m, "(in 30s)");
	json_decref(m);
	set_primary(w, PRIMARY_PROBING);
	m = ask(w, 200, "GET", path, NULL);
	must_tell(m, "next probe now");
	json_decref(m);
	set_primary(w, PRIMARY_UP);
	m = ask(w, 200, "GET", path, NULL);
	must_tell(m, "is up: 0 connections, 0 messages on their way");
	json_decref(m);
}

static void a_settled_message_is_still_explained(void **state)
{
	struct world *w = *state;
	char path[96];
	json_t *m;
	msgid id;

	done(w, "POST", "/v1/domains", EXAMPLE);
	id = world_accept(w, "x@y.example", "a@example.com", NULL, NULL);
	world_settle(w, id, 0, OUTCOME_DELIVERED, "250 2.0.0 kept");
	refused(w, 404, "GET", with_id("/v1/queue/", id, "", path), NULL, "");
	m = ask(w, 200, "GET", with_id("/v1/explain/", id, "", path), NULL);
	must_tell(m, "a@example.com: delivered");
	must_tell(m, "mail.example.com:2525: 250 2.0.0 kept");
	assert_string_equal(text(item(m, "recipients", 0), "state"), "delivered");
	json_decref(m);
}

static void status_shows_daemon_store_domains_and_counters(void **state)
{
	struct world *w = *state;
	json_t *s, *d, *p;

	done(w, "POST", "/v1/domains", EXAMPLE);
	(void)world_accept(w, "x@y.example", "a@example.com", "b@example.com", NULL);
	set_primary(w, PRIMARY_DOWN);
	board_count(&w->board, COUNTER_accepted, 7);
	s = ask(w, 200, "GET", "/v1/status", NULL);
	assert_string_equal(text(s, "hostname"), "mx2.relay.example");
	assert_string_equal(text(s, "version"), PACKAGE_VERSION);
	assert_true(num(s, "uptime_ms") >= 60000);
	assert_true(json_is_true(json_object_get(json_object_get(s, "store"), "takes_mail")));
	assert_string_equal(text(json_object_get(s, "store"), "reason"), "");
	assert_string_equal(text(json_object_get(s, "database"), "engine"), "sqlite");
	assert_true(num(json_object_get(s, "database"), "bytes") > 0);
	d = item(s, "domains", 0);
	assert_int_equal(num(d, "queued"), 2);
	assert_true(num(d, "oldest_ms") > 0);
	p = item(d, "primaries", 0);
	assert_string_equal(text(p, "primary"), "mail.example.com:2525");
	assert_string_equal(text(p, "state"), "down");
	assert_string_equal(text(p, "why"), "Connection refused");
	assert_int_equal(count(s, "counters"), COUNTER_COUNT);
	assert_int_equal(count(json_object_get(s, "dns"), "counters"), DNS_COUNTER_COUNT);
	assert_int_equal(num(item(s, "counters", COUNTER_accepted), "value"), 7);
	json_decref(s);
}

static void every_change_is_audited_with_who_made_it(void **state)
{
	struct world *w = *state;
	json_t *a;

	done(w, "POST", "/v1/domains", EXAMPLE);
	done(w, "POST", "/v1/domains/example.com/recipients", "{\"recipients\":[\"bob\"]}");
	a = ask(w, 200, "GET", "/v1/audit?limit=1", NULL);
	assert_int_equal(count(a, "audit"), 1);
	assert_memory_equal(text(item(a, "audit", 0), "who"), "uid:", 4);
	assert_non_null(strstr(text(item(a, "audit", 0), "what"), "recipient"));
	json_decref(a);
	a = ask(w, 200, "GET", "/v1/audit", NULL);
	assert_int_equal(count(a, "audit"), 2);
	json_decref(a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_index_lists_the_routes),
		TEST(a_domain_is_added_shown_set_and_removed),
		TEST(wrong_requests_are_refused_with_one_clear_line),
		TEST(what_was_learned_is_forgotten_of_whom_it_was_or_of_all),
		TEST(users_are_added_listed_in_pages_and_removed),
		TEST(a_file_is_imported_whole_or_not_at_all),
		TEST(a_page_of_the_queue_ends_between_messages),
		TEST(a_message_is_held_released_and_deleted),
		TEST(the_failed_list_is_retried_or_given_up),
		TEST(explain_tells_why_mail_waits_and_what_became_of_it),
		TEST(a_settled_message_is_still_explained),
		TEST(status_shows_daemon_store_domains_and_counters),
		TEST(every_change_is_audited_with_who_made_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
