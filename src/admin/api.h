/* api.h: what a handler of the API is given, and the few things all handlers do.
 *
 * A handler is an ordinary function on a thread of the request's own, beside others: it reads the
 * request, may block on the store, and answers JSON, or NULL with *e saying in one line what is
 * wrong.  Which HTTP status an error has is decided in one place (http.c).
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_API_H
#define ADMIN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "admin/admin.h"
#include "admin/target.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/str.h"
#include "db/view.h"

#define API_ARGS_MAX 2
#define API_TEXT_MAX (1024 * 1024)      /* bytes of a JSON body */
#define API_FILE_MAX (64 * 1024 * 1024) /* bytes of a raw one */

enum api_body { API_NONE, API_JSON, API_FILE };

struct request {
	const struct admin_world *world;
	struct view *view;
	struct arena *arena; /* dies with the request */
	struct target target;
	const char *args[API_ARGS_MAX]; /* what stood for the {names} in the path, in order */
	const char *who;                /* for the audit: "uid:root" */
	int64_t now_ms;
	json_t *body;    /* API_JSON: an object, maybe empty */
	struct str file; /* API_FILE */
};

typedef json_t *api_fn(struct request *r, struct err *e);

/* One row of routes.c. */
struct api_route {
	const char *method, *path; /* "/v1/domains/{name}" */
	api_fn *run;
	enum api_body body;
	const char *query; /* names that may stand in the query, blank between; or NULL */
	const char *says;
};

/* -- reading the request ------------------------------------------------------ */

/* The id that stands for the first {name}. */
bool api_id(const struct request *r, msgid *ret, struct err *e) MUST_CHECK;
/* The domain of this name, in either form. */
bool api_domain(const struct request *r, const char *name, int64_t *ret_id, struct err *e)
	MUST_CHECK;
/* ?limit=N, 1 to VIEW_LIMIT_MAX - 1, larger ones are cut; fallback when it is not given. */
bool api_limit(const struct request *r, unsigned fallback, unsigned *ret, struct err *e) MUST_CHECK;
/* ?key=yes|no; no when it is not given. */
bool api_flag(const struct request *r, const char *key, bool *ret, struct err *e) MUST_CHECK;
/* Text of a member of the body; NULL when it is not there. */
bool api_text(const struct request *r, const char *key, const char **ret, struct err *e) MUST_CHECK;
/* A member that sets something: a string, or a number or boolean as GET answers it; as text. */
bool api_setting(const struct request *r, const char *key, const json_t *value, const char **ret,
		 struct err *e) MUST_CHECK;
/* The texts of a member that is an array of texts, one at least. */
bool api_texts(const struct request *r, const char *key, const char *const **ret, size_t *ret_n,
	       struct err *e) MUST_CHECK;

/* -- making the answer --------------------------------------------------------- */

/* Bytes from outside need not be UTF-8: those that are not are written \xNN.  NULL gives null. */
json_t *api_string(const char *text) MUST_CHECK;
void api_put(json_t *object, const char *key, const char *text);
void api_put_num(json_t *object, const char *key, int64_t number);
void api_put_bool(json_t *object, const char *key, bool value);
/* Two members: key "_ms" with the number and key with RFC 3339 text; both null for 0. */
void api_put_time(json_t *object, const char *key, int64_t wall_ms);
void api_put_id(json_t *object, const char *key, msgid id);
/* {"changed": n} */
json_t *api_changed(uint64_t n) MUST_CHECK;
void api_unref(json_t **json); /* for CLEANUP */

/* -- the handlers -------------------------------------------------------------- */

api_fn api_index, api_status, api_audit, api_explain, api_session_list;
api_fn api_domain_list, api_domain_add, api_domain_show, api_domain_set, api_domain_remove;
api_fn api_recipient_list, api_recipient_add, api_recipient_remove, api_recipient_import,
	api_recipient_forget;
api_fn api_access_list, api_access_add, api_access_remove;
api_fn api_policy_show, api_policy_set, api_policy_show_all, api_policy_set_all,
	api_policy_report, api_policy_report_all, api_policy_test;
api_fn api_greylist_list, api_greylist_forget;
api_fn api_queue_list, api_queue_show;
api_fn api_queue_hold, api_queue_release, api_queue_delete, api_queue_flush;
api_fn api_failed_list, api_failed_show, api_failed_retry, api_failed_delete;
api_fn api_failed_retry_all, api_failed_delete_all;

#endif
