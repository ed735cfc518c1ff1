/* scene_parse.h: what the readers of a scene's lines share.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_SCENE_SCENE_PARSE_H
#define TESTS_SCENE_SCENE_PARSE_H

#include "tests/scene/scene.h"

/* Splits off the first word; blanks before and behind it go. */
struct str scene_word(struct str *line);
/* Splits off the last one. */
struct str scene_last_word(struct str *line);

/* answer KIND … */
bool scene_parse_answer(struct scene *s, struct str line, struct err *e);

#endif
