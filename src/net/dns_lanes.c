/* dns_lanes: who is asked next, so that one dead server holds up nobody else.
 *
 * libunbound has so many sockets, and a question to a dead server holds one for many seconds.  So
 * questions stand in lanes, one for each domain (as far as a name tells), and a lane may have only
 * a part of the sockets; lanes that wait take turns.  A lane whose whole part is held by questions
 * that were given up is dead for now: what comes next is answered "unknown" at once.
 *
 * Lanes are places in a table of fixed size, found by a hash with a key of ours: two domains that
 * meet in one place share it, and nobody can choose that.
 * SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "net/dns_private.h"

#define LANES     4096
#define LANE_PART 16 /* of all that may be given */
#define LANE_MIN  8

struct dns_lane {
	struct list turn;    /* among those that may go on */
	struct list waiting; /* jobs */
	unsigned given, given_up;
};

struct dns_lanes {
	struct hash_key seed;
	struct list turns; /* lanes with a job that may be given as far as the lane goes */
	unsigned given, most, lane_most;
	struct dns_lane lanes[LANES];
};

struct dns_lanes *dns_lanes_new(unsigned most)
{
	struct dns_lanes *l = mem_alloc(sizeof(*l));

	l->seed = hash_key_new();
	l->most = most;
	l->lane_most = most / LANE_PART < LANE_MIN ? LANE_MIN : most / LANE_PART;
	list_init(&l->turns);
	for (size_t i = 0; i < LANES; i++) {
		list_init(&l->lanes[i].turn);
		list_init(&l->lanes[i].waiting);
	}
	return l;
}

void dns_lanes_free(struct dns_lanes *l)
{
	free(l);
}

/* -- domains -------------------------------------------------------------------------------- */

/* The last `labels` labels. */
static struct str tail(struct str name, unsigned labels)
{
	size_t at = name.n;

	while (at > 0 && (name.at[at - 1] != '.' || --labels > 0))
		at--;
	return str_from(name, at);
}

static bool ends(struct str name, struct str suffix)
{
	return name.n >= suffix.n && str_eq(str_from(name, name.n - suffix.n), suffix);
}

/* What one owner has: a /16 or /32 of the reverse tree, "example.com", "example.co.uk".  A guess is
 * enough: too long and one owner has some lanes, too short and some share one. */
struct str dns_lane_domain(struct str name)
{
	struct str two = tail(name, 2), top = tail(name, 1);

	if (ends(name, STR(".in-addr.arpa")))
		return tail(name, 4);
	if (ends(name, STR(".ip6.arpa")))
		return tail(name, 10);
	return top.n == 2 && two.n <= 3 + 1 + 2 ? tail(name, 3) : two;
}

static struct dns_lane *lane_of(struct dns_lanes *l, const struct dns_job *job)
{
	return &l->lanes[hash_keyed(&l->seed, dns_lane_domain(str_of(job->name))) % LANES];
}

/* -- turns ------------------------------------------------------------------------------------*/

static void line_up(struct dns_lanes *l, struct dns_lane *lane)
{
	bool may = !list_is_empty(&lane->waiting) && lane->given < l->lane_most;

	if (!may)
		list_remove(&lane->turn);
	else if (list_is_empty(&lane->turn))
		list_add_tail(&l->turns, &lane->turn);
}

bool dns_lanes_enter(struct dns_lanes *l, struct dns_job *job)
{
	struct dns_lane *lane = lane_of(l, job);

	if (lane->given_up >= l->lane_most)
		return false;
	job->lane = lane;
	list_add_tail(&lane->waiting, &job->link);
	line_up(l, lane);
	return true;
}

struct dns_job *dns_lanes_next(struct dns_lanes *l)
{
	struct dns_lane *lane;
	struct dns_job *job;

	if (l->given >= l->most || list_is_empty(&l->turns))
		return NULL;
	lane = LIST_ITEM(l->turns.next, struct dns_lane, turn);
	job = LIST_ITEM(lane->waiting.next, struct dns_job, link);
	list_remove(&lane->turn);
	list_remove(&job->link);
	job->given = true;
	lane->given++;
	l->given++;
	line_up(l, lane);
	return job;
}

void dns_lanes_give_up(struct dns_lanes *l, struct dns_job *job)
{
	(void)l;
	assert(job->given && !job->given_up);
	job->given_up = true;
	job->lane->given_up++;
}

void dns_lanes_leave(struct dns_lanes *l, struct dns_job *job)
{
	struct dns_lane *lane = job->lane;

	list_remove(&job->link);
	if (job->given) {
		lane->given--;
		l->given--;
	}
	if (job->given_up)
		lane->given_up--;
	line_up(l, lane);
}

void dns_lanes_drop_waiting(struct dns_lanes *l)
{
	struct list *link;

	for (size_t i = 0; i < LANES; i++)
		while ((link = list_pop(&l->lanes[i].waiting)))
			dns_job_free(LIST_ITEM(link, struct dns_job, link));
}
