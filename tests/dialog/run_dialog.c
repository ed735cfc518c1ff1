/* run_dialog: plays dialog files (README.md has the format) and prints TAP.
 *
 *	run_dialog FILE...                      against the engine: whole pieces, then byte by byte
 *	run_dialog --connect HOST:PORT FILE...  against a live daemon
 *	run_dialog --tls HOST:PORT FILE...      the same with TLS from the first byte
 *	run_dialog --client-bytes DIR FILE...   writes what each client says to DIR/CLAIM (fuzzing)
 *
 * Exit status 0 passed, 1 failed, 2 usage.
 * SPDX-License-Identifier: ISC */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "tests/dialog/peer.h"
#include "tests/dialog/script.h"

#define USAGE 2
#define SHOWN_MAX 200

struct tally {
	unsigned count, failed;
};

/* -- one dialog --------------------------------------------------------------------------- */

static bool differs(const struct script *s, const struct step *step, const char *wanted,
		    struct str got)
{
	(void)printf("# %s:%u: wanted %s\n# got %.*s\n", s->path, step ? step->line_no : 0, wanted,
		     got.n > SHOWN_MAX ? SHOWN_MAX : (int)got.n, got.at);
	return false;
}

static struct str line_or_why(enum peer_line kind, struct str line)
{
	switch (kind) {
	case PEER_CLOSED:
		return STR("the end of the connection");
	case PEER_SILENT:
		return STR("nothing");
	case PEER_LINE:
		break;
	}
	return line;
}

static bool is_last_of_reply(struct str line)
{
	return line.n < 4 || line.at[3] != '-';
}

/* "250-…" in the dialog means the very next line, "250 …" the last line of the reply. */
static bool run_line(const struct script *s, const struct step *step, struct peer *p)
{
	struct str wanted = { buf_str(&step->bytes).at, buf_len(&step->bytes) - 1 };
	enum peer_line kind;
	struct str line = STR_NONE;

	do {
		kind = peer_line(p, &line);
	} while (kind == PEER_LINE && is_last_of_reply(wanted) && !is_last_of_reply(line));
	return (kind == PEER_LINE && str_starts(line, wanted)) ||
	       differs(s, step, wanted.at, line_or_why(kind, line));
}

static bool run_regex(const struct script *s, const struct step *step, struct peer *p)
{
	struct str line = STR_NONE;
	enum peer_line kind = peer_line(p, &line);
	char text[1024];

	(void)snprintf(text, sizeof(text), "%.*s", (int)line.n, line.at);
	return (kind == PEER_LINE && regexec(&step->regex, text, 0, NULL, 0) == 0) ||
	       differs(s, step, buf_str(&step->bytes).at, line_or_why(kind, line));
}

static bool run_close(const struct script *s, const struct step *step, struct peer *p)
{
	struct str line = STR_NONE;
	enum peer_line kind = peer_line(p, &line);

	return kind == PEER_CLOSED || differs(s, step, "<close>", line_or_why(kind, line));
}

static bool run_send(const struct script *s, const struct step *step, struct peer *p)
{
	struct str line = STR_NONE;

	if (peer_has_more(p)) {
		enum peer_line kind = peer_line(p, &line);

		return differs(s, step, "nothing yet", line_or_why(kind, line));
	}
	peer_send(p, buf_str(&step->bytes));
	return true;
}

/* What came in clear behind the last reply was not waited for either. */
static bool run_tls(const struct script *s, const struct step *step, struct peer *p)
{
	struct str line = STR_NONE;

	if (peer_has_more(p)) {
		enum peer_line kind = peer_line(p, &line);

		return differs(s, step, "nothing before TLS", line_or_why(kind, line));
	}
	return peer_start_tls(p) || differs(s, step, "<tls>", STR("no TLS"));
}

static bool run_step(const struct script *s, const struct step *step, struct peer *p)
{
	switch (step->kind) {
	case STEP_SEND:
		return run_send(s, step, p);
	case STEP_LINE:
		return run_line(s, step, p);
	case STEP_REGEX:
		return run_regex(s, step, p);
	case STEP_CLOSE:
		return run_close(s, step, p);
	case STEP_TLS:
		return run_tls(s, step, p);
	}
	return false;
}

