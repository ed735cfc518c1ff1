/* hash.h: SipHash-2-4, a hash with a key: who does not know the key cannot choose what collides.
 * For tables whose names strangers choose.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/str.h"

struct hash_key {
	uint64_t half[2];
};

/* Of random bits. */
struct hash_key hash_key_new(void);
uint64_t hash_keyed(const struct hash_key *key, struct str s);

#endif
