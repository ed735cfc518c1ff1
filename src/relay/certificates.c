/* certificates: see certificates.h.
 *
 * Files are looked at by stat every few seconds, not watched: renewal scripts rename, rewrite or
 * turn symbolic links around, and each of these is a different event to a watcher.  A set that is
 * found half renewed is not good, and is read again when the other half has come.
 * SPDX-License-Identifier: ISC */
#include "relay/certificates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

#define DAY_MS 86400000

/* What a file was when it was read. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec written, changed;
};

struct certificates {
	struct conf *conf; /* names the files that are wanted */
	char *own;         /* the self-signed one, for when conf names none */
	struct tls *tls;   /* in use; may be older than what is wanted */
	struct stamp *stamps; /* of the wanted files, two a certificate, at the last reading */
	struct err err;       /* of the last reading, if it failed */
	bool failed;
	struct log *log;
	struct board *board;
};

/* -- which files --------------------------------------------------------------------------- */

static bool is_own(const struct certificates *c)
{
	return c->conf->tls.certificate.n == 0;
}

static size_t wanted_count(const struct certificates *c)
{
	return is_own(c) ? 1 : c->conf->tls.certificate.n;
}

static struct tls_files wanted(const struct certificates *c, size_t i)
{
	if (is_own(c))
		return (struct tls_files){ c->own, c->own };
	return (struct tls_files){ c->conf->tls.certificate.items[i], c->conf->tls.key.items[i] };
}

static struct stamp stamp_of(const char *path)
{
	struct stat st;
	struct stamp stamp;

	memset(&stamp, 0, sizeof(stamp)); /* it is compared by its bytes */
	if (stat(path, &st) != 0)
		return stamp;
	stamp.device = st.st_dev;
	stamp.inode = st.st_ino;
	stamp.size = st.st_size;
	stamp.written = st.st_mtim;
	stamp.changed = st.st_ctim;
	return stamp;
}

static struct stamp *stamp_all(const struct certificates *c)
{
	size_t n = wanted_count(c);
	struct stamp *all = mem_alloc(2 * n * sizeof(*all));

	for (size_t i = 0; i < n; i++) {
		all[2 * i] = stamp_of(wanted(c, i).certificate);
		all[2 * i + 1] = stamp_of(wanted(c, i).key);
	}
	return all;
}

static bool have_changed(const struct certificates *c)
{
	struct stamp *now = stamp_all(c);
	bool differ =
		!c->stamps || memcmp(now, c->stamps, 2 * wanted_count(c) * sizeof(*now)) != 0;

	free(now);
	return differ;
}

/* -- reading them ---------------------------------------------------------------------------- */

/* Is there one, for our name, with time left? */
static bool own_is_good(const struct certificates *c)
{
	struct tls_files files = { c->own, c->own };
	struct tls *t = NULL;
	struct err ignored;
	bool good;

	if (!tls_load(&files, 1, &t, NULL, &ignored))
		return false;
	good = str_ieq(str_of(tls_about(t, 0)->names), str_of(c->conf->hostname)) &&
	       tls_about(t, 0)->expires_ms > clock_wall_ms();
	tls_unref(t);
	return good;
}

static bool make_own(const struct certificates *c, struct err *e)
{
	char *folder;
	bool ok;

	if (own_is_good(c))
		return true;
	folder = mem_printf("%s/tls", c->conf->state_dir);
	ok = mkdir(folder, 0700) == 0 || errno == EEXIST ||
	     err_errno(e, "cannot make the directory %s", folder);
	free(folder);
	return ok && tls_make_self_signed(c->conf->hostname, c->own, e);
}

