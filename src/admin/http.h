/* http.h: the HTTP server on the control socket and on TCP: libmicrohttpd, and nobody else includes
 * it.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_HTTP_H
#define ADMIN_HTTP_H

#include <stdbool.h>

#include "admin/admin.h"
#include "base/err.h"
#include "db/view.h"

struct http;

/* The control socket, whose peers are known; or TCP, where only the pages (pages.h) are. */
enum http_door { HTTP_CONTROL, HTTP_OPEN };

/* Answers on the listening socket fd, in a thread of its own and one for each request that may take
 * long (errand.h); fd is closed by http_close, or here when the start fails.  world and view must
 * outlive it; view is used by the first of them alone. */
bool http_open(const struct admin_world *world, struct view *view, int fd, enum http_door door,
	       struct http **ret, struct err *e) MUST_CHECK;
/* Waits for the requests in hand.  NULL is accepted. */
void http_close(struct http *h);

#endif
