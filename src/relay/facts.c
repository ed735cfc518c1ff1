/* facts.c: see facts.h.
 * SPDX-License-Identifier: ISC */
#include "relay/facts.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/idn.h"
#include "base/utf8.h"
#include "relay/outlook.h"
#include "relay/receipt.h"

/* Which entry of the allow-lists and deny-lists counts. */
static void look_at_lists(struct mail *facts)
{
	const struct access *const scopes[] = {
		facts->domain ? facts->domain->access : NULL,
		facts->settings ? facts->settings->access : NULL,
	};
	struct access_guest guest = {
		.ip = &facts->ip,
		.sender = facts->sender.address,
		.rcpt = facts->rcpt.address,
	};
	enum access_list list;
	struct str entry = access_find(scopes, COUNT(scopes), &guest, &list);

	*(list == ACCESS_ALLOW ? &facts->allowed : &facts->denied) = entry;
}

/* One table for all domains: a client has a place for each domain that limits it.  What stands for
 * its address there is a hash of both; that two of them meet does not happen. */
static bool is_too_fast(struct daemon *d, const struct mail *facts)
{
	struct {
		struct ip ip;
		int64_t domain;
		uint64_t half;
	} who = { .ip = facts->ip };
	struct str bytes = { (const char *)&who, sizeof(who) };
	struct ip place;

	if (!facts->domain || facts->trial || !facts->policy->client_rate)
		return false;
	who.domain = facts->domain->id;
	for (who.half = 0; who.half < 2; who.half++) {
		uint64_t hash = hash_keyed(&d->rate_key, bytes);

		memcpy(&place.at[who.half * sizeof(hash)], &hash, sizeof(hash));
	}
	return !guard_spend(d->rates, &place, GUARD_RECIPIENTS,
			    (unsigned)facts->policy->client_rate, 0, clock_mono_ms());
}

/* Its domain is asked for in DNS and compared with names in tables: both know A-labels only. */
static struct path sender_in_dns(struct receipt *m)
{
	struct path sender = m->sender;
	char form[IDN_DOMAIN_MAX];
	struct str name;

	if (utf8_has_8bit(sender.domain) && idn_domain(sender.domain, form, &name)) {
		name = arena_dup(m->arena, name);
		if (name.at)
			sender.domain = name;
	}
	return sender;
}

void facts_state(struct receipt *m, const struct facts_client *client)
{
	struct daemon *d = m->w->d;
	const struct domain *domain =
		m->settings ? settings_find(m->settings, m->rcpt.domain) : NULL;

	m->facts = (struct mail){
		.arena = m->arena,
		.now_ms = clock_wall_ms(),
		.hostname = str_of(d->hostname),
		.client = client->text,
		.ip = client->ip,
		.helo = client->helo,
		.sender = sender_in_dns(m),
		.rcpt = m->rcpt,
		.settings = m->settings,
		.settings_stale = atomic_load(&d->settings.stale),
		.domain = domain,
		.hurried = client->hurried,
		.lists = d->lists,
		.spf = &m->spf,
		.trial = m->trial != NULL,
		.primary = domain ? outlook_of(d->outlook, domain->routes, domain->route_count) :
				    STANDING_UNKNOWN,
		.policy = domain ? domain->policy : m->settings ? m->settings->policy : NULL,
	};
	look_at_lists(&m->facts);
	m->facts.too_fast = is_too_fast(d, &m->facts);
}
