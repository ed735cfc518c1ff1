/* conf_options: THE list of options, one row each.  To add one: add a field to struct conf and a
 * row here; the parser's checks, --dump-config, the sample file and the man page follow.
 *
 * Values are text in the rows as they are in the file, so that a row reads like the manual.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/conf_private.h"
#include "base/human.h"
#include "base/log.h"

static bool is_domain(const char *text, const char **wanted)
{
	*wanted = "a domain name";
	return conf_is_domain(str_of(text));
}

static bool is_path(const char *text, const char **wanted)
{
	*wanted = "an absolute path";
	return text[0] == '/';
}

static bool is_socket_path(const char *text, const char **wanted)
{
	*wanted = "an absolute path of at most 107 bytes";
	return text[0] == '/' && strlen(text) < sizeof(((struct sockaddr_un *)0)->sun_path);
}

static bool is_database(const char *text, const char **wanted)
{
	*wanted = "\"sqlite\"";
	return strcmp(text, "sqlite") == 0;
}

static bool is_user(const char *text, const char **wanted)
{
	*wanted = "the name of a user";
	return text[0] != '\0' && str_find(str_of(text), ':') < 0;
}

static bool is_host_port(const char *text)
{
	char host[254];
	unsigned port;
	struct err e;

	return conf_host_port(text, host, sizeof(host), &port, &e);
}

/* A name would make start-up depend on DNS, and may have many addresses. */
static bool is_listener(const char *text, const char **wanted)
{
	char host[254];
	unsigned port;
	struct err e;

	*wanted = "ADDRESS:PORT or [IPV6-ADDRESS]:PORT, with a port from 1 to 65535";
	return conf_host_port(text, host, sizeof(host), &port, &e) &&
	       !conf_is_domain(str_of(host));
}

static bool is_bounce_relay(const char *text, const char **wanted)
{
	*wanted = "\"none\" or HOST:PORT, with a port from 1 to 65535";
	return strcmp(text, "none") == 0 || is_host_port(text);
}

static bool is_server(const char *text, const char **wanted)
{
	char host[CONF_IP_MAX];
	unsigned port;

	*wanted = "ADDRESS, ADDRESS:PORT or [IPV6-ADDRESS]:PORT, with a port from 1 to 65535";
	return conf_ip_port(text, 53, host, &port);
}

static bool is_stub(const char *text, const char **wanted)
{
	char zone[CONF_ZONE_MAX];
	const char *server;

	*wanted = "ZONE=ADDRESS or ZONE=ADDRESS:PORT, such as example.net=192.0.2.1:5353";
	return conf_zone_server(text, zone, &server);
}

static bool is_anchor(const char *text, const char **wanted)
{
	*wanted = "\"none\" or an absolute path";
	return strcmp(text, "none") == 0 || text[0] == '/';
}

#define AT(field)      .offset = offsetof(struct conf, field)
#define TOP(n)         .section = "", .name = n, .full = n
#define IN(s, n)       .section = s, .name = n, .full = s "." n
#define LIMIT(n)       IN("smtp", n), .listener = true /* may differ from listener to listener */
#define STRING(d)      .type = CONF_STRING, .dflt = d
#define STRINGS(d)     .type = CONF_STRINGS, .dflt = d
#define NETWORKS(d)    STRINGS(d), .is_valid = conf_is_network, .networks = true
#define BOUNDS(a, b)   .min = a, .max = b
#define BYTES(d, ...)  .type = CONF_BYTES, .dflt = d, BOUNDS(__VA_ARGS__)
#define TIME(d, ...)   .type = CONF_DURATION, .dflt = d, BOUNDS(__VA_ARGS__)
#define COUNTS(d, ...) .type = CONF_COUNT, .dflt = d, BOUNDS(__VA_ARGS__)
#define CHOICE(d, w)   .type = CONF_CHOICE, .dflt = d, .words = w

