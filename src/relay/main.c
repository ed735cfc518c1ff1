/* main.c: mxkeepd: options, and what must be done in order before mail can be served.
 *
 * Order of a start: read the file, bind (maybe as root), make the directories, give root up for
 * good, lock the state directory, run.  It runs in the foreground and logs to stderr: the service
 * manager does the rest better than we could.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/log.h"
#include "db/policy_man.h"
#include "net/listen.h"
#include "relay/certificates.h"
#include "relay/daemon.h"
#include "relay/privilege.h"
#include "relay/worker.h"

#define DEFAULT_CONF SYSCONFDIR "/mxkeep/mxkeep.conf"

enum act {
	ACT_RUN,
	ACT_CHECK,
	ACT_DUMP,
	ACT_SAMPLE,
	ACT_MAN,
	ACT_MAN_POLICY,
	ACT_VERSION,
	ACT_HELP,
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, ACT_CHECK },
	{ "dump-config", no_argument, NULL, ACT_DUMP },
	{ "sample-config", no_argument, NULL, ACT_SAMPLE },
	{ "man-options", no_argument, NULL, ACT_MAN },
	{ "man-policy", no_argument, NULL, ACT_MAN_POLICY },
	{ "version", no_argument, NULL, ACT_VERSION },
	{ "help", no_argument, NULL, ACT_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char usage_text[] =
	"usage: mxkeepd [-c FILE] [--check | --dump-config]\n"
	"  -c, --config FILE    configuration file (default " DEFAULT_CONF ")\n"
	"      --check          read the file, say what is wrong with it, and exit\n"
	"      --dump-config    print all settings in force and exit\n"
	"      --sample-config  print a commented sample file and exit\n"
	"      --version        print the version and exit\n"
	"      --help           this text\n"
	"It runs in the foreground and logs to standard error.\n"
	"Exit status: 0 ended in order, 1 refused or failed, 2 usage.\n";

static int fail(const struct err *e)
{
	fprintf(stderr, "mxkeepd: %s\n", e->text);
	return 1;
}

static void copy_name(const char *text, char to[LISTENER_NAME_MAX])
{
	(void)snprintf(to, LISTENER_NAME_MAX, "%s", text);
}

/* The item of the list that is for this address, or else for its port. */
static const char *listed(const struct conf_list *list, const char *address, unsigned bound_port)
{
	const char *by_port = NULL;

	for (size_t i = 0; i < list->n; i++) {
		struct str text = str_of(list->items[i]);
		uint64_t port;

		if (strcmp(list->items[i], address) == 0)
			return list->items[i];
		if (!by_port &&
		    str_to_u64(str_from(text, (size_t)(str_rfind(text, ':') + 1)), UINT16_MAX,
			       &port) &&
		    port == bound_port)
			by_port = list->items[i];
	}
	return by_port;
}

/* A socket that systemd passed: which of the configured ones is it? */
static void recognise(const struct conf *conf, struct listen_socket *s)
{
	char text[LISTENER_NAME_MAX];
	const char *name, *name_tls;
	struct address bound;

	copy_name("", s->name);
	if (!listen_address(s->fd, &bound))
		return;
	(void)snprintf(text, sizeof(text), bound.ipv6 ? "[%s]:%u" : "%s:%u", bound.text,
		       bound.port);
	name = listed(&conf->smtp.listen, text, bound.port);
	name_tls = listed(&conf->smtp.listen_tls, text, bound.port);
	s->tls = name_tls != NULL;
	copy_name(name_tls ? name_tls : name ? name : text, s->name);
}

static bool bind_list(const struct conf_list *list, bool tls,
		      struct listen_socket sockets[LISTENERS_MAX], unsigned *n, struct err *e)
{
	for (size_t i = 0; i < list->n; i++, (*n)++) {
		if (!listen_open(list->items[i], &sockets[*n].fd, e))
			return false;
		sockets[*n].tls = tls;
		copy_name(list->items[i], sockets[*n].name);
	}
	return true;
}

