/* id: message ids without a lock.
 *
 * Time and counter are one number that only rises: a clock that stands still or steps back, and
 * a counter that is full, are the same case, "one more than the last".
 * SPDX-License-Identifier: ISC */
#include "base/id.h"

#include <stddef.h>

#define EPOCH_MS     INT64_C(1577836800000) /* 2020-01-01T00:00:00Z */
#define NODE_BITS    10
#define COUNTER_BITS 12
#define MS_MAX       ((INT64_C(1) << 41) - 1)
#define TEXT_LEN     (ID_TEXT_MAX - 1)

void id_source_init(struct id_source *s, unsigned node, msgid above)
{
	atomic_init(&s->last, above > 0 ? (uint64_t)above >> NODE_BITS : 0);
	s->node = node & ((1U << NODE_BITS) - 1);
}

static uint64_t since_epoch(int64_t wall_ms)
{
	if (wall_ms < EPOCH_MS)
		return 0;
	return (uint64_t)(wall_ms - EPOCH_MS > MS_MAX ? MS_MAX : wall_ms - EPOCH_MS);
}

msgid id_next(struct id_source *s, int64_t wall_ms)
{
	uint64_t now = since_epoch(wall_ms) << COUNTER_BITS;
	uint64_t last = atomic_load_explicit(&s->last, memory_order_relaxed), next;

	/* Relaxed: the number itself is all that is shared. */
	do {
		next = now > last ? now : last + 1;
	} while (!atomic_compare_exchange_weak_explicit(&s->last, &last, next, memory_order_relaxed,
							memory_order_relaxed));
	return (msgid)(next << NODE_BITS | s->node);
}

int64_t id_source_last_ms(struct id_source *s)
{
	uint64_t last = atomic_load_explicit(&s->last, memory_order_relaxed);

	return last ? id_wall_ms((msgid)(last << NODE_BITS)) : 0;
}

int64_t id_wall_ms(msgid id)
{
	return (id >> (COUNTER_BITS + NODE_BITS)) + EPOCH_MS;
}

msgid id_floor(int64_t wall_ms)
{
	return (msgid)(since_epoch(wall_ms) << (COUNTER_BITS + NODE_BITS));
}

const char *id_text(msgid id, char out[ID_TEXT_MAX])
{
	uint64_t rest = (uint64_t)id;

	for (size_t i = TEXT_LEN; i > 0; i--) {
		out[i - 1] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[rest & 31];
		rest >>= 5;
	}
	out[TEXT_LEN] = '\0';
	return out;
}

/* The value of one character, or -1. */
static int digit_value(char c)
{
	static const char lower[] = "0123456789abcdefghjkmnpqrstvwxyz";
	ptrdiff_t at;

	c = str_lower_char(c);
	if (c == 'o')
		return 0;
	if (c == 'i' || c == 'l')
		return 1;
	at = str_find((struct str){ lower, sizeof(lower) - 1 }, c);
	return (int)at;
}

bool id_parse(struct str text, msgid *ret)
{
	uint64_t value = 0;

	if (text.n != TEXT_LEN)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		int digit = digit_value(text.at[i]);

		/* The first of 13 has three bits: an id is never negative. */
		if (digit < 0 || (i == 0 && digit > 7))
			return false;
		value = value << 5 | (uint64_t)digit;
	}
	*ret = (msgid)value;
	return true;
}