/* clang-format off */
const struct conf_option conf_options[] = {
	{ TOP("hostname"), AT(hostname), STRING(NULL), .is_valid = is_domain, .restart = true,
	  .says = "Our name in the greeting, in EHLO and in Received; without it the machine's." },
	{ TOP("state_dir"), AT(state_dir), STRING("/var/lib/mxkeep"), .is_valid = is_path,
	  .restart = true,
	  .says = "Directory of the database, and of the certificate that is made here." },
	{ TOP("control"), AT(control), STRING("/run/mxkeep/control.sock"),
	  .is_valid = is_socket_path, .restart = true,
	  .says = "The socket on which mxkeep(1) talks to the daemon." },
	{ TOP("database"), AT(database), STRING("sqlite"), .is_valid = is_database,
	  .restart = true, .says = "What keeps the queue; there is only sqlite." },
	{ TOP("user"), AT(user), STRING("mxkeep"), .is_valid = is_user, .restart = true,
	  .says = "The user to become when started as root." },
	{ TOP("threads"), AT(threads), COUNTS("auto", "1", "64"), .words = "auto", .restart = true,
	  .says = "Threads that serve connections; auto is one for each processor, "
		  "4 at most." },

	{ IN("smtp", "listen"), AT(smtp.listen), STRINGS("{\"0.0.0.0:25\", \"[::]:25\"}"),
	  .is_valid = is_listener, .restart = true,
	  .says = "Addresses on which mail is taken; sockets that systemd hands over are used "
		  "instead." },
	{ IN("smtp", "listen_tls"), AT(smtp.listen_tls), STRINGS("{}"), .is_valid = is_listener,
	  .restart = true,
	  .says = "Addresses on which mail is taken with TLS from the first byte." },
	{ LIMIT("max_size"), AT(smtp.max_size), BYTES("50M", "64k", "2G"),
	  .says = "The largest message that is taken." },
	{ LIMIT("max_line"), AT(smtp.max_line), BYTES("2048", "512", "64k"),
	  .says = "The longest command line that is understood, with its line end." },
	{ LIMIT("max_recipients"), AT(smtp.max_recipients), COUNTS("1000", "100", "1000"),
	  .says = "Recipients of one message." },
	{ LIMIT("max_errors"), AT(smtp.max_errors), COUNTS("20", "1", "10000"),
	  .says = "A client is sent away after so many errors." },
	{ LIMIT("max_commands"), AT(smtp.max_commands), COUNTS("500", "10", "1000000"),
	  .says = "A client is sent away after so many commands that led to no message." },
	{ LIMIT("idle"), AT(smtp.idle_ms), TIME("5m", "100ms", "1h"),
	  .says = "A client that is silent for so long is sent away." },
	{ LIMIT("max_connections"), AT(smtp.max_connections),
	  COUNTS("10000", "1", "1000000"), .says = "Connections of all clients together." },
	{ LIMIT("max_client_connections"), AT(smtp.max_client_connections),
	  COUNTS("100", "1", "1000000"), .says = "Connections from one address." },
	{ IN("smtp", "proxy_from"), AT(smtp.proxy_from), NETWORKS("{}"),
	  .says = "Proxies that must begin with a PROXY header (version 1 or 2): addresses and "
		  "networks." },
	{ IN("smtp", "xclient_from"), AT(smtp.xclient_from), NETWORKS("{}"),
	  .says = "Clients that may say for whom they come by XCLIENT: addresses and networks." },

	{ IN("smtp", "max_memory"), AT(smtp.max_memory), BYTES("512M", "1M", "1T"),
	  .says = "No new message is taken while those on their way in hold so much memory; they "
		  "go on in files." },
	{ LIMIT("greet_delay"), AT(smtp.greet_delay_ms), TIME("0", "0", "30s"),
	  .says = "Greet so late; who talks before the greeting is sent away. Where TLS comes "
		  "first the delay is behind the handshake." },
	{ LIMIT("early_pipelining"), AT(smtp.early_pipelining),
	  CHOICE("log", "off|log|reject"),
	  .says = "What becomes of clients that do not wait for the answer to EHLO or DATA." },
	{ LIMIT("max_bad_recipients"), AT(smtp.max_bad_recipients),
	  COUNTS("20", "2", "10000"),
	  .says = "A client is sent away after so many recipients refused for good; from half of "
		  "it on the answers come late." },
	{ LIMIT("lockout"), AT(smtp.lockout_ms), TIME("5m", "0", "1d"),
	  .says = "The address of such a client may not connect for so long." },
	{ LIMIT("min_rate"), AT(smtp.min_rate), BYTES("1k", "0", "1M"),
	  .says = "A client whose message comes with fewer bytes a minute is sent away, after two "
		  "minutes or smtp.idle." },

	{ IN("rate", "connections"), AT(rate.connections), COUNTS("off", "1", "1000000"),
	  .words = "off", .says = "Connections a minute from one address." },
	{ IN("rate", "messages"), AT(rate.messages), COUNTS("off", "1", "1000000"),
	  .words = "off", .says = "Messages a minute from one address." },
	{ IN("rate", "recipients"), AT(rate.recipients), COUNTS("off", "1", "1000000"),
	  .words = "off", .says = "Recipients a minute from one address." },
	{ IN("rate", "network"), AT(rate.network), COUNTS("4", "1", "1000"),
	  .says = "A network (/24, or /64 of IPv6) may do so many times what one address may." },

	{ IN("tls", "certificate"), AT(tls.certificate), STRINGS("{}"), .is_valid = is_path,
	  .says = "Files of certificates in PEM form, each with its chain behind it. A client gets "
		  "the one for the name it asks for; the first is for all others. With none a "
		  "self-signed one is made. Files that change are read anew." },
	{ IN("tls", "key"), AT(tls.key), STRINGS("{}"), .is_valid = is_path,
	  .says = "Files of their private keys, in the same order. The user must be able to read "
		  "them, or a renewed key is not taken up before the next restart." },

	{ IN("dns", "server"), AT(dns.server), STRINGS("{}"), .is_valid = is_server,
	  .restart = true,
	  .says = "Name servers that are asked. With none mxkeep asks the roots and those below "
		  "itself, as DNS lists want it: they answer no public servers. They must hand on "
		  "what DNSSEC needs, or dns.root_anchor must be none." },
	{ IN("dns", "stub"), AT(dns.stub), STRINGS("{}"), .is_valid = is_stub, .restart = true,
	  .says = "Zones that only one server knows, ZONE=ADDRESS:PORT; the same zone may stand "
		  "there more than once." },
	{ IN("dns", "timeout"), AT(dns.timeout_ms), TIME("5s", "100ms", "1m"), .restart = true,
	  .says = "A question that has no answer by then counts as one that cannot be answered." },
	{ IN("dns", "cache"), AT(dns.cache), BYTES("64M", "1M", "4G"), .restart = true,
	  .says = "Memory for answers." },
	{ IN("dns", "root_anchor"), AT(dns.root_anchor), STRING("/usr/share/dns/root.key"),
	  .is_valid = is_anchor, .restart = true,
	  .says = "The file of DNSSEC trust anchors (Debian: package dns-root-data). Without it, "
		  "or with none, signatures are not checked." },

	{ IN("dns", "list_check"), AT(dns.list_check_ms), TIME("15m", "1s", "1d"),
	  .says = "The DNS lists that any domain uses are tested so often; one that does not "
		  "answer its test questions right is not asked until it does, and is tried again "
		  "after a minute." },

	{ IN("forward", "retry_first"), AT(forward.retry_first_ms), TIME("1m", "10ms", "1d"),
	  .says = "A message that was put off is tried again after this; the time then grows." },
	{ IN("forward", "retry_max"), AT(forward.retry_max_ms), TIME("1h", "10ms", "7d"),
	  .says = "The longest time between two tries of a message." },
	{ IN("forward", "probe_first"), AT(forward.probe_first_ms), TIME("2s", "10ms", "1h"),
	  .says = "A primary that is down is looked for after this; the time then grows." },
	{ IN("forward", "probe_max"), AT(forward.probe_max_ms), TIME("1m", "10ms", "1h"),
	  .says = "The longest time between two looks while mail waits." },
	{ IN("forward", "connections"), AT(forward.connections), COUNTS("20", "1", "1000"),
	  .says = "Connections to one primary at a time." },
	{ IN("forward", "connect_timeout"), AT(forward.connect_timeout_ms),
	  TIME("30s", "100ms", "1h"), .says = "Wait so long for a primary to be connected." },
	{ IN("forward", "greeting_timeout"), AT(forward.greeting_timeout_ms),
	  TIME("5m", "100ms", "1h"), .says = "Wait so long for a primary's greeting." },
	{ IN("forward", "command_timeout"), AT(forward.command_timeout_ms),
	  TIME("5m", "100ms", "1h"), .says = "Wait so long for the reply to a command." },
	{ IN("forward", "data_timeout"), AT(forward.data_timeout_ms), TIME("3m", "100ms", "1h"),
	  .says = "Wait so long for a primary to take a block of a message." },
	{ IN("forward", "final_timeout"), AT(forward.final_timeout_ms),
	  TIME("10m", "100ms", "1h"), .says = "Wait so long for the reply to a whole message." },
	{ IN("forward", "idle"), AT(forward.idle_ms), TIME("10s", "0", "1h"),
	  .says = "Keep an unused connection to a primary for so long." },
	{ IN("forward", "bounces"), AT(forward.bounces), STRING("none"),
	  .is_valid = is_bounce_relay,
	  .says = "The relay by which bounces are sent; with none no bounce is made." },

	{ IN("store", "min_free"), AT(store.min_free), BYTES("64M", "0", "1T"),
	  .says = "No new mail is taken while less than this is free on the disk." },
	{ IN("store", "ledger_keep"), AT(store.ledger_keep_ms), TIME("90d", "10ms", "3650d"),
	  .says = "How long it is remembered what became of a message." },
	{ IN("store", "audit_keep"), AT(store.audit_keep_ms), TIME("365d", "10ms", "3650d"),
	  .says = "How long it is remembered who changed what; of more than a million changes the "
		  "oldest are forgotten sooner." },

	{ IN("admin", "listen"), AT(admin.listen), STRINGS("{}"), .is_valid = is_listener,
	  .restart = true,
	  .says = "Addresses with HTTP pages for monitoring, /metrics and /health, open to all "
		  "who reach them." },

	{ IN("log", "format"), AT(log.format), CHOICE("text", "text|json"), .restart = true,
	  .says = "How log lines are written." },
	{ IN("log", "level"), AT(log.level), CHOICE("info", "error|warning|info|debug"),
	  .says = "The least weighty lines that are written." },
	{ .name = NULL },
};
/* clang-format on */

