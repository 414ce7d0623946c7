#ifndef FT_WHOLE_INTERNAL_H
#define FT_WHOLE_INTERNAL_H

/* Shared by the whole*.c files and by nobody else. */

#include "sniff_internal.h"

/* Formats whose files say where their data lie, instead of a mark at the end. */
bool whole_heif(struct span file);
bool whole_tiff(struct span file);
bool whole_bmp(struct span file);

#endif
