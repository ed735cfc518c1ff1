/* board.h: what the running daemon lets admin see: counters and the state of the
 * primaries.  Written by the loops, read by admin; nobody waits for anybody.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_BOARD_H
#define RELAY_BOARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "proto/dns_tally.h"
#include "proto/reply.h"

/* Every counter, once: name in /status and metrics, meaning. */
#define BOARD_COUNTERS(X)                                                                       \
	X(connections, "SMTP connections taken")                                               \
	X(connections_refused, "SMTP connections refused by a limit")                          \
	X(received_bytes, "bytes read from SMTP clients")                                      \
	X(sent_bytes, "bytes written to SMTP clients")                                         \
	X(tls_1_2, "sessions secured with TLS 1.2")                                            \
	X(tls_1_3, "sessions secured with TLS 1.3")                                            \
	X(tls_failed, "sessions that ended because TLS could not be agreed on")                \
	X(accepted, "messages accepted")                                                       \
	X(accepted_bytes, "bytes of the messages accepted")                                    \
	X(accepted_rcpts, "recipients accepted")                                               \
	X(accepted_chunked, "messages accepted that came in chunks (BDAT)")                    \
	X(refused_rcpts, "recipients refused for good")                                        \
	X(deferred_rcpts, "recipients refused for now")                                        \
	X(refused_mails, "messages refused for good at end of data")                           \
	X(deferred_mails, "messages refused for now at end of data or MAIL")                   \
	X(primary_up_deferred, "recipients told to go to the primary, which is up")            \
	X(primary_up_taken, "recipients taken although it is up: they had tried often enough") \
	X(greylist_first, "first tries of clients that were told to come back")                \
	X(greylist_early, "tries that came back too early")                                    \
	X(greylist_back, "clients that came back and are known from then on")                  \
	X(greylist_known, "recipients of known clients")                                       \
	X(greylist_failed, "tries that passed because the database gave no answer")            \
	X(delivered, "recipients delivered to a primary")                                      \
	X(delivery_deferrals, "delivery attempts that are to be repeated")                     \
	X(failed, "recipients refused for good by a primary")                                  \
	X(bounced, "recipients whose sender was told by a bounce")                             \
	X(expired, "recipients expired")

enum board_counter {
#define X(name, says) COUNTER_##name,
	BOARD_COUNTERS(X)
#undef X
	COUNTER_COUNT
};

/* How sessions end: name in metrics, meaning. */
#define BOARD_ENDS(X)                                                                           \
	X(quit, "by QUIT")                                                                     \
	X(closed, "closed by the client without QUIT")                                         \
	X(broken, "the connection broke")                                                      \
	X(hung_up, "by us, with 421")                                                          \
	X(flooded, "by us, without a word")                                                    \
	X(tls_failed, "TLS could not be agreed on")

enum board_end {
#define X(name, says) END_##name,
	BOARD_ENDS(X)
#undef X
	END_COUNT
};
const char *board_end_name(enum board_end e);

enum primary_state { PRIMARY_UP, PRIMARY_DOWN, PRIMARY_PROBING };
const char *primary_state_name(enum primary_state s); /* "up" */

struct board_primary {
	const char *host;
	unsigned port;
	enum primary_state state;
	int64_t since_ms;      /* wall clock of the last change between up and down */
	int64_t next_probe_ms; /* wall clock, 0: none planned */
	unsigned connections;
	unsigned in_flight;    /* messages */
	const char *why;       /* last error, "" when up */
	const char *greeting;  /* last seen, "" */
};

/* One open SMTP session. */
struct board_session {
	uint64_t id;
	const char *client, *helo, *state;
	int64_t age_ms, idle_ms;
	unsigned accepted, refused; /* messages, recipients */
	uint64_t received, sent;    /* bytes */
};

/* Asks the loops for the oldest `most` of the open sessions and waits for their answers, shortly;
 * false when one did not come.  The rows live in the arena. */
