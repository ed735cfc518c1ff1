/* client: HTTP and JSON over the unix socket.
 *
 * The environment's proxies are not asked, redirects are not followed, and an answer has a maximum,
 * as for any peer.  No "Expect: 100-continue": on a local socket it only costs a round trip.
 * SPDX-License-Identifier: ISC */
#include "cli/client.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/arena.h"
#include "cli/cli.h"

#define PATH_BYTES_MAX   ((size_t)8 * 1024)
#define ANSWER_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define CONNECT_MS       5000L
#define REQUEST_S        600L /* a large import takes its time */

struct client {
	CURL *curl;
	struct curl_slist *headers;
	char *socket;
	struct buf answer;
	char why[CURL_ERROR_SIZE];
};

static NORETURN void give_up(const char *text)
{
	exit(cli_fail("%s", text));
}

static size_t on_answer(char *bytes, size_t size, size_t n, void *arg)
{
	struct client *c = arg;

	return buf_add(&c->answer, (struct str){ bytes, size * n }) ? size * n : 0;
}

static void set_options(struct client *c)
{
	(void)curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->socket);
	(void)curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c->curl, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, REQUEST_S);
	(void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
	(void)curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->why);
	(void)curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_answer);
	(void)curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http");
#else
	(void)curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTP);
#endif
}

struct client *client_new(const char *socket)
{
	struct client *c = mem_alloc(sizeof(*c));

	if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
		give_up("cannot start libcurl");
	c->curl = curl_easy_init();
	c->socket = mem_str(str_of(socket));
	c->headers = curl_slist_append(NULL, "Expect:");
	if (!c->curl || !c->headers)
		give_up("cannot start libcurl");
	buf_init(&c->answer, ANSWER_BYTES_MAX);
	set_options(c);
	return c;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	curl_slist_free_all(c->headers);
	buf_done(&c->answer);
	free(c->socket);
	free(c);
	curl_global_cleanup();
}

static void add(struct buf *path, const char *text)
{
	if (!buf_add(path, str_of(text)))
		give_up("an argument is too long");
}

/* Everything but letters, digits and -._~ (RFC 3986 §2.3) is encoded. */
static void add_encoded(struct buf *path, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (const char *p = text; *p; p++) {
		if (strchr(plain, *p) ? !buf_add(path, (struct str){ p, 1 })
				      : !buf_addf(path, "%%%02X", (unsigned)(unsigned char)*p))
			give_up("an argument is too long");
	}
}

void client_path(struct buf *path, const char *first, ...)
{
	va_list args;

	buf_init(path, PATH_BYTES_MAX);
	add(path, "http://localhost/v1");
	va_start(args, first);
	for (const char *part = first; part; part = va_arg(args, const char *)) {
		add(path, "/");
		add_encoded(path, part);
	}
	va_end(args);
}

void client_query(struct buf *path, const char *key, const char *value)
{
	if (!value)
		return;
	add(path, str_find(buf_str(path), '?') < 0 ? "?" : "&");
	add_encoded(path, key);
	add(path, "=");
	add_encoded(path, value);
}

static json_t *explain_failure(struct client *c, CURLcode code)
{
	const char *why = c->why[0] ? c->why : curl_easy_strerror(code);
	long os_errno = 0;

	(void)curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &os_errno);
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		cli_fail("no daemon answers at %s: %s", c->socket,
			 os_errno ? strerror((int)os_errno) : why);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		cli_fail("the daemon at %s does not answer in time", c->socket);
	else
		cli_fail("the daemon at %s broke the answer off: %s", c->socket, why);
	return NULL;
}

/* The answer as JSON, or the daemon's refusal on stderr. */
static json_t *read_answer(struct client *c)
{
	struct str text = buf_str(&c->answer);
	json_t *json = json_loadb(text.at, text.n, 0, NULL);
	long status = 0;

	(void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	if (json && status == 200)
		return json;

	const char *refusal = json_string_value(json_object_get(json, "error"));

	if (refusal)
		cli_fail("%s", refusal);
	else
		cli_fail("%s does not answer like mxkeepd (status %ld)", c->socket, status);
	json_decref(json);
	return NULL;
}

static json_t *perform(struct client *c, struct buf *path)
{
	char *url = mem_str(buf_str(path));

	buf_clear(&c->answer);
	c->why[0] = '\0';
	(void)curl_easy_setopt(c->curl, CURLOPT_URL, url);

	CURLcode code = curl_easy_perform(c->curl);

	free(url);
	buf_done(path);
	return code == CURLE_OK ? read_answer(c) : explain_failure(c, code);
}

static json_t *post(struct client *c, const char *method, struct buf *path, struct str body)
{
	(void)curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body.at);
	(void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	(void)curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
	return perform(c, path);
}

json_t *client_call(struct client *c, const char *method, struct buf *path, const json_t *body)
{
	if (strcmp(method, "GET") == 0) {
		(void)curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
		(void)curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, NULL);
		return perform(c, path);
	}

	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_t *answer = post(c, method, path, str_of(text));

	free(text);
	return answer;
}

json_t *client_send(struct client *c, struct buf *path, struct str file)
{
	return post(c, "POST", path, file);
}
