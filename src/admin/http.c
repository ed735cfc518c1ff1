/* http: one request, from the first byte of its head to the answer.
 *
 *	on_uri      the raw target is known: the exchange begins; it is taken apart (target.c)
 *	on_request  called for the head (begin: who asks, which route), for each piece of the body
 *	            (gather) and at its end (finish: the handler runs, the answer is queued)
 *	run_apart   in a thread of the request's own, while the connection sleeps (errand.c); then
 *	            on_request is called once more, and sends the answer
 *	on_completed the exchange is freed, however it ended
 *
 * The loop itself answers only what waits for nobody: refusals, the pages, the status.  So these
 * are answered whatever other operators wait for: DNS, the writer, a long walk.  A refused request
 * is read to its end first: closing a socket with unread bytes in it would take the refusal away
 * from the client.  Bodies are gathered here and not by MHD_PostProcessor, which knows forms only.
 * SPDX-License-Identifier: ISC */
#include "admin/http.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "admin/body.h"
#include "admin/errand.h"
#include "admin/pages.h"
#include "admin/routes.h"
#include "base/buf.h"
#include "base/clock.h"

#define CONNECTIONS_MAX   (ERRANDS_MAX + 16U) /* the rest: for who is answered at once */
#define IDLE_S            30U
#define NO_FILES_MS       100
#define HEAD_BYTES_MAX    ((size_t)(16 * 1024)) /* a connection's memory: head and read buffer */
#define HEAD_BYTES_STEP   ((size_t)1024)
#define STACK_BYTES       ((size_t)(256 * 1024))
#define ARENA_BYTES_MAX   ((size_t)(64 * 1024 * 1024)) /* texts of the longest answer */
#define DROPPED_BYTES_MAX ((uint64_t)4 * API_FILE_MAX) /* of a refused body, then we hang up */
#define PAGE_BYTES_MAX    ((size_t)4 * 1024 * 1024)

struct http {
	struct MHD_Daemon *daemon;
	const struct admin_world *world;
	struct view *view; /* the loop's */
	struct errands *errands;
	enum http_door door;
};

struct exchange {
	struct http *http;
	struct MHD_Connection *connection;
	struct errand errand;
	struct request request;
	const struct api_route *route;
	const struct page *page; /* or this */
	char method[16];
	bool begun;
	unsigned status; /* not 0: refused so, for what err says */
	struct err err;
	struct buf body;
	uint64_t dropped;
	char who[96];
	char *text; /* the answer, from malloc; NULL: not yet, or it could not be made */
	size_t text_n;
	const char *type; /* Content-Type; NULL: not answered yet */
};

/* -- answers ------------------------------------------------------------------- */

static unsigned status_of(enum err_kind kind)
{
	switch (kind) {
	case ERR_INPUT:
		return MHD_HTTP_BAD_REQUEST;
	case ERR_NOTFOUND:
		return MHD_HTTP_NOT_FOUND;
	case ERR_CONFLICT:
		return MHD_HTTP_CONFLICT;
	case ERR_TEMP:
	case ERR_FULL:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	case ERR_NONE:
	case ERR_PERM:
		break;
	}
	return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

PRINTF(3, 4) static void refuse(struct exchange *x, unsigned status, const char *fmt, ...)
{
	va_list args;

	if (x->status)
		return;
	x->status = status;
	va_start(args, fmt);
	(void)vsnprintf(x->err.text, sizeof(x->err.text), fmt, args);
	va_end(args);
}

static void log_request(const struct http *h, const struct exchange *x)
{
	/* Strangers on TCP may be wrong as often as they like, without filling the log. */
	bool known = h->door == HTTP_CONTROL;
	bool changes = known && strcmp(x->method, "GET") != 0;
	bool odd = x->status >= 500 || (known && x->status == MHD_HTTP_FORBIDDEN);
	enum log_level level = odd ? LOG_WARNING : changes ? LOG_INFO : LOG_DEBUG;

	struct log_field fields[6] = {
		F_CSTR("who", x->who),
		F_CSTR("method", x->method),
		F_INT("status", x->status),
	};
	size_t n = 3;

	if (x->page)
		fields[n++] = (struct log_field)F_CSTR("path", x->page->path);
	if (x->route)
		fields[n++] = (struct log_field)F_CSTR("path", x->route->path);
	if (x->request.args[0])
		fields[n++] = (struct log_field)F_CSTR("name", x->request.args[0]);
	if (x->status != MHD_HTTP_OK)
		fields[n++] = (struct log_field)F_CSTR("error", x->err.text);
	log_write(h->world->log, level, "admin", fields, n);
}

static void answer_json(struct exchange *x, const json_t *json)
{
	x->type = "application/json";
	x->text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	x->text_n = x->text ? strlen(x->text) : 0;
}

static json_t *error_json(const struct exchange *x)
{
	json_t *json = json_object();

	api_put(json, "error", x->err.text[0] ? x->err.text : "internal error");
	return json;
}

/* The text is the response's from here on. */
static enum MHD_Result send_answer(struct exchange *x)
{
	struct MHD_Response *response;
	enum MHD_Result queued;

	if (!x->text)
		return MHD_NO;
	response = MHD_create_response_from_buffer(x->text_n, x->text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	x->text = NULL;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, x->type);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	queued = MHD_queue_response(x->connection, x->status, response);
	MHD_destroy_response(response);
	return queued;
}

/* -- who asks -------------------------------------------------------------------- */

static void name_user(uid_t uid, char *out, size_t max)
{
	struct passwd row, *found = NULL;
	char mem[4096];

	if (getpwuid_r(uid, &row, mem, sizeof(mem), &found) == 0 && found)
		(void)snprintf(out, max, "uid:%s", found->pw_name);
	else
		(void)snprintf(out, max, "uid:%u", (unsigned)uid);
}

/* Root and the daemon's own user may; the socket's group may knock, no more. */
static void check_peer(struct exchange *x, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
		refuse(x, MHD_HTTP_FORBIDDEN, "cannot tell who asks");
		return;
	}
	name_user(peer.uid, x->who, sizeof(x->who));
	if (peer.uid != 0 && peer.uid != geteuid())
		refuse(x, MHD_HTTP_FORBIDDEN, "%s may not use the control socket", x->who);
}

