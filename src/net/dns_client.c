/* dns_client: a loop's side of DNS: its cache, and what it has in flight.
 *
 * A question in flight (struct dns_flight) belongs to nobody who asked: they stand in its list and
 * leave it when they cancel; the answer comes to the cache all the same.
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
	struct inbox *asker;
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
	if (dns_key_make(&c->seed, str_of(job->name), job->type, &key))
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
static struct dns_flight *board(struct dns_client *c, const struct dns_key *key)
{
	struct dns_node *node = dns_table_find(&c->flights, key);
	struct dns_flight *f;
	struct dns_job *job;

	if (node) {
		count(c, DNS_COUNT_joined);
		return CONTAINER(node, struct dns_flight, node);
	}
	if (c->flights.n >= FLIGHTS_MAX) {
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
	memcpy(job->name, key->name, key->n + 1);
	count(c, DNS_COUNT_asked);
	if (!inbox_put(c->asker, &job->link)) {
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

bool dns_cached(struct dns_client *c, struct str name, enum dns_type type, struct dns_answer *ret)
{
	struct dns_key key;
	struct dns_block *b;

	if (!dns_key_make(&c->seed, name, type, &key)) {
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

static void answer_soon(struct dns_client *c, struct dns_query *q, struct dns_block *b)
{
	q->block = b;
	list_add_tail(&c->ready, &q->link);
	timer_set(c->soon, 0);
}

struct dns_query *dns_ask(struct dns_client *c, struct str name, enum dns_type type,
			  on_dns_answer_fn *on_answer, void *owner)
{
	struct dns_query *q = mem_alloc(sizeof(*q));
	struct dns_flight *f;
	struct dns_block *b;
	struct dns_key key;

	q->on_answer = on_answer;
	q->owner = owner;
	if (!dns_key_make(&c->seed, name, type, &key)) {
		answer_soon(c, q, block_of_invalid_name());
	} else if ((b = dns_cache_find(c->cache, &key, loop_now_ms(c->loop)))) {
		count(c, DNS_COUNT_cached);
		answer_soon(c, q, dns_block_ref(b));
	} else if ((f = board(c, &key))) {
		list_add_tail(&f->waiters, &q->link);
	} else {
		answer_soon(c, q, dns_block_error("too many questions in flight", 0));
	}
	return q;
}

void dns_cancel(struct dns_query *q)
{
	if (!q)
		return;
	list_remove(&q->link);
	dns_block_unref(q->block);
	free(q);
}

void dns_prefetch(struct dns_client *c, struct str name, enum dns_type type)
{
	struct dns_key key;

	if (dns_key_make(&c->seed, name, type, &key) &&
	    !dns_cache_find(c->cache, &key, loop_now_ms(c->loop)) &&
	    !dns_table_find(&c->flights, &key))
		(void)board(c, &key);
}

/* -- its life -------------------------------------------------------------------------- */

struct dns_client *dns_client_new_with(struct loop *l, struct inbox *asker,
				       struct dns_tally *tally)
{
	struct dns_client *c = mem_alloc(sizeof(*c));

	c->loop = l;
	c->port = port_open(l, on_jobs, c);
	c->soon = timer_new(l, on_soon, c);
	c->asker = asker;
	c->tally = tally;
	c->seed = hash_key_new();
	c->cache = dns_cache_new(CACHE_ENTRIES, CACHE_BYTES);
	dns_table_init(&c->flights, FLIGHT_CHAINS);
	list_init(&c->ready);
	return c;
}

struct dns_client *dns_client_new(struct loop *l, struct dns *d)
{
	return dns_client_new_with(l, dns_inbox(d), dns_tally_of(d));
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
