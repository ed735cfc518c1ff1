/* greylist.c: keys.
 *
 * The hash's key is fixed: nodes that share a database must agree.  Whoever finds two senders with
 * the same 128 bits has saved himself a minute's wait.
 * SPDX-License-Identifier: ISC */
#include "db/greylist.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#define TEXT_MAX 1024

const char *greylist_what_name(enum greylist_what w)
{
	return w == GREYLIST_PRIMARY_UP ? "primary_up" : "greylist";
}

static void hash128(struct str text, unsigned char ret[GREYLIST_KEY_BYTES])
{
	static const struct hash_key keys[2] = { { { 1, 2 } }, { { 3, 4 } } };

	for (unsigned half = 0; half < 2; half++) {
		uint64_t h = hash_keyed(&keys[half], text);

		for (unsigned i = 0; i < 8; i++)
			ret[half * 8 + i] = (unsigned char)(h >> (8 * i));
	}
}

/* An address is 320 bytes at most, so nothing is ever cut. */
static void hash_fields(unsigned char ret[GREYLIST_KEY_BYTES], const char *fmt, ...) PRINTF(2, 3);
static void hash_fields(unsigned char ret[GREYLIST_KEY_BYTES], const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0 || n >= TEXT_MAX)
		n = TEXT_MAX - 1;
	hash128((struct str){ text, (size_t)n }, ret);
}

void greylist_key(struct job_greylist *g)
{
	hash_fields(g->key, "%d\n%lld\n%.*s\n%.*s\n%.*s", (int)g->what, (long long)g->domain,
		    STR_ARGS(g->client), STR_ARGS(g->sender), STR_ARGS(g->local));
}

void greylist_client_key(enum greylist_what what, int64_t domain, struct str client,
			 unsigned char ret[GREYLIST_KEY_BYTES])
{
	hash_fields(ret, "%d\n%lld\n%.*s", (int)what, (long long)domain, STR_ARGS(client));
}

struct str greylist_client(struct str text, char out[GREYLIST_CLIENT_MAX])
{
	unsigned char hash[GREYLIST_KEY_BYTES];
	char hex[2 * GREYLIST_KEY_BYTES + 1];
	size_t head = GREYLIST_CLIENT_MAX - 2 * GREYLIST_KEY_BYTES - 1;

	if (text.n <= GREYLIST_CLIENT_MAX) {
		memcpy(out, text.at, text.n);
		return (struct str){ out, text.n };
	}
	hash128(text, hash);
	for (unsigned i = 0; i < GREYLIST_KEY_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	memcpy(out, text.at, head);
	out[head] = '~';
	memcpy(out + head + 1, hex, 2 * GREYLIST_KEY_BYTES);
	return (struct str){ out, GREYLIST_CLIENT_MAX };
}

void greylist_decide(struct job_greylist *g)
{
	g->undecided = false;
	g->job.kind = JOB_GREYLIST;
}
