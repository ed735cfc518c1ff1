/* shim_vfs: counts operations, fails the one that it was told to, and keeps beside each file what
 * of it has been synced.
 *
 * What the disk holds after a power cut is the synced image and any of the writes since, in order,
 * but some may be missing: the kernel writes back as it likes.
 * SPDX-License-Identifier: ISC */
#include "shim_vfs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/arena.h"

#define FILES_MAX 16

struct write {
	struct write *next;
	sqlite3_int64 at; /* of a truncation: the new size */
	int n;            /* -1: a truncation */
	char bytes[];
};

/* What is known of a file, beyond its being open. */
struct image {
	char *name;
	char *synced;
	size_t size, room;
	struct write *first, **last;
};

struct shim_file {
	sqlite3_file base;
	struct image *image;
	sqlite3_file *real; /* behind this struct */
};

struct shim {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	sqlite3_io_methods methods;
	pthread_mutex_t lock;
	char *dir, *copy_dir;
	enum shim_fault fault;
	enum shim_left left;
	long at, count;
	bool for_good, met;
	unsigned seed;
	void (*on_cut)(void *arg);
	void *on_cut_arg;
	struct image images[FILES_MAX];
	int image_count;
};

static struct shim shim = { .lock = PTHREAD_MUTEX_INITIALIZER };

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct shim_file *)(void *)f)->real;
}

static struct image *image_of(sqlite3_file *f)
{
	return ((struct shim_file *)(void *)f)->image;
}

/* -- images: all under the lock ------------------------------------------------------- */

static void forget_writes(struct image *im)
{
	while (im->first) {
		struct write *w = im->first;

		im->first = w->next;
		free(w);
	}
	im->last = &im->first;
}

static void apply(char **bytes, size_t *size, size_t *room, const struct write *w)
{
	size_t end = (size_t)w->at + (w->n > 0 ? (size_t)w->n : 0);

	if (end > *room) {
		*bytes = mem_grow(*bytes, end * 2);
		*room = end * 2;
	}
	if (end > *size)
		memset(*bytes + *size, 0, end - *size);
	if (w->n > 0)
		memcpy(*bytes + w->at, w->bytes, (size_t)w->n);
	*size = w->n < 0 || end > *size ? end : *size;
}

static void note_write(struct image *im, const void *bytes, int n, sqlite3_int64 at)
{
	struct write *w = mem_grow(NULL, sizeof(*w) + (n > 0 ? (size_t)n : 0));

	w->next = NULL;
	w->at = at;
	w->n = n;
	if (n > 0)
		memcpy(w->bytes, bytes, (size_t)n);
	*im->last = w;
	im->last = &w->next;
}

static void note_sync(struct image *im)
{
	for (struct write *w = im->first; w; w = w->next)
		apply(&im->synced, &im->size, &im->room, w);
	forget_writes(im);
}

static void image_reset(struct image *im)
{
	forget_writes(im);
	free(im->synced);
	im->synced = NULL;
	im->size = im->room = 0;
}

/* What is there already when the file is opened counts as synced. */
static void image_load(struct image *im, const char *path)
{
	FILE *in = fopen(path, "rb");
	char block[4096];
	size_t n;

	while (in && (n = fread(block, 1, sizeof(block), in)) > 0)
		note_write(im, block, (int)n, (sqlite3_int64)im->room), im->room += n;
	im->room = 0;
	if (in)
		(void)fclose(in);
	note_sync(im);
}

static struct image *image_find(const char *path)
{
	size_t dir = shim.dir ? strlen(shim.dir) : 0;
	const char *name;

	if (!dir || strncmp(path, shim.dir, dir) != 0 || path[dir] != '/')
		return NULL;
	name = path + dir + 1;
	for (int i = 0; i < shim.image_count; i++)
		if (strcmp(shim.images[i].name, name) == 0)
			return &shim.images[i];
	if (shim.image_count == FILES_MAX)
		abort();

	struct image *im = &shim.images[shim.image_count++];

	*im = (struct image){ .name = mem_str(str_of(name)) };
	im->last = &im->first;
	image_load(im, path);
	return im;
}

