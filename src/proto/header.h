/* header.h: looks at a message's header section while it goes by, and keeps no byte of it.
 *
 * Fed with content as it comes, cut anywhere.  It counts what tells a loop and the bytes of the
 * section, sees whether all of it is ASCII, and is done at the section's end, so that a body costs
 * nothing.  Nothing is judged by the length of a line: real mail has long ones, and they pass as
 * they are.
 * SPDX-License-Identifier: ISC */
#ifndef PROTO_HEADER_H
#define PROTO_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "proto/reply.h"

/* RFC 5321 §6.3: the threshold should be 100 Received fields at least. */
#define HEADER_HOPS_MAX 100
/* Times that a message may have passed us before: a list or a user's forwarding may well send it
 * through us once more; what we have taken four times goes round. */
#define HEADER_PASSES_MAX 3
#define HEADER_SIZE_MAX   (1024 * 1024)

enum header_at {
	HEADER_LINE,   /* at the start of a line */
	HEADER_NAME,   /* in a field's name */
	HEADER_COLON,  /* in blanks behind the name */
	HEADER_SKIP,   /* in a value that tells nothing */
	HEADER_WORDS,  /* in the value of a Received */
	HEADER_CRLF,   /* behind a CR that began a line */
	HEADER_ENDED,
};

enum header_word { HEADER_OTHER, HEADER_BY, HEADER_ID };

struct header {
	const char *hostname;
	uint64_t size;     /* of the section so far, with the empty line */
	unsigned received; /* Received fields */
	unsigned passes;   /* those of them that are ours: by our name, with an id of our form */
	bool has_8bit;     /* there is a byte from 0x80 on: it is no message for a server without
	                    * SMTPUTF8 (RFC 6532 §3) */

	/* where the scan stands */
	enum header_at at;
	unsigned n;            /* bytes of the name or word that we are in */
	unsigned comment;      /* depth of parentheses */
	char first[2];         /* of the word, in lower case */
	bool is_received;      /* the name so far; in a value: this is a Received */
	bool is_host, is_id;   /* what the word may still be */
	bool by_us, id_of_ours; /* what the field has shown */
	enum header_word before; /* the word before this one */
};

/* hostname is ours; it must outlive h. */
void header_init(struct header *h, const char *hostname);
/* The next bytes of content.  Nothing is looked at once the section has ended. */
void header_feed(struct header *h, struct str bytes);
static inline bool header_ended(const struct header *h)
{
	return h->at == HEADER_ENDED;
}
/* At the end of content: why the message cannot be taken, or NULL. */
const struct reply *header_refusal(const struct header *h);

#endif
