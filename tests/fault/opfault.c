/* opfault: a preloaded library that counts the daemon's operations on files of its state directory
 * and, at the n-th, kills the process or lets the operation fail once.
 *
 *	OPFAULT_DIR=/path  OPFAULT_AT=17  OPFAULT_HOW=kill|EIO|ENOSPC  OPFAULT_COUNT=/path/of/file
 *
 * Operations are those that change the file or make a change last: pwrite, write, fsync,
 * fdatasync, ftruncate, unlink, rename.  With kill the operation is not done.  How many there were
 * is kept in OPFAULT_COUNT, as text, after each; a process begins with what it finds there.
 *
 * Decided against: strace -e inject, which slows everything and counts by system call, not by
 * file.
 * SPDX-License-Identifier: ISC */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic long done;

/* The count goes on where an earlier process of the same run ended. */
__attribute__((constructor)) static void resume(void)
{
	const char *path = getenv("OPFAULT_COUNT");
	FILE *f = path ? fopen(path, "re") : NULL;
	char text[32];

	if (!f)
		return;
	if (fgets(text, sizeof(text), f))
		atomic_store(&done, strtol(text, NULL, 10));
	(void)fclose(f);
}

static bool is_state_path(const char *path)
{
	const char *dir = getenv("OPFAULT_DIR");

	return dir && strncmp(path, dir, strlen(dir)) == 0;
}

static bool is_state_file(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return is_state_path(path);
}

static void tell_count(long n)
{
	const char *path = getenv("OPFAULT_COUNT");
	char text[32];
	int fd, length;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	length = snprintf(text, sizeof(text), "%08ld\n", n);
	(void)!syscall(SYS_write, fd, text, (size_t)length);
	(void)close(fd);
}

/* Counts one operation.  True: it is to fail, with errno set. */
static bool struck(void)
{
	const char *at = getenv("OPFAULT_AT"), *how = getenv("OPFAULT_HOW");
	long n = atomic_fetch_add(&done, 1) + 1;

	tell_count(n);
	if (!at || n != strtol(at, NULL, 10))
		return false;
	if (how && strcmp(how, "EIO") == 0) {
		errno = EIO;
		return true;
	}
	if (how && strcmp(how, "ENOSPC") == 0) {
		errno = ENOSPC;
		return true;
	}
	(void)kill(getpid(), SIGKILL);
	return true;
}

#define REAL(result, name, ...) ((result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	if (is_state_file(fd) && struck())
		return -1;
	return REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t)(fd, bytes, n, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	return pwrite64(fd, bytes, n, at);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	if (is_state_file(fd) && struck())
		return -1;
	return REAL(ssize_t, "write", int, const void *, size_t)(fd, bytes, n);
}

int fsync(int fd)
{
	if (is_state_file(fd) && struck())
		return -1;
	return REAL(int, "fsync", int)(fd);
}

int fdatasync(int fd)
{
	if (is_state_file(fd) && struck())
		return -1;
	return REAL(int, "fdatasync", int)(fd);
}

int ftruncate64(int fd, off64_t size)
{
	if (is_state_file(fd) && struck())
		return -1;
	return REAL(int, "ftruncate64", int, off64_t)(fd, size);
}

int ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

int unlink(const char *path)
{
	if (is_state_path(path) && struck())
		return -1;
	return REAL(int, "unlink", const char *)(path);
}

int rename(const char *from, const char *to)
{
	if (is_state_path(to) && struck())
		return -1;
	return REAL(int, "rename", const char *, const char *)(from, to);
}
