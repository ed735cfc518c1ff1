/* idn.h: names in other scripts than ASCII's, in the form in which they are compared.
 *
 * Domains: one name has two forms, "bücher.example" (U-labels) and "xn--bcher-kva.example"
 * (A-labels); tables hold the second, in lower case, and people are shown the first.  What is not
 * ASCII goes through IDNA2008 with the mapping of UTS 46, so that "BÜCHER.example" is the same.
 *
 * Local parts: NFC, then lower case character by character as Unicode has it (the simple mapping,
 * no language's own), then NFC again.  So "Jose" with an accent of its own and "José" are one
 * user, and so are "ΔΗΜΗΤΡΗΣ" and "δημητρησ".  Not done, since it would make one of what a primary
 * may hold for two: full folding ("straße" is not "strasse", "ς" is not "σ"), compatibility forms
 * (NFKC: wide or ligated letters), a language's own rules (Turkish dotless i), letters that look
 * alike.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_IDN_H
#define BASE_IDN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

#define IDN_DOMAIN_MAX   256
#define IDN_READABLE_MAX 1024
#define IDN_LOCAL_MAX    512

/* The form of a domain in tables, in out, with a NUL behind it.  False when it is no name that DNS
 * could hold; of ASCII only the length is looked at. */
bool idn_domain(struct str name, char out[IDN_DOMAIN_MAX], struct str *ret) MUST_CHECK;
/* The form for people: with U-labels where there are any, else as it is. */
const char *idn_readable(struct str name, char out[IDN_READABLE_MAX]);
/* The form in which a local part (without quotes) is compared.  False when it is not UTF-8, or too
 * long. */
bool idn_local(struct str local, char out[IDN_LOCAL_MAX], struct str *ret) MUST_CHECK;

#endif
