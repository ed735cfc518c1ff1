/* clock: the two clocks, and dates in the two forms that mail and log need.
 *
 * The date is worked out here and not by gmtime_r and strftime: every log line has one, glibc
 * takes a global lock for the time zone, and month names must not follow the locale.
 * SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#define DAY_MS 86400000
/* Of 0000-01-01 and of the last millisecond of 9999: dates beyond have no four-digit year. */
#define FIRST_MS INT64_C(-62167219200000)
#define LAST_MS  INT64_C(253402300799999)

struct date {
	unsigned year, month, day; /* month and day from 1 */
	unsigned weekday;          /* 0 is Sunday */
	unsigned hour, minute, second, ms;
};

static int64_t read_ms(clockid_t which)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

/* Years are counted from 1 March, so that the leap day is the last of its year: then day and
 * month follow from the day of the year without a table.  days is counted from 0000-03-01 and
 * may be as low as -60. */
static void set_day(struct date *d, int64_t days)
{
	int64_t cycles = days < 0 ? -1 : days / 146097; /* of 400 years */
	int64_t in_cycle = days - cycles * 146097;
	/* Leap days passed: one in four years, not in centuries, but at the very end. */
	int64_t leaps = in_cycle / 1460 - in_cycle / 36524 + in_cycle / 146096;
	int64_t year = (in_cycle - leaps) / 365;
	int64_t in_year = in_cycle - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153; /* 0 is March; five months have 153 days */

	year += cycles * 400;
	d->day = (unsigned)(in_year - (153 * month + 2) / 5 + 1);
	d->month = (unsigned)(month < 10 ? month + 3 : month - 9);
	d->year = (unsigned)(month < 10 ? year : year + 1);
}

static struct date to_date(int64_t wall_ms)
{
	struct date d;

	if (wall_ms < FIRST_MS)
		wall_ms = FIRST_MS;
	if (wall_ms > LAST_MS)
		wall_ms = LAST_MS;

	/* 719528 days from 0000-01-01 to 1970-01-01, 60 of them before 1 March. */
	int64_t since_0000 = wall_ms - FIRST_MS;
	int64_t days = since_0000 / DAY_MS;
	unsigned in_day = (unsigned)(since_0000 % DAY_MS);

	set_day(&d, days - 60);
	d.weekday = (unsigned)((days + 6) % 7); /* 0000-01-01 was a Saturday */
	d.ms = in_day % 1000;
	d.second = in_day / 1000 % 60;
	d.minute = in_day / 60000 % 60;
	d.hour = in_day / 3600000;
	return d;
}

/* Decimal, with leading zeros; answers what is behind. */
static char *put(char *at, unsigned value, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--) {
		at[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + digits;
}

static char *put_text(char *at, const char *text, size_t n)
{
	memcpy(at, text, n);
	return at + n;
}

static char *put_time(char *at, const struct date *d)
{
	at = put(at, d->hour, 2);
	*at++ = ':';
	at = put(at, d->minute, 2);
	*at++ = ':';
	return put(at, d->second, 2);
}

const char *clock_rfc5322(int64_t wall_ms, char out[CLOCK_DATE_MAX])
{
	struct date d = to_date(wall_ms);
	char *at = put_text(out, &"SunMonTueWedThuFriSat"[d.weekday * 3], 3);

	at = put_text(at, ", ", 2);
	at = put(at, d.day, d.day < 10 ? 1 : 2);
	*at++ = ' ';
	at = put_text(at, &"JanFebMarAprMayJunJulAugSepOctNovDec"[(d.month - 1) * 3], 3);
	*at++ = ' ';
	at = put(at, d.year, 4);
	*at++ = ' ';
	at = put_time(at, &d);
	put_text(at, " +0000", sizeof(" +0000"));
	return out;
}

const char *clock_rfc3339(int64_t wall_ms, char out[CLOCK_DATE_MAX])
{
	struct date d = to_date(wall_ms);
	char *at = put(out, d.year, 4);

	*at++ = '-';
	at = put(at, d.month, 2);
	*at++ = '-';
	at = put(at, d.day, 2);
	*at++ = 'T';
	at = put_time(at, &d);
	*at++ = '.';
	at = put(at, d.ms, 3);
	put_text(at, "Z", sizeof("Z"));
	return out;
}
