/* dns_tally.h: what became of DNS questions, counted: written by net/dns, shown by admin.
 * Any thread writes and reads.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_DNS_TALLY_H
#define PROTO_DNS_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

/* Every counter, once: name in /status and metrics, meaning. */
#define DNS_COUNTERS(X)                                                                         \
	X(cached, "DNS questions answered from the cache of a loop")                           \
	X(joined, "DNS questions that waited with others for one answer")                      \
	X(asked, "DNS questions given to the resolver")                                        \
	X(refused, "DNS questions not put because too many were in flight")                    \
	X(found, "DNS answers with records")                                                   \
	X(none, "DNS answers without: no such name, or no such records")                       \
	X(failed, "DNS questions that could not be answered: SERVFAIL, malformed, too large")  \
	X(bogus, "DNS answers whose signatures are wrong (DNSSEC)")                            \
	X(timeouts, "DNS questions given up after dns.timeout")                                \
	X(dead, "DNS questions not put because the domain's servers do not answer")            \
	X(late, "DNS answers that came after that and were kept for the next one who asks")    \
	X(waited_ms, "milliseconds waited for DNS answers, in sum")

enum dns_counter {
#define X(name, says) DNS_COUNT_##name,
	DNS_COUNTERS(X)
#undef X
	DNS_COUNTER_COUNT
};

/* How long answers took: those within so many milliseconds, and the rest. */
#define DNS_TOOK(X) X(1) X(10) X(50) X(200) X(1000) X(5000)

enum {
#define X(ms) DNS_TOOK_##ms,
	DNS_TOOK(X)
#undef X
	DNS_TOOK_MORE,
	DNS_TOOK_COUNT
};

struct dns_tally {
	_Atomic uint64_t counters[DNS_COUNTER_COUNT];
	_Atomic uint64_t took[DNS_TOOK_COUNT];
	_Atomic uint64_t in_flight; /* at the resolver now, with those that were given up */
};

static inline void dns_count(struct dns_tally *t, enum dns_counter c)
{
	atomic_fetch_add_explicit(&t->counters[c], 1, memory_order_relaxed);
}

#endif
