/* dns_client: a loop's side of DNS: its cache, and what it has in flight.
 *
 * A question in flight (struct dns_flight) belongs to nobody who asked: they stand in its list and
 * leave it when they cancel; the answer comes to the cache all the same.  Flights are bounded: past
 * that the answer is an error at once, for questions about names first (dns_part).
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "net/dns_private.h"

#define CACHE_ENTRIES 32768
#define CACHE_BYTES   (8 * 1024 * 1024)
#define FLIGHTS_MAX   4096
#define FLIGHT_CHAINS 1024

struct dns_client {
	struct loop *loop;
	struct port *port;
	struct timer *soon; /* tells those in ready */
	struct inbox *askers[DNS_RANKS];
	struct dns_tally *tally;
	struct hash_key seed;
	struct dns_cache *cache;
	struct dns_table flights;
	struct list ready; /* queries whose answer is known */
};

struct dns_flight {
	struct dns_node node;
	struct list waiters;
	char name[];
};

struct dns_query {
	struct list link; /* of a flight, or ready */
	on_dns_answer_fn *on_answer;
	void *owner;
	struct dns_block *block; /* ready */
};

void dns_job_free(struct dns_job *job)
{
	dns_block_unref(job->answer);
	free(job);
}

/* -- answers --------------------------------------------------------------------------- */

static void tell(struct dns_query *q, const struct dns_block *b)
{
	on_dns_answer_fn *on_answer = q->on_answer;
	void *owner = q->owner;

	free(q);
	on_answer(owner, &b->answer);
}

static void flight_free(struct dns_client *c, struct dns_flight *f)
{
	dns_table_remove(&c->flights, &f->node);
	free(f);
}

static void on_answered(struct dns_client *c, struct dns_job *job)
{
	struct dns_block *b = job->answer;
	struct dns_flight *f = job->flight;
	struct dns_key key;
	struct list waiters, *link;

	list_init(&waiters);
	if (f) {
		list_move_all(&waiters, &f->waiters);
		flight_free(c, f);
	}
	if (dns_key_make(&c->seed,
			 &(struct dns_question){
				 .name = str_of(job->name), .type = job->type, .rank = job->rank },
			 &key))
		dns_cache_put(c->cache, &key, b, loop_now_ms(c->loop));
	while ((link = list_pop(&waiters)))
		tell(LIST_ITEM(link, struct dns_query, link), b);
}

static void on_jobs(void *owner, struct list *items)
{
	struct dns_client *c = owner;
	struct list *link;

	while ((link = list_pop(items))) {
		struct dns_job *job = LIST_ITEM(link, struct dns_job, link);

		on_answered(c, job);
		dns_job_free(job);
	}
}

static void on_soon(void *owner)
{
	struct dns_client *c = owner;
	struct list ready, *link;

	list_init(&ready);
	list_move_all(&ready, &c->ready);
	while ((link = list_pop(&ready))) {
		struct dns_query *q = LIST_ITEM(link, struct dns_query, link);
		struct dns_block *b = q->block;

		tell(q, b);
		dns_block_unref(b);
	}
}

/* -- questions ------------------------------------------------------------------------- */

static void count(struct dns_client *c, enum dns_counter what)
{
	dns_count(c->tally, what);
}

/* The flight in which this is asked; NULL when there may be no more. */
static struct dns_flight *board(struct dns_client *c, const struct dns_key *key,
				const struct ip *client)
{
	struct dns_node *node = dns_table_find(&c->flights, key);
	struct dns_flight *f;
	struct dns_job *job;

	if (node) {
		count(c, DNS_COUNT_joined);
		return CONTAINER(node, struct dns_flight, node);
	}
	if (c->flights.n >= dns_part(FLIGHTS_MAX, key->rank)) {
		count(c, DNS_COUNT_refused);
		return NULL;
	}
	f = mem_alloc(sizeof(*f) + key->n + 1);
	memcpy(f->name, key->name, key->n);
	list_init(&f->waiters);
	dns_table_add(&c->flights, &f->node, key, f->name);

	job = mem_alloc(sizeof(*job));
	list_init(&job->link);
	list_init(&job->due);
	job->back = port_inbox(c->port);
	job->flight = f;
	job->type = key->type;
	job->rank = key->rank;
	job->client = *client;
	memcpy(job->name, key->name, key->n + 1);
	count(c, DNS_COUNT_asked);
	if (!inbox_put(c->askers[key->rank], &job->link)) {
		flight_free(c, f);
		dns_job_free(job);
		return NULL;
	}
	return f;
}

