/* privilege.c: see privilege.h.
 * SPDX-License-Identifier: ISC */
#include "relay/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

static bool find_user(const struct conf *conf, struct passwd **ret, struct err *e)
{
	errno = 0;
	*ret = getpwnam(conf->user);
	if (*ret)
		return true;
	return err_set(e, ERR_INPUT,
		       "there is no user \"%s\" to become (option \"user\"): make it, or "
		       "name another",
		       conf->user);
}

/* Only the last part of the path is made: /var/lib is the system's affair. */
static bool make_dir(const char *path, mode_t mode, const struct passwd *owner, struct err *e)
{
	if (mkdir(path, mode) != 0) {
		if (errno == EEXIST)
			return true;
		return err_errno(e, "cannot make the directory %s", path);
	}
	if (owner && chown(path, owner->pw_uid, owner->pw_gid) != 0)
		return err_errno(e, "cannot give %s to %s", path, owner->pw_name);
	return true;
}

bool privilege_prepare_dirs(const struct conf *conf, struct err *e)
{
	struct passwd *owner = NULL;
	char *control_dir = mem_str(str_of(conf->control));
	char *slash = strrchr(control_dir, '/');
	bool ok;

	if (slash)
		*slash = 0;
	ok = geteuid() != 0 || find_user(conf, &owner, e);
	ok = ok && make_dir(conf->state_dir, 0700, owner, e);
	ok = ok && (!slash || slash == control_dir || make_dir(control_dir, 0755, owner, e));
	free(control_dir);
	return ok;
}

bool privilege_drop(const struct conf *conf, struct err *e)
{
	struct passwd *user;

	if (geteuid() != 0)
		return true;
	if (!find_user(conf, &user, e))
		return false;
	if (user->pw_uid == 0)
		return true;
	if (initgroups(user->pw_name, user->pw_gid) != 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
		return err_errno(e, "cannot become user %s", user->pw_name);
	if (setuid(0) == 0) /* it must not come back */
		return err_set(e, ERR_PERM, "root could not be given up");
	return true;
}

bool privilege_lock_state(const struct conf *conf, int *ret_fd, struct err *e)
{
	char *path = mem_printf("%s/lock", conf->state_dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = false;

	if (fd < 0)
		err_errno(e, "cannot open %s", path);
	else if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		ok = true;
	else if (errno == EWOULDBLOCK)
		err_set(e, ERR_CONFLICT, "another mxkeepd is running on %s", conf->state_dir);
	else
		err_errno(e, "cannot lock %s", path);
	free(path);
	if (ok)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return ok;
}

void privilege_raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}
