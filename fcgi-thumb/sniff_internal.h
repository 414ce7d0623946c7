#ifndef FT_SNIFF_INTERNAL_H
#define FT_SNIFF_INTERNAL_H

/* Shared by the sniff_*.c files and by nobody else. */

#include <stdbool.h>

#include "fault.h"
#include "sniff.h"
#include "span.h"

/*
 * One reader a format. file is the whole file, whose magic bytes have been
 * seen; *out is written on success only.
 */
enum fault sniff_jpeg(struct span file, struct sniff *out,
    struct fault_info *info);
enum fault sniff_png(struct span file, struct sniff *out,
    struct fault_info *info);
enum fault sniff_gif(struct span file, struct sniff *out,
    struct fault_info *info);
enum fault sniff_webp(struct span file, struct sniff *out,
    struct fault_info *info);

enum fault sniff_heif(struct span file, struct sniff *out,
    struct fault_info *info);
enum fault sniff_tiff(struct span file, struct sniff *out,
    struct fault_info *info);
enum fault sniff_bmp(struct span file, struct sniff *out,
    struct fault_info *info);

/* How many scans a JPEG has, up to the end of its picture or the file's. */
unsigned sniff_jpeg_scans(struct span file);

/* Is an ISO base media file one of still pictures? */
bool sniff_is_heif(struct span file);

/* *out is all zeros before. */
void sniff_heif_guide(struct span file, struct sniff_guide *out);
void sniff_tiff_guide(struct span file, struct sniff_guide *out);
void sniff_png_guide(struct span file, struct sniff_guide *out);
void sniff_webp_guide(struct span file, struct sniff_guide *out);
void sniff_bmp_guide(struct span file, struct sniff_guide *out);

/*
 * FAULT_UNSUPPORTED_FORMAT, with what the file looks like (NULL: like nothing
 * known) and what is accepted.
 */
enum fault sniff_refuse(const char *looks_like, struct fault_info *info);

/* What a file of no accepted format looks like, with its article; or NULL. */
const char *sniff_other(struct span file);

#endif
