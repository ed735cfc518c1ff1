/* listed.c: see listed.h.
 *
 * Names are made on the stack: a check runs again for each answer, and asks remembers its own copy.
 * SPDX-License-Identifier: ISC */
#include "policy/listed.h"

#include <stdio.h>
#include <string.h>

#define LABELS_REGISTERED 2 /* a registered domain has so many labels, or one more (co.uk) */

/* What one list says. */
struct saying {
	unsigned weight;
	bool waiting, mute;
	const char *says;
};

static void append(char *to, size_t max, const char *text)
{
	size_t n = strlen(to);

	(void)snprintf(to + n, max - n, "%s%s", n ? ", " : "", text);
}

/* One question to one list.  More than one record may come; one that is none of the list's codes
 * beside one that is takes nothing from it.  127.255.255.x does: it says that none is meant. */
static void hear(const struct dnslist *list, const struct answer *answer, struct saying *s)
{
	const char *means = "";
	unsigned weight = 0;
	bool refused = false;

	if (!answer) {
		s->waiting = true;
		return;
	}
	for (size_t i = 0; answer->status == ANSWER_FOUND && i < answer->record_count; i++) {
		const unsigned char *a = (const unsigned char *)answer->records[i].data.at;
		const char *says = "";
		unsigned one = dnslist_weight(list, a, &says);

		refused = refused || (a[0] == 127 && a[1] == 255 && a[2] == 255);
		if (one <= weight)
			continue;
		weight = one;
		means = says;
	}
	if (refused)
		weight = 0;
	if (weight > s->weight) {
		s->weight = weight;
		s->says = means;
	}
	if (answer->status == ANSWER_ERROR || (answer->status == ANSWER_FOUND && !weight))
		s->mute = true;
}

static void add(struct listed *l, const struct dnslist *list, const struct saying *s)
{
	char note[LISTED_BY_MAX];

	l->waiting = l->waiting || s->waiting;
	if (s->weight) {
		l->weight += s->weight;
		(void)snprintf(note, sizeof(note), "%s %u%s%s%s", list->shown, s->weight,
			       s->says[0] ? " (" : "", s->says, s->says[0] ? ")" : "");
		append(l->by, sizeof(l->by), list->shown);
		append(l->notes, sizeof(l->notes), note);
	} else if (s->mute) {
		l->mute++;
		append(l->mutes, sizeof(l->mutes), list->shown);
	}
}

void listed_client(struct asks *asks, const struct mail *m, const struct dnslist_set *set,
		   struct listed *l)
{
	unsigned kind = ip_is_v4(&m->ip) ? DNSLIST_IP4 : DNSLIST_IP6;

	for (size_t i = 0; i < set->n; i++) {
		const struct dnslist *list = set->lists[i];
		struct saying s = { .says = "" };
		char name[DNS_NAME_MAX + 1];

		if (!(list->kinds & kind))
			continue;
		if (!dnslist_is_well(m->lists, list->zone, false))
			s.mute = true;
		else if (dns_reversed_to(name, &m->ip, list->zone))
			hear(list, ask_dns(asks, str_of(name), DNS_A, DNS_OF_LISTS), &s);
		add(l, list, &s);
	}
}

/* The last `labels` labels of name, or "" when it has not so many. */
static struct str tail(struct str name, unsigned labels)
{
	size_t at = name.n;

	while (at > 0) {
		if (name.at[at - 1] == '.' && --labels == 0)
			return str_from(name, at);
		at--;
	}
	return labels == 1 ? name : STR_NONE;
}

static void ask_name(struct asks *asks, const struct dnslist *list, struct str name,
		     struct saying *s)
{
	char text[DNS_NAME_MAX + 1];
	int n;

	if (!name.n)
		return;
	n = snprintf(text, sizeof(text), "%.*s.%s", STR_ARGS(name), list->zone);
	if (n > 0 && n <= DNS_NAME_MAX)
		hear(list, ask_dns(asks, str_of(text), DNS_A, DNS_OF_NAMES), s);
}

/* Where only registered domains are listed, both that it may be are asked for: which of them is
 * one only the registries know. */
static void ask_names(struct asks *asks, const struct dnslist *list, struct str name,
		      struct saying *s)
{
	if (!list->registered) {
		ask_name(asks, list, name, s);
		return;
	}
	ask_name(asks, list, tail(name, LABELS_REGISTERED), s);
	ask_name(asks, list, tail(name, LABELS_REGISTERED + 1), s);
}

void listed_names(struct asks *asks, const struct mail *m, const struct dnslist_set *set,
		  const struct str *names, size_t n, struct listed *l)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct dnslist *list = set->lists[i];
		struct saying s = { .says = "" };

		if (!dnslist_is_well(m->lists, list->zone, true))
			s.mute = true;
		for (size_t j = 0; !s.mute && j < n; j++)
			ask_names(asks, list, names[j], &s);
		add(l, list, &s);
	}
}

void listed_note(struct ruling *r, const struct mail *m, const struct listed *l, int64_t threshold)
{
	char sum[64] = "";

	if (l->weight)
		(void)snprintf(sum, sizeof(sum), "; %u of %lld", l->weight, (long long)threshold);
	if (l->weight || l->mute)
		policy_note(r, m, "%s%s%s%s%s", l->notes, sum, l->weight && l->mute ? "; " : "",
			    l->mute ? "cannot tell: " : "", l->mutes);
}
