/* tls: certificates and their contexts.
 *
 * Which certificate a client gets is decided by the name it asks for, in our own list of names:
 * X509_check_host would parse every certificate at every handshake.
 *
 * Decided against: ciphers of TLS 1.2 with CBC or without forward secrecy, and finite-field
 * Diffie-Hellman (costly for us, cheap for an attacker).  Who can do no better sends in clear.
 * SPDX-License-Identifier: ISC */
#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "net/tls_private.h"

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS  "X25519:P-256:P-384"
/* OpenSSL 3.5 and later; older ones refuse a list with an unknown name in it. */
#define GROUPS_NEWER "X25519MLKEM768:" GROUPS
#define NAMES_MAX    (64 * 1024)

struct pair {
	struct tls_certificate about;
	SSL_CTX *context;
};

struct tls {
	_Atomic unsigned refs;
	size_t count;
	struct pair pairs[];
};

/* -- errors of OpenSSL -------------------------------------------------------------------- */

void tls_reason(char *ret, size_t max)
{
	unsigned long code = ERR_peek_error(); /* later ones say only where it came through */
	const char *reason = ERR_reason_error_string(code);

	if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
		reason = "it holds nothing of the kind in PEM form";
	if (ERR_SYSTEM_ERROR(code))
		reason = strerror((int)ERR_GET_REASON(code));
	(void)snprintf(ret, max, "%s", reason ? reason : "OpenSSL gives no reason");
	ERR_clear_error();
}

static bool refused(struct err *e, const char *what)
{
	char reason[160];

	tls_reason(reason, sizeof(reason));
	return err_set(e, ERR_INPUT, "%s: %s", what, reason);
}

/* -- names -------------------------------------------------------------------------------- */

static bool has_name(const struct tls_certificate *c, struct str wanted)
{
	struct str rest = str_of(c->names), name;
	bool more = true;

	while (more) {
		more = str_cut(rest, ' ', &name, &rest);
		if (str_ieq(name, wanted))
			return true;
	}
	return false;
}

/* RFC 6125 §6.4.3: a wildcard stands for the whole leftmost label and for nothing else. */
static bool has_wildcard(const struct tls_certificate *c, struct str wanted)
{
	struct str rest = str_of(c->names), name;
	ptrdiff_t dot = str_find(wanted, '.');
	bool more = dot > 0;

	while (more) {
		more = str_cut(rest, ' ', &name, &rest);
		if (str_starts(name, STR("*.")) &&
		    str_ieq(str_from(name, 1), str_from(wanted, (size_t)dot)))
			return true;
	}
	return false;
}

size_t tls_find(const struct tls *t, struct str name)
{
	bool (*const ways[])(const struct tls_certificate *c, struct str wanted) = { has_name,
										     has_wildcard };

	if (name.n && name.at[name.n - 1] == '.')
		name.n--;
	for (size_t way = 0; name.n && way < COUNT(ways); way++) {
		for (size_t i = 0; i < t->count; i++) {
			if (ways[way](&t->pairs[i].about, name))
				return i;
		}
	}
	return 0;
}

/* Whatever is no name of a host is passed over: it is shown to people, and nobody asks for it. */
static void add_name(struct buf *to, const ASN1_STRING *text)
{
	struct str name = { (const char *)ASN1_STRING_get0_data(text),
			    (size_t)ASN1_STRING_length(text) };

	for (size_t i = 0; i < name.n; i++) {
		if (name.at[i] <= ' ' || name.at[i] >= 0x7f)
			return;
	}
	if (name.n && buf_addf(to, "%s%.*s", buf_len(to) ? " " : "", STR_ARGS(name)))
		return;
}

/* Those of the extension; a certificate that has none goes by its subject's common name. */
static char *names_of(const X509 *x)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	const X509_NAME *subject = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	struct buf names;
	char *copy;

	buf_init(&names, NAMES_MAX);
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

		if (name->type == GEN_DNS)
			add_name(&names, name->d.dNSName);
	}
	if (!buf_len(&names) && at >= 0)
		add_name(&names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	GENERAL_NAMES_free(all);
	copy = mem_str(buf_str(&names));
	buf_done(&names);
	return copy;
}

static int64_t expiry_of(const X509 *x)
{
	struct tm at;

	if (!ASN1_TIME_to_tm(X509_get0_notAfter(x), &at))
		return 0;
	return (int64_t)timegm(&at) * 1000;
}

/* -- contexts ----------------------------------------------------------------------------- */

