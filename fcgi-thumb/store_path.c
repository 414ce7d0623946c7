#include "config.h"

/* Where the two sides of a photo lie, and how they are opened. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "store_internal.h"

/* The digits of an id in the order of their bytes. */
static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";

_Static_assert((sizeof digits - 1) * (sizeof digits - 1) == STORE_PARTS,
    "two of them");

void
store_part_path(char *out, const char *side, unsigned part)
{
	(void)snprintf(out, PATH_BYTES, "%s/%c%c", side, digits[part / 32],
	    digits[part % 32]);
}

static unsigned
digit(char c)
{
	return (unsigned)(strchr(digits, c) - digits);
}

unsigned
store_part_of(const char *id)
{
	return 32 * digit(id[0]) + digit(id[1]);
}

void
store_side_path(char *out, const char *side, const char *id)
{
	(void)snprintf(out, PATH_BYTES, "%s/%.2s/%s", side, id, id);
}

void
store_original_name(char *out, size_t size, enum format format)
{
	(void)snprintf(out, size, "original.%s", format_spec(format)->ext);
}

enum fault
store_open_side(struct store *s, const char *side, const char *id, int *fd,
    struct fault_info *info)
{
	char path[PATH_BYTES];

	store_side_path(path, side, id);
	*fd = openat(s->root, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd == -1 && errno != ENOENT)
		return fault_errno(info, side);
	return FAULT_NONE;
}

/* Whatever its format: there is one. */
int
store_open_original(int photo)
{
	int fd = -1;

	errno = ENOENT;
	for (enum format f = FORMAT_NONE + 1;
	     f < FORMAT_COUNT && fd == -1 && errno == ENOENT; f++) {
		char name[32];

		store_original_name(name, sizeof name, f);
		fd = openat(photo, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	}
	return fd;
}
