/* log.h: one line an event, as fields.
 *
 *	2026-08-22T10:03:11.120Z info accepted mail=0NQ2… from=<a@b.example> size=4096
 *	{"time":"…","level":"info","event":"accepted","mail":"0NQ2…",…}
 *
 * The caller gives fields, never a ready line, so that both formats come from one call and no
 * byte from outside reaches the log unquoted: a value with a blank, quote, control or non-ASCII
 * byte is written "quoted" with \xNN escapes (JSON: \u00NN).  Tests read the log as data: event
 * names and keys are an interface.
 *
 * Lines go to a bounded ring that a thread of the log's own writes to the file descriptor: a
 * stalled journal must not stall mail.  When the ring is full lines are dropped and counted, and
 * a line "log_lost lines=N" says so.  A line has at most 4096 bytes: a value past it ends in
 * "..." (JSON then also has "cut":true).  An empty text value is written "".
 * SPDX-License-Identifier: ISC */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

enum log_type { LOG_TYPE_STR, LOG_TYPE_INT, LOG_TYPE_PATH, LOG_TYPE_ID };

struct log_field {
	const char *key;
	enum log_type type;
	struct str str;
	int64_t num;
};

#define F_STR(k, v)  { (k), LOG_TYPE_STR, (v), 0 }          /* struct str */
#define F_CSTR(k, v) { (k), LOG_TYPE_STR, str_of(v), 0 }    /* const char *, NULL is empty */
#define F_PATH(k, v) { (k), LOG_TYPE_PATH, (v), 0 } /* an address; text shows it in <> */
#define F_INT(k, v)  { (k), LOG_TYPE_INT, { 0, 0 }, (int64_t)(v) }
#define F_ID(k, v)   { (k), LOG_TYPE_ID, { 0, 0 }, (int64_t)(v) } /* a message id */

struct log;

/* Starts the writing thread.  fd is not closed by log_free.  With prefix each text line begins
 * with "<N>" (sd-daemon priority), for journald.  NULL when no thread can be had. */
struct log *log_new(int fd, enum log_format format, enum log_level level, bool prefix);
/* Writes what is in the ring, ends the thread; gives up after some seconds on an fd that takes
 * nothing.  NULL is accepted. */
void log_free(struct log *l);
/* Wait until all lines given so far have been written. */
void log_flush(struct log *l);
void log_set_level(struct log *l, enum log_level level);
bool log_is_on(const struct log *l, enum log_level level);
/* Any thread; never blocks on the file descriptor.  A NULL log drops the line. */
void log_write(struct log *l, enum log_level level, const char *event,
	       const struct log_field *fields, size_t n);
/* log_say(log, LOG_INFO, "accepted", F_ID("mail", id), F_INT("size", n)); */
#define log_say(l, level, event, ...)                                                          \
	log_write((l), (level), (event), (const struct log_field[]){ __VA_ARGS__ },            \
		  sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

/* s for a terminal: no control, no escape, no invalid byte; \xNN instead.  At most max-1 bytes and
 * a NUL, "..." at the end when cut.  Answers out. */
const char *log_quote(struct str s, char *out, size_t max);

#endif
