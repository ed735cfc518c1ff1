/* gauge: what the machine can do, so that the benchmark's figures can be judged: durable writes a
 * second on the file system under test, and the SQLite that programs here are linked with.
 *
 *	gauge fsync DIR SECONDS
 *	gauge sqlite
 *
 * Two kinds of durable write of 4 KiB, one thread: appended to one file with fdatasync, as a
 * write-ahead log does; and to a new file with fsync and rename, as a queue of files does.
 *
 * Not done: a disk benchmark.  One thread and two seconds tell a slow disk from a fast one, and a
 * disk that lies (tens of thousands a second) from one that writes; more is fio's business.
 * SPDX-License-Identifier: ISC */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int create(const char *path)
{
	return open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
}

static bool append(int fd, const char *block)
{
	return write(fd, block, BLOCK) == BLOCK && fdatasync(fd) == 0;
}

static bool new_file(const char *fresh, const char *final, const char *block)
{
	int fd = create(fresh);
	bool ok = fd >= 0 && write(fd, block, BLOCK) == BLOCK && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok && rename(fresh, final) == 0;
}

static int fsync_rate(const char *dir, double seconds)
{
	char block[BLOCK], log[4000], fresh[4000], final[4000];
	unsigned long appends = 0, files = 0;
	double began;
	bool ok = true;
	int fd;

	memset(block, 'x', sizeof(block));
	(void)snprintf(log, sizeof(log), "%s/gauge.log", dir);
	(void)snprintf(fresh, sizeof(fresh), "%s/gauge.new", dir);
	(void)snprintf(final, sizeof(final), "%s/gauge.file", dir);
	fd = create(log);
	for (began = now(); ok && now() - began < seconds; appends++)
		ok = append(fd, block);
	for (began = now(); ok && now() - began < seconds; files++)
		ok = new_file(fresh, final, block);
	if (!ok)
		perror(dir);
	else
		printf("append=%.0f file=%.0f\n", (double)appends / seconds,
		       (double)files / seconds);
	if (fd >= 0)
		close(fd);
	(void)unlink(log);
	(void)unlink(fresh);
	(void)unlink(final);
	return ok ? 0 : 1;
}

/* Asked of the library itself: headers may be of another version. */
static int sqlite_version(void)
{
	void *lib = dlopen("libsqlite3.so.0", RTLD_NOW);
	union {
		void *object;
		const char *(*function)(void);
	} version = { lib ? dlsym(lib, "sqlite3_libversion") : NULL };

	puts(version.object ? version.function() : "unknown");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "fsync") == 0)
		return fsync_rate(argv[2], strtod(argv[3], NULL));
	if (argc == 2 && strcmp(argv[1], "sqlite") == 0)
		return sqlite_version();
	fputs("usage: gauge fsync DIR SECONDS | gauge sqlite\n", stderr);
	return 2;
}
