/* reply: the table of fixed replies as values, and a reply's form on the wire.
 *
 * Text may come from outside (a primary's words, an address): whatever is not printable ASCII
 * becomes '?', so no reply can be split in two, and a line is cut at the 512 octets of
 * RFC 5321 §4.5.3.1.5.
 * SPDX-License-Identifier: ISC */
#include "proto/reply.h"

#include <string.h>

#include "base/attr.h"

#define TEXT_MAX 490 /* with code, enhanced code and CRLF below 512 */
#define NAME_BYTES 24 /* room of a name in the table; a test holds every id to it */

static const struct reply replies[] = {
#define REPLY(id, code, enhanced, text) [REPLY_##id] = { code, enhanced, text },
#include "proto/reply_table.h"
#undef REPLY
};

/* Names come from the ids themselves, lower-cased by the compiler, so that a reply stays one row
 * in one place. */
#define AT(s, i)    ((s)[(i) < sizeof(s) ? (i) : sizeof(s) - 1])
#define LOWER(s, i) (char)(AT(s, i) >= 'A' && AT(s, i) <= 'Z' ? AT(s, i) + 32 : AT(s, i))
#define LOWER4(s, i) LOWER(s, i), LOWER(s, (i) + 1), LOWER(s, (i) + 2), LOWER(s, (i) + 3)

static const char names[][NAME_BYTES + 1] = {
#define REPLY(id, code, enhanced, text)                                                            \
	[REPLY_##id] = { LOWER4(#id, 0), LOWER4(#id, 4), LOWER4(#id, 8), LOWER4(#id, 12),          \
			 LOWER4(#id, 16), LOWER4(#id, 20), 0 },
#include "proto/reply_table.h"
#undef REPLY
};

const struct reply *reply_get(enum reply_id id)
{
	return &replies[id];
}

const char *reply_name(enum reply_id id)
{
	return names[id];
}

enum reply_id reply_find(const struct reply *r)
{
	uintptr_t at = (uintptr_t)r, first = (uintptr_t)replies;

	if (at < first || at >= first + sizeof(replies))
		return REPLY_COUNT;
	return (enum reply_id)((at - first) / sizeof(replies[0]));
}

void reply_count(struct reply_tally *t, const struct reply *r)
{
	if (t && r->code >= 400)
		atomic_fetch_add_explicit(&t->said[reply_find(r)], 1, memory_order_relaxed);
}

/* "250-2.1.0 text" CRLF; all or nothing. */
static bool write_line(struct buf *out, const struct reply *r, struct str text, bool last)
{
	const char *enhanced = r->enhanced ? r->enhanced : "";
	char line[TEXT_MAX + 1];

	if (text.n > TEXT_MAX)
		text.n = TEXT_MAX;
	for (size_t i = 0; i < text.n; i++)
		line[i] = text.at[i] >= ' ' && text.at[i] < 0x7f ? text.at[i] : '?';
	return buf_addf(out, "%03d%c%s%s%.*s\r\n", r->code, last ? ' ' : '-', enhanced,
			*enhanced && text.n ? " " : "", (int)text.n, line);
}

bool reply_write(struct buf *out, const struct reply *r)
{
	struct str rest = str_of(r->text), line;
	size_t before = buf_len(out);
	bool more;

	do {
		more = str_cut(rest, '\n', &line, &rest);
		if (!write_line(out, r, line, !more)) {
			out->end -= buf_len(out) - before; /* half a reply is worse than none */
			return false;
		}
	} while (more);
	return true;
}

bool reply_is_ok(const struct reply *r)
{
	return r->code / 100 == 2;
}

bool reply_is_temp(const struct reply *r)
{
	return r->code / 100 == 4;
}

bool reply_is_perm(const struct reply *r)
{
	return r->code / 100 == 5;
}
