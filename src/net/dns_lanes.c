/* dns_lanes: who is asked next, so that one dead server holds up nobody else.
 *
 * libunbound has so many sockets, and a question to a dead server holds one for many seconds.  So
 * questions stand in lanes, one for each domain (as far as a name tells), and a lane may have only
 * a part of the sockets; lanes that wait take turns.  A lane whose whole part is held by questions
 * that were given up is dead for now: what comes next is answered "unknown" at once.
 *
 * Who has many domains at dead servers fills many lanes.  So each rank has lanes of its own, and
 * what strangers choose is given only while half is free; and a client may have a part only of
 * what is under way of that, also while libunbound works on what was given up.  What is past its
 * share is not kept waiting: others may want the same name and would wait with it.
 *
 * Lanes are places in tables of fixed size, found by a hash with a key of ours: two domains that
 * meet in one place share it, and nobody can choose that.  Clients have such places too.
 * SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "net/dns_private.h"

#define LANES      1024 /* of a rank */
#define LANE_MIN   4
#define SHARES     4096
#define SHARE_PART 6 /* of what may be given */
#define SHARE_MIN  64

struct dns_lane {
	enum dns_rank rank;
	struct list turn;    /* among those that may go on */
	struct list waiting; /* jobs */
	unsigned given, given_up;
};

struct dns_lanes {
	struct hash_key seed;
	unsigned given, share_most;
	struct {
		struct list turns; /* lanes with a job that may be given as far as the lane goes */
		unsigned most, lane_most;
		struct dns_lane lanes[LANES];
	} of[DNS_RANKS];
	unsigned shares[SHARES]; /* jobs of a client */
};

static unsigned at_least(unsigned min, unsigned n)
{
	return n < min ? min : n;
}

struct dns_lanes *dns_lanes_new(unsigned most, unsigned parts)
{
	struct dns_lanes *l = mem_alloc(sizeof(*l));

	l->seed = hash_key_new();
	for (enum dns_rank rank = 0; rank < DNS_RANKS; rank++) {
		l->of[rank].most = (unsigned)dns_part(most, rank);
		l->of[rank].lane_most = at_least(LANE_MIN, l->of[rank].most / parts);
		list_init(&l->of[rank].turns);
		for (size_t i = 0; i < LANES; i++) {
			l->of[rank].lanes[i].rank = rank;
			list_init(&l->of[rank].lanes[i].turn);
			list_init(&l->of[rank].lanes[i].waiting);
		}
	}
	l->share_most = at_least(SHARE_MIN, l->of[DNS_OF_NAMES].most / SHARE_PART);
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
	uint64_t hash = hash_keyed(&l->seed, dns_lane_domain(str_of(job->name)));

	return &l->of[job->rank].lanes[hash % LANES];
}

/* An address, or what one host may have of IPv6. */
static unsigned *share_of(struct dns_lanes *l, const struct dns_job *job)
{
	static const struct ip nobody = { { 0 } };
	struct ip net = ip_network(&job->client, 32, 64);
	struct str bytes = { (const char *)net.at, sizeof(net.at) };

	if (job->rank != DNS_OF_NAMES || memcmp(&net, &nobody, sizeof(net)) == 0)
		return NULL;
	return &l->shares[hash_keyed(&l->seed, bytes) % SHARES];
}

/* -- turns ------------------------------------------------------------------------------------*/

static void line_up(struct dns_lanes *l, struct dns_lane *lane)
{
	bool may = !list_is_empty(&lane->waiting) && lane->given < l->of[lane->rank].lane_most;

	if (!may)
		list_remove(&lane->turn);
	else if (list_is_empty(&lane->turn))
		list_add_tail(&l->of[lane->rank].turns, &lane->turn);
}

enum dns_entry dns_lanes_enter(struct dns_lanes *l, struct dns_job *job)
{
	struct dns_lane *lane = lane_of(l, job);
	unsigned *share = share_of(l, job);

	if (lane->given_up >= l->of[lane->rank].lane_most)
		return DNS_LANE_DEAD;
	if (share && *share >= l->share_most)
		return DNS_SHARE_FULL;
	if (share)
		++*share;
	job->share = share;
	job->lane = lane;
	list_add_tail(&lane->waiting, &job->link);
	line_up(l, lane);
	return DNS_ENTERED;
}

/* The lane whose turn it is, of the highest rank that has one. */
static struct dns_lane *next_lane(struct dns_lanes *l)
{
	for (enum dns_rank rank = DNS_RANKS; rank-- > 0;)
		if (l->given < l->of[rank].most && !list_is_empty(&l->of[rank].turns))
			return LIST_ITEM(l->of[rank].turns.next, struct dns_lane, turn);
	return NULL;
}

struct dns_job *dns_lanes_next(struct dns_lanes *l)
{
	struct dns_lane *lane = next_lane(l);
	struct dns_job *job;

	if (!lane)
		return NULL;
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
	if (job->share)
		--*job->share;
	line_up(l, lane);
}

void dns_lanes_drop_waiting(struct dns_lanes *l)
{
	struct list *link;

	for (enum dns_rank rank = 0; rank < DNS_RANKS; rank++)
		for (size_t i = 0; i < LANES; i++)
			while ((link = list_pop(&l->of[rank].lanes[i].waiting)))
				dns_job_free(LIST_ITEM(link, struct dns_job, link));
}
