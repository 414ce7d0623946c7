#include "config.h"

/* What lies in a picture beside its pixels: EXIF and colour profiles. */

#include <stdlib.h>
#include <string.h>

#include "color.h"
#include "exif.h"
#include "fuzz.h"

const char fuzz_seeds[] = "";

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

/* A thumbnail is no place for markup. */
static void
check_text(const char *text)
{
	fuzz_must(strlen(text) <= CREDIT_MAX);
	fuzz_must(strpbrk(text, "<>") == NULL);
}

/* What was read must come back the same from what is written. */
static void
try_exif(const uint8_t *data, size_t size)
{
	struct credits credits, again;
	unsigned char out[EXIF_MAX];
	size_t len;

	exif_read(data, size, &credits);
	check_text(credits.artist);
	check_text(credits.copyright);
	len = exif_write(&credits, out);
	fuzz_must(len <= sizeof out);
	fuzz_must(len > 0 ||
	    (credits.artist[0] == '\0' && credits.copyright[0] == '\0'));
	exif_read(out, len, &again);
	fuzz_must(strcmp(credits.artist, again.artist) == 0);
	fuzz_must(strcmp(credits.copyright, again.copyright) == 0);
}

static void
try_model(const uint8_t *data, size_t size, enum color_model model)
{
	uint16_t in[4 * 16], out[4 * 16];
	struct color *color = NULL;

	for (unsigned i = 0; i < NELEM(in); i++)
		in[i] = (uint16_t)(i * 1040);
	if (color_new(data, size, model, &color) != COLOR_CONVERTS)
		return;
	fuzz_must(color != NULL);
	color_convert(color, in, out, 16);
	color_free(color);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned channels;

	try_exif(data, size);
	channels = color_channels(data, size);
	fuzz_must(channels <= 1 || channels == 3 || channels == 4);
	if (channels == 0)
		return 0;
	for (enum color_model model = COLOR_RGB8; model <= COLOR_GRAY16;
	     model++)
		try_model(data, size, model);
	return 0;
}
