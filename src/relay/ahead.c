/* ahead.c: see ahead.h.
 *
 * Which domain the mail is for nobody knows yet, so the lists of all are asked; with many domains
 * that differ they may be many, and then only the first are.
 * SPDX-License-Identifier: ISC */
#include "relay/ahead.h"

#include "policy/policy.h"
#include "relay/worker.h"

#define AHEAD_MAX 16 /* questions about a client */

static void prefetch(struct worker *w, const char *name, enum dns_type type, enum dns_rank rank)
{
	dns_prefetch(w->dns,
		     &(struct dns_question){ .name = str_of(name), .type = type, .rank = rank });
}

void ahead_ask(struct worker *w, const struct address *client)
{
	struct ip ip = address_ip(client);
	unsigned kind = ip_is_v4(&ip) ? DNSLIST_IP4 : DNSLIST_IP6, asked = 0;
	char name[DNS_NAME_MAX + 1];
	bool reverse = false;
	struct settings *s;

	if (policy_is_inside(&ip))
		return;
	s = settings_board_get(&w->d->settings);
	for (size_t i = 0; s && i < s->lists.n && asked < AHEAD_MAX; i++) {
		const struct dnslist_use *use = &s->lists.rows[i];

		reverse = reverse || use->names;
		if (use->names || !(use->list->kinds & kind) ||
		    !dnslist_is_well(w->d->lists, use->list->zone, false) ||
		    !dns_reversed_to(name, &ip, use->list->zone))
			continue;
		prefetch(w, name, DNS_A, DNS_OF_LISTS);
		asked++;
	}
	settings_unref(s);
	if (reverse) {
		dns_reverse_name(name, &ip);
		prefetch(w, name, DNS_PTR, DNS_OF_CLIENT);
	}
}
