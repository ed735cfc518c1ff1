/* rows.h: the JSON of the things that several answers show.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_ROWS_H
#define ADMIN_ROWS_H

#include <jansson.h>

#include "db/settings.h"
#include "db/view.h"
#include "relay/board.h"

/* One recipient of a message. */
json_t *rows_delivery(const struct view_delivery *d) MUST_CHECK;
/* What all recipients of a message share: id, sender, size, received, client, helo, tls. */
json_t *rows_message(const struct view_delivery *d) MUST_CHECK;
/* The settings of a domain, and what the DNS must say: "example.com. IN MX 20 mx2.example." */
json_t *rows_domain(const struct domain *d, const char *hostname) MUST_CHECK;
/* Adds queued, held, failed, oldest; count may be NULL: nothing waits. */
void rows_put_count(json_t *object, const struct view_count *count);

/* Puts the rows in the order in which rows_find_primary looks. */
void rows_sort_primaries(struct board_primary *rows, size_t n);
/* The state of one primary; NULL when nothing has been tried there since the start. */
const struct board_primary *rows_find_primary(const struct board_primary *rows, size_t n,
					      const struct route *route) MUST_CHECK;
json_t *rows_primary(const struct route *route, const struct board_primary *p) MUST_CHECK;
/* "192.0.2.1:25", "[2001:db8::1]:25" */
#define ROWS_HOST_PORT_MAX 272
const char *rows_host_port(const struct route *route, char out[ROWS_HOST_PORT_MAX]);

#endif
