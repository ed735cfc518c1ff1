/* tls_self: a certificate of our own making, so that mail is encrypted on its way from the first
 * start on.  Clients that do not verify, which is most mail servers, are content with it.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "net/tls.h"
#include "net/tls_private.h"

#define DAYS            3650
#define DAY_SECONDS     86400
#define COMMON_NAME_MAX 64 /* RFC 5280 appendix A.1: ub-common-name */

static bool add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension && X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

static bool set_serial(X509 *x)
{
	unsigned char bytes[16];
	BIGNUM *number;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and never short */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	BN_free(number);
	return ok;
}

static bool set_names(X509 *x, const char *hostname)
{
	X509_NAME *name = X509_NAME_new();
	char *alt = mem_printf("DNS:%s", hostname);
	const unsigned char *cn = (const unsigned char *)(strlen(hostname) > COMMON_NAME_MAX ?
								  "mxkeep" : hostname);
	bool ok = name && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, cn, -1, -1, 0) &&
		  X509_set_subject_name(x, name) && X509_set_issuer_name(x, name) &&
		  add_extension(x, NID_subject_alt_name, alt);

	X509_NAME_free(name);
	free(alt);
	return ok;
}

/* It begins a day ago: clocks differ. */
static bool fill(X509 *x, EVP_PKEY *key, const char *hostname)
{
	return X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
	       X509_gmtime_adj(X509_getm_notBefore(x), -DAY_SECONDS) &&
	       X509_time_adj_ex(X509_getm_notAfter(x), DAYS, 0, NULL) &&
	       X509_set_pubkey(x, key) && set_names(x, hostname) &&
	       add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x, NID_ext_key_usage, "serverAuth") &&
	       X509_sign(x, key, EVP_sha256()) > 0;
}

/* Synced, so that a crash leaves no empty file behind under the name. */
static bool write_file(const char *path, EVP_PKEY *key, X509 *x, struct err *e)
{
	char *fresh = mem_printf("%s.new", path);
	int fd;
	FILE *f = NULL;
	bool ok = false;

	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f) {
		ok = PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) &&
		     PEM_write_X509(f, x) && fflush(f) == 0 && fsync(fd) == 0;
		ok = fclose(f) == 0 && ok;
	} else if (fd >= 0) {
		(void)close(fd);
	}
	ok = ok && rename(fresh, path) == 0;
	if (!ok) {
		err_errno(e, "cannot write %s", path);
		(void)unlink(fresh);
	}
	free(fresh);
	return ok;
}

bool tls_make_self_signed(const char *hostname, const char *path, struct err *e)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	bool ok = false;

	if (key && x && fill(x, key, hostname)) {
		ok = write_file(path, key, x, e);
	} else {
		char reason[160];

		tls_reason(reason, sizeof(reason));
		err_set(e, ERR_TEMP, "cannot make a certificate for %s: %s", hostname, reason);
	}
	X509_free(x);
	EVP_PKEY_free(key);
	return ok;
}
