/* conf_text: the file's text as libconfuse can bear it.
 *
 * Comments are blanked here, since libconfuse 3.3 counts wrong lines after each comment and takes
 * a file that ends within one for a good file.  All is read before it is parsed, since its
 * scanner ends the process on a read error.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf_private.h"

#define FILE_MAX (1U << 20)
#define PORTION  4096

static bool read_all(const char *path, struct buf *to, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	do {
		char *room = buf_reserve(to, PORTION);

		n = room ? read(fd, room, PORTION) : 0;
		if (n > 0)
			buf_added(to, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		(void)err_errno(e, "cannot read %s", path);
	(void)close(fd);
	return n == 0;
}

/* The length of the string that begins s; 0 when none does, past the end when it is not closed. */
static size_t string_length(struct str s)
{
	char quote = s.at[0];
	size_t n = 1;

	if (quote != '"' && quote != '\'')
		return 0;
	while (n < s.n && s.at[n] != quote)
		n += s.at[n] == '\\' ? 2 : 1;
	return n + 1;
}

/* The same for a comment; the newline that ends it is not counted. */
static size_t comment_length(struct str s)
{
	size_t n = 2;

	if (str_starts(s, STR("#")) || str_starts(s, STR("//"))) {
		ptrdiff_t end = str_find(s, '\n');

		return end < 0 ? s.n : (size_t)end;
	}
	if (!str_starts(s, STR("/*")))
		return 0;
	while (n < s.n && !str_starts(str_from(s, n), STR("*/")))
		n++;
	return n + 2;
}

static unsigned line_of(struct str text, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++)
		line += text.at[i] == '\n';
	return line;
}

static bool blank_comments(const char *path, char *mem, size_t size, struct err *e)
{
	struct str text = { mem, size };

	for (size_t at = 0; at < size;) {
		struct str rest = str_from(text, at);
		size_t comment = comment_length(rest), string = string_length(rest);

		if (comment > rest.n || string > rest.n)
			return err_set(e, ERR_INPUT, "%s:%u: a %s begins here and does not end",
				       path, line_of(text, at), comment ? "comment" : "string");
		for (size_t i = at; i < at + comment; i++)
			mem[i] = mem[i] == '\n' ? '\n' : ' ';
		at += comment + string > 0 ? comment + string : 1;
	}
	return true;
}

unsigned conf_line_of(const struct conf *c, const char *value)
{
	char *quoted = mem_printf("\"%s\"", value);
	struct buf text;
	unsigned line = 0;
	struct err e;

	if (c->path && conf_text_read(c->path, &text, &e)) {
		struct str all = buf_str(&text);
		const char *at = memmem(all.at, all.n, quoted, strlen(quoted));

		line = at ? line_of(all, (size_t)(at - all.at)) : 0;
	}
	if (c->path)
		buf_done(&text);
	free(quoted);
	return line;
}

bool conf_text_read(const char *path, struct buf *text, struct err *e)
{
	buf_init(text, FILE_MAX);
	if (!read_all(path, text, e))
		return false;
	if (buf_len(text) + PORTION > FILE_MAX)
		return err_set(e, ERR_INPUT, "%s: larger than a configuration can be", path);
	if (str_find(buf_str(text), '\0') >= 0)
		return err_set(e, ERR_INPUT, "%s: has NUL bytes; it is not a text file", path);
	return blank_comments(path, text->mem + text->start, buf_len(text), e);
}