/* The place of s among words, or -1. */
static int64_t word_index(const char *words, struct str s)
{
	struct str word, rest = str_of(words);
	int64_t at = 0;
	bool more = words != NULL;

	for (; more; at++) {
		more = str_cut(rest, '|', &word, &rest);
		if (str_eq(word, s))
			return at;
	}
	return -1;
}

static struct str word_at(const char *words, int64_t index)
{
	struct str word = STR_NONE, rest = str_of(words);

	for (int64_t i = 0; i <= index; i++)
		(void)str_cut(rest, '|', &word, &rest);
	return word;
}

static bool to_number(const struct conf_option *o, struct str s, uint64_t *ret)
{
	int64_t word = word_index(o->words, s);

	if (word >= 0) {
		*ret = (uint64_t)word;
		return true;
	}
	if (o->type == CONF_BYTES)
		return str_to_bytes(s, ret);
	if (o->type == CONF_DURATION)
		return str_to_ms(s, ret);
	return o->type == CONF_COUNT && str_to_u64(s, INT64_MAX, ret);
}

static bool is_within(const struct conf_option *o, struct str s, uint64_t value)
{
	uint64_t min = 0, max = 0;

	if (word_index(o->words, s) >= 0)
		return true;
	return to_number(o, str_of(o->min), &min) && to_number(o, str_of(o->max), &max) &&
	       value >= min && value <= max;
}

