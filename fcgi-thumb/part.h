#ifndef FT_PART_H
#define FT_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

#define PART_HEADER_MAX 8192 /* bytes of all header lines of one part */
#define PART_NAME_MAX 255    /* bytes kept of a field's or file's name */

/* One part's header as far as it matters here. Texts are valid UTF-8. */
struct part {
	char name[PART_NAME_MAX + 1]; /* the form field; "" if nothing */
	char filename[PART_NAME_MAX +
	    1];       /* as the client says; cut, not a path */
	bool is_file; /* there is a filename parameter, even an empty one */
};

/*
 * Read the header of one part of a multipart/form-data body (RFC 7578 4.2).
 *
 * header  1..PART_HEADER_MAX bytes or none; lines that end in CRLF, without
 *         the empty line, free of NUL and of any other CR or LF; is changed
 * offset  of the header in the body, for the words of a fault
 *
 * FAULT_NONE and *out, or FAULT_MULTIPART_SYNTAX: a line that is no header
 * field, not exactly one Content-Disposition, or one that is not form-data,
 * is malformed or holds a parameter twice.
 */
enum fault part_read(char *header, size_t len, uint64_t offset,
    struct part *out, struct fault_info *info);

/* FAULT_MULTIPART_SYNTAX at this offset of the body, in the words of all. */
enum fault part_refuse(struct fault_info *info, uint64_t offset,
    const char *why);

#endif
