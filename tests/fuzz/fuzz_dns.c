/* fuzz_dns: whatever RDATA comes, a record is within its bounds, and a name that was read may be
 * asked for.
 *
 * Input: a byte that chooses the type, then RDATA, which is taken as a name, too.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static void check_record(enum dns_type type, const struct dns_record *r)
{
	must(r->data.n <= DNS_DATA_MAX, "too long");
	switch (type) {
	case DNS_A:
		must(r->data.n == 4, "not an address");
		break;
	case DNS_AAAA:
		must(r->data.n == 16, "not an address");
		break;
	case DNS_CNAME:
	case DNS_PTR:
	case DNS_MX:
		must(!r->data.n || dns_name_is_valid(r->data), "a name that is none");
		must(r->data.n <= DNS_NAME_MAX && r->preference <= 65535, "out of bounds");
		break;
	case DNS_TXT:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum dns_type types[] = { DNS_A,  DNS_CNAME, DNS_PTR,
					       DNS_MX, DNS_TXT,	  DNS_AAAA };
	struct arena *a;
	struct str rdata;
	struct dns_record r;
	enum dns_type type;

	if (!n)
		return 0;
	type = types[data[0] % COUNT(types)];
	rdata = (struct str){ (const char *)data + 1, n - 1 };
	a = arena_new(16384);
	if (dns_read_record(a, type, rdata, &r))
		check_record(type, &r);
	if (dns_name_is_valid(rdata))
		must(rdata.n && rdata.n <= DNS_NAME_MAX + 1, "a name out of bounds");
	arena_free(a);
	return 0;
}
