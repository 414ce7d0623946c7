#ifndef FT_ACCOUNT_H
#define FT_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "settings.h"

/*
 * The account that a process started by root becomes before it has to do with
 * photos.
 */
struct account {
	char name[40]; /* whose other groups come with it; "" for none */
	uid_t uid;
	gid_t gid;
};

/*
 * Whom the settings want the service to be; itself where they name no user. 0,
 * or -1 with words in why: no such user or group, or the user is root.
 */
int account_find(const struct settings *settings, struct account *out,
    char *why, size_t why_size);

/*
 * Is there somebody to become? 0: no; 1: yes, and we are root; -1 with words in
 * why: we would have to be.
 */
int account_differs(const struct settings *settings, const struct account *a,
    char *why, size_t why_size);

/*
 * Make a directory that is not there, and give it to the account. 0, or -1 with
 * words in why.
 */
int account_make_dir(const struct account *a, const char *path, char *why,
    size_t why_size);

/*
 * Act as the account until account_become, with one group more ("": none) so
 * that files can be given to it. All that root does from now on in directories
 * of the account's is done with its rights. 0, or -1 with words in why.
 */
int account_act(const struct account *a, const char *group, char *why,
    size_t why_size);

/*
 * Become it for good, with its groups and no HOME: what libraries find there is
 * root's. 0, or -1 with words in why, when the process must do nothing more.
 */
int account_become(const struct account *a, char *why, size_t why_size);

#endif