static const char *kind_of(const struct conf_option *o)
{
	switch (o->type) {
	case CONF_BYTES:
		return "a size such as 512, 64k, 10M or 1G, ";
	case CONF_DURATION:
		return "a time such as 500ms, 30s, 5m, 1h or 30d, ";
	case CONF_COUNT:
		return "a number ";
	case CONF_CHOICE:
	case CONF_STRING:
	case CONF_STRINGS:
		break;
	}
	return "";
}

bool conf_option_read(const struct conf_option *o, const char *text, int64_t *ret, struct err *e)
{
	const char *wanted = "";
	char shown[60], range[80];
	uint64_t value = 0;

	(void)log_quote(str_of(text), shown, sizeof(shown));
	if (o->type == CONF_STRING || o->type == CONF_STRINGS) {
		if (!o->is_valid || o->is_valid(text, &wanted))
			return true;
		return err_set(e, ERR_INPUT, "%s: \"%s\" is wrong: it must be %s", o->full, shown,
			       wanted);
	}
	if (to_number(o, str_of(text), &value) && is_within(o, str_of(text), value)) {
		*ret = (int64_t)value;
		return true;
	}
	conf_option_range(o, range, sizeof(range));
	return err_set(e, ERR_INPUT, "%s: \"%s\" is wrong: it must be %s%s", o->full, shown,
		       kind_of(o), range);
}

