/* probe_dns: asks DNS as the daemon does, for tests and benches with real servers.
 *
 *	probe_dns [-f SERVER] [-s ZONE=ADDRESS:PORT] [-a ANCHORS] [-t MS] < SCRIPT
 *
 * A line of the script is one of
 *
 *	NAME TYPE    asked at once, together with those around it; the answer is printed when it
 *	             comes: NAME TYPE STATUS [secure] MS-TAKEN DATA|DATA… or why
 *	many N NAME TYPE     asked N times with 0. to N-1. in front; only the last is printed
 *	same N NAME TYPE     asked N times as it stands; only the last is printed
 *	warm N NAME TYPE     N questions to the cache; prints how many a second
 *	cold N NAME TYPE     as many, and prints how many a second
 *	wait         goes on when all have been answered
 *	quit         ends with what is in flight
 *
 * At the end the counters are printed.
 * SPDX-License-Identifier: ISC */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/dns.h"

#define CONFIGURED_MAX 16
#define LINE_BYTES     600

struct probe {
	struct loop *loop;
	struct dns *dns;
	struct dns_client *client;
	struct timer *go_on;
	struct dns_tally tally;
	struct list waiting;
	bool timing;
	int64_t began_ms;
	unsigned asked;
};

struct asked {
	struct list link;
	struct probe *p;
	int64_t at_ms;
	enum dns_type type;
	bool silent;
	char name[DNS_NAME_MAX + 1];
};

static void print_data(enum dns_type type, const struct dns_record *r)
{
	const unsigned char *b = (const unsigned char *)r->data.at;
	char shown[200];

	if (type == DNS_A) {
		printf("%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
		return;
	}
	if (type == DNS_MX)
		printf("%u ", r->preference);
	printf("%s", log_quote(r->data, shown, sizeof(shown)));
}

static void print_answer(const struct asked *q, const struct dns_answer *answer)
{
	static const char *const names[] = {
		[DNS_FOUND] = "found", [DNS_NONE] = "none", [DNS_ERROR] = "error"
	};

	printf("%s %s %s%s %lld ", q->name, dns_type_name(q->type), names[answer->status],
	       answer->secure ? " secure" : "", (long long)(clock_mono_ms() - q->at_ms));
	for (size_t i = 0; i < answer->n && i < 8; i++) {
		print_data(q->type, &answer->records[i]);
		printf("|");
	}
	printf("%s\n", answer->why);
}

static void on_answer(void *owner, const struct dns_answer *answer)
{
	struct asked *q = owner;
	struct probe *p = q->p;

	if (!q->silent)
		print_answer(q, answer);
	list_remove(&q->link);
	free(q);
	/* Not 0: that would be before the loop looks at what else has come. */
	if (list_is_empty(&p->waiting))
		timer_set(p->go_on, 1);
}

static void ask(struct probe *p, const char *name, enum dns_type type, bool silent)
{
	struct asked *q = mem_alloc(sizeof(*q));

	q->p = p;
	q->at_ms = clock_mono_ms();
	q->type = type;
	q->silent = silent;
	(void)snprintf(q->name, sizeof(q->name), "%s", name);
	list_add_tail(&p->waiting, &q->link);

	/* q and its query end together, with the answer. */
	struct dns_query *query =
		dns_ask(p->client, &(struct dns_question){ .name = str_of(q->name), .type = type },
			on_answer, q);

	(void)query;
}

/* -- what takes many ------------------------------------------------------------------- */

static void print_rate(const char *what, unsigned n, int64_t took_ms)
{
	printf("%s: %u questions in %lld ms, %lld a second\n", what, n, (long long)took_ms,
	       (long long)n * 1000 / (took_ms ? took_ms : 1));
}

static void ask_many(struct probe *p, unsigned n, const char *name, enum dns_type type)
{
	char numbered[DNS_NAME_MAX + 1];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(numbered, sizeof(numbered), "%u.%s", i, name);
		ask(p, numbered, type, i + 1 < n);
	}
}

static void ask_same(struct probe *p, unsigned n, const char *name, enum dns_type type)
{
	for (unsigned i = 0; i < n; i++)
		ask(p, name, type, i + 1 < n);
}

static void ask_cold(struct probe *p, unsigned n, const char *name, enum dns_type type)
{
	p->timing = true;
	p->began_ms = clock_mono_ms();
	p->asked = n;
	ask_many(p, n, name, type);
}

static void ask_warm(struct probe *p, unsigned n, const char *name, enum dns_type type)
{
	int64_t began = clock_mono_ms();
	char numbered[DNS_NAME_MAX + 1];
	struct dns_answer answer;
	unsigned known = 0;

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(numbered, sizeof(numbered), "%u.%s", i % 1000, name);
		known +=
			dns_cached(p->client,
				   &(struct dns_question){ .name = str_of(numbered), .type = type },
				   &answer) &&
			answer.status == DNS_FOUND;
	}
	print_rate("warm", known, clock_mono_ms() - began);
}