/* Sockets that systemd passed, or else those of smtp.listen and smtp.listen_tls. */
static bool bind_all(const struct conf *conf, struct listen_socket sockets[LISTENERS_MAX],
		     unsigned *ret_n, struct err *e)
{
	unsigned n = 0;

	if (!listen_inherited(&n, e))
		return false;
	if (n > LISTENERS_MAX || conf->smtp.listen.n + conf->smtp.listen_tls.n > LISTENERS_MAX)
		return err_set(e, ERR_INPUT, "more than %d listening sockets", LISTENERS_MAX);
	for (unsigned i = 0; i < n; i++) {
		sockets[i].fd = 3 + (int)i; /* sd_listen_fds(3): from fd 3 on */
		recognise(conf, &sockets[i]);
	}
	*ret_n = n;
	return n || (bind_list(&conf->smtp.listen, false, sockets, ret_n, e) &&
		     bind_list(&conf->smtp.listen_tls, true, sockets, ret_n, e));
}

static int serve(struct conf *conf)
{
	struct listen_socket sockets[LISTENERS_MAX] = { 0 };
	struct certificates *certificates = NULL;
	unsigned n = 0;
	int lock;
	struct log *log;
	struct err e;
	bool ok;

	umask(0077);
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_ARENA_MAX, 2); /* an arena for each thread would cost memory and win nothing */
	/* Memory of large bodies is kept for the next ones: pages that are given back and taken
	 * anew cost more than the copies they save.  SPOOL_BUDGET bounds what that may be. */
	mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
	privilege_raise_files();
	if (!bind_all(conf, sockets, &n, &e) || !privilege_prepare_dirs(conf, &e) ||
	    !certificates_open(conf, &certificates, &e) || !privilege_drop(conf, &e) ||
	    !privilege_lock_state(conf, &lock, &e) || !certificates_settle(certificates, &e)) {
		certificates_free(certificates);
		return fail(&e);
	}
	log = log_new(STDERR_FILENO, (enum log_format)conf->log.format,
		      (enum log_level)conf->log.level, getenv("JOURNAL_STREAM") != NULL);
	ok = daemon_run(conf, log, certificates, sockets, n, &e);
	if (ok)
		log_say(log, LOG_INFO, "bye", F_INT("pid", getpid()));
	log_free(log);
	for (unsigned i = 0; i < n; i++)
		close(sockets[i].fd);
	certificates_free(certificates);
	close(lock);
	return ok ? 0 : fail(&e);
}

/* What --check looks at beside the file itself. */
static int check(struct conf *conf)
{
	struct certificates *certificates = NULL;
	struct err e;
	bool ok = certificates_open(conf, &certificates, &e);

	certificates_free(certificates);
	return ok ? 0 : fail(&e);
}

static int with_conf(enum act act, const char *path)
{
	struct conf *conf;
	struct err e;
	int status = 0;

	if (!conf_load(path, &conf, &e))
		return fail(&e);
	if (act == ACT_RUN)
		status = serve(conf);
	else if (act == ACT_CHECK)
		status = check(conf);
	else if (act == ACT_DUMP)
		conf_dump(conf, stdout);
	conf_unref(conf);
	return status;
}

int main(int argc, char **argv)
{
	const char *path = DEFAULT_CONF;
	enum act act = ACT_RUN;
	int c;

	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (c == '?') {
			fputs(usage_text, stderr);
			return 2;
		}
		if (c == 'c')
			path = optarg;
		else
			act = (enum act)c;
	}
	if (optind < argc) {
		fprintf(stderr, "mxkeepd: unexpected argument \"%s\"\n%s", argv[optind],
			usage_text);
		return 2;
	}
	switch (act) {
	case ACT_HELP:
		fputs(usage_text, stdout);
		return 0;
	case ACT_VERSION:
		puts("mxkeepd " PACKAGE_VERSION);
		return 0;
	case ACT_SAMPLE:
		conf_sample(stdout);
		return 0;
	case ACT_MAN:
		conf_man(stdout);
		return 0;
	case ACT_MAN_POLICY:
		policy_man(stdout);
		return 0;
	case ACT_RUN:
	case ACT_CHECK:
	case ACT_DUMP:
		break;
	}
	return with_conf(act, path);
}
