/* pages.h: what is answered as plain text, to everybody: for monitoring.
 *
 * They tell nothing of any message or address, so they stand on the TCP listeners too, where
 * nobody can be told from anybody.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_PAGES_H
#define ADMIN_PAGES_H

#include "admin/api.h"
#include "base/buf.h"

/* Fills out; false with *e when it cannot be told. */
typedef bool page_fn(struct request *r, struct buf *out, struct err *e);

struct page {
	const char *path;
	page_fn *write;
	const char *type; /* Content-Type */
};

/* NULL when it is no page. */
const struct page *pages_find(const struct target *t);

page_fn metrics_write, health_write;

#endif