/* -- the script ------------------------------------------------------------------------ */

typedef void many_fn(struct probe *p, unsigned n, const char *name, enum dns_type type);

static const struct {
	const char *word;
	many_fn *ask;
} words[] = {
	{ "many", ask_many }, { "same", ask_same }, { "cold", ask_cold }, { "warm", ask_warm }
};

static bool obey_many(struct probe *p, struct str word, struct str rest)
{
	char name[LINE_BYTES];
	struct str count, host, type_name;
	enum dns_type type;
	uint64_t n;

	for (size_t i = 0; i < COUNT(words); i++) {
		if (!str_eq(word, str_of(words[i].word)))
			continue;
		if (!str_cut(rest, ' ', &count, &rest) || !str_to_u64(count, 10000000, &n) ||
		    !str_cut(rest, ' ', &host, &type_name) || !dns_type_parse(type_name, &type))
			return false;
		(void)snprintf(name, sizeof(name), "%.*s", STR_ARGS(host));
		words[i].ask(p, (unsigned)n, name, type);
		return true;
	}
	return false;
}

/* False: the next line has to wait. */
static bool obey(struct probe *p, struct str line)
{
	char name[LINE_BYTES];
	struct str word, rest;
	enum dns_type type;

	if (str_eq(line, STR("wait")))
		return list_is_empty(&p->waiting);
	(void)str_cut(line, ' ', &word, &rest);
	if (obey_many(p, word, rest))
		return true;
	/* A name may have blanks in it. */
	rest = str_from(line, (size_t)(str_rfind(line, ' ') + 1));
	if (rest.n < line.n && dns_type_parse(rest, &type)) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(line.n - rest.n - 1), line.at);
		ask(p, name, type, false);
	} else {
		(void)fprintf(stderr, "probe_dns: no such line: %.*s\n", STR_ARGS(line));
		exit(2);
	}
	return true;
}

static void go_on(void *owner)
{
	struct probe *p = owner;
	char line[LINE_BYTES];

	if (p->timing)
		print_rate("cold", p->asked, clock_mono_ms() - p->began_ms);
	p->timing = false;
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		struct str text = { line, strcspn(line, "\n") };

		if (str_eq(text, STR("quit"))) {
			loop_stop(p->loop);
			return;
		}
		if (!obey(p, text))
			return;
	}
	if (list_is_empty(&p->waiting))
		loop_stop(p->loop);
}

/* -- options --------------------------------------------------------------------------- */

static bool add(struct conf_list *list, char *item)
{
	if (list->n == CONFIGURED_MAX)
		return false;
	list->items[list->n++] = item;
	return true;
}

static bool read_options(int argc, char **argv, struct dns_setup *setup)
{
	bool ok = true;
	int c;

	while (ok && (c = getopt(argc, argv, "f:s:a:t:")) != -1) {
		switch (c) {
		case 'f':
			ok = add(&setup->servers, optarg);
			break;
		case 's':
			ok = add(&setup->stubs, optarg);
			break;
		case 'a':
			setup->root_anchor = optarg;
			break;
		case 't':
			setup->timeout_ms = strtol(optarg, NULL, 10);
			break;
		default:
			ok = false;
		}
	}
	return ok;
}

static void free_first(struct list *waiting)
{
	free(LIST_ITEM(list_pop(waiting), struct asked, link));
}

static void print_counters(struct dns_tally *t)
{
	static const char *const names[] = {
#define X(name, says) #name,
		DNS_COUNTERS(X)
#undef X
	};

	printf("counters");
	for (size_t i = 0; i < COUNT(names); i++)
		printf(" %s=%llu", names[i], (unsigned long long)atomic_load(&t->counters[i]));
	printf(" in_flight=%llu\n", (unsigned long long)atomic_load(&t->in_flight));
}

int main(int argc, char **argv)
{
	char *servers[CONFIGURED_MAX], *stubs[CONFIGURED_MAX];
	struct dns_setup setup = { .servers.items = servers,
				   .stubs.items = stubs,
				   .root_anchor = "none",
				   .timeout_ms = 5000,
				   .cache_bytes = 64 << 20 };
	struct probe p = { .timing = false };
	struct err e;

	if (!read_options(argc, argv, &setup))
		return 2;
	if (!dns_open(&setup, &p.tally, &p.dns, &e)) {
		(void)fprintf(stderr, "probe_dns: %s\n", e.text);
		return 1;
	}
	list_init(&p.waiting);
	p.loop = loop_new();
	p.client = dns_client_new(p.loop, p.dns);
	p.go_on = timer_new(p.loop, go_on, &p);
	timer_set(p.go_on, 0);
	loop_run(p.loop);
	print_counters(&p.tally);
	dns_close(p.dns);
	timer_free(p.go_on);
	dns_client_free(p.client);
	while (!list_is_empty(&p.waiting))
		free_first(&p.waiting);
	loop_free(p.loop);
	return 0;
}
