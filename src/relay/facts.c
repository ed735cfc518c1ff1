/* facts.c: see facts.h.
 * SPDX-License-Identifier: ISC */
#include "relay/facts.h"

#include "base/clock.h"
#include "base/idn.h"
#include "base/utf8.h"
#include "relay/defend.h"
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
	m->facts.too_fast = domain && !m->trial && !defend_client_rate(d, domain, &client->ip);
}
