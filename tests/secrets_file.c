#include "config.h"

/* Secrets for a test, and tokens that the service would not make. */

#include "secrets_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdio.h"
#include "support.h"

struct secrets *
secrets_of(const char *lines)
{
	char path[512], why[256];
	struct secrets *s;

	(void)snprintf(path, sizeof path, "%s/secrets", tempdir_path());
	(void)unlink(path);
	ck_assert_int_eq(fd_write_file(AT_FDCWD, path, 0600, lines,
			     strlen(lines)),
	    0);
	s = secrets_load(path, why, sizeof why);
	ck_assert_msg(s != NULL, "%s", why);
	return s;
}