static struct dns_block *block_of_invalid_name(void)
{
	return dns_block_new(&(struct dns_answer){ .status = DNS_NONE, .why = "" });
}

bool dns_cached(struct dns_client *c, const struct dns_question *q, struct dns_answer *ret)
{
	struct dns_key key;
	struct dns_block *b;

	if (!dns_key_make(&c->seed, q, &key)) {
		*ret = (struct dns_answer){ .status = DNS_NONE, .why = "" };
		return true;
	}
	b = dns_cache_find(c->cache, &key, loop_now_ms(c->loop));
	if (!b)
		return false;
	count(c, DNS_COUNT_cached);
	*ret = b->answer;
	return true;
}

static void answer_soon(struct dns_client *c, struct dns_query *query, struct dns_block *b)
{
	query->block = b;
	list_add_tail(&c->ready, &query->link);
	timer_set(c->soon, 0);
}

struct dns_query *dns_ask(struct dns_client *c, const struct dns_question *q,
			  on_dns_answer_fn *on_answer, void *owner)
{
	struct dns_query *query = mem_alloc(sizeof(*query));
	struct dns_flight *f;
	struct dns_block *b;
	struct dns_key key;

	query->on_answer = on_answer;
	query->owner = owner;
	if (!dns_key_make(&c->seed, q, &key)) {
		answer_soon(c, query, block_of_invalid_name());
	} else if ((b = dns_cache_find(c->cache, &key, loop_now_ms(c->loop)))) {
		count(c, DNS_COUNT_cached);
		answer_soon(c, query, dns_block_ref(b));
	} else if ((f = board(c, &key, &q->client))) {
		list_add_tail(&f->waiters, &query->link);
	} else {
		answer_soon(c, query, dns_block_error("too many questions in flight", 0));
	}
	return query;
}

void dns_cancel(struct dns_query *q)
{
	if (!q)
		return;
	list_remove(&q->link);
	dns_block_unref(q->block);
	free(q);
}

void dns_prefetch(struct dns_client *c, const struct dns_question *q)
{
	struct dns_key key;

	if (dns_key_make(&c->seed, q, &key) &&
	    !dns_cache_find(c->cache, &key, loop_now_ms(c->loop)) &&
	    !dns_table_find(&c->flights, &key))
		(void)board(c, &key, &q->client);
}

/* -- its life -------------------------------------------------------------------------- */

struct dns_client *dns_client_new_with(struct loop *l, struct inbox *const askers[DNS_RANKS],
				       struct dns_tally *tally)
{
	struct dns_client *c = mem_alloc(sizeof(*c));

	c->loop = l;
	c->port = port_open(l, on_jobs, c);
	c->soon = timer_new(l, on_soon, c);
	memcpy(c->askers, askers, sizeof(c->askers));
	c->tally = tally;
	c->seed = hash_key_new();
	c->cache = dns_cache_new(CACHE_ENTRIES, CACHE_BYTES);
	dns_table_init(&c->flights, FLIGHT_CHAINS);
	list_init(&c->ready);
	return c;
}

struct dns_client *dns_client_new(struct loop *l, struct dns *d)
{
	struct inbox *askers[DNS_RANKS];

	for (enum dns_rank rank = 0; rank < DNS_RANKS; rank++)
		askers[rank] = dns_inbox(d, rank);
	return dns_client_new_with(l, askers, dns_tally_of(d));
}

static void cancel_all(struct list *queries)
{
	while (!list_is_empty(queries))
		dns_cancel(LIST_ITEM(queries->next, struct dns_query, link));
}

void dns_client_free(struct dns_client *c)
{
	struct list items, *link;

	if (!c)
		return;
	list_init(&items);
	inbox_take_all(port_inbox(c->port), &items);
	while ((link = list_pop(&items)))
		dns_job_free(LIST_ITEM(link, struct dns_job, link));
	for (size_t i = 0; i < c->flights.room; i++) {
		while (c->flights.chains[i]) {
			struct dns_flight *f =
				CONTAINER(c->flights.chains[i], struct dns_flight, node);

			cancel_all(&f->waiters);
			flight_free(c, f);
		}
	}
	cancel_all(&c->ready);
	dns_table_done(&c->flights);
	dns_cache_free(c->cache);
	timer_free(c->soon);
	port_close(c->port);
	free(c);
}
