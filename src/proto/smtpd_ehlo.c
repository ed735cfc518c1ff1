/* smtpd_ehlo: what EHLO lists.  To offer an extension is to add a row.
 * SPDX-License-Identifier: ISC */
#include <assert.h>
#include <inttypes.h>

#include "proto/smtpd_private.h"
#include "proto/xclient.h"

struct extension {
	const char *keyword;
	bool (*offered)(const struct smtpd *s);   /* NULL: always */
	uint64_t (*value)(const struct smtpd *s); /* NULL: it has none */
	const char *named;                        /* what stands before the value */
};

static uint64_t value_size(const struct smtpd *s)
{
	return s->limits.max_size;
}

static uint64_t value_rcpts(const struct smtpd *s)
{
	return s->limits.max_rcpts;
}

static bool offers_xclient(const struct smtpd *s)
{
	return s->limits.xclient;
}

static bool offers_tls(const struct smtpd *s)
{
	return s->limits.starttls && !s->secure;
}

static const struct extension extensions[] = {
	/* keyword              offered  value        named */
	{ "PIPELINING",          NULL,    NULL,        NULL       }, /* RFC 2920 */
	{ "SIZE",                NULL,    value_size,  ""         }, /* RFC 1870 */
	{ "8BITMIME",            NULL,    NULL,        NULL       }, /* RFC 6152 */
	{ "ENHANCEDSTATUSCODES", NULL,    NULL,        NULL       }, /* RFC 2034 */
	{ "STARTTLS",            offers_tls, NULL,     NULL       }, /* RFC 3207 */
	{ "DSN",                 NULL,    NULL,        NULL       }, /* RFC 3461 */
	{ "SMTPUTF8",            NULL,    NULL,        NULL       }, /* RFC 6531 */
	{ "CHUNKING",            NULL,    NULL,        NULL       }, /* RFC 3030, but BINARYMIME: to
		* hand that on is to convert it, and DKIM breaks */
	{ "LIMITS",              NULL,    value_rcpts, "RCPTMAX=" }, /* RFC 9422: constant, and the
		* only limit of its kind that we have */
	{ XCLIENT_KEYWORD,       offers_xclient, NULL, NULL       },
};

static bool add_extension(struct buf *text, const struct smtpd *s, const struct extension *e)
{
	if (e->offered && !e->offered(s))
		return true;
	if (e->value)
		return buf_addf(text, "\n%s %s%" PRIu64, e->keyword, e->named, e->value(s));
	return buf_addf(text, "\n%s", e->keyword);
}

/* RFC 5321 §4.1.1.1: our name first, then an extension a line. */
void smtpd_ehlo_text(const struct smtpd *s, struct buf *text)
{
	bool fits = buf_addf(text, "%s greets you", s->hostname);

	for (size_t i = 0; fits && s->extended && i < COUNT(extensions); i++)
		fits = add_extension(text, s, &extensions[i]);
	fits = fits && buf_add(text, (struct str){ "", 1 });
	assert(fits);
}
