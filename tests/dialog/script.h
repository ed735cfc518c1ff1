/* script.h: a dialog file as steps; README.md has the format.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_DIALOG_SCRIPT_H
#define TESTS_DIALOG_SCRIPT_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "proto/smtpd.h"

enum step_kind { STEP_SEND, STEP_LINE, STEP_REGEX, STEP_CLOSE, STEP_TLS };

/* On which connections a dialog can be held. */
enum script_only { ONLY_ANY, ONLY_CLEAR, ONLY_TLS };

struct step {
	enum step_kind kind;
	unsigned line_no;
	struct buf bytes; /* SEND: what goes out in one write; LINE, REGEX: what is wanted */
	regex_t regex;
};

struct script {
	const char *path;
	char claim[128]; /* the file's name without folder and ending */
	struct smtpd_limits limits;
	const struct reply *answers[WANT_CLOSE + 1]; /* of the canned relay, when they are fixed */
	bool live;       /* for a live daemon too */
	enum script_only only;
	struct step *steps;
	size_t count;
	struct buf content; /* M: what must have been accepted */
	bool has_content;
	long mails; /* N: how many messages; -1 when not said */
};

/* False, with a line on stderr, when the file cannot be read or understood. */
bool script_read(struct script *s, const char *path);
void script_done(struct script *s);

#endif
