/* hash: see hash.h.  After the paper "SipHash: a fast short-input PRF" (Aumasson, Bernstein 2012).
 * SPDX-License-Identifier: ISC */
#include "base/hash.h"

#include <stdlib.h>
#include <sys/random.h>

struct hash_key hash_key_new(void)
{
	struct hash_key key;

	/* Cannot fail for so few bytes once the machine is up. */
	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
		abort();
	return key;
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void stir(uint64_t v[4], unsigned rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	stir(v, 2);
	v[0] ^= word;
}

/* Up to eight bytes, the first of them lowest. */
static uint64_t word_of(const char *at, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)(unsigned char)at[i] << (8 * i);
	return word;
}

uint64_t hash_keyed(const struct hash_key *key, struct str s)
{
	uint64_t v[4] = {
		key->half[0] ^ 0x736f6d6570736575U,
		key->half[1] ^ 0x646f72616e646f6dU,
		key->half[0] ^ 0x6c7967656e657261U,
		key->half[1] ^ 0x7465646279746573U,
	};
	size_t at = 0;

	for (; s.n - at >= 8; at += 8)
		take(v, word_of(s.at + at, 8));
	take(v, word_of(s.at + at, s.n - at) | (uint64_t)s.n << 56);
	v[2] ^= 0xff;
	stir(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