/* TCP: nobody can be told from anybody, so nothing but the pages. */
static void check_page(struct exchange *x)
{
	(void)snprintf(x->who, sizeof(x->who), "tcp");
	if (x->page)
		return;
	x->status = 0; /* whatever else is wrong with it */
	refuse(x, MHD_HTTP_FORBIDDEN, "only /metrics and /health are open here");
}

/* -- the request ------------------------------------------------------------------ */

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *c)
{
	struct http *h = arg;
	struct exchange *x = mem_alloc(sizeof(*x));
	struct request *r = &x->request;

	x->http = h;
	x->connection = c;
	r->world = h->world;
	r->view = h->view;
	r->arena = arena_new(ARENA_BYTES_MAX);
	r->who = x->who;
	r->now_ms = clock_wall_ms();
	buf_init(&x->body, 0);
	if (!target_parse(r->arena, str_of(uri), &r->target, &x->err))
		x->status = MHD_HTTP_BAD_REQUEST;
	return x;
}

static void find_route(struct exchange *x)
{
	struct request *r = &x->request;

	if (x->status || x->page)
		return;
	switch (routes_find(x->method, &r->target, &x->route, r->args)) {
	case ROUTES_NO_PATH:
		refuse(x, MHD_HTTP_NOT_FOUND, "there is nothing at this path; GET /v1 lists all");
		return;
	case ROUTES_NO_METHOD:
		refuse(x, MHD_HTTP_METHOD_NOT_ALLOWED, "%s is not possible here; GET /v1 lists all",
		       x->method);
		return;
	case ROUTES_FOUND:
		break;
	}
	if (!routes_check_query(x->route, &r->target, &x->err))
		x->status = MHD_HTTP_BAD_REQUEST;
}

static void begin(struct http *h, struct exchange *x, struct MHD_Connection *c,
		  const char *method)
{
	x->begun = true;
	(void)snprintf(x->method, sizeof(x->method), "%s", method);
	if (!x->status && strcmp(method, "GET") == 0)
		x->page = pages_find(&x->request.target);
	if (h->door == HTTP_OPEN)
		check_page(x);
	else
		check_peer(x, c);
	find_route(x);
	if (x->status || x->page)
		return;
	if (x->route->body == API_JSON)
		buf_init(&x->body, API_TEXT_MAX);
	else if (x->route->body == API_FILE)
		buf_init(&x->body, API_FILE_MAX);
}

static void gather(struct exchange *x, struct str piece)
{
	if (!x->status && buf_add(&x->body, piece))
		return;
	x->dropped += piece.n;
	if (x->body.max == 0)
		refuse(x, MHD_HTTP_BAD_REQUEST, "no body is wanted here");
	else
		refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than %zu bytes",
		       x->body.max);
	buf_done(&x->body);
}

/* -- the answer -------------------------------------------------------------------- */

static json_t *run_route(struct exchange *x)
{
	struct request *r = &x->request;
	json_t *answer = NULL;

	if (x->route->body == API_JSON)
		r->body = body_parse(buf_str(&x->body), &x->err);
	r->file = buf_str(&x->body);
	if (x->route->body != API_JSON || r->body)
		answer = x->route->run(r, &x->err);
	x->status = answer ? MHD_HTTP_OK : status_of(x->err.kind);
	return answer;
}

static bool run_page(struct exchange *x)
{
	struct buf out;
	bool ok;

	buf_init(&out, PAGE_BYTES_MAX);
	ok = x->page->write(&x->request, &out, &x->err);
	x->status = ok ? MHD_HTTP_OK : status_of(x->err.kind);
	if (ok) {
		x->type = x->page->type;
		x->text = buf_take(&out, &x->text_n);
	}
	buf_done(&out);
	return ok;
}

