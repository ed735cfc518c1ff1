/* log_line.h: one log line being put together on the stack; private to log.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define LOG_LINE_MAX 4096 /* with the newline */

struct log_line {
	enum log_format format;
	bool cut; /* something did not fit: nothing more is added */
	size_t n;
	char text[LOG_LINE_MAX];
};

struct log_event {
	enum log_level level;
	const char *name;
	const struct log_field *fields;
	size_t n;
};

/* The whole line with its newline. */
void log_line_make(struct log_line *line, enum log_format format, bool prefix, int64_t wall_ms,
		   const struct log_event *event);

#endif
