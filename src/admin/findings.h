/* findings.h: what the checks found of a recipient, as data and in sentences.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_FINDINGS_H
#define ADMIN_FINDINGS_H

#include <jansson.h>

/* An array of {"check", "finding", "note"} of the lines that are kept with a recipient
 * (policy_findings). */
json_t *findings_json(const char *lines);
/* Appends sentences to the story: one for all that passed, one each for the others. */
void findings_tell(json_t *story, const char *lines);

#endif