static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	const struct tls *t = arg;
	size_t found = tls_find(t, str_of(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)));

	(void)alert;
	if (found)
		(void)SSL_set_SSL_CTX(ssl, t->pairs[found].context);
	return SSL_TLSEXT_ERR_OK;
}

/* Or OpenSSL would ask for the word on the terminal. */
static int no_password(char *to, int max, int writing, void *arg)
{
	(void)to;
	(void)max;
	(void)writing;
	(void)arg;
	return -1;
}

/* OpenSSL's macro casts const away, so it gets arrays of its own. */
static bool set_groups(SSL_CTX *c)
{
	char newer[] = GROUPS_NEWER, groups[] = GROUPS;

	return SSL_CTX_set1_groups_list(c, newer) || SSL_CTX_set1_groups_list(c, groups);
}

static SSL_CTX *context_new(struct tls *t)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (!c)
		return NULL;
	SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
				       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
				       /* SMTP tells by itself where a message ends */
				       SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(c, no_password);
	SSL_CTX_set_tlsext_servername_callback(c, on_server_name);
	SSL_CTX_set_tlsext_servername_arg(c, t);
	if (SSL_CTX_set_num_tickets(c, 0) && SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) &&
	    SSL_CTX_set_cipher_list(c, CIPHERS) && set_groups(c)) {
		ERR_clear_error();
		return c;
	}
	SSL_CTX_free(c);
	return NULL;
}

static bool can_read(const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return err_errno(e, "cannot read %s", path);
	(void)fclose(f);
	return true;
}

static bool read_key(const char *path, EVP_PKEY **ret, struct err *e)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return err_errno(e, "cannot read %s", path);
	*ret = PEM_read_PrivateKey(f, NULL, no_password, NULL);
	(void)fclose(f);
	return *ret || refused(e, path);
}

static bool load_key(SSL_CTX *c, const struct tls_files *files, struct err *e)
{
	EVP_PKEY *key = NULL;
	bool ok;

	if (!read_key(files->key, &key, e))
		return false;
	if (X509_check_private_key(SSL_CTX_get0_certificate(c), key) != 1) {
		ERR_clear_error();
		ok = err_set(e, ERR_INPUT, "%s is not the key of the certificate in %s",
			     files->key, files->certificate);
	} else {
		ok = SSL_CTX_use_PrivateKey(c, key) == 1 || refused(e, files->key);
	}
	EVP_PKEY_free(key);
	return ok;
}

static bool load_pair(struct tls *t, struct pair *p, const struct tls_files *files,
		      const char **ret_fault, struct err *e)
{
	*ret_fault = files->certificate;
	p->context = context_new(t);
	if (!p->context)
		return refused(e, "a context for TLS cannot be made");
	if (!can_read(files->certificate, e))
		return false;
	if (SSL_CTX_use_certificate_chain_file(p->context, files->certificate) != 1)
		return refused(e, files->certificate);
	*ret_fault = files->key;
	if (!load_key(p->context, files, e))
		return false;

	X509 *x = SSL_CTX_get0_certificate(p->context);

	p->about.file = mem_str(str_of(files->certificate));
	p->about.names = names_of(x);
	p->about.expires_ms = expiry_of(x);
	p->about.self_signed = X509_self_signed(x, 0) == 1;
	ERR_clear_error();
	return true;
}

SSL_CTX *tls_default_context(const struct tls *t)
{
	return t->pairs[0].context;
}

/* -- the snapshot ------------------------------------------------------------------------- */

bool tls_load(const struct tls_files *files, size_t n, struct tls **ret, const char **ret_fault,
	      struct err *e)
{
	struct tls *t = mem_alloc(sizeof(*t) + n * sizeof(t->pairs[0]));
	const char *ignored;

	atomic_init(&t->refs, 1);
	t->count = n;
	ERR_clear_error();
	for (size_t i = 0; i < n; i++) {
		if (!load_pair(t, &t->pairs[i], &files[i], ret_fault ? ret_fault : &ignored, e)) {
			tls_unref(t);
			return false;
		}
	}
	*ret = t;
	return true;
}

struct tls *tls_ref(struct tls *t)
{
	if (t)
		atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void tls_unref(struct tls *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < t->count; i++) {
		SSL_CTX_free(t->pairs[i].context);
		free(t->pairs[i].about.file);
		free(t->pairs[i].about.names);
	}
	free(t);
}

size_t tls_count(const struct tls *t)
{
	return t ? t->count : 0;
}

const struct tls_certificate *tls_about(const struct tls *t, size_t i)
{
	return &t->pairs[i].about;
}
