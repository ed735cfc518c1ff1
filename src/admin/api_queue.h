/* api_queue.h: what the queue and the failed list have in common.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_API_QUEUE_H
#define ADMIN_API_QUEUE_H

#include "admin/api.h"
#include "db/change.h"

#define API_QUEUE_ALL (1U << STATE_QUEUED | 1U << STATE_HELD | 1U << STATE_FAILED)

/* Rows in any of the states (bits 1 << STATE_…), with ?domain= ?limit= ?after=. */
json_t *api_queue_page(struct request *r, unsigned states, struct err *e) MUST_CHECK;
/* One message, with the recipients in these states; where: "in the queue". */
json_t *api_queue_message(struct request *r, unsigned states, const char *where,
			  struct err *e) MUST_CHECK;
json_t *api_queue_act(struct request *r, enum queue_act act, struct err *e) MUST_CHECK;

#endif
