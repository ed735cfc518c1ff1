/* api_failed: the failed list: what a primary refused for good, kept until somebody decides.
 *
 * Giving up touches failed recipients only; what else waits of the message goes on.
 * SPDX-License-Identifier: ISC */
#include "admin/api_queue.h"

#define FAILED_ONLY (1U << STATE_FAILED)

json_t *api_failed_list(struct request *r, struct err *e)
{
	return api_queue_page(r, FAILED_ONLY, e);
}

json_t *api_failed_show(struct request *r, struct err *e)
{
	return api_queue_message(r, FAILED_ONLY, "on the failed list", e);
}

json_t *api_failed_retry(struct request *r, struct err *e)
{
	return api_queue_act(r, QUEUE_RETRY, e);
}

json_t *api_failed_delete(struct request *r, struct err *e)
{
	return api_queue_act(r, QUEUE_GIVE_UP, e);
}

static json_t *act_on_all(struct request *r, enum queue_act act, struct err *e)
{
	uint64_t changed;

	if (!change_failed_all(r->world->store, r->who, target_query(&r->target, "domain"), act,
			       &changed, e))
		return NULL;
	return api_changed(changed);
}

json_t *api_failed_retry_all(struct request *r, struct err *e)
{
	return act_on_all(r, QUEUE_RETRY, e);
}

json_t *api_failed_delete_all(struct request *r, struct err *e)
{
	return act_on_all(r, QUEUE_DELETE, e);
}
