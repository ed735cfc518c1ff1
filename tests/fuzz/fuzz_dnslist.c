/* fuzz_dnslist: whatever is typed for dnsbl=, dnswl= and rhsbl= is refused in one line, or gives
 * lists within all bounds, of which none ever takes a refusal for a listing.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/dnslist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void look_at(const struct dnslist *l)
{
	static const unsigned char refusals[][4] = {
		{ 127, 255, 255, 252 }, { 127, 255, 255, 254 }, { 127, 255, 255, 255 },
		{ 127, 0, 0, 1 },	{ 192, 0, 2, 1 },
	};
	const char *says = "";

	must(strlen(l->zone) <= DNSLIST_ZONE_MAX && strchr(l->zone, '.') && l->shown[0]);
	must(l->code_count && l->code_count <= DNSLIST_CODES_MAX);
	for (size_t i = 0; i < l->code_count; i++)
		must(l->codes[i].weight && l->codes[i].says);
	for (size_t i = 0; i < COUNT(refusals); i++)
		must(!dnslist_weight(l, refusals[i], &says));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool (*const parsers[])(struct arena *, struct str, void *, struct err *) = {
		dnslist_parse_clients, dnslist_parse_good, dnslist_parse_names,
	};
	struct str in = { (const char *)data, n };

	for (size_t i = 0; i < COUNT(parsers); i++) {
		const struct dnslist_set *set = NULL;
		struct arena *a = arena_new(1 << 20);
		struct err e = { .text = "" };

		if (parsers[i](a, in, &set, &e)) {
			must(set->n <= DNSLIST_CLIENTS_MAX);
			for (size_t l = 0; l < set->n; l++)
				look_at(set->lists[l]);
		} else {
			must(!set && e.text[0] && !strchr(e.text, '\n'));
		}
		arena_free(a);
	}
	return 0;
}
