/* idn: see idn.h.  The only file that knows libidn2 and libunistring.
 *
 * Nearly all names are ASCII, and these never come near the libraries.
 * SPDX-License-Identifier: ISC */
#include "base/idn.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <idn2.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/utf8.h"

/* Not IDN2_USE_STD3_ASCII_RULES: it leaves out what it forbids, and another name is found. */
#define IDNA_FLAGS (IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)

/* s in out in lower case; false when it does not fit. */
static bool copy_lower(struct str s, char *out, size_t max, struct str *ret)
{
	if (s.n >= max)
		return false;
	if (s.n)
		memcpy(out, s.at, s.n);
	str_lower(out, s.n);
	out[s.n] = '\0';
	*ret = (struct str){ out, s.n };
	return true;
}

/* Mapping may make an @, a blank or a further dot of a letter. */
static bool is_host_name(struct str s)
{
	char before = '.';

	for (size_t i = 0; i < s.n; before = s.at[i++]) {
		char c = str_lower_char(s.at[i]);
		bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
			      c == '_';

		if (!letter && (c != '.' || before == '.'))
			return false;
	}
	return before != '.';
}

bool idn_domain(struct str name, char out[IDN_DOMAIN_MAX], struct str *ret)
{
	char text[IDN_READABLE_MAX];
	uint8_t *found = NULL;
	bool ok;

	if (!utf8_has_8bit(name))
		return copy_lower(name, out, IDN_DOMAIN_MAX, ret);
	if (name.n >= sizeof(text) || !utf8_is_text(name))
		return false;
	memcpy(text, name.at, name.n);
	text[name.n] = '\0';
	ok = idn2_lookup_u8((const uint8_t *)text, &found, IDNA_FLAGS) == IDN2_OK &&
	     is_host_name(str_of((const char *)found)) &&
	     copy_lower(str_of((const char *)found), out, IDN_DOMAIN_MAX, ret);
	idn2_free(found);
	return ok;
}

/* Only a name that leads back to itself is shown in another form. */
static bool is_form_of(struct str readable, struct str name)
{
	char back[IDN_DOMAIN_MAX];
	struct str again;

	return readable.n < IDN_READABLE_MAX && idn_domain(readable, back, &again) &&
	       str_ieq(again, name);
}

const char *idn_readable(struct str name, char out[IDN_READABLE_MAX])
{
	char *found = NULL;

	(void)snprintf(out, IDN_READABLE_MAX, "%.*s", STR_ARGS(name));
	if (name.n >= 4 && memmem(name.at, name.n, "xn--", 4) &&
	    idn2_to_unicode_8z8z(out, &found, 0) == IDN2_OK && is_form_of(str_of(found), name))
		(void)snprintf(out, IDN_READABLE_MAX, "%s", found);
	idn2_free(found);
	return out;
}

/* -- local parts -------------------------------------------------------------------------- */

/* n bytes of `in` in NFC in out; 0 when they do not fit. */
static size_t normalize(const uint8_t *in, size_t n, uint8_t out[IDN_LOCAL_MAX])
{
	size_t got = IDN_LOCAL_MAX - 1;
	uint8_t *at = u8_normalize(UNINORM_NFC, in, n, out, &got);

	if (at == out)
		return got;
	free(at);
	return 0;
}

/* Each character on its own; 0 when they do not fit. */
static size_t lower(const uint8_t *in, size_t n, uint8_t out[IDN_LOCAL_MAX])
{
	struct str rest = { (const char *)in, n };
	size_t at = 0;

	while (rest.n) {
		uint32_t c;
		size_t used = utf8_next(rest, &c);
		int put = used ? u8_uctomb(out + at, uc_tolower(c), (int)(IDN_LOCAL_MAX - 1 - at)) :
				 -1;

		if (put <= 0)
			return 0;
		at += (size_t)put;
		rest = str_from(rest, used);
	}
	return at;
}

bool idn_local(struct str local, char out[IDN_LOCAL_MAX], struct str *ret)
{
	uint8_t one[IDN_LOCAL_MAX], two[IDN_LOCAL_MAX];
	size_t n;

	if (!utf8_has_8bit(local))
		return copy_lower(local, out, IDN_LOCAL_MAX, ret);
	if (!utf8_is_text(local))
		return false;
	n = normalize((const uint8_t *)local.at, local.n, one);
	n = n ? lower(one, n, two) : 0;
	n = n ? normalize(two, n, one) : 0;
	if (!n)
		return false;
	memcpy(out, one, n);
	out[n] = '\0';
	*ret = (struct str){ out, n };
	return true;
}