/* The stamps are taken first: what changes while it is being read is read again. */
static bool load(struct certificates *c, struct err *e)
{
	size_t n = wanted_count(c);
	struct tls_files *files = mem_alloc(n * sizeof(*files));
	const char *fault = "";
	struct tls *fresh = NULL;
	bool ok = !is_own(c) || make_own(c, e);

	for (size_t i = 0; i < n; i++)
		files[i] = wanted(c, i);
	free(c->stamps);
	c->stamps = stamp_all(c);
	ok = ok && tls_load(files, n, &fresh, &fault, e);
	if (ok) {
		tls_unref(c->tls);
		c->tls = fresh;
	} else if (!is_own(c)) {
		err_wrap(e, "%s:%u", c->conf->path, conf_line_of(c->conf, fault));
	}
	free(files);
	return ok;
}

/* -- telling of them ------------------------------------------------------------------------- */

static void log_all(const struct certificates *c)
{
	for (size_t i = 0; i < tls_count(c->tls); i++) {
		const struct tls_certificate *about = tls_about(c->tls, i);
		int64_t left_ms = about->expires_ms - clock_wall_ms();

		log_say(c->log, left_ms > 0 ? LOG_INFO : LOG_WARNING, "certificate",
			F_CSTR("file", about->file), F_CSTR("names", about->names),
			F_INT("days", left_ms / DAY_MS),
			F_CSTR("self_signed", about->self_signed ? "yes" : "no"));
	}
}

static void put_on_board(const struct certificates *c)
{
	size_t n = tls_count(c->tls);
	struct board_certificate *rows = mem_alloc((n + 1) * sizeof(*rows));

	for (size_t i = 0; i < n; i++) {
		const struct tls_certificate *about = tls_about(c->tls, i);

		rows[i] = (struct board_certificate){
			.file = about->file,
			.names = about->names,
			.expires_ms = about->expires_ms,
			.self_signed = about->self_signed,
			.made_here = strcmp(about->file, c->own) == 0,
		};
	}
	board_set_certificates(c->board, rows, n, c->failed ? c->err.text : "");
	free(rows);
}

/* Root was given up: a key that only root may read cannot be read when it is renewed. */
static void warn_of_unreadable(const struct certificates *c)
{
	for (size_t i = 0; i < wanted_count(c); i++) {
		struct tls_files files = wanted(c, i);
		const char *paths[] = { files.certificate, files.key };

		for (size_t j = 0; j < COUNT(paths); j++) {
			if (access(paths[j], R_OK) != 0)
				log_say(c->log, LOG_WARNING, "certificate_unreadable",
					F_CSTR("file", paths[j]), F_CSTR("user", c->conf->user),
					F_CSTR("says",
					       "when it is renewed a restart will be needed"));
		}
	}
}

/* -- the interface --------------------------------------------------------------------------- */

bool certificates_open(struct conf *conf, struct certificates **ret, struct err *e)
{
	struct certificates *c = mem_alloc(sizeof(*c));

	c->conf = conf_ref(conf);
	c->own = mem_printf("%s/tls/self-signed.pem", conf->state_dir);
	if (!is_own(c) && !load(c, e)) {
		certificates_free(c);
		return false;
	}
	*ret = c;
	return true;
}

bool certificates_settle(struct certificates *c, struct err *e)
{
	return !is_own(c) || load(c, e);
}

void certificates_begin(struct certificates *c, struct log *log, struct board *board)
{
	c->log = log;
	c->board = board;
	log_all(c);
	warn_of_unreadable(c);
	put_on_board(c);
}

struct tls *certificates_tls(const struct certificates *c)
{
	return c->tls;
}

bool certificates_look(struct certificates *c, struct conf *fresh)
{
	if (fresh) {
		conf_ref(fresh);
		conf_unref(c->conf);
		c->conf = fresh;
	} else if (!have_changed(c)) {
		return false;
	}
	c->failed = !load(c, &c->err);
	if (c->failed)
		log_say(c->log, LOG_ERROR, "certificate_failed", F_CSTR("why", c->err.text),
			F_CSTR("says", "those in use stay in use"));
	else
		log_all(c);
	put_on_board(c);
	return !c->failed;
}

void certificates_free(struct certificates *c)
{
	if (!c)
		return;
	tls_unref(c->tls);
	conf_unref(c->conf);
	free(c->stamps);
	free(c->own);
	free(c);
}
