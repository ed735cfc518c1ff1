/* shim_vfs.h: a disk that fails at the n-th operation, or shows what a power cut leaves.
 *
 * A layer over SQLite's own VFS, for one test program with one scenario at a time.  Files whose
 * name begins with `dir` are watched.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_FAULT_SHIM_VFS_H
#define TESTS_FAULT_SHIM_VFS_H

#include <stdbool.h>

/* A run costs four times as much with a sanitizer: then each fourth operation is enough. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHIM_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(SHIM_SANITIZED)
#define SHIM_STEP 4
#else
#define SHIM_STEP 1
#endif

enum shim_fault {
	SHIM_NONE,
	SHIM_IOERR, /* writes fail half done, syncs leave all unsynced, opens fail */
	SHIM_FULL,  /* writes fail half done for want of space */
	SHIM_READ,  /* reads fail */
	SHIM_CUT,   /* nothing fails; a copy is made of what a power cut would leave */
};

/* What a power cut leaves of what was written but not synced. */
enum shim_left { SHIM_LEFT_NONE, SHIM_LEFT_SOME, SHIM_LEFT_ALL };

void shim_install(void);
/* From now on operation number `at` (from 1) of files in dir fails, and with for_good all after
 * it.  SHIM_CUT: at it a copy goes to copy_dir. */
void shim_begin(const char *dir, enum shim_fault fault, long at, bool for_good);
void shim_cut_to(const char *copy_dir, enum shim_left left, void (*on_cut)(void *arg), void *arg);
/* The disk is well again. */
void shim_heal(void);
/* Has it come so far? */
bool shim_met(void);
long shim_operations(void);

#endif