struct unit {
	const char *name;
	int64_t factor;
};

static const char *show_unit(int64_t value, const struct unit *u, char out[CONF_VALUE_MAX])
{
	while (u->factor > 1 && (value == 0 || value % u->factor != 0))
		u++;
	(void)snprintf(out, CONF_VALUE_MAX, "%lld%s", (long long)(value / u->factor), u->name);
	return out;
}

const char *conf_option_show(const struct conf_option *o, int64_t value, char out[CONF_VALUE_MAX])
{
	static const struct unit sizes[] = {
		{ "G", 1 << 30 }, { "M", 1 << 20 }, { "k", 1 << 10 }, { "", 1 }
	};
	static const struct unit plain[] = { { "", 1 } };
	bool is_word = o->type == CONF_CHOICE || (o->words && value == 0);

	if (is_word)
		(void)snprintf(out, CONF_VALUE_MAX, "%.*s", STR_ARGS(word_at(o->words, value)));
	else if (o->type == CONF_BYTES)
		(void)show_unit(value, sizes, out);
	else if (o->type == CONF_DURATION)
		(void)human_time(value, out);
	else
		(void)show_unit(value, plain, out);
	return out;
}

void conf_option_range(const struct conf_option *o, char *out, size_t max)
{
	size_t n = 0;

	out[0] = '\0';
	if (o->type == CONF_CHOICE) {
		n = strnlen(o->words, max - 1);
		memcpy(out, o->words, n);
		out[n] = '\0';
	} else if (o->min) {
		(void)snprintf(out, max, "from %s to %s%s%s", o->min, o->max,
			       o->words ? " or " : "", o->words ? o->words : "");
	}
	/* "text|json" reads better as "text or json". */
	for (char *bar; (bar = strchr(out, '|')) != NULL && strlen(out) + 4 < max;) {
		memmove(bar + 4, bar + 1, strlen(bar + 1) + 1);
		memcpy(bar, " or ", 4);
	}
}
