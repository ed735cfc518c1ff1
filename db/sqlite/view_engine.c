/* view_engine: which SQLite serves us, how large its file is, and whether it has the WAL-reset bug.
 *
 * That bug (3.7.0 to 3.51.2; mended in 3.51.3, 3.50.7 and 3.44.6) needs a second connection that
 * writes or checkpoints.  We have one only, by rule; operators are told all the same, so that
 * nobody opens the file with another tool that writes.
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include "db/sqlite/view.h"

/* sqlite3_libversion_number() is major * 1000000 + minor * 1000 + patch. */
static bool has_wal_reset_bug(int version)
{
	if (version >= 3051003)
		return false;
	return !(version >= 3050007 && version < 3051000) &&
	       !(version >= 3044006 && version < 3045000);
}

bool view_engine(struct view *v, struct arena *a, struct view_engine *ret, struct err *e)
{
	const char *version = arena_cstr(a, str_of(sqlite3_libversion()));
	struct stat file;

	if (!version)
		return err_set(e, ERR_TEMP, "no memory for the answer");
	if (stat(v->path, &file) != 0)
		return err_errno(e, "cannot look at %s", v->path);
	*ret = (struct view_engine){
		.name = "sqlite",
		.version = version,
		.bytes = (uint64_t)file.st_size,
		.wal_reset_bug = has_wal_reset_bug(sqlite3_libversion_number()),
	};
	return true;
}
