/* tls.h: the server's certificates: a snapshot that streams are secured with.
 *
 * A snapshot is immutable and refcounted, so it is swapped whole while sessions go on with the one
 * they began with.  Its contexts are made once when it is loaded: making one takes milliseconds.
 *
 * TLS 1.2 and 1.3 only, forward secrecy and authenticated encryption only; no compression, no
 * renegotiation, no session tickets (a ticket's key would undo forward secrecy, and mail servers
 * seldom come back within minutes).
 * SPDX-License-Identifier: ISC */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct tls;

/* Both PEM; the certificate's file may hold the chain behind it, and both may be one file. */
struct tls_files {
	const char *certificate, *key;
};

/* What is known of one certificate, for operators. */
struct tls_certificate {
	char *file;
	char *names; /* those it is for, with blanks between: "mx.example.org *.example.net" */
	int64_t expires_ms; /* wall clock */
	bool self_signed;
};

/* Reads all of them, n at least 1; the first is the default.  The error names the file;
 * *ret_fault, when not NULL, gets the path that it is about. */
bool tls_load(const struct tls_files *files, size_t n, struct tls **ret, const char **ret_fault,
	      struct err *e) MUST_CHECK;
struct tls *tls_ref(struct tls *t); /* any thread; NULL is accepted, as below */
void tls_unref(struct tls *t);

size_t tls_count(const struct tls *t);
const struct tls_certificate *tls_about(const struct tls *t, size_t i);
/* The certificate for a name that a client asked for (SNI): the first that has the name, else the
 * first that has it by a wildcard, else 0, the default. */
size_t tls_find(const struct tls *t, struct str name);

/* Makes a key (ECDSA, P-256) and a certificate that it signed itself, for hostname and ten years,
 * in one file of mode 0600 that is there whole or not at all. */
bool tls_make_self_signed(const char *hostname, const char *path, struct err *e) MUST_CHECK;

#endif