/* By the loop, or by the request's own thread. */
static void make_answer(struct exchange *x)
{
	CLEANUP(api_unref) json_t *answer = NULL;
	bool done = false;

	if (!x->status && x->page)
		done = run_page(x);
	else if (!x->status)
		answer = run_route(x);
	log_request(x->http, x);
	if (done)
		return;
	if (!answer)
		answer = error_json(x);
	answer_json(x, answer);
}

static void *run_apart(void *exchange)
{
	struct exchange *x = exchange;

	make_answer(x);
	MHD_resume_connection(x->connection);
	return NULL;
}

/* The status is looked at when nothing else goes on: it must not wait for a place either. */
static bool may_take_long(const struct exchange *x)
{
	return !x->status && x->route && x->route->run != api_status;
}

/* The connection sleeps until it has run.  False when it cannot: then x says so. */
static bool hand_over(struct http *h, struct exchange *x)
{
	if (!errand_admit(h->errands, &x->errand, &x->err)) {
		x->status = status_of(x->err.kind);
		return false;
	}
	x->request.view = x->errand.view;
	MHD_suspend_connection(x->connection);
	if (!errand_start(&x->errand, run_apart, x, &x->err)) {
		x->status = status_of(x->err.kind);
		MHD_resume_connection(x->connection);
	}
	return true;
}

/* An errand ends behind its answer: one that is queued after MHD_stop_daemon began is lost. */
static enum MHD_Result finish(struct http *h, struct exchange *x)
{
	enum MHD_Result queued;

	if (!x->type && may_take_long(x) && hand_over(h, x))
		return MHD_YES;
	if (!x->type)
		make_answer(x);
	queued = send_answer(x);
	errand_end(h->errands, &x->errand);
	return queued;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **own)
{
	struct http *h = arg;
	struct exchange *x = *own;

	(void)url;
	(void)version;
	if (!x)
		return MHD_NO;
	if (!x->begun) {
		begin(h, x, c, method);
		return MHD_YES;
	}
	if (*size > 0) {
		gather(x, (struct str){ data, *size });
		*size = 0;
		return x->dropped > DROPPED_BYTES_MAX ? MHD_NO : MHD_YES;
	}
	return finish(h, x);
}

static void on_completed(void *arg, struct MHD_Connection *c, void **own,
			 enum MHD_RequestTerminationCode why)
{
	struct http *h = arg;
	struct exchange *x = *own;

	(void)c;
	(void)why;
	*own = NULL;
	if (!x)
		return;
	errand_end(h->errands, &x->errand);
	free(x->text);
	json_decref(x->request.body);
	buf_done(&x->body);
	arena_free(x->request.arena);
	free(x);
}

/* -- the server ---------------------------------------------------------------------- */

/* The target stays as it came: target.c decodes it. */
static size_t on_unescape(void *arg, struct MHD_Connection *c, char *text)
{
	(void)arg;
	(void)c;
	return strlen(text);
}

/* Mostly complaints that a unix socket has no TCP_NODELAY.  When no descriptor is left for a first
 * connection the library complains and tries again at once, for ever: here is the only place where
 * it can be made to wait. */
static void __attribute__((format(printf, 2, 0)))
on_library_log(void *arg, const char *fmt, va_list args)
{
	struct http *h = arg;
	char text[256];

	if (errno == EMFILE || errno == ENFILE)
		(void)poll(NULL, 0, NO_FILES_MS);
	if (!log_is_on(h->world->log, LOG_DEBUG))
		return;
	(void)vsnprintf(text, sizeof(text), fmt, args);
	log_say(h->world->log, LOG_DEBUG, "admin_http", F_CSTR("text", text));
}

static struct MHD_Daemon *start_daemon(struct http *h, int fd)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC |
			 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	/* One option a line. */
	/* clang-format off */
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, h,
				MHD_OPTION_EXTERNAL_LOGGER, on_library_log, h,
				MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_URI_LOG_CALLBACK, on_uri, h,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
				MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, h,
				MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_BYTES_MAX,
				MHD_OPTION_CONNECTION_MEMORY_INCREMENT, HEAD_BYTES_STEP,
				MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES,
				MHD_OPTION_END);
	/* clang-format on */
}

bool http_open(const struct admin_world *world, struct view *view, int fd, enum http_door door,
	       struct http **ret, struct err *e)
{
	struct http *h = mem_alloc(sizeof(*h));
	sigset_t all, before;

	h->world = world;
	h->view = view;
	h->door = door;
	h->errands = errands_new(world->conf);
	/* Threads inherit the mask: signals belong to the main thread. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	h->daemon = start_daemon(h, fd);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!h->daemon) {
		(void)close(fd);
		errands_free(h->errands);
		free(h);
		return err_set(e, ERR_TEMP, "cannot start the admin thread");
	}
	*ret = h;
	return true;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	errands_stop(h->errands); /* the library cannot stop while a connection sleeps */
	MHD_stop_daemon(h->daemon);
	errands_free(h->errands);
	free(h);
}
