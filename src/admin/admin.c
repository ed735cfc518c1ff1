/* admin: the control socket: who may bind it, what becomes of an old one, and its end.
 *
 * A socket file that nobody answers at is left over from a daemon that was killed: it is replaced.
 * One that answers belongs to a living daemon and is left alone.  Between the look and the unlink
 * another daemon could start; the lock on the state directory (store.h) is taken before and
 * excludes that. SPDX-License-Identifier: ISC */
#include "admin/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/http.h"
#include "base/arena.h"

#define SOCKET_MODE 0660
#define BACKLOG     64 /* past it a client is told that nobody is there */

struct admin {
	struct admin_world world;
	struct http *http;
	struct view *view;
	struct http *open[ADMIN_LISTENERS_MAX]; /* TCP; each is a thread and has its own view */
	struct view *views[ADMIN_LISTENERS_MAX];
	char *path;
	struct stat made; /* the socket file that is ours */
};

static bool make_address(const char *path, struct sockaddr_un *ret, struct err *e)
{
	size_t n = strlen(path);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n == 0 || n >= sizeof(ret->sun_path))
		return err_set(e, ERR_INPUT, "control socket %.128s: a path has 1 to %zu bytes",
			       path, sizeof(ret->sun_path) - 1);
	memcpy(ret->sun_path, path, n);
	return true;
}

/* Makes the way free: nothing there, or a socket at which nobody answers. */
static bool clear_path(const struct sockaddr_un *to, struct err *e)
{
	const char *path = to->sun_path;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT || err_errno(e, "control socket %s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_CONFLICT, "control socket %s: what is there is no socket",
			       path);

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(e, "control socket %s", path);

	int failed = connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 ? 0 : errno;

	(void)close(fd);
	if (failed == ECONNREFUSED)
		return unlink(path) == 0 || errno == ENOENT ||
		       err_errno(e, "control socket %s: cannot replace it", path);
	if (failed == 0 || failed == EAGAIN)
		return err_set(e, ERR_CONFLICT, "control socket %s: another daemon answers there",
			       path);
	errno = failed;
	return err_errno(e, "control socket %s", path);
}

/* The mode is set before bind too, so that the file is never open to more than it should be. */
static bool bind_socket(int fd, const struct sockaddr_un *to, struct err *e)
{
	if (fchmod(fd, SOCKET_MODE) != 0 ||
	    bind(fd, (const struct sockaddr *)to, sizeof(*to)) != 0 ||
	    chmod(to->sun_path, SOCKET_MODE) != 0 || listen(fd, BACKLOG) != 0)
		return err_errno(e, "control socket %s", to->sun_path);
	return true;
}

static bool open_socket(const char *path, int *ret, struct err *e)
{
	struct sockaddr_un to;

	if (!make_address(path, &to, e) || !clear_path(&to, e))
		return false;

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(e, "control socket %s", path);
	if (!bind_socket(fd, &to, e)) {
		(void)close(fd);
		return false;
	}
	*ret = fd;
	return true;
}

/* -- TCP: the pages for monitoring, for all who reach them ------------------------ */

static bool open_doors(struct admin *a, struct err *e)
{
	unsigned i = 0;

	for (; i < a->world.listen_count; i++)
		if (!view_open(a->world.conf, &a->views[i], e) ||
		    !http_open(&a->world, a->views[i], a->world.listen[i], HTTP_OPEN, &a->open[i],
			       e))
			return false;
	return true;
}

bool admin_start(const struct admin_world *world, struct admin **ret, struct err *e)
{
	struct admin *a = mem_alloc(sizeof(*a));
	int fd = -1;

	a->world = *world;
	a->path = mem_str(str_of(world->conf->control));
	if (!view_open(world->conf, &a->view, e) || !open_socket(a->path, &fd, e)) {
		admin_stop(a);
		return false;
	}
	if (lstat(a->path, &a->made) != 0 ||
	    !http_open(&a->world, a->view, fd, HTTP_CONTROL, &a->http, e)) {
		(void)unlink(a->path);
		admin_stop(a);
		return false;
	}
	if (!open_doors(a, e)) {
		admin_stop(a);
		return false;
	}
	*ret = a;
	return true;
}

/* Only what we made: somebody may have put another socket there. */
static void remove_socket(const struct admin *a)
{
	struct stat st;

	if (lstat(a->path, &st) == 0 && st.st_dev == a->made.st_dev && st.st_ino == a->made.st_ino)
		(void)unlink(a->path);
}

void admin_stop(struct admin *a)
{
	if (!a)
		return;
	if (a->http)
		remove_socket(a);
	for (unsigned i = 0; i < ADMIN_LISTENERS_MAX; i++) {
		http_close(a->open[i]);
		view_close(a->views[i]);
	}
	http_close(a->http);
	view_close(a->view);
	free(a->path);
	free(a);
}