typedef bool board_sessions_fn(void *relay, size_t most, struct arena *a,
			       struct board_session **ret, size_t *ret_n);

/* What the checks would say of a mail from this client; sender "" for the null reverse-path. */
struct board_trial {
	const char *client, *helo, *sender, *rcpt;
};

struct board_trial_row {
	const char *check, *mode, *finding; /* static */
	const char *note;
};

struct board_trial_answer {
	const struct board_trial_row *rows; /* in the order in which they run */
	size_t n;
	const char *text; /* of the reply that RCPT would get */
	const char *by;   /* the check that refuses, or "" */
};

/* Waits for the answer; its strings live in the arena. */
typedef bool board_try_fn(void *relay, const struct board_trial *q, struct arena *a,
			  struct board_trial_answer *ret, struct err *e);

/* A certificate in use. */
struct board_certificate {
	const char *file, *names;
	int64_t expires_ms; /* wall clock */
	bool self_signed;
	bool made_here; /* by us, because none was configured */
};

/* A DNS list in use. */
struct board_list {
	const char *name;
	const char *of; /* what it is asked for: "clients", "names" */
	const char *state, *why;
	bool well;
	int64_t since_ms; /* wall clock of the last change, 0: none yet */
};

struct board {
	_Atomic uint64_t counters[COUNTER_COUNT];
	_Atomic uint64_t ended[END_COUNT];
	struct reply_tally refusals;
	struct dns_tally dns;
	_Atomic uint64_t sessions; /* open SMTP sessions */
	_Atomic uint64_t last_session; /* the number that the newest has */
	/* What mails on their way in hold: bytes, open files.  The spool counts; NULL: nobody. */
	_Atomic int64_t *mail_memory, *mail_files;
	int64_t started_ms;
	pthread_mutex_t lock; /* for what follows */
	struct arena *arena;
	struct board_primary *primaries;
	size_t primary_count;
	struct arena *certificate_arena;
	struct board_certificate *certificates;
	size_t certificate_count;
	struct arena *list_arena;
	struct board_list *lists;
	size_t list_count;
	const char *certificate_error; /* why others could not be taken into use, or "" */
};

void board_init(struct board *b, int64_t now_ms);
void board_done(struct board *b);
static inline void board_count(struct board *b, enum board_counter c, uint64_t n)
{
	atomic_fetch_add_explicit(&b->counters[c], n, memory_order_relaxed);
}
static inline int64_t board_gauge(_Atomic int64_t *gauge)
{
	return gauge ? atomic_load_explicit(gauge, memory_order_relaxed) : 0;
}
/* Name and meaning of a counter. */
const char *board_counter_name(enum board_counter c);
const char *board_counter_says(enum board_counter c);
/* The same of one of DNS. */
const char *board_dns_name(unsigned i);
const char *board_dns_says(unsigned i);
/* Answers that took no longer than so many milliseconds, and longer than the row before says; 0 in
 * the last: all others. */
unsigned board_dns_took_ms(unsigned i);
/* One of the refusals, 0 to REPLY_COUNT: its name ("no_such_user", the last "other") and code, 0
 * for the last. */
const char *board_refusal_name(unsigned i);
int board_refusal_code(unsigned i);
/* Copies the rows in (the forwarder's thread). */
void board_set_primaries(struct board *b, const struct board_primary *rows, size_t n);
/* Copies them out to the caller's arena; *ret_n rows. */
struct board_primary *board_get_primaries(struct board *b, struct arena *a, size_t *ret_n);

/* The same for the certificates in use (the main thread); error is that of the last reading. */
void board_set_certificates(struct board *b, const struct board_certificate *rows, size_t n,
			    const char *error);
struct board_certificate *board_get_certificates(struct board *b, struct arena *a, size_t *ret_n,
						 const char **ret_error);

/* The same for DNS lists (the main thread). */
void board_set_lists(struct board *b, const struct board_list *rows, size_t n);
struct board_list *board_get_lists(struct board *b, struct arena *a, size_t *ret_n);

#endif
