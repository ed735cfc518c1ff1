/* admin_world: the real store and the real admin thread; only the loops are missing.
 * SPDX-License-Identifier: ISC */
#include "admin_world.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

static const char message_text[] = "Received: from a by b;\r\n"
				   "\tSun, 22 Nov 2026 15:20:12 +0000\r\n"
				   "Subject: caf\xe9 \x1b[2J\r\n"
				   "\r\n"
				   "Not: a header\r\n";

static void load_conf(struct world *w)
{
	char path[128];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/mxkeep.conf", w->dir);

	FILE *f = fopen(path, "w");

	assert_non_null(f);
	(void)fprintf(f,
		      "hostname = \"mx2.relay.example\"\nstate_dir = \"%s\"\ncontrol = \"%s\"\n"
		      "store { min_free = \"0\" }\n",
		      w->dir, w->socket);
	assert_int_equal(fclose(f), 0);
	if (!conf_load(path, &w->conf, &e))
		fail_msg("%s", e.text);
}

struct admin_world world_view(struct world *w)
{
	return (struct admin_world){
		.conf = w->conf, .store = w->store, .settings = &w->settings, .board = &w->board
	};
}

void world_start(struct world *w)
{
	struct err e;

	*w = (struct world){ .dir = "/tmp/mxkeep-admin-XXXXXX" };
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->socket, sizeof(w->socket), "%s/control.sock", w->dir);
	load_conf(w);
	settings_board_init(&w->settings);
	board_init(&w->board, clock_wall_ms() - 60000);
	inbox_init(&w->answers, NULL, NULL);
	if (!store_open(w->conf, NULL, &w->settings, NULL, &w->store, &e))
		fail_msg("%s", e.text);

	struct admin_world view = world_view(w);

	if (!admin_start(&view, &w->admin, &e))
		fail_msg("%s", e.text);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void world_stop(struct world *w)
{
	admin_stop(w->admin);
	store_close(w->store);
	board_done(&w->board);
	settings_board_done(&w->settings);
	inbox_done(&w->answers);
	conf_unref(w->conf);
	assert_int_equal(nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *arg)
{
	return buf_add(arg, (struct str){ bytes, size * n }) ? size * n : 0;
}

long world_send(struct world *w, const char *method, const char *path, const char *bytes, size_t n,
		json_t **ret)
{
	CURL *curl = curl_easy_init();
	char *url = mem_printf("http://localhost%s", path);
	struct buf answer;
	long status = 0;

	buf_init(&answer, 64 * 1024 * 1024);
	assert_non_null(curl);
	(void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, w->socket);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	if (bytes) {
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	}
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);

	CURLcode code = curl_easy_perform(curl);

	if (code != CURLE_OK)
		fail_msg("%s %s: %s", method, path, curl_easy_strerror(code));
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (ret) {
		*ret = json_loadb(buf_str(&answer).at, buf_len(&answer), 0, NULL);
		assert_non_null(*ret);
	}
	buf_done(&answer);
	curl_easy_cleanup(curl);
	free(url);
	return status;
}

long world_ask(struct world *w, const char *method, const char *path, const char *body,
	       json_t **ret)
{
	if (!body && strcmp(method, "GET") != 0)
		body = "";
	return world_send(w, method, path, body, body ? strlen(body) : 0, ret);
}

static void on_done(void *owner, struct job *job)
{
	(void)owner;
	(void)job;
}

static void wait_for(struct world *w, struct job *job)
{
	struct list done;

	list_init(&done);
	store_put(w->store, job);
	assert_true(inbox_wait(&w->answers, &done, 10000));
	assert_ptr_equal(LIST_ITEM(done.next, struct job, link), job);
	if (!job->ok)
		fail_msg("%s", job->err.text);
	job_free(job);
}

static int64_t example_domain(struct world *w)
{
	struct settings *s = settings_board_get(&w->settings);
	const struct domain *d = settings_find(s, STR("example.com"));

	assert_non_null(d);

	int64_t id = d->id;

	settings_unref(s);
	return id;
}

msgid world_accept(struct world *w, const char *sender, const char *a, const char *b, const char *c)
{
	struct job_accept *job = job_new_accept(&w->answers, on_done, NULL);
	const char *const names[] = { a, b, c };
	struct envelope_rcpt *rcpts = arena_alloc(job->job.arena, 3 * sizeof(*rcpts));
	struct envelope *env = &job->env;

	assert_non_null(rcpts);
	for (size_t i = 0; i < 3 && names[i]; i++) {
		rcpts[i].address = arena_dup(job->job.arena, str_of(names[i]));
		rcpts[i].domain = example_domain(w);
		env->rcpt_count++;
	}
	env->id = id_next(store_ids(w->store), clock_wall_ms());
	env->sender = arena_dup(job->job.arena, str_of(sender));
	env->client = STR("192.0.2.9");
	env->helo = STR("client.example");
	env->received_ms = clock_wall_ms() - 5 * 60 * 1000;
	env->esmtp = true;
	env->rcpts = rcpts;
	job->body = (struct body){ .mem = mem_str(STR(message_text)),
				   .fd = -1,
				   .size = sizeof(message_text) - 1 };

	msgid id = env->id;

	wait_for(w, &job->job);
	return id;
}

void world_settle(struct world *w, msgid id, unsigned seq, enum outcome_kind kind,
		  const char *reply)
{
	struct job_settle *job = job_new_settle(&w->answers, on_done, NULL);
	struct outcome *o = arena_alloc(job->job.arena, sizeof(*o));

	assert_non_null(o);
	o->seq = seq;
	o->kind = kind;
	o->reply = arena_dup(job->job.arena, str_of(reply));
	o->primary = STR("mail.example.com:2525");
	o->next_try_ms = kind == OUTCOME_DEFERRED ? clock_wall_ms() + 200 * 1000 : 0;
	job->message = id;
	job->outcomes = o;
	job->outcome_count = 1;
	wait_for(w, &job->job);
}