static bool is_left(void)
{
	shim.seed = shim.seed * 1664525U + 1013904223U;
	return shim.left == SHIM_LEFT_ALL || (shim.left == SHIM_LEFT_SOME && shim.seed >> 31);
}

static void copy_image(const struct image *im)
{
	char *path = mem_printf("%s/%s", shim.copy_dir, im->name);
	size_t size = im->size, room = im->size + 1;
	char *bytes = mem_alloc(room);
	FILE *out;

	if (size)
		memcpy(bytes, im->synced, size);
	for (const struct write *w = im->first; w; w = w->next)
		if (is_left())
			apply(&bytes, &size, &room, w);
	out = fopen(path, "wb");
	if (!out || fwrite(bytes, 1, size, out) != size || fclose(out) != 0)
		abort();
	free(bytes);
	free(path);
}

/* -- the n-th operation ---------------------------------------------------------------- */

/* Counts; answers whether this one fails.  Under the lock. */
static bool fails(enum shim_fault kind)
{
	bool counted = shim.fault == SHIM_READ ? kind == SHIM_READ : kind != SHIM_READ;

	if (shim.fault == SHIM_NONE || !counted)
		return false;
	shim.count++;
	if (shim.fault == SHIM_CUT) {
		if (shim.count != shim.at)
			return false;
		shim.met = true;
		for (int i = 0; i < shim.image_count; i++)
			if (!strstr(shim.images[i].name, "-shm"))
				copy_image(&shim.images[i]);
		shim.on_cut(shim.on_cut_arg);
		return false;
	}
	if (shim.count == shim.at || (shim.for_good && shim.count > shim.at)) {
		shim.met = true;
		return true;
	}
	return false;
}

static bool fails_locked(enum shim_fault kind)
{
	bool answer;

	pthread_mutex_lock(&shim.lock);
	answer = fails(kind);
	pthread_mutex_unlock(&shim.lock);
	return answer;
}

static int file_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	if (image_of(f) && fails_locked(SHIM_READ))
		return SQLITE_IOERR_READ;
	return real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}

static int file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	struct image *im = image_of(f);
	int rc, code = SQLITE_OK;

	if (!im)
		return real_of(f)->pMethods->xWrite(real_of(f), from, n, at);
	pthread_mutex_lock(&shim.lock);
	if (fails(SHIM_IOERR)) {
		code = shim.fault == SHIM_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
		n /= 2;
	}
	rc = n ? real_of(f)->pMethods->xWrite(real_of(f), from, n, at) : SQLITE_OK;
	if (rc == SQLITE_OK && n)
		note_write(im, from, n, at);
	pthread_mutex_unlock(&shim.lock);
	return code ? code : rc;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct image *im = image_of(f);
	int rc;

	if (!im)
		return real_of(f)->pMethods->xTruncate(real_of(f), size);
	pthread_mutex_lock(&shim.lock);
	rc = fails(SHIM_IOERR) ? SQLITE_IOERR_TRUNCATE :
				 real_of(f)->pMethods->xTruncate(real_of(f), size);
	if (rc == SQLITE_OK)
		note_write(im, NULL, -1, size);
	pthread_mutex_unlock(&shim.lock);
	return rc;
}

static int file_sync(sqlite3_file *f, int flags)
{
	struct image *im = image_of(f);
	int rc;

	if (!im)
		return real_of(f)->pMethods->xSync(real_of(f), flags);
	pthread_mutex_lock(&shim.lock);
	/* A full disk syncs what it has. */
	rc = fails(SHIM_IOERR) && shim.fault != SHIM_FULL ?
		     SQLITE_IOERR_FSYNC :
		     real_of(f)->pMethods->xSync(real_of(f), flags);
	if (rc == SQLITE_OK)
		note_sync(im);
	pthread_mutex_unlock(&shim.lock);
	return rc;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int file_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int file_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int file_check_lock(sqlite3_file *f, int *ret)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), ret);
}

static int file_control(sqlite3_file *f, int what, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), what, arg);
}

