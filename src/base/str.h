/* str.h: a span of bytes that is not NUL-terminated.
 *
 * Whatever comes from outside is a struct str until it has been validated, so a NUL in it is
 * just one more illegal byte.  A str never owns its bytes.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *at;
	size_t n;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
#define STR_NONE     ((struct str){ "", 0 })

/* For printf("%.*s"): the precision and the pointer. */
#define STR_ARGS(s) ((int)(s).n), ((s).at)

/* The span of a C string; NULL gives the empty span. */
struct str str_of(const char *cstr);
/* The part of s from byte `from` on; past the end it is empty. */
struct str str_from(struct str s, size_t from);
bool str_eq(struct str a, struct str b);
/* Equal but for ASCII case; never looks at the locale. */
bool str_ieq(struct str a, struct str b);
/* Below, at or above 0: by bytes, as SQLite orders; of two that begin alike the shorter first. */
int str_compare(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
/* Index of the first / last c, or -1. */
ptrdiff_t str_find(struct str s, char c);
ptrdiff_t str_rfind(struct str s, char c);
/* Cut s at the first sep: *head gets what is before it, *rest what is behind.  Without a sep
 * *head is all of s, *rest is empty, and the answer is false. */
bool str_cut(struct str s, char sep, struct str *head, struct str *rest);
/* Without blanks (SP and TAB) at both ends. */
struct str str_trim(struct str s);
/* Decimal digits only, at least one, value <= max. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *ret);
/* ASCII lower case of one byte. */
char str_lower_char(char c);
/* ASCII only. */
static inline bool str_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool str_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/* Lower-case n bytes in place (ASCII). */
void str_lower(char *at, size_t n);
/* "10M", "64k", "1G", "512": bytes, powers of 1024. */
bool str_to_bytes(struct str s, uint64_t *ret);
/* "500ms", "30s", "5m", "1h", "30d", "2w": milliseconds.  A bare number other than 0 is refused:
 * nobody remembers which unit a bare number has. */
bool str_to_ms(struct str s, uint64_t *ret);
/* FNV-1a over the ASCII lower case of s, for hash tables of names. */
uint64_t str_ihash(struct str s);

#endif
