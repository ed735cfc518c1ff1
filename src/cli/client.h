/* client.h: requests to the daemon over its control socket (libcurl, and nobody else includes it).
 * SPDX-License-Identifier: ISC */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <stdbool.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

struct client;

#define CLIENT_FILE_MAX ((size_t)64 * 1024 * 1024) /* the daemon takes no larger file */

struct client *client_new(const char *socket);
void client_free(struct client *c); /* NULL is accepted */

/* A path under /v1, percent-encoded: client_path(&p, "domains", name, NULL). */
void client_path(struct buf *path, const char *first, ...) __attribute__((sentinel));
/* Adds ?key=value or &key=value; nothing when value is NULL. */
void client_query(struct buf *path, const char *key, const char *value);

/* One request; body may be NULL.  The path is used up.  NULL: failed, and the line on stderr has
 * been written. */
json_t *client_call(struct client *c, const char *method, struct buf *path,
		    const json_t *body) MUST_CHECK;
/* POSTs a file as it is. */
json_t *client_send(struct client *c, struct buf *path, struct str file) MUST_CHECK;

#endif
