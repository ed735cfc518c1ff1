/* test_tls: certificates are chosen by name, bad files are told, and a stream is secured.
 *
 * The client is OpenSSL's own, in a thread that may wait.
 * SPDX-License-Identifier: ISC */
#include "net/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "net/loop.h"
#include "net/stream.h"

#define BULK 300000

struct fixture {
	char dir[32];
	char a[64], b[64], wild[64], none[64];
};

static void make(char path[64], const char *dir, const char *name, const char *hostname)
{
	struct err e;

	snprintf(path, 64, "%s/%s", dir, name);
	assert_true(tls_make_self_signed(hostname, path, &e));
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	signal(SIGPIPE, SIG_IGN);
	strncpy(f->dir, "/tmp/test_tls.XXXXXX", sizeof(f->dir) - 1);
	assert_non_null(mkdtemp(f->dir));
	make(f->a, f->dir, "a", "a.test");
	make(f->b, f->dir, "b", "b.test");
	make(f->wild, f->dir, "wild", "*.b.test");
	snprintf(f->none, sizeof(f->none), "%s/none", f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->a);
	unlink(f->b);
	unlink(f->wild);
	unlink(f->none);
	rmdir(f->dir);
	free(f);
	return 0;
}

static struct tls *load_all(const struct fixture *f)
{
	const struct tls_files files[] = { { f->a, f->a }, { f->b, f->b }, { f->wild, f->wild } };
	struct tls *t = NULL;
	struct err e;

	assert_true(tls_load(files, COUNT(files), &t, NULL, &e));
	return t;
}

static void a_name_finds_its_certificate(void **state)
{
	static const struct {
		const char *name;
		size_t wanted;
	} rows[] = {
		{ "a.test", 0 },      { "b.test", 1 },	 { "B.TEST", 1 },   { "b.test.", 1 },
		{ "x.b.test", 2 },    { "X.B.test", 2 }, { "x.y.b.test", 0 }, { ".b.test", 0 },
		{ "other.test", 0 },  { "", 0 },	 { "*.b.test", 2 }, { "test", 0 },
		{ "xb.test", 0 },     { ".", 0 },
	};
	struct tls *t = load_all(*state);

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(tls_find(t, str_of(rows[i].name)), rows[i].wanted);
	tls_unref(t);
}

static void what_we_make_is_for_ten_years_and_for_us_alone_to_read(void **state)
{
	const struct fixture *f = *state;
	struct tls *t = load_all(f);
	const struct tls_certificate *c = tls_about(t, 0);
	int64_t days = (c->expires_ms / 1000 - (int64_t)time(NULL)) / 86400;
	struct stat st;

	assert_string_equal(c->names, "a.test");
	assert_string_equal(c->file, f->a);
	assert_true(c->self_signed);
	assert_in_range(days, 3648, 3650);
	assert_int_equal(stat(f->a, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(tls_count(t), 3);
	tls_unref(t);
}

static void bad_files_are_told_by_name(void **state)
{
	const struct fixture *f = *state;
	const struct {
		const char *certificate, *key, *fault, *says;
	} rows[] = {
		{ f->none, f->a, f->none, "cannot read" },
		{ f->a, f->none, f->none, "cannot read" },
		{ f->a, f->b, f->b, "is not the key of the certificate in" },
		{ "/dev/null", f->a, "/dev/null", "nothing of the kind" },
		{ f->a, "/dev/null", "/dev/null", "/dev/null: " },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_files files[] = { { f->a, f->a },
					     { rows[i].certificate, rows[i].key } };
		const char *fault = NULL;
		struct tls *t = NULL;
		struct err e = { 0 };

		assert_false(tls_load(files, 2, &t, &fault, &e));
		assert_string_equal(fault, rows[i].fault);
		assert_non_null(strstr(e.text, rows[i].says));
		assert_null(t);
	}
}

/* -- a stream ------------------------------------------------------------------------------- */

struct world {
	struct loop *loop;
	struct stream *stream;
	struct buf out;
	struct stream_tls info;
	char log[32], got[32], why[128];
	size_t n, got_n;
};

struct client {
	int fd;
	char server_name[16]; /* an array: OpenSSL's macro casts const away */
	int version;    /* most that it speaks */
	bool connected;
	char peer[64];  /* common name of the certificate */
	size_t received;
};

static void note(struct world *w, char what)
{
	if (w->n + 1 < sizeof(w->log))
		w->log[w->n++] = what;
}

static void on_bytes(void *owner, struct str bytes)
{
	struct world *w = owner;

	note(w, 'b');
	for (size_t i = 0; i < bytes.n && w->got_n + 1 < sizeof(w->got); i++)
		w->got[w->got_n++] = bytes.at[i];
	for (size_t i = 0; i < BULK / 10; i++)
		assert_true(buf_add(&w->out, STR("0123456789")));
	stream_write(w->stream, &w->out);
}

static void on_writable(void *owner)
{
	struct world *w = owner;

	if (stream_write(w->stream, &w->out))
		stream_shutdown(w->stream);
}

static void over(struct world *w, char what, const char *why)
{
	note(w, what);
	snprintf(w->why, sizeof(w->why), "%s", why ? why : "");
	stream_close(w->stream);
	loop_stop(w->loop);
}

static void on_end(void *owner, const char *why)
{
	over(owner, why ? 'f' : 'e', why);
}

static void on_timeout(void *owner)
{
	over(owner, '@', NULL);
}

static void on_secured(void *owner, bool ok, const char *why)
{
	struct world *w = owner;

	if (!ok) {
		over(w, 'x', why);
		return;
	}
	note(w, 's');
	assert_true(stream_tls_info(w->stream, &w->info));
	stream_write(w->stream, &w->out);
}

static const struct stream_events events = {
	.on_bytes = on_bytes,
	.on_writable = on_writable,
	.on_end = on_end,
	.on_timeout = on_timeout,
	.on_secured = on_secured,
};

static void talk(struct client *c, SSL *ssl)
{
	char bytes[4096];
	int n;

	X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl)),
				  NID_commonName, c->peer, sizeof(c->peer));
	n = SSL_read(ssl, bytes, sizeof(bytes)); /* the greeting, written before the handshake */
	assert_int_equal(n, 3);
	assert_int_equal(SSL_write(ssl, "hello", 5), 5);
	while (c->received < BULK && (n = SSL_read(ssl, bytes, sizeof(bytes))) > 0)
		c->received += (size_t)n;
}

