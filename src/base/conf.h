/* conf.h: what is in mxkeep.conf: only what is needed to start.  All else is rows in the database.
 *
 * One row an option (conf_options.c): section, name, type, default, bounds, meaning.  The
 * parser's checks, --dump-config, the sample file and mxkeep.conf(5) come from the rows.  A loaded
 * conf is immutable; a reload makes a new one, and one that fails changes nothing.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/cidr.h"
#include "base/err.h"

struct conf_list {
	char **items;
	size_t n;
	struct cidr *networks; /* the items, parsed, where an option wants networks; else NULL */
};

/* What becomes of a client that does not wait for the answer to EHLO or DATA. */
enum early_pipelining { EARLY_PIPELINING_OFF, EARLY_PIPELINING_LOG, EARLY_PIPELINING_REJECT };

struct conf_smtp {
	struct conf_list listen; /* "ADDR:PORT", "[v6]:PORT" */
	struct conf_list listen_tls; /* the same, with TLS from the first byte */
	int64_t max_size;        /* bytes of a message */
	int64_t max_line;        /* bytes of a command line with CRLF */
	int64_t max_recipients;  /* a message */
	int64_t max_errors;      /* a session, then 421 */
	int64_t max_commands;    /* a session without a message accepted, then 421 */
	int64_t idle_ms;         /* a silent client is closed after this */
	int64_t max_connections; /* in all */
	int64_t max_client_connections; /* from one address */
	struct conf_list proxy_from;   /* networks whose peers send a PROXY header */
	struct conf_list xclient_from; /* networks whose peers may say XCLIENT */
	int64_t max_memory; /* bytes of messages on their way in, past it no new one */
	int64_t greet_delay_ms;     /* before the greeting, in which nothing may come */
	int64_t early_pipelining;   /* enum early_pipelining */
	int64_t max_bad_recipients; /* a session: from half of it on answers are delayed */
	int64_t lockout_ms;         /* of a client that tried as many */
	int64_t min_rate;           /* bytes of content a minute */
};

/* All of smtp, with what the section says instead; lists are those of smtp. */
struct conf_listener {
	char *address; /* as in smtp.listen or smtp.listen_tls */
	struct conf_smtp smtp;
};

struct conf {
	_Atomic unsigned refs;
	char *path; /* of the file; NULL when built from defaults */

	/* top level */
	char *hostname;  /* our name in greeting, EHLO and Received; default: the machine's */
	char *state_dir;
	char *control;   /* path of the control socket */
	char *database;  /* "sqlite" */
	char *user;      /* whom to become when started as root */
	int64_t threads; /* loop threads; 0 = auto */

	struct conf_smtp smtp;
	struct conf_listener *listeners; /* sections: what is different for one address */
	size_t listener_count;
	struct {
		int64_t connections, messages, recipients; /* a minute from one address; 0: any */
		int64_t network; /* a /24 or /64 may do so many times as much */
	} rate;
	struct {
		struct conf_list certificate, key; /* paths, in pairs */
	} tls;
	struct {
		struct conf_list server; /* "ADDRESS", "ADDRESS:PORT"; none: the roots */
		struct conf_list stub;   /* "ZONE=ADDRESS:PORT" */
		int64_t timeout_ms;      /* of one question */
		int64_t cache;           /* bytes that the resolver remembers */
		char *root_anchor;       /* path or "none" */
		int64_t list_check_ms;   /* a list is tested again after this */
	} dns;
	struct {
		int64_t retry_first_ms, retry_max_ms;
		int64_t probe_first_ms, probe_max_ms;
		int64_t connections; /* at most, to one primary */
		int64_t connect_timeout_ms, greeting_timeout_ms, command_timeout_ms;
		int64_t data_timeout_ms;  /* for a block of data to be taken */
		int64_t final_timeout_ms; /* for the answer to the dot */
		int64_t idle_ms;     /* an unused connection to a primary is kept so long */
		char *bounces;       /* "none" or HOST:PORT */
	} forward;
	struct {
		int64_t min_free;       /* bytes of disk below which no new mail is taken */
		int64_t ledger_keep_ms; /* how long what became of a message is remembered */
		int64_t audit_keep_ms;  /* the same of operators' changes */
	} store;
	struct {
		struct conf_list listen; /* "ADDR:PORT"; TCP, besides the control socket */
	} admin;
	struct {
		int64_t format; /* enum log_format */
		int64_t level;  /* enum log_level */
	} log;
};

/* Reads and checks the file; an error names file:line.  The answer has one reference.  One thread
 * at a time: libconfuse's scanner is not reentrant. */
bool conf_load(const char *path, struct conf **ret, struct err *e) MUST_CHECK;
/* All defaults, for tests and tools. */
struct conf *conf_defaults(void);
struct conf *conf_ref(struct conf *c);
void conf_unref(struct conf *c); /* NULL is accepted */
/* The settings in force, in the file's own syntax. */
void conf_dump(const struct conf *c, FILE *out);
/* A commented sample file, all options at their defaults. */
void conf_sample(FILE *out);
/* The OPTIONS section of mxkeep.conf(5), in man(7) macros. */
void conf_man(FILE *out);
/* An option that differs from those the daemon runs with and needs a restart to take effect, as
 * "section.name"; NULL when there is no further one.  *at begins at 0 and counts the rows. */
const char *conf_needs_restart(const struct conf *running, const struct conf *fresh, size_t *at);

/* What is in force for sessions of the listener with this address, as it stands in smtp.listen. */
const struct conf_smtp *conf_smtp_at(const struct conf *c, const char *address);
/* Has this address a section of its own? */
bool conf_has_listener(const struct conf *c, const char *address);

/* The line of c's file in which the quoted value first stands; 0 when there is none. */
unsigned conf_line_of(const struct conf *c, const char *value);

/* Splits "HOST:PORT", "1.2.3.4:25", "[::1]:25"; port 1..65535; the host must be a literal or a
 * syntactically valid name.  host (254 bytes at least) gets it without brackets, a name as DNS has
 * it.  The error says what is wrong, not where. */
bool conf_host_port(const char *text, char *host, size_t host_max, unsigned *port, struct err *e)
	MUST_CHECK;

#define CONF_IP_MAX   46  /* the text of an address, with NUL */
#define CONF_ZONE_MAX 255 /* of a zone */
/* "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT": an address and never a name; port is dflt when none
 * is named. */
bool conf_ip_port(const char *text, unsigned dflt, char host[CONF_IP_MAX], unsigned *port)
	MUST_CHECK;
/* Splits "ZONE=SERVER": the zone without final dot, "." for the root; *server points into text and
 * is conf_ip_port's. */
bool conf_zone_server(const char *text, char zone[CONF_ZONE_MAX], const char **server) MUST_CHECK;

#endif
