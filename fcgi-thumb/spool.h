#ifndef FT_SPOOL_H
#define FT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "fault.h"

#define SPOOL_MEMORY_MAX (64 * 1024) /* bytes kept in memory; beyond: a file */

/*
 * The bytes of one photo while they come in: hashed as they pass, kept in
 * memory while they are few, then in a file of the staging directory, which
 * later becomes the stored original without being copied.
 */
struct spool {
	int dirfd;     /* the staging directory; borrowed */
	bool has_file; /* the bytes are in a file, not in memory */
	char name[32]; /* of the file below dirfd; "" where there is none */
	int fd;        /* of the file, when has_file */
	char *memory;  /* the bytes, unless has_file */
	uint64_t len;
	struct digest *digest;
	unsigned char sha[DIGEST_SHA256_LEN]; /* after spool_finish */
	char id[PHOTO_ID_LEN + 1];            /* after spool_finish */
	void *map;                            /* of spool_bytes */
};

/* dirfd: a directory of one's own on the store's file system. FAULT_INTERNAL or FAULT_OVERLOADED when memory is short. */
enum fault spool_init(struct spool *s, int dirfd, struct fault_info *info);

/* FAULT_STORAGE_FULL, or what else fault_errno says. */
enum fault spool_write(struct spool *s, const void *data, size_t len,
    struct fault_info *info);

/* The last byte is there: makes sha and id. */
enum fault spool_finish(struct spool *s, struct fault_info *info);

/*
 * All bytes as one read-only block, valid until spool_fini. NULL with info set
 * when the file cannot be mapped. After spool_finish, and len > 0.
 */
const void *spool_bytes(struct spool *s, struct fault_info *info);

/*
 * They will be kept, as it looks: the disk may begin with what is in a file,
 * while something else is done with them.
 */
void spool_begin(const struct spool *s);

/*
 * Put the bytes as a whole file of mode 0600 at dirfd/name: the spool file
 * itself is moved there, or memory is written out. The bytes stay readable.
 * *fd is the file's, which the caller syncs and closes.
 */
enum fault spool_move_to(struct spool *s, int dirfd, const char *name, int *fd,
    struct fault_info *info);

/* Forget everything; removes the file unless it was moved. Zero state allowed. */
void spool_fini(struct spool *s);

#endif
