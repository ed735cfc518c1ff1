/* settings.h: how a settings snapshot is loaded, for settings*.c.
 * SPDX-License-Identifier: ISC */
#ifndef DB_SQLITE_SETTINGS_H
#define DB_SQLITE_SETTINGS_H

#include "base/arena.h"
#include "db/sqlite/sqlite.h"

struct loading {
	struct arena *arena;
	struct domain *domains; /* malloc'ed while it grows */
	size_t count, room;
	struct policy_settings *policy; /* for all */
	struct access *access;          /* for all, or NULL */
};

/* The domains are there, sorted by id. */
bool settings_load_patterns(struct backend *b, struct loading *l, struct err *e) MUST_CHECK;
bool settings_load_policies(struct backend *b, struct loading *l, struct err *e) MUST_CHECK;
bool settings_load_access(struct backend *b, struct loading *l, struct err *e) MUST_CHECK;

#endif
