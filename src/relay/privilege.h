/* privilege.h: what is done while we may still be root, and how root is given up for good.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_PRIVILEGE_H
#define RELAY_PRIVILEGE_H

#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"

/* Makes the state directory (0700) and the control socket's directory (0755) when they are missing;
 * as root they are given to conf->user. */
bool privilege_prepare_dirs(const struct conf *conf, struct err *e) MUST_CHECK;
/* As root: becomes conf->user, with its groups and nothing kept.  user = "root" stays root, and is
 * meant for containers and tests only.  As anybody else: nothing. */
bool privilege_drop(const struct conf *conf, struct err *e) MUST_CHECK;
/* Locks the state directory: a second daemon on it is refused.  The lock ends with the process;
 * *ret_fd stays open until then. */
bool privilege_lock_state(const struct conf *conf, int *ret_fd, struct err *e) MUST_CHECK;
/* As many open files as the system lets us have. */
void privilege_raise_files(void);

#endif
