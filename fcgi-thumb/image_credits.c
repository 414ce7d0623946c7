#include "config.h"

/*
 * Who made a picture, out of its metadata and into a file's. Everything else
 * that a picture carries is stripped.
 */

#include "image_internal.h"

#include "webp.h"

/* Where MagickWand 6.9.11 hands nothing over: PNG, and an animated WebP. */
static void
read_container(const void *data, size_t len, enum format format,
    struct credits *out)
{
	size_t exif_len = 0;
	const void *exif;

	if (format == FORMAT_PNG) {
		exif_read_png(data, len, out);
	} else if (format == FORMAT_WEBP) {
		exif = webp_exif(data, len, &exif_len);
		exif_read(exif, exif_len, out);
	}
}

void
image_credits(const struct image *img, const void *data, size_t data_len,
    const struct sniff *sniff, struct credits *out)
{
	size_t len = 0;
	unsigned char *exif = MagickGetImageProfile(img->wand, "exif", &len);
	char *artist = MagickGetImageProperty(img->wand, "tiff:artist");
	char *copyright = MagickGetImageProperty(img->wand, "tiff:copyright");

	exif_read(exif, exif != NULL ? len : 0, out);
	if (exif == NULL)
		read_container(data, data_len, sniff->format, out);
	/* A TIFF's own directory is no EXIF to ImageMagick. */
	if (artist != NULL)
		exif_clean(artist, out->artist);
	if (copyright != NULL)
		exif_clean(copyright, out->copyright);
	(void)MagickRelinquishMemory(copyright);
	(void)MagickRelinquishMemory(artist);
	(void)MagickRelinquishMemory(exif);
}

bool
image_sign(MagickWand *wand, const struct credits *credits)
{
	unsigned char exif[EXIF_MAX];
	const size_t len = exif_write(credits, exif);

	/* MagickStripImage has PNG leave out eXIf among others. */
	return len == 0 ||
	    (MagickSetImageArtifact(wand, "png:exclude-chunk",
		 "bKGD,caNv,cHRM,gAMA,iCCP,iTXt,sRGB,tEXt,zCCP,zTXt,date") ==
		    MagickTrue &&
		MagickSetImageProfile(wand, "exif", exif, len) == MagickTrue);
}
