/* doubt.c: see doubt.h.
 *
 * Whether a skip was an error or the truth is not asked: both are met by waiting.  A clock that is
 * set back ends no doubt, for nobody knows which of the two times was right.
 * SPDX-License-Identifier: ISC */
#include "relay/doubt.h"

static void begin_doubt(struct doubt *d, int64_t skipped_ms, int64_t mono_ms)
{
	int64_t until_ms =
		mono_ms + (skipped_ms < DOUBT_MOST_MS ? skipped_ms : DOUBT_MOST_MS);

	if (until_ms > d->until_ms)
		d->until_ms = until_ms;
}

void doubt_begin(struct doubt *d, int64_t last_ms, int64_t wall_ms, int64_t mono_ms)
{
	*d = (struct doubt){ .offset_ms = wall_ms - mono_ms, .until_ms = mono_ms };
	if (last_ms && wall_ms - last_ms >= DOUBT_SKIP_MS)
		begin_doubt(d, wall_ms - last_ms, mono_ms);
}

bool doubt_look(struct doubt *d, int64_t wall_ms, int64_t mono_ms, int64_t *ret_skipped)
{
	int64_t skipped_ms = wall_ms - mono_ms - d->offset_ms;

	*ret_skipped = skipped_ms >= DOUBT_SKIP_MS ? skipped_ms : 0;
	d->offset_ms = wall_ms - mono_ms;
	if (*ret_skipped)
		begin_doubt(d, skipped_ms, mono_ms);
	return mono_ms < d->until_ms;
}
