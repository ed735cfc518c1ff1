/* board.c: see board.h.
 * SPDX-License-Identifier: ISC */
#include "relay/board.h"

#include <string.h>

#define BOARD_ARENA_MAX (8 * 1024 * 1024)

static const struct {
	const char *name, *says;
} counters[COUNTER_COUNT] = {
#define X(name, says) { #name, says },
	BOARD_COUNTERS(X)
#undef X
};

static const char *const ends[END_COUNT] = {
#define X(name, says) #name,
	BOARD_ENDS(X)
#undef X
};

static const struct {
	const char *name, *says;
} dns_counters[DNS_COUNTER_COUNT] = {
#define X(name, says) { #name, says },
	DNS_COUNTERS(X)
#undef X
};

const char *board_dns_name(unsigned i)
{
	return dns_counters[i].name;
}

const char *board_dns_says(unsigned i)
{
	return dns_counters[i].says;
}

unsigned board_dns_took_ms(unsigned i)
{
	static const unsigned bounds[DNS_TOOK_COUNT] = {
#define X(ms) [DNS_TOOK_##ms] = (ms),
		DNS_TOOK(X)
#undef X
	};

	return bounds[i];
}

const char *board_end_name(enum board_end e)
{
	return ends[e];
}

const char *board_refusal_name(unsigned i)
{
	return i < REPLY_COUNT ? reply_name((enum reply_id)i) : "other";
}

int board_refusal_code(unsigned i)
{
	return i < REPLY_COUNT ? reply_get((enum reply_id)i)->code : 0;
}

const char *primary_state_name(enum primary_state s)
{
	static const char *const names[] = {
		[PRIMARY_UP] = "up",
		[PRIMARY_DOWN] = "down",
		[PRIMARY_PROBING] = "probing",
	};

	return names[s];
}

void board_init(struct board *b, int64_t now_ms)
{
	*b = (struct board){ .started_ms = now_ms,
			     .arena = arena_new(BOARD_ARENA_MAX),
			     .certificate_arena = arena_new(BOARD_ARENA_MAX),
			     .list_arena = arena_new(BOARD_ARENA_MAX),
			     .certificate_error = "" };
	pthread_mutex_init(&b->lock, NULL);
}

void board_done(struct board *b)
{
	arena_free(b->arena);
	arena_free(b->certificate_arena);
	arena_free(b->list_arena);
	pthread_mutex_destroy(&b->lock);
}

const char *board_counter_name(enum board_counter c)
{
	return counters[c].name;
}

const char *board_counter_says(enum board_counter c)
{
	return counters[c].says;
}

/* A deep copy in the arena; NULL when it is full: then operators see no primaries, but mail goes
 * on. */
static struct board_primary *copy_rows(struct arena *a, const struct board_primary *rows, size_t n)
{
	struct board_primary *copy = arena_alloc(a, (n ? n : 1) * sizeof(*copy));

	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = rows[i];
		copy[i].host = arena_cstr(a, str_of(rows[i].host));
		copy[i].why = arena_cstr(a, str_of(rows[i].why));
		copy[i].greeting = arena_cstr(a, str_of(rows[i].greeting));
		if (!copy[i].host || !copy[i].why || !copy[i].greeting)
			return NULL;
	}
	return copy;
}

void board_set_primaries(struct board *b, const struct board_primary *rows, size_t n)
{
	pthread_mutex_lock(&b->lock);
	arena_reset(b->arena);
	b->primaries = copy_rows(b->arena, rows, n);
	b->primary_count = b->primaries ? n : 0;
	pthread_mutex_unlock(&b->lock);
}

struct board_primary *board_get_primaries(struct board *b, struct arena *a, size_t *ret_n)
{
	pthread_mutex_lock(&b->lock);

	struct board_primary *rows = copy_rows(a, b->primaries, b->primary_count);

	*ret_n = rows ? b->primary_count : 0;
	pthread_mutex_unlock(&b->lock);
	return rows;
}

/* -- certificates, in the same way ---------------------------------------------------------- */

static struct board_certificate *copy_certificates(struct arena *a,
						   const struct board_certificate *rows, size_t n)
{
	struct board_certificate *copy = arena_alloc(a, (n ? n : 1) * sizeof(*copy));

	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = rows[i];
		copy[i].file = arena_cstr(a, str_of(rows[i].file));
		copy[i].names = arena_cstr(a, str_of(rows[i].names));
		if (!copy[i].file || !copy[i].names)
			return NULL;
	}
	return copy;
}

void board_set_certificates(struct board *b, const struct board_certificate *rows, size_t n,
			    const char *error)
{
	const char *copy;

	pthread_mutex_lock(&b->lock);
	arena_reset(b->certificate_arena);
	b->certificates = copy_certificates(b->certificate_arena, rows, n);
	b->certificate_count = b->certificates ? n : 0;
	copy = arena_cstr(b->certificate_arena, str_of(error));
	b->certificate_error = copy ? copy : "";
	pthread_mutex_unlock(&b->lock);
}

struct board_certificate *board_get_certificates(struct board *b, struct arena *a, size_t *ret_n,
						 const char **ret_error)
{
	const char *error;

	pthread_mutex_lock(&b->lock);

	struct board_certificate *rows =
		copy_certificates(a, b->certificates, b->certificate_count);

	*ret_n = rows ? b->certificate_count : 0;
	error = arena_cstr(a, str_of(b->certificate_error));
	*ret_error = error ? error : "";
	pthread_mutex_unlock(&b->lock);
	return rows;
}

/* -- DNS lists, in the same way ------------------------------------------------------------- */

static struct board_list *copy_lists(struct arena *a, const struct board_list *rows, size_t n)
{
	struct board_list *copy = arena_alloc(a, (n ? n : 1) * sizeof(*copy));

	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = rows[i];
		copy[i].name = arena_cstr(a, str_of(rows[i].name));
		copy[i].of = arena_cstr(a, str_of(rows[i].of));
		copy[i].state = arena_cstr(a, str_of(rows[i].state));
		copy[i].why = arena_cstr(a, str_of(rows[i].why));
		if (!copy[i].name || !copy[i].of || !copy[i].state || !copy[i].why)
			return NULL;
	}
	return copy;
}

void board_set_lists(struct board *b, const struct board_list *rows, size_t n)
{
	pthread_mutex_lock(&b->lock);
	arena_reset(b->list_arena);
	b->lists = copy_lists(b->list_arena, rows, n);
	b->list_count = b->lists ? n : 0;
	pthread_mutex_unlock(&b->lock);
}

struct board_list *board_get_lists(struct board *b, struct arena *a, size_t *ret_n)
{
	pthread_mutex_lock(&b->lock);

	struct board_list *rows = copy_lists(a, b->lists, b->list_count);

	*ret_n = rows ? b->list_count : 0;
	pthread_mutex_unlock(&b->lock);
	return rows;
}
