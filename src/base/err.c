/* err: an error is made where it happens and gets context in front on its way up.
 *
 * Texts are cut, never lost: what is nearest to the cause may fall off the end, what the user
 * was doing stays.
 * SPDX-License-Identifier: ISC */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static PRINTF(2, 0) void set_text(struct err *e, const char *fmt, va_list args)
{
	if (vsnprintf(e->text, sizeof(e->text), fmt, args) < 0)
		e->text[0] = '\0';
}

static void append(struct err *e, const char *text)
{
	size_t have = strlen(e->text), room = sizeof(e->text) - have;
	size_t n = strnlen(text, room - 1);

	memcpy(e->text + have, text, n);
	e->text[have + n] = '\0';
}

bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	e->kind = kind;
	va_start(args, fmt);
	set_text(e, fmt, args);
	va_end(args);
	return false;
}

bool err_wrap(struct err *e, const char *fmt, ...)
{
	char inner[sizeof(e->text)];
	va_list args;

	memcpy(inner, e->text, sizeof(inner));
	inner[sizeof(inner) - 1] = '\0';
	va_start(args, fmt);
	set_text(e, fmt, args);
	va_end(args);
	append(e, ": ");
	append(e, inner);
	return false;
}

static enum err_kind kind_of(int code)
{
	switch (code) {
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	case ENOENT:
		return ERR_NOTFOUND;
	case EEXIST:
		return ERR_CONFLICT;
	case EACCES:
	case EPERM:
	case EROFS:
	case EINVAL:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case EFBIG:
		return ERR_PERM;
	default:
		return ERR_TEMP;
	}
}

bool err_errno(struct err *e, const char *fmt, ...)
{
	int code = errno;
	va_list args;

	e->kind = kind_of(code);
	va_start(args, fmt);
	set_text(e, fmt, args);
	va_end(args);
	append(e, ": ");
	append(e, strerror(code));
	return false;
}
