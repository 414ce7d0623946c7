#include "config.h"

/*
 * Which paths are left: landlock(7). Whatever right the kernel knows is taken
 * away, and then given back below one directory.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fdio.h"
#include "sandbox_internal.h"

/* Later than the headers that some systems build with. */
#define ACCESS_REFER (UINT64_C(1) << 13)     /* ABI 2 */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND_CONNECT UINT64_C(3)         /* ABI 4: TCP */
#define SCOPE_ALL UINT64_C(3) /* ABI 6: abstract sockets, signals */

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

#define ACCESS_FIRST ((UINT64_C(1) << 13) - 1) /* all of ABI 1 */

/* Directories and regular files: all that a store is made of. */
#define ACCESS_STORE                                                       \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |      \
	    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |  \
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | ACCESS_REFER | ACCESS_TRUNCATE)

/*
 * struct landlock_ruleset_attr of ABI 6; an older kernel takes a shorter one,
 * and also a longer one whose end is 0.
 */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scope;
};

/* The version of Landlock that this kernel has switched on; -1 with errno. */
static int
abi_of_kernel(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

static void
fill(int abi, struct ruleset *out)
{
	*out = (struct ruleset){ .fs = ACCESS_FIRST | ACCESS_REFER };
	if (abi >= 3)
		out->fs |= ACCESS_TRUNCATE;
	if (abi >= 4)
		out->net = NET_BIND_CONNECT;
	if (abi >= 5)
		out->fs |= ACCESS_IOCTL_DEV;
	if (abi >= 6)
		out->scope = SCOPE_ALL;
}

static int
allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	int fd = rule.parent_fd;
	long rc = fd == -1 ? -1
			   : syscall(SYS_landlock_add_rule, ruleset,
				 LANDLOCK_RULE_PATH_BENEATH, &rule, 0);

	fd_close(&fd);
	return (int)rc;
}

/*
 * ABI 1 forbids every rename from one directory to another, which is how a
 * photo is published: it is no sandbox for us.
 */
int
sandbox_files_enter(const struct sandbox *s)
{
	int abi = abi_of_kernel(), fd;
	struct ruleset set;
	int rc = -1;

	if (abi == -1)
		return -1;
	if (abi < 2) {
		errno = ENOSYS;
		return -1;
	}
	fill(abi, &set);
	fd = (int)syscall(SYS_landlock_create_ruleset, &set, sizeof set, 0);
	if (fd == -1)
		return -1;
	if (s->reads != NULL)
		(void)allow(fd, s->reads, ACCESS_READ);
	/* jansson's hash tables and OpenSSL may take their seeds from there. */
	if (allow(fd, s->data, ACCESS_STORE & set.fs) == 0 &&
	    allow(fd, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE) == 0)
		rc = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	fd_close(&fd);
	return rc;
}
