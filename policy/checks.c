/* checks.c: the checks, in the order they run.  To add one: write policy/<name>.c, declare it in
 * checks.h, add its line here and its scenes in tests/scene.
 * SPDX-License-Identifier: ISC */
#include "policy/checks.h"

#include <stddef.h>

const struct check *const checks[] = {
	&check_recipient, /* is the domain ours, and does the user exist? */
	&check_deny,      /* is anything of it on a deny-list? */
	&check_rate,      /* does the client name too many recipients in a minute? */
	&check_early,     /* does the client wait for our answers? */
	&check_helo,      /* is the name that the client greets with its own? */
	&check_rdns,      /* has its address a name, and the name that address? */
	&check_sender,    /* can the sender's domain take a bounce? */
	&check_spf,       /* does the sender's domain know this client? */
	&check_forged,    /* does somebody outside send in the domain's own name? */
	&check_dnsbl,     /* do lists name the client? */
	&check_rhsbl,     /* do lists name one of its names? */
	&check_primary_up, /* can the primary take it?  From here on questions are remembered: */
	&check_greylist,  /* has the client come back?  Who is refused before costs no row */
	NULL,
};
