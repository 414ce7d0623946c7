#include "vips_peer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

VipsImage *
vips_peer_thumbnail(const struct peer_job *job, unsigned side)
{
	void *data = (void *)(uintptr_t)job->data; /* which only reads it */
	VipsImage *lazy = NULL, *image;
	int rc;

	if (job->srgb)
		rc = vips_thumbnail_buffer(data, job->len, &lazy, (int)side,
		    "height", (int)side, "size", VIPS_SIZE_DOWN,
		    "export_profile", "srgb", NULL);
	else
		rc = vips_thumbnail_buffer(data, job->len, &lazy, (int)side,
		    "height", (int)side, "size", VIPS_SIZE_DOWN, NULL);
	image = rc == 0 ? vips_image_copy_memory(lazy) : NULL;
	g_clear_object(&lazy);
	return image;
}

VipsImage *
vips_peer_smaller(VipsImage *larger, unsigned side)
{
	VipsImage *lazy = NULL, *image = NULL;

	if (vips_thumbnail_image(larger, &lazy, (int)side, "height", (int)side,
		"size", VIPS_SIZE_DOWN, NULL) == 0)
		image = vips_image_copy_memory(lazy);
	g_clear_object(&lazy);
	return image;
}

bool
vips_peer_encode(const struct peer_job *job, VipsImage *image,
    struct peer_output *out)
{
	if (job->webp)
		return vips_webpsave_buffer(image, &out->data, &out->len, "Q",
			   PEER_QUALITY, "strip", TRUE, NULL) == 0;
	return vips_jpegsave_buffer(image, &out->data, &out->len, "Q",
		   PEER_QUALITY, "strip", TRUE, NULL) == 0;
}

int
vips_peer_main(int argc, char **argv, peer_render *render)
{
	int rc;

	if (VIPS_INIT(argv[0]) != 0) {
		fprintf(stderr, "%s: %s\n", argv[0], vips_error_buffer());
		return 1;
	}
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	rc = peer_main(argc, argv, render);
	if (rc != 0)
		fprintf(stderr, "%s: %s\n", argv[0], vips_error_buffer());
	vips_shutdown();
	return rc;
}