static void *run_client(void *arg)
{
	struct client *c = arg;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);

	SSL_set_security_level(ssl, 0);
	SSL_set_max_proto_version(ssl, c->version);
	SSL_set_tlsext_host_name(ssl, c->server_name);
	SSL_set_fd(ssl, c->fd);
	c->connected = SSL_connect(ssl) == 1;
	if (c->connected) {
		talk(c, ssl);
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(c->fd);
	return NULL;
}

static void run_world(struct world *w, struct tls *t, struct client *c)
{
	pthread_t thread;
	int fds[2];

	memset(w, 0, sizeof(*w));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	c->fd = fds[1];
	w->loop = loop_new();
	buf_init(&w->out, 2 * BULK);
	w->stream = stream_adopt(w->loop, fds[0], &events, w);
	stream_timeout(w->stream, 10000);
	stream_start_tls(w->stream, t);
	assert_false(stream_tls_info(w->stream, &w->info));
	assert_true(buf_add(&w->out, STR("220")));
	assert_false(stream_write(w->stream, &w->out)); /* not in clear */
	assert_int_equal(buf_len(&w->out), 3);
	pthread_create(&thread, NULL, run_client, c);
	loop_run(w->loop);
	pthread_join(thread, NULL);
	loop_free(w->loop);
	buf_done(&w->out);
}

static void bytes_go_both_ways_and_the_name_decides(void **state)
{
	struct tls *t = load_all(*state);
	struct client c = { .server_name = "b.test", .version = TLS1_3_VERSION };
	struct world w;

	run_world(&w, t, &c);
	/* How it ends is the client's affair: it closes without waiting for our close_notify. */
	assert_memory_equal(w.log, "sb", 2);
	assert_string_equal(w.got, "hello");
	assert_true(c.connected);
	assert_string_equal(c.peer, "b.test");
	assert_int_equal(c.received, BULK);
	assert_string_equal(w.info.version, "TLSv1.3");
	assert_string_equal(w.info.cipher, "TLS_AES_256_GCM_SHA384");
	tls_unref(t);
}

static void tls_1_2_is_taken_and_older_is_not(void **state)
{
	struct tls *t = load_all(*state);
	struct client c = { .server_name = "x.b.test", .version = TLS1_2_VERSION };
	struct world w;

	run_world(&w, t, &c);
	assert_string_equal(w.info.version, "TLSv1.2");
	assert_string_equal(c.peer, "*.b.test");
	assert_int_equal(c.received, BULK);
	c = (struct client){ .server_name = "a.test", .version = TLS1_1_VERSION };
	run_world(&w, t, &c);
	assert_false(c.connected);
	assert_string_equal(w.log, "x");
	assert_string_equal(w.why, "unsupported protocol");
	tls_unref(t);
}

/* The snapshot that a stream began with stays until it has ended. */
static void a_snapshot_lives_as_long_as_its_streams(void **state)
{
	struct tls *t = load_all(*state), *mine = tls_ref(t);
	struct client c = { .server_name = "a.test", .version = TLS1_3_VERSION };
	struct world w;

	tls_unref(t);
	run_world(&w, mine, &c);
	assert_string_equal(c.peer, "a.test");
	tls_unref(mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_finds_its_certificate),
		cmocka_unit_test(what_we_make_is_for_ten_years_and_for_us_alone_to_read),
		cmocka_unit_test(bad_files_are_told_by_name),
		cmocka_unit_test(bytes_go_both_ways_and_the_name_decides),
		cmocka_unit_test(tls_1_2_is_taken_and_older_is_not),
		cmocka_unit_test(a_snapshot_lives_as_long_as_its_streams),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
