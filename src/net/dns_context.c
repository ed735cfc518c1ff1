/* dns_context: libunbound's context, set up once and complete.
 *
 * A trap: the first zone that is added (and the first question) finalises the context; options and
 * trust anchors set after that are lost, and answers are silently insecure.  So all options come
 * first, every return code is looked at, and the zones come last, at least one in any case: then a
 * broken anchor file is an error at start and not at the first question.
 *
 * - Caches: the library's defaults are 1 MB.
 * - QNAME minimisation is off: it asks a DNS list once for each label of a reversed address, and
 *   lists count questions.  What it hides from the servers of the upper domains, who sends us
 *   mail, the servers of the sender's domain learn anyhow.
 * - Addresses of servers are looked up when one is wanted, not some ahead: a delegation to ten
 *   names of dead servers takes two sockets then, not seven and more.
 * - A stub zone is asked without DNSSEC unless the anchor file has a key for it (the keys of the
 *   parents know nothing of it), and without what libunbound says by itself of test. and of private
 *   reverse zones.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unbound.h>
#include <unistd.h>

#include "net/dns_private.h"

#define PORT_DNS 53

/* For questions that are out, of which a dead server holds many. */
#define SOCKETS_MAX  4096
#define SOCKETS_MIN  16
#define SOCKETS_TCP  64 /* of a resolver, besides; a quarter of those at most */
#define FILES_BESIDE 32 /* the threads' own */

static bool must(int rc, const char *what, const char *value, struct err *e)
{
	if (rc == 0)
		return true;
	return err_set(e, ERR_PERM, "DNS: %s %s: %s", what, value, ub_strerror(rc));
}

static bool set(struct ub_ctx *ctx, const char *option, const char *value, struct err *e)
{
	return must(ub_ctx_set_option(ctx, option, value), option, value, e);
}

static bool set_number(struct ub_ctx *ctx, const char *option, int64_t value, struct err *e)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	return set(ctx, option, text, e);
}

int64_t dns_sockets(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur / 16 > SOCKETS_MAX)
		return SOCKETS_MAX;
	return files.rlim_cur / 16 < SOCKETS_MIN ? SOCKETS_MIN : (int64_t)files.rlim_cur / 16;
}

static int64_t tcp_sockets(int64_t sockets)
{
	return sockets / 4 < SOCKETS_TCP ? sockets / 4 : SOCKETS_TCP;
}

int64_t dns_files(void)
{
	int64_t tcp = dns_sockets() / 4;

	return dns_sockets() + (tcp < 2 * SOCKETS_TCP ? tcp : 2 * SOCKETS_TCP) + FILES_BESIDE;
}

static bool set_sizes(struct ub_ctx *ctx, int64_t cache_bytes, int64_t sockets, struct err *e)
{
	return set_number(ctx, "msg-cache-size:", cache_bytes / 3, e) &&
	       set_number(ctx, "rrset-cache-size:", cache_bytes / 3 * 2, e) &&
	       set_number(ctx, "outgoing-range:", sockets, e) &&
	       set(ctx, "num-queries-per-thread:", "4096", e) &&
	       set_number(ctx, "outgoing-num-tcp:", tcp_sockets(sockets), e) &&
	       set(ctx, "msg-cache-slabs:", "1", e) && set(ctx, "rrset-cache-slabs:", "1", e) &&
	       set(ctx, "infra-cache-slabs:", "1", e) && set(ctx, "key-cache-slabs:", "1", e) &&
	       set(ctx, "qname-minimisation:", "no", e) &&
	       set(ctx, "target-fetch-policy:", "0 0 0 0 0", e);
}

/* A dead server is known as such after some seconds and asked again after half a minute: by default
 * it takes a minute, and up to fifteen. */
static bool set_patience(struct ub_ctx *ctx, struct err *e)
{
	return set(ctx, "infra-cache-max-rtt:", "4000", e) && set(ctx, "infra-host-ttl:", "30", e);
}

/* "192.0.2.1@53" */
static bool read_server(const char *text, char out[80], bool *ret_loopback, struct err *e)
{
	struct ip ip;
	unsigned port;
	char host[CONF_IP_MAX];

	if (!conf_ip_port(text, PORT_DNS, host, &port) || !ip_parse(str_of(host), &ip))
		return err_set(e, ERR_INPUT, "DNS: \"%s\" is no ADDRESS or ADDRESS:PORT", text);
	(void)snprintf(out, 80, "%s@%u", host, port);
	*ret_loopback |= strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
	return true;
}

