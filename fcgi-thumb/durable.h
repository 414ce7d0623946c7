#ifndef FT_DURABLE_H
#define FT_DURABLE_H

/*
 * Files and directories that are to last, synced together. A file system with
 * a journal writes that out at each fsync which finds something of its own in
 * it: of ten files that are written and synced one after the other each costs
 * the disk as much as all of them do when every one is on its way before the
 * first is waited for.
 *
 * They stay open until then, since what could not be written is told only to
 * descriptors that were open when it happened. The zero state is none.
 */
#define DURABLE_MAX 32 /* beyond it those that are there are synced at once */

struct durable {
	int fds[DURABLE_MAX];
	unsigned n;
};

/*
 * One more, which the disk begins to write now. Takes fd, also on failure; -1
 * is that of whoever could not open it. Files before the directories that name
 * them: that is the order in which they are synced. 0, or -1 with errno.
 */
int durable_add(struct durable *d, int fd);

/* The same of a directory by name, below dirfd. */
int durable_add_dir(struct durable *d, int dirfd, const char *path);

/*
 * Wait until the contents of all of them are on the disk, which takes as long
 * as they are large. They do not last for that; what is left to do for it
 * is short. 0, or -1 with errno.
 */
int durable_wait(const struct durable *d);

/*
 * fsync of each, in the order in which they came. None is left, also on
 * failure. 0, or -1 with errno.
 */
int durable_sync(struct durable *d);

/* Let go of what was not synced. Keeps errno. */
void durable_fini(struct durable *d);

/*
 * Have the disk begin to write what a file has in memory, and wait for nothing.
 * What goes wrong is found at the fsync.
 */
void durable_begin(int fd);

#endif
