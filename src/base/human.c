/* human: numbers for eyes.
 *
 * They are rounded down: what is shown as "3m" has lasted three minutes; only what somebody has
 * set is shown exactly.  Decided against localised forms: the output is read by scripts too,
 * whatever we say about --json.
 * SPDX-License-Identifier: ISC */
#include "base/human.h"

#include <stdio.h>

const char *human_size(uint64_t bytes, char out[HUMAN_MAX])
{
	static const char units[] = " KMGTPE";
	unsigned unit = 0;

	while (bytes >> (10 * unit) >= 1024)
		unit++;

	uint64_t one = UINT64_C(1) << (10 * unit), tenths = bytes % one * 10 / one;
	unsigned whole = (unsigned)(bytes / one);

	if (unit == 0)
		(void)snprintf(out, HUMAN_MAX, "%u", whole);
	else if (whole < 10)
		(void)snprintf(out, HUMAN_MAX, "%u.%u%c", whole, (unsigned)tenths, units[unit]);
	else
		(void)snprintf(out, HUMAN_MAX, "%u%c", whole, units[unit]);
	return out;
}

const char *human_span(int64_t ms, char out[HUMAN_MAX])
{
	int64_t seconds = ms > 0 ? ms / 1000 : 0;

	if (seconds < 60)
		(void)snprintf(out, HUMAN_MAX, "%ds", (int)seconds);
	else if (seconds < 3600)
		(void)snprintf(out, HUMAN_MAX, "%dm", (int)(seconds / 60));
	else if (seconds < 48 * 3600)
		(void)snprintf(out, HUMAN_MAX, "%dh", (int)(seconds / 3600));
	else
		(void)snprintf(out, HUMAN_MAX, "%lldd", (long long)(seconds / 86400));
	return out;
}

const char *human_time(int64_t ms, char out[HUMAN_MAX])
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
	};
	size_t i = 0;

	while (ms % units[i].ms)
		i++;
	(void)snprintf(out, HUMAN_MAX, "%lld%s", (long long)(ms / units[i].ms),
		       ms ? units[i].name : "");
	return out;
}