static bool add_forwarders(struct ub_ctx *ctx, const struct conf_list *servers,
			   bool *ret_loopback, struct err *e)
{
	char at[80];

	for (size_t i = 0; i < servers->n; i++) {
		if (!read_server(servers->items[i], at, ret_loopback, e) ||
		    !must(ub_ctx_set_fwd(ctx, at), "server", at, e))
			return false;
	}
	/* Who has servers of his own may have names for his private addresses there. */
	return !servers->n || set(ctx, "unblock-lan-zones:", "yes", e);
}

static bool add_stub(struct ub_ctx *ctx, const char *text, bool *ret_loopback, struct err *e)
{
	char zone[CONF_ZONE_MAX], at[80];
	const char *server;

	if (!conf_zone_server(text, zone, &server))
		return err_set(e, ERR_INPUT, "DNS: \"%s\" is no ZONE=ADDRESS:PORT", text);
	return read_server(server, at, ret_loopback, e) &&
	       must(ub_ctx_set_stub(ctx, zone, at, 0), "stub", text, e) &&
	       set(ctx, "domain-insecure:", zone, e);
}

static bool add_anchor(struct ub_ctx *ctx, const char *file, bool *ret, struct err *e)
{
	*ret = strcmp(file, "none") != 0 && access(file, R_OK) == 0;
	return !*ret || must(ub_ctx_add_ta_file(ctx, file), "trust anchor", file, e);
}

/* A stranger's delegation to 127.0.0.1 would have us ask what has that port here.  The library does
 * so by default, other than the server of the same make. */
static bool keep_off_ourselves(struct ub_ctx *ctx, bool loopback_is_wanted, struct err *e)
{
	return set(ctx, "do-not-query-localhost:", loopback_is_wanted ? "no" : "yes", e) &&
	       set(ctx, "do-not-query-address:", "0.0.0.0/8", e) &&
	       set(ctx, "do-not-query-address:", "::", e) &&
	       set(ctx, "do-not-query-address:", "::ffff:0.0.0.0/96", e);
}

/* Last: it finalises the context. */
static bool open_zones(struct ub_ctx *ctx, const struct conf_list *stubs, struct err *e)
{
	char zone[CONF_ZONE_MAX];
	const char *server;

	if (!must(ub_ctx_zone_add(ctx, "invalid.", "static"), "zone", "invalid.", e))
		return false;
	for (size_t i = 0; i < stubs->n; i++) {
		/* With its data: libunbound has a PTR for localhost. */
		if (!conf_zone_server(stubs->items[i], zone, &server) ||
		    !must(ub_ctx_zone_remove(ctx, zone), "zone", zone, e) ||
		    !must(ub_ctx_zone_add(ctx, zone, "transparent"), "zone", zone, e))
			return false;
	}
	return true;
}

static bool set_up(struct ub_ctx *ctx, const struct dns_setup *setup, int64_t sockets,
		   bool *ret_validates, struct err *e)
{
	bool loopback = false;

	(void)ub_ctx_debugout(ctx, NULL); /* stderr is the log's */
	if (!set_sizes(ctx, setup->cache_bytes, sockets, e) || !set_patience(ctx, e) ||
	    !add_forwarders(ctx, &setup->servers, &loopback, e))
		return false;
	for (size_t i = 0; i < setup->stubs.n; i++)
		if (!add_stub(ctx, setup->stubs.items[i], &loopback, e))
			return false;
	if (!keep_off_ourselves(ctx, loopback, e))
		return false;
	return add_anchor(ctx, setup->root_anchor, ret_validates, e) &&
	       must(ub_ctx_async(ctx, 1), "threads", "", e) && open_zones(ctx, &setup->stubs, e);
}

bool dns_context_new(const struct dns_setup *setup, int64_t sockets, struct ub_ctx **ret,
		     bool *ret_validates, struct err *e)
{
	struct ub_ctx *ctx = ub_ctx_create();

	if (!ctx)
		return err_set(e, ERR_TEMP, "DNS: no resolver can be made");
	if (!set_up(ctx, setup, sockets, ret_validates, e)) {
		ub_ctx_delete(ctx);
		return false;
	}
	*ret = ctx;
	return true;
}