static bool was_received(const struct script *s, const struct canned *relay)
{
	char count[64];

	if (s->has_content && !str_eq(buf_str(&relay->content), buf_str(&s->content)))
		return differs(s, NULL, "the content of the M lines", buf_str(&relay->content));
	if (s->mails >= 0 && (unsigned)s->mails != relay->mails) {
		(void)snprintf(count, sizeof(count), "%u", relay->mails);
		return differs(s, NULL, "the number of messages of the N line", str_of(count));
	}
	return true;
}

static bool ran_dialog(const struct script *s, struct peer *p)
{
	bool closes = s->count && s->steps[s->count - 1].kind == STEP_CLOSE;
	struct str line = STR_NONE;

	for (size_t i = 0; i < s->count; i++)
		if (!run_step(s, &s->steps[i], p))
			return false;
	if (!closes && peer_has_more(p)) {
		enum peer_line kind = peer_line(p, &line);

		return differs(s, NULL, "the end of the dialog", line_or_why(kind, line));
	}
	return !peer_relay(p) || was_received(s, peer_relay(p));
}

/* -- all of them -------------------------------------------------------------------------- */

static void run_one(struct tally *t, const struct script *s, struct peer *p, const char *way)
{
	bool fine = p && ran_dialog(s, p);

	t->failed += !fine;
	(void)printf("%sok %u - %s (%s)\n", fine ? "" : "not ", ++t->count, s->claim, way);
	if (p)
		peer_close(p);
}

static void run_live(struct tally *t, const struct script *s, char *target, bool tls)
{
	char *colon = strrchr(target, ':');
	const char *way = tls ? "tls" : "live";

	if (!s->live || s->only == (tls ? ONLY_CLEAR : ONLY_TLS)) {
		(void)printf("ok %u - %s (%s) # SKIP needs %s\n", ++t->count, s->claim, way,
			     !s->live ? "the canned relay" : "another way to connect");
		return;
	}
	*colon = '\0';
	run_one(t, s, (tls ? peer_open_tls : peer_open_socket)(target, colon + 1), way);
	*colon = ':';
}

static void write_client_bytes(struct tally *t, const struct script *s, const char *dir)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, s->claim);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		t->failed++;
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		struct str bytes = buf_str(&s->steps[i].bytes);

		if (s->steps[i].kind == STEP_SEND)
			(void)fwrite(bytes.at, 1, bytes.n, f);
	}
	if (fclose(f)) {
		perror(path);
		t->failed++;
	}
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: run_dialog [--connect HOST:PORT | --tls HOST:PORT | "
			      "--client-bytes DIR] FILE...\n");
	return USAGE;
}

int main(int argc, char **argv)
{
	struct tally t = { 0, 0 };
	char *target = NULL, *dir = NULL;
	bool tls = argc > 2 && strcmp(argv[1], "--tls") == 0;
	int at = 1;

	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* for when the next one aborts */
	if (tls || (argc > 2 && strcmp(argv[1], "--connect") == 0))
		target = argv[2];
	else if (argc > 2 && strcmp(argv[1], "--client-bytes") == 0)
		dir = argv[2];
	at += target || dir ? 2 : 0;
	if (at >= argc || argv[at][0] == '-' || (target && !strrchr(target, ':')))
		return usage();
	for (; at < argc; at++) {
		struct script s;

		if (!script_read(&s, argv[at])) {
			t.failed++;
			(void)printf("not ok %u - %s\n", ++t.count, argv[at]);
		} else if (dir) {
			write_client_bytes(&t, &s, dir);
		} else if (target) {
			run_live(&t, &s, target, tls);
		} else {
			run_one(&t, &s, peer_open_engine(&s, false), "whole");
			run_one(&t, &s, peer_open_engine(&s, true), "bytes");
		}
		script_done(&s);
	}
	if (!dir)
		(void)printf("1..%u\n", t.count);
	return t.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
