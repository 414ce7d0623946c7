#include "config.h"

/* planes.h for a build without libjpeg and z.lib: it takes no photo. */

#include "planes.h"

#include <stdio.h>

static enum fault
refuse(struct fault_info *info)
{
	(void)fault_set(info, FAULT_UNSUPPORTED_FORMAT, "%s", "");
	(void)snprintf(info->cause, sizeof info->cause,
	    "planes: not in this build");
	return FAULT_UNSUPPORTED_FORMAT;
}

void
planes_version(char *out, size_t size)
{
	if (size > 0)
		*out = '\0';
}

enum fault
planes_decode(const void *data, size_t len, const struct sniff *sniff,
    struct size hint, const struct progress *progress, struct planes **out,
    struct credits *credits, struct fault_info *info)
{
	(void)data;
	(void)len;
	(void)sniff;
	(void)hint;
	(void)progress;
	(void)out;
	(void)credits;
	return refuse(info);
}

struct size
planes_size(const struct planes *p)
{
	(void)p;
	return (struct size){ 1, 1 };
}

const struct progress *
planes_progress(const struct planes *p)
{
	(void)p;
	return NULL;
}

bool
planes_is_sideways(const struct planes *p)
{
	(void)p;
	return false;
}

enum fault
planes_first_frame(const struct planes *p, struct size to, enum chroma chroma,
    struct planes **out, struct fault_info *info)
{
	(void)p;
	(void)to;
	(void)chroma;
	(void)out;
	return refuse(info);
}

enum fault
planes_place(const struct planes *p, const struct placement *at,
    uint32_t background, enum chroma chroma, struct planes **out,
    struct fault_info *info)
{
	(void)p;
	(void)at;
	(void)background;
	(void)chroma;
	(void)out;
	return refuse(info);
}

enum fault
planes_encode(const struct planes *p, const struct encoding *how, void **out,
    size_t *out_len, struct fault_info *info)
{
	(void)p;
	(void)how;
	(void)out;
	(void)out_len;
	return refuse(info);
}

enum fault
planes_to_rgb(const struct planes *p, unsigned char **out,
    struct fault_info *info)
{
	(void)p;
	(void)out;
	return refuse(info);
}

void
planes_free(struct planes *p)
{
	(void)p;
}