static int file_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int file_traits(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int file_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **ret)
{
	if (image_of(f) && extend && fails_locked(SHIM_IOERR))
		return SQLITE_IOERR_SHMMAP;
	return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend, ret);
}

static int file_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int file_shm_unmap(sqlite3_file *f, int remove)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

/* -- the VFS --------------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out)
{
	struct shim_file *s = (struct shim_file *)(void *)f;
	int rc = SQLITE_CANTOPEN;

	(void)vfs;
	*s = (struct shim_file){ .real = (sqlite3_file *)(void *)(s + 1) };
	pthread_mutex_lock(&shim.lock);
	s->image = path ? image_find(path) : NULL;
	if (!s->image || !fails(SHIM_IOERR))
		rc = shim.real->xOpen(shim.real, path, s->real, flags, out);
	pthread_mutex_unlock(&shim.lock);
	if (rc == SQLITE_OK)
		s->base.pMethods = &shim.methods;
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct image *im;
	int rc;

	(void)vfs;
	pthread_mutex_lock(&shim.lock);
	im = image_find(path);
	rc = im && fails(SHIM_IOERR) ? SQLITE_IOERR_DELETE :
				       shim.real->xDelete(shim.real, path, sync);
	if (im && rc == SQLITE_OK)
		image_reset(im);
	pthread_mutex_unlock(&shim.lock);
	return rc;
}

void shim_install(void)
{
	shim.real = sqlite3_vfs_find(NULL);
	shim.vfs = *shim.real;
	shim.vfs.zName = "shim";
	shim.vfs.pNext = NULL;
	shim.vfs.szOsFile = (int)sizeof(struct shim_file) + shim.real->szOsFile;
	shim.vfs.xOpen = vfs_open;
	shim.vfs.xDelete = vfs_delete;
	shim.methods = (sqlite3_io_methods){
		.iVersion = 2,
		.xClose = file_close,
		.xRead = file_read,
		.xWrite = file_write,
		.xTruncate = file_truncate,
		.xSync = file_sync,
		.xFileSize = file_size,
		.xLock = file_lock,
		.xUnlock = file_unlock,
		.xCheckReservedLock = file_check_lock,
		.xFileControl = file_control,
		.xSectorSize = file_sector,
		.xDeviceCharacteristics = file_traits,
		.xShmMap = file_shm_map,
		.xShmLock = file_shm_lock,
		.xShmBarrier = file_shm_barrier,
		.xShmUnmap = file_shm_unmap,
	};
	if (sqlite3_vfs_register(&shim.vfs, 1) != SQLITE_OK)
		abort();
}

void shim_begin(const char *dir, enum shim_fault fault, long at, bool for_good)
{
	pthread_mutex_lock(&shim.lock);
	for (int i = 0; i < shim.image_count; i++) {
		image_reset(&shim.images[i]);
		free(shim.images[i].name);
	}
	shim.image_count = 0;
	free(shim.dir);
	shim.dir = mem_str(str_of(dir));
	shim.fault = fault;
	shim.at = at;
	shim.for_good = for_good;
	shim.count = 0;
	shim.met = false;
	pthread_mutex_unlock(&shim.lock);
}

void shim_cut_to(const char *copy_dir, enum shim_left left, void (*on_cut)(void *arg), void *arg)
{
	pthread_mutex_lock(&shim.lock);
	free(shim.copy_dir);
	shim.copy_dir = mem_str(str_of(copy_dir));
	shim.left = left;
	shim.seed = (unsigned)shim.at * 2654435761U;
	shim.on_cut = on_cut;
	shim.on_cut_arg = arg;
	pthread_mutex_unlock(&shim.lock);
}

void shim_heal(void)
{
	pthread_mutex_lock(&shim.lock);
	shim.fault = SHIM_NONE;
	pthread_mutex_unlock(&shim.lock);
}

bool shim_met(void)
{
	bool met;

	pthread_mutex_lock(&shim.lock);
	met = shim.met;
	pthread_mutex_unlock(&shim.lock);
	return met;
}

long shim_operations(void)
{
	long n;

	pthread_mutex_lock(&shim.lock);
	n = shim.count;
	pthread_mutex_unlock(&shim.lock);
	return n;
}
