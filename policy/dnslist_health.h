/* dnslist_health.h: are the lists that are asked well?
 *
 * Each list in use is asked now and then for what it must have and for what it must not have (RFC
 * 5782 §5).  One that does not answer right is switched off until it does: one that has died lists
 * nobody, one whose name was sold lists everybody, and both come without notice.  A list that was
 * not tested yet is not asked either.
 *
 * There is one of these in the daemon.  The thread that tests writes it; all others only ask
 * dnslist_is_well, which takes no lock: places are only ever added, and a state is one word.
 * It puts no questions itself: whoever drives it does (relay/list_watch.c, or a test with a false
 * clock).
 * SPDX-License-Identifier: ISC */
#ifndef POLICY_DNSLIST_HEALTH_H
#define POLICY_DNSLIST_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "db/settings.h"
#include "policy/ask.h"

#define DNSLIST_AGAIN_MS 60000 /* a list that is off is tested again after this */

enum dnslist_state { DNSLIST_UNTESTED, DNSLIST_WELL, DNSLIST_OFF };

struct dnslist_health;

struct dnslist_health *dnslist_health_new(void);
void dnslist_health_free(struct dnslist_health *h); /* NULL is accepted */

/* Any thread: may it be asked?  names: for names, not for clients.  With h NULL all may. */
bool dnslist_is_well(const struct dnslist_health *h, const char *zone, bool names);

/* -- the testing thread only ------------------------------------------------------------- */

/* From now on these are tested, and no others.  False: some have no place any more and are never
 * asked. */
bool dnslist_health_use(struct dnslist_health *h, const struct dnslist_uses *uses);

struct dnslist_probe {
	unsigned place, point;
	char name[DNS_NAME_MAX + 1]; /* to be asked for its A records */
};

/* A question that is due, each once. */
bool dnslist_health_next(struct dnslist_health *h, int64_t now_ms, struct dnslist_probe *ret);
/* Its answer; a list that is well is tested again after every_ms.  True: the list's state has
 * changed. */
bool dnslist_health_answer(struct dnslist_health *h, int64_t now_ms, int64_t every_ms,
			   const struct dnslist_probe *probe, const struct answer *answer);

struct dnslist_report {
	const char *shown; /* these live as long as h */
	const char *why;   /* OFF: in a few words, else "" */
	enum dnslist_state state;
	bool names;
	int64_t since_ms; /* by the clock of now_ms; 0: not tested yet */
};

const char *dnslist_state_name(enum dnslist_state s); /* "well" */
/* The list of a place; false when it is not in use. */
bool dnslist_health_report(const struct dnslist_health *h, unsigned place,
			   struct dnslist_report *ret);
unsigned dnslist_health_places(const struct dnslist_health *h);

#endif
