/* dns_block: a finished answer in one block of memory, and the bounds of how long it is kept.
 *
 * The times are those of the front cache only; the resolver's own follows the servers' TTLs.  The
 * floor is there because what is asked ahead when a client connects must still be there when it
 * names a recipient.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "net/dns_private.h"

#define KEEP_MIN_MS       5000
#define KEEP_FOUND_MAX_MS (60 * 60 * 1000)
#define KEEP_NONE_MAX_MS  (15 * 60 * 1000)

static int64_t keep_ms_of(const struct dns_answer *answer)
{
	int64_t max = answer->status == DNS_FOUND ? KEEP_FOUND_MAX_MS : KEEP_NONE_MAX_MS;
	int64_t ttl_ms = (int64_t)answer->ttl_s * 1000;

	if (answer->status == DNS_ERROR)
		return DNS_ERROR_KEEP_MS;
	return ttl_ms < KEEP_MIN_MS ? KEEP_MIN_MS : ttl_ms > max ? max : ttl_ms;
}

struct dns_block *dns_block_new(const struct dns_answer *answer)
{
	size_t n = answer->status == DNS_FOUND ? answer->n : 0;
	size_t head = sizeof(struct dns_block) + n * sizeof(struct dns_record), data = 0;

	if (n > DNS_RECORDS_MAX)
		return dns_block_error("too many records", DNS_ERROR_KEEP_MS);
	for (size_t i = 0; i < n; i++)
		data += answer->records[i].data.n;
	if (data > DNS_ANSWER_MAX)
		return dns_block_error("too large", DNS_ERROR_KEEP_MS);

	struct dns_block *b = mem_alloc(head + data);
	char *at = (char *)b + head;

	b->refs = 1;
	b->bytes = head + data;
	b->keep_ms = keep_ms_of(answer);
	b->answer = *answer;
	b->answer.n = n;
	b->answer.records = b->records;
	for (size_t i = 0; i < n; i++) {
		struct str from = answer->records[i].data;

		b->records[i] = answer->records[i];
		b->records[i].data.at = at;
		if (from.n)
			memcpy(at, from.at, from.n);
		at += from.n;
	}
	return b;
}

struct dns_block *dns_block_error(const char *why, int64_t keep_ms)
{
	struct dns_block *b =
		dns_block_new(&(struct dns_answer){ .status = DNS_ERROR, .why = why });

	b->keep_ms = keep_ms;
	return b;
}

struct dns_block *dns_block_ref(struct dns_block *b)
{
	b->refs++;
	return b;
}

void dns_block_unref(struct dns_block *b)
{
	if (b && --b->refs == 0)
		free(b);
}
