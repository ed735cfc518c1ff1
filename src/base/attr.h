/* attr.h: the few compiler attributes that the rest of the tree uses by name.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK        __attribute__((warn_unused_result))
#define NORETURN          __attribute__((noreturn))
#define UNUSED            __attribute__((unused))
#define CLEANUP(f)        __attribute__((cleanup(f)))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that embeds member at ptr. */
#define CONTAINER(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - __builtin_offsetof(type, member)))

#endif
