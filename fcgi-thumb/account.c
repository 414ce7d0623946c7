#include "config.h"

/*
 * From root to the account that serves. Responsible for that nothing of root is
 * left; refuses to know what the account is for.
 */

#include "account.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"

#define GROUPS_MAX 256

/* What getpwnam and its like say: 0 means that there is no such name. */
static const char *
reason(int error)
{
	return error != 0 ? strerror(error) : "there is none of this name";
}

static int
find_user(const char *name, struct account *out, char *why, size_t why_size)
{
	const struct passwd *user;

	errno = 0;
	user = getpwnam(name);
	if (user == NULL) {
		(void)snprintf(why, why_size, "user \"%s\": %s", name,
		    reason(errno));
		return -1;
	}
	if (user->pw_uid == 0) {
		(void)snprintf(why, why_size,
		    "user \"%s\": root cannot be given up for root", name);
		return -1;
	}
	(void)snprintf(out->name, sizeof out->name, "%s", name);
	out->uid = user->pw_uid;
	out->gid = user->pw_gid;
	return 0;
}

int
account_find(const struct settings *settings, struct account *out, char *why,
    size_t why_size)
{
	const struct group *group;

	*out = (struct account){ .uid = geteuid(), .gid = getegid() };
	if (settings->user[0] == '\0')
		return 0;
	if (find_user(settings->user, out, why, why_size) == -1)
		return -1;
	if (settings->group[0] == '\0')
		return 0;
	errno = 0;
	group = getgrnam(settings->group);
	if (group == NULL) {
		(void)snprintf(why, why_size, "group \"%s\": %s",
		    settings->group, reason(errno));
		return -1;
	}
	out->gid = group->gr_gid;
	return 0;
}

int
account_differs(const struct settings *settings, const struct account *a,
    char *why, size_t why_size)
{
	if (a->uid == geteuid() &&
	    (settings->group[0] == '\0' || a->gid == getegid()))
		return 0;
	if (geteuid() == 0)
		return 1;
	(void)snprintf(why, why_size,
	    "user \"%s\"%s%s%s: only root can become another one",
	    settings->user, settings->group[0] != '\0' ? ", group \"" : "",
	    settings->group, settings->group[0] != '\0' ? "\"" : "");
	return -1;
}

/* By its descriptor: the name may be in a directory of somebody else's. */
static int
give(const struct account *a, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = -1;

	if (fd != -1 && fchown(fd, a->uid, a->gid) == 0)
		rc = fchmod(fd, 0755);
	fd_close(&fd);
	return rc;
}

int
account_make_dir(const struct account *a, const char *path, char *why,
    size_t why_size)
{
	if (mkdir(path, 0755) == 0 ? give(a, path) == 0 : errno == EEXIST)
		return 0;
	(void)snprintf(why, why_size, "%s: %s", path, strerror(errno));
	return -1;
}

static int
fail(const struct account *a, char *why, size_t why_size)
{
	(void)snprintf(why, why_size, "cannot become user %ld, group %ld: %s",
	    (long)a->uid, (long)a->gid, strerror(errno));
	return -1;
}

int
account_act(const struct account *a, const char *group, char *why,
    size_t why_size)
{
	gid_t groups[GROUPS_MAX + 1];
	int n = GROUPS_MAX;
	/* Who needs it says that there is none. */
	const struct group *more = group[0] != '\0' ? getgrnam(group) : NULL;

	if (getgrouplist(a->name, a->gid, groups, &n) == -1) {
		errno = E2BIG;
		return fail(a, why, why_size);
	}
	if (more != NULL)
		groups[n++] = more->gr_gid;
	if (setgroups((size_t)n, groups) == 0 && setegid(a->gid) == 0 &&
	    seteuid(a->uid) == 0)
		return 0;
	return fail(a, why, why_size);
}

/* Neither now nor by a way that was left open. */
static bool
is_for_good(const struct account *a)
{
	uid_t uid[3];
	gid_t gid[3];

	return setuid(0) == -1 && seteuid(0) == -1 &&
	    (a->gid == 0 || (setgid(0) == -1 && setegid(0) == -1)) &&
	    getresuid(&uid[0], &uid[1], &uid[2]) == 0 &&
	    getresgid(&gid[0], &gid[1], &gid[2]) == 0 && uid[0] == a->uid &&
	    uid[1] == a->uid && uid[2] == a->uid && gid[0] == a->gid &&
	    gid[1] == a->gid && gid[2] == a->gid;
}

int
account_become(const struct account *a, char *why, size_t why_size)
{
	if ((geteuid() != 0 && seteuid(0) != 0) ||
	    (a->name[0] != '\0' ? initgroups(a->name, a->gid)
				: setgroups(0, NULL)) != 0 ||
	    setgid(a->gid) != 0 || setuid(a->uid) != 0)
		return fail(a, why, why_size);
	if (!is_for_good(a)) {
		errno = EPERM;
		return fail(a, why, why_size);
	}
	(void)unsetenv("HOME");
	return 0;
}
