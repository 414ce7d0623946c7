#include "config.h"

#include "sniff.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sniff_jpeg.h"
#include "support.h"

/* Bytes of a literal, that may hold NUL. */
#define BYTES(text) text, sizeof(text) - 1

/* --- pieces of files --- */

#define SOI "\xff\xd8"
#define APP0 "\xff\xe0\0\x07JFIF\0"
#define SOF(n, size) "\xff" n "\0\x0b\x08" size "\1\1\x11\0"
#define HD "\x04\x38\x07\x80" /* 1080, 1920 */

#define PNG_MAGIC "\x89PNG\r\n\x1a\n"
#define IHDR(size, rest) PNG_MAGIC "\0\0\0\x0dIHDR" size rest "\1\2\3\4"
#define P43 "\0\0\0\4\0\0\0\3"
#define RGB8 "\x08\2\0\0\0"

/* A screen of 4 x 3, no palette. */
#define GIF(version) "GIF" version "\4\0\3\0\0\0\0"
#define PICTURE(x, y, w, h) "," x "\0" y "\0" w "\0" h "\0\0\2\2\x4c\1\0"
#define WHOLE PICTURE("\0", "\0", "\4", "\3")
#define CONTROL "!\xf9\4\0\0\0\0\0"
#define END ";"

/* Chunks of even length up to 255. */
#define RIFF(len) "RIFF" len "\0\0\0WEBP"
#define CHUNK(name, len) name len "\0\0\0"
#define LOSSY "\x30\1\0\x9d\1\x2a\x20\0\x10\0" /* 32 x 16 */
#define VP8 CHUNK("VP8 ", "\x0a") LOSSY
#define LOSSLESS "\x2f\x1f\xc0\3\0\0" /* 32 x 16 and a byte */
#define VP8L CHUNK("VP8L", "\6") LOSSLESS
#define CANVAS(flags) CHUNK("VP8X", "\x0a") flags "\0\0\0\x1f\0\0\x0f\0\0"
#define FRAME(x, y, w, h)     \
	CHUNK("ANMF", "\x22") \
	x "\0\0" y "\0\0" w "\0\0" h "\0\0\x64\0\0\0" VP8

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	struct sniff want;
} good[] = {
#define JPEG(w, h)                      \
	{                               \
		FORMAT_JPEG, w, h, 1, 0 \
	}
	{ "jpeg", BYTES(SOI APP0 SOF("\xc0", HD)), JPEG(1920, 1080) },
	{ "jpeg extended", BYTES(SOI SOF("\xc1", HD)), JPEG(1920, 1080) },
	{ "jpeg progressive", BYTES(SOI SOF("\xc2", HD)), JPEG(1920, 1080) },
	{ "jpeg arithmetic", BYTES(SOI SOF("\xc9", HD)), JPEG(1920, 1080) },
	{ "jpeg arithmetic progressive", BYTES(SOI SOF("\xca", HD)),
	    JPEG(1920, 1080) },
	{ "jpeg fill bytes", BYTES(SOI "\xff\xff\xff" SOF("\xc0", HD)),
	    JPEG(1920, 1080) },
	{ "jpeg tables first",
	    BYTES(SOI "\xff\xdb\0\2\xff\xc4\0\2\xff\xcc\0\2" SOF("\xc0", HD)),
	    JPEG(1920, 1080) },
	{ "jpeg markers without segments",
	    BYTES(SOI "\xff\1\xff\xd0\xff\xd7" SOF("\xc0", HD)),
	    JPEG(1920, 1080) },
	{ "jpeg odd bytes and stuffing between segments",
	    BYTES(SOI "\xff\xdb\0\2zz\xff\0z" SOF("\xc0", HD)),
	    JPEG(1920, 1080) },
	{ "jpeg thumbnail in a segment is not the picture",
	    BYTES(SOI "\xff\xe1\0\x11" SOI SOF("\xc0", "\0\1\0\1")
		    SOF("\xc0", HD)),
	    JPEG(1920, 1080) },
	{ "jpeg largest", BYTES(SOI SOF("\xc0", "\xff\xff\xff\xff")),
	    JPEG(65535, 65535) },
	{ "jpeg three components",
	    BYTES(SOI "\xff\xc0\0\x11\x08" HD "\3\1\x22\0\2\x11\1\3\x11\1"),
	    JPEG(1920, 1080) },

#define PNG(w, h)                      \
	{                              \
		FORMAT_PNG, w, h, 1, 0 \
	}
	{ "png", BYTES(IHDR(P43, RGB8)), PNG(4, 3) },
	{ "png 1 bit gray", BYTES(IHDR(P43, "\1\0\0\0\0")), PNG(4, 3) },
	{ "png 16 bit gray", BYTES(IHDR(P43, "\x10\0\0\0\0")), PNG(4, 3) },
	{ "png palette", BYTES(IHDR(P43, "\4\3\0\0\0")), PNG(4, 3) },
	{ "png gray and alpha", BYTES(IHDR(P43, "\x08\4\0\0\0")), PNG(4, 3) },
	{ "png interlaced", BYTES(IHDR(P43, "\x10\6\0\0\1")), PNG(4, 3) },
	{ "png longest", BYTES(IHDR("\x7f\xff\xff\xff\0\0\0\1", RGB8)),
	    PNG(0x7fffffff, 1) },

#define GIFS(w, h, n)                  \
	{                              \
		FORMAT_GIF, w, h, n, 0 \
	}
	{ "gif 87a", BYTES(GIF("87a") WHOLE END), GIFS(4, 3, 1) },
	{ "gif 89a", BYTES(GIF("89a") CONTROL WHOLE END), GIFS(4, 3, 1) },
	{ "gif three frames",
	    BYTES(GIF("89a") CONTROL WHOLE CONTROL WHOLE WHOLE END),
	    GIFS(4, 3, 3) },
	{ "gif nothing counts after its end", BYTES(GIF("89a") WHOLE END WHOLE),
	    GIFS(4, 3, 1) },
	{ "gif no trailer", BYTES(GIF("89a") WHOLE WHOLE), GIFS(4, 3, 2) },
	{ "gif cut in its data",
	    BYTES(GIF("89a") WHOLE ",\0\0\0\0\4\0\3\0\0\2"), GIFS(4, 3, 2) },
	{ "gif cut in a descriptor", BYTES(GIF("89a") WHOLE ",\0\0\0\0\4\0"),
	    GIFS(4, 3, 1) },
	{ "gif cut in an extension", BYTES(GIF("89a") WHOLE "!\xf9\4\0"),
	    GIFS(4, 3, 1) },
	{ "gif zeros between blocks", BYTES(GIF("89a") "\0\0" WHOLE "\0" END),
	    GIFS(4, 3, 1) },
	{ "gif comma in a comment", BYTES(GIF("89a") "!\xfe\2,,\0" WHOLE END),
	    GIFS(4, 3, 1) },
	{ "gif palettes",
	    BYTES("GIF89a\4\0\3\0\x80\0\0,,,,,,"
		  ",\0\0\0\0\4\0\3\0\x80,,,,,,\2\1,\0" END),
	    GIFS(4, 3, 1) },
	{ "gif first frame over the edge",
	    BYTES(GIF("89a") PICTURE("\2", "\1", "\4", "\3") END),
	    GIFS(6, 4, 1) },
	{ "gif later frame over the edge",
	    BYTES(GIF("89a") WHOLE PICTURE("\2", "\1", "\4", "\3") END),
	    GIFS(4, 3, 2) },
	{ "gif screen of nothing", BYTES("GIF89a\0\0\0\0\0\0\0" WHOLE END),
	    GIFS(4, 3, 1) },

#define WEBP(n)                           \
	{                                 \
		FORMAT_WEBP, 32, 16, n, 0 \
	}
	{ "webp lossy", BYTES(RIFF("\x16") VP8), WEBP(1) },
	{ "webp scale bits are no size",
	    BYTES(RIFF("\x16") CHUNK("VP8 ", "\x0a") "\x30\1\0\x9d\1\x2a"
						     "\x20\x40\x10\xc0"),
	    WEBP(1) },
	{ "webp lossless", BYTES(RIFF("\x12") VP8L), WEBP(1) },
	{ "webp no pad byte at the end",
	    BYTES(RIFF("\x11") CHUNK("VP8L", "\5") "\x2f\x1f\xc0\3\0"),
	    WEBP(1) },
	{ "webp bytes after its end", BYTES(RIFF("\x16") VP8 "ANMF"), WEBP(1) },
	{ "webp extended", BYTES(RIFF("\x28") CANVAS("\0") VP8), WEBP(1) },
	{ "webp extended with a profile of odd length",
	    BYTES(RIFF("\x32") CANVAS("\x20") CHUNK("ICCP", "\1") "z\0" VP8),
	    WEBP(1) },
	{ "webp frame after its end",
	    BYTES(RIFF("\x40") CANVAS("\2") FRAME("\0", "\0", "\x1f", "\x0f")
		    FRAME("\0", "\0", "\x1f", "\x0f")),
	    WEBP(1) },
	{ "webp canvas over 16 bits",
	    BYTES(RIFF("\x40")
		    CHUNK("VP8X", "\x0a") "\2\0\0\0\x1f\0\1\x0f\0\0" FRAME("\0",
			"\0", "\x1f", "\x0f")),
	    { FORMAT_WEBP, 65568, 16, 1, 0 } },
	{ "webp frames without the flag are no frames",
	    BYTES(RIFF("\x52") CANVAS("\0") FRAME("\0", "\0", "\x1f", "\x0f")
		    VP8),
	    WEBP(1) },
	{ "webp one frame",
	    BYTES(RIFF("\x40") CANVAS("\2") FRAME("\0", "\0", "\x1f", "\x0f")),
	    WEBP(1) },
	{ "webp two frames",
	    BYTES(RIFF("\x6a") CANVAS("\2") FRAME("\0", "\0", "\x1f", "\x0f")
		    FRAME("\0", "\0", "\x1f", "\x0f")),
	    WEBP(2) },
	{ "webp small frame in the corner",
	    BYTES(RIFF("\x40")
		    CHUNK("VP8X", "\x0a") "\2\0\0\0\x27\0\0\x19\0\0" FRAME("\4",
			"\5", "\x1f", "\x0f")),
	    { FORMAT_WEBP, 40, 26, 1, 0 } },
};

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	enum fault want;
	const char *detail; /* a part of it */
} bad[] = {
#define CORRUPT FAULT_CORRUPT_IMAGE
#define OTHER FAULT_UNSUPPORTED_FORMAT
	{ "jpeg of three bytes", BYTES("\xff\xd8\xff"), CORRUPT, "ends" },
	{ "jpeg width 0", BYTES(SOI SOF("\xc0", "\0\1\0\0")), CORRUPT,
	    "0 x 1" },
	{ "jpeg height 0", BYTES(SOI SOF("\xc0", "\0\0\0\1")), CORRUPT,
	    "1 x 0" },
	{ "jpeg no frame header", BYTES(SOI "\xff\xda\0\2"), CORRUPT,
	    "no frame header" },
	{ "jpeg ends at once", BYTES(SOI "\xff\xd9"), CORRUPT,
	    "no frame header" },
	{ "jpeg begins twice", BYTES(SOI SOI SOF("\xc0", HD)), CORRUPT,
	    "no frame header" },
	{ "jpeg segment length 0", BYTES(SOI "\xff\xe0\0\0" SOF("\xc0", HD)),
	    CORRUPT, "length" },
	{ "jpeg segment length 1", BYTES(SOI "\xff\xe0\0\1" SOF("\xc0", HD)),
	    CORRUPT, "length" },
	{ "jpeg segment past the end", BYTES(SOI "\xff\xe0\xff\xff" APP0),
	    CORRUPT, "ends" },
	{ "jpeg no components", BYTES(SOI "\xff\xc0\0\x08\x08" HD "\0"),
	    CORRUPT, "malformed" },
	{ "jpeg too few components",
	    BYTES(SOI "\xff\xc0\0\x0b\x08" HD "\3\1\x11\0"), CORRUPT,
	    "malformed" },
	{ "jpeg short frame header", BYTES(SOI "\xff\xc0\0\4\x08\0"), CORRUPT,
	    "malformed" },
	{ "jpeg lossless", BYTES(SOI SOF("\xc3", HD)), OTHER, "lossless" },
	{ "jpeg hierarchical", BYTES(SOI SOF("\xc5", HD)), OTHER,
	    "hierarchical" },
	{ "jpeg 12 bits", BYTES(SOI "\xff\xc1\0\x0b\x0c" HD "\1\1\x11\0"),
	    OTHER, "12 bits" },

	{ "png magic only", BYTES(PNG_MAGIC), CORRUPT, "ends" },
	{ "png sent as text", BYTES("\x89PNG\n\x1a\n\0\0\0\x0dIHDR"), CORRUPT,
	    "transfer" },
	{ "png another chunk first",
	    BYTES(PNG_MAGIC "\0\0\0\x0dIDAT" P43 RGB8 "\1\2\3\4"), CORRUPT,
	    "begin" },
	{ "png header of another length",
	    BYTES(PNG_MAGIC "\0\0\0\x0eIHDR" P43 RGB8 "\1\2\3\4"), CORRUPT,
	    "begin" },
	{ "png width 0", BYTES(IHDR("\0\0\0\0\0\0\0\3", RGB8)), CORRUPT,
	    "0 x 3" },
	{ "png height 0", BYTES(IHDR("\0\0\0\4\0\0\0\0", RGB8)), CORRUPT,
	    "4 x 0" },
	{ "png width over 31 bits", BYTES(IHDR("\x80\0\0\0\0\0\0\3", RGB8)),
	    CORRUPT, "2147483648" },
	{ "png colour type 1", BYTES(IHDR(P43, "\x08\1\0\0\0")), CORRUPT,
	    "type 1" },
	{ "png colour type 7", BYTES(IHDR(P43, "\x08\7\0\0\0")), CORRUPT,
	    "type 7" },
	{ "png 3 bits", BYTES(IHDR(P43, "\3\0\0\0\0")), CORRUPT, "3 bits" },
	{ "png 0 bits", BYTES(IHDR(P43, "\0\0\0\0\0")), CORRUPT, "0 bits" },
	{ "png 40 bits", BYTES(IHDR(P43, "\x28\0\0\0\0")), CORRUPT, "40 bits" },
	{ "png 255 bits", BYTES(IHDR(P43, "\xff\0\0\0\0")), CORRUPT,
	    "255 bits" },
	{ "png palette of 16 bits", BYTES(IHDR(P43, "\x10\3\0\0\0")), CORRUPT,
	    "16 bits" },
	{ "png RGB of 4 bits", BYTES(IHDR(P43, "\4\2\0\0\0")), CORRUPT,
	    "4 bits" },
	{ "png compression", BYTES(IHDR(P43, "\x08\2\1\0\0")), CORRUPT,
	    "compression" },
	{ "png filter", BYTES(IHDR(P43, "\x08\2\0\1\0")), CORRUPT, "filter" },
	{ "png interlacing", BYTES(IHDR(P43, "\x08\2\0\0\2")), CORRUPT,
	    "interlacing" },

	{ "gif magic only", BYTES("GIF89a"), CORRUPT, "ends" },
	{ "gif no picture", BYTES(GIF("89a") CONTROL END), CORRUPT, "ends" },
	{ "gif cut in its palette", BYTES("GIF89a\4\0\3\0\x87\0\0" WHOLE END),
	    CORRUPT, "ends" },
	{ "gif cut in its first descriptor",
	    BYTES(GIF("89a") ",\0\0\0\0\4\0\3\0"), CORRUPT, "ends" },
	{ "gif first frame of no width",
	    BYTES(GIF("89a") PICTURE("\0", "\0", "\0", "\3") END), CORRUPT,
	    "0 x 3" },
	{ "gif first frame of no height",
	    BYTES(GIF("89a") PICTURE("\0", "\0", "\4", "\0") END), CORRUPT,
	    "4 x 0" },
	{ "gif extension that hides a picture",
	    BYTES(GIF("89a") "!,\0" WHOLE END), CORRUPT, "extension" },
	{ "gif of another version", BYTES("GIF90a\4\0\3\0\0\0\0" WHOLE END),
	    OTHER, "Accepted are" },

	{ "webp magic only", BYTES(RIFF("\4")), CORRUPT, "malformed" },
	{ "webp RIFF shorter than its name", BYTES(RIFF("\3") VP8), CORRUPT,
	    "malformed" },
	{ "webp cut", BYTES(RIFF("\x18") VP8), CORRUPT, "has 30 of 32 bytes" },
	{ "webp RIFF of 4 GB", BYTES("RIFF\xff\xff\xff\xffWEBP" VP8), CORRUPT,
	    "has 30 of 4294967303 bytes" },
	{ "webp chunk past the end",
	    BYTES(RIFF("\x16") CHUNK("VP8 ", "\x0c") LOSSY), CORRUPT,
	    "malformed" },
	{ "webp unknown chunk first",
	    BYTES(RIFF("\x20") CHUNK("ICCP", "\2") "zz" VP8), CORRUPT,
	    "malformed" },
	{ "webp lossy width 0",
	    BYTES(RIFF("\x16") CHUNK("VP8 ", "\x0a") "\x30\1\0\x9d\1\x2a\0\0"
						     "\x10\0"),
	    CORRUPT, "malformed" },
	{ "webp lossy height 0",
	    BYTES(RIFF("\x16") CHUNK("VP8 ", "\x0a") "\x30\1\0\x9d\1\x2a\x20\0"
						     "\0\0"),
	    CORRUPT, "malformed" },
	{ "webp no key frame",
	    BYTES(RIFF("\x16") CHUNK("VP8 ", "\x0a") "\x31\1\0\x9d\1\x2a\x20\0"
						     "\x10\0"),
	    CORRUPT, "malformed" },
	{ "webp lossy start code",
	    BYTES(RIFF("\x16") CHUNK("VP8 ", "\x0a") "\x30\1\0\x9d\1\x2b\x20\0"
						     "\x10\0"),
	    CORRUPT, "malformed" },
	{ "webp lossless signature",
	    BYTES(RIFF("\x12") CHUNK("VP8L", "\6") "\x2e\x1f\xc0\3\0\0"),
	    CORRUPT, "malformed" },
	{ "webp lossless version",
	    BYTES(RIFF("\x12") CHUNK("VP8L", "\6") "\x2f\x1f\xc0\3\x20\0"),
	    CORRUPT, "malformed" },
	{ "webp canvas higher than the picture",
	    BYTES(RIFF("\x28")
		    CHUNK("VP8X", "\x0a") "\0\0\0\0\x1f\0\0\x10\0\0" VP8),
	    CORRUPT, "malformed" },
	{ "webp canvas wider than the picture",
	    BYTES(RIFF("\x28")
		    CHUNK("VP8X", "\x0a") "\0\0\0\0\x20\0\0\x0f\0\0" VP8),
	    CORRUPT, "malformed" },
	{ "webp extended with no picture", BYTES(RIFF("\x16") CANVAS("\0")),
	    CORRUPT, "malformed" },
	{ "webp short VP8X", BYTES(RIFF("\x1e") CHUNK("VP8X", "\2") "\0\0" VP8),
	    CORRUPT, "malformed" },
	{ "webp animation with no frame", BYTES(RIFF("\x28") CANVAS("\2") VP8),
	    CORRUPT, "malformed" },
	{ "webp frame over the edge",
	    BYTES(RIFF("\x40") CANVAS("\2") FRAME("\1", "\0", "\x1f", "\x0f")),
	    CORRUPT, "malformed" },
	{ "webp frame at an offset over the edge",
	    BYTES(RIFF("\x40")
		    CHUNK("VP8X", "\x0a") "\2\0\0\0\x27\0\0\x19\0\0" FRAME("\5",
			"\5", "\x1f", "\x0f")),
	    CORRUPT, "malformed" },
	{ "webp frame at an offset over the lower edge",
	    BYTES(RIFF("\x40")
		    CHUNK("VP8X", "\x0a") "\2\0\0\0\x27\0\0\x19\0\0" FRAME("\4",
			"\6", "\x1f", "\x0f")),
	    CORRUPT, "malformed" },
	{ "webp frame over the lower edge",
	    BYTES(RIFF("\x40") CANVAS("\2") FRAME("\0", "\1", "\x1f", "\x0f")),
	    CORRUPT, "malformed" },
	{ "webp frame that announces less than it holds",
	    BYTES(RIFF("\x40") CANVAS("\2") FRAME("\0", "\0", "\0", "\x0f")),
	    CORRUPT, "malformed" },
	{ "webp second frame is bad",
	    BYTES(RIFF("\x6a") CANVAS("\2") FRAME("\0", "\0", "\x1f", "\x0f")
		    FRAME("\0", "\0", "\x1f", "\0")),
	    CORRUPT, "malformed" },

	{ "nothing", BYTES(""), OTHER, "The file is empty." },
	{ "one byte", BYTES("\xff"), OTHER, "Accepted are" },
	{ "noise", BYTES("\x80\x01\x02\x03"), OTHER, "Accepted are" },
	{ "cr3",
	    BYTES("\0\0\0\x18"
		  "ftypcrx \0\0\0\1"),
	    OTHER, "raw file." },
	{ "mp4",
	    BYTES("\0\0\0\x18"
		  "ftypisom\0\0\0\0"),
	    OTHER, "a video." },
	{ "avi", BYTES("RIFF\x10\0\0\0AVI LIST"), OTHER, "a video." },
	{ "wav", BYTES("RIFF\x10\0\0\0WAVEfmt "), OTHER, "Accepted are" },
	{ "letters BM", BYTES("BMW is a car"), OTHER, "a text file." },
	{ "jpeg xl", BYTES("\xff\x0a\0\0"), OTHER, "like JPEG XL." },
	{ "jpeg 2000", BYTES("\0\0\0\x0cjP  \r\n\x87\n"), OTHER,
	    "like JPEG 2000." },
	{ "psd", BYTES("8BPS\0\1"), OTHER, "Photoshop" },
	{ "pdf", BYTES("%PDF-1.7\n"), OTHER, "PDF" },
	{ "zip", BYTES("PK\3\4\x14\0"), OTHER, "ZIP" },
	{ "svg", BYTES("<?xml version=\"1.0\"?>\n<svg/>"), OTHER, "like SVG." },
	{ "svg after a byte order mark", BYTES("\xef\xbb\xbf<svg/>"), OTHER,
	    "like SVG." },
	{ "html", BYTES("<!DOCTYPE html>\n"), OTHER, "a web page." },
	{ "text", BYTES("push graphic-context\n"), OTHER, "a text file." },
};

static const struct {
	const char *name;
	enum format format; /* FORMAT_NONE: refused as another format */
	unsigned width, height, frames;
} files[] = {
	{ "orient-0.jpg", FORMAT_JPEG, 360, 240, 1 },
	{ "orient-1.jpg", FORMAT_JPEG, 360, 240, 1 },
	{ "orient-3.jpg", FORMAT_JPEG, 360, 240, 1 },
	{ "orient-5.jpg", FORMAT_JPEG, 240, 360, 1 },
	{ "orient-6.jpg", FORMAT_JPEG, 240, 360, 1 },
	{ "gray.jpg", FORMAT_JPEG, 360, 240, 1 },
	{ "progressive.jpg", FORMAT_JPEG, 360, 240, 1 },
	{ "cmyk.jpg", FORMAT_JPEG, 360, 240, 1 },
	{ "p3.jpg", FORMAT_JPEG, 1600, 1200, 1 },
	{ "photo-12mp.jpg", FORMAT_JPEG, 4032, 3024, 1 },
	{ "truncated.jpg", FORMAT_JPEG, 720, 480, 1 },
	{ "rgb.png", FORMAT_PNG, 360, 240, 1 },
	{ "alpha.png", FORMAT_PNG, 360, 240, 1 },
	{ "palette-trns.png", FORMAT_PNG, 360, 240, 1 },
	{ "gray16.png", FORMAT_PNG, 360, 240, 1 },
	{ "interlaced.png", FORMAT_PNG, 179, 119, 1 },
	{ "truncated.png", FORMAT_PNG, 360, 240, 1 },
	{ "animated.gif", FORMAT_GIF, 120, 80, 4 },
	{ "still.gif", FORMAT_GIF, 360, 240, 1 },
	{ "lossy.webp", FORMAT_WEBP, 360, 240, 1 },
	{ "lossless-alpha.webp", FORMAT_WEBP, 360, 240, 1 },
	{ "lossy-alpha.webp", FORMAT_WEBP, 360, 240, 1 },
	{ "animated.webp", FORMAT_WEBP, 120, 80, 4 },
	{ "webp-bomb.webp", FORMAT_WEBP, 16383, 16383, 1 },
	{ "notes.txt", FORMAT_NONE, 0, 0, 0 },
	{ "drawing.svg", FORMAT_NONE, 0, 0, 0 },
};

#define ALLOWED                                                  \
	{                                                        \
		.side = 16000, .pixels = 64000000, .frames = 500 \
	}

static const struct {
	const char *name;
	struct sniff s;
	enum fault want;
	unsigned long long limit, actual;
	const char *detail;
} limits[] = {
	{ "all at the limit", { FORMAT_JPEG, 16000, 4000, 500, 0 }, FAULT_NONE,
	    0, 0, "" },
	{ "side", { FORMAT_JPEG, 16001, 1, 1, 0 }, FAULT_SIDE_TOO_LONG, 16000,
	    16001,
	    "The picture is 16001 x 1 px; a side may have 16000 px at most." },
	{ "other side", { FORMAT_PNG, 1, 2147483647, 1, 0 },
	    FAULT_SIDE_TOO_LONG, 16000, 2147483647,
	    "The picture is 1 x 2147483647 px; a side may have 16000 px at "
	    "most." },
	{ "pixels", { FORMAT_PNG, 8000, 8001, 1, 0 }, FAULT_TOO_MANY_PIXELS,
	    64000000, 64008000,
	    "The picture has 64008000 pixels (8000 x 8001); 64000000 are "
	    "allowed." },
	{ "frames", { FORMAT_GIF, 100, 100, 501, 0 }, FAULT_TOO_MANY_FRAMES,
	    500, 501, "The animation has 501 frames; 500 are allowed." },
	{ "side before pixels", { FORMAT_GIF, 20000, 20000, 9999, 0 },
	    FAULT_SIDE_TOO_LONG, 16000, 20000, "" },
	{ "pixels before frames", { FORMAT_GIF, 9000, 9000, 9999, 0 },
	    FAULT_TOO_MANY_PIXELS, 64000000, 81000000, "" },
	{ "a GIF's first frame is decoded alone",
	    { FORMAT_GIF, 8000, 8000, 500, 0 }, FAULT_NONE, 0, 0, "" },
	{ "all of a WebP's frames are decoded",
	    { FORMAT_WEBP, 1000, 1000, 65, 0 }, FAULT_TOO_MANY_PIXELS, 64000000,
	    65000000,
	    "The animation has 65 frames of 1000 x 1000 px, together 65000000 "
	    "pixels; 64000000 are allowed." },
	{ "a WebP's frames at the limit", { FORMAT_WEBP, 1000, 1000, 64, 0 },
	    FAULT_NONE, 0, 0, "" },
	{ "a product of nearly 64 bits",
	    { FORMAT_WEBP, 16000, 16000, 4294967295u, 0 },
	    FAULT_TOO_MANY_PIXELS, 64000000, 1099511627520000000ull, "" },
};

/*
 * A copy that ends where readable memory ends, so that one byte too far is a
 * crash.
 */
static char *
at_the_edge(const char *bytes, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (len + page - 1) / page * page;
	char *p = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(mprotect(p + room, page, PROT_NONE), 0);
	if (len > 0)
		memcpy(p + room - len, bytes, len);
	return p + room - len;
}

static char *
load(const char *name, size_t *len)
{
	char path[64];

	(void)snprintf(path, sizeof path, "data/%s", name);
	return test_data(path, len);
}

static bool
equal(const struct sniff *a, const struct sniff *b)
{
	return a->format == b->format && a->width == b->width &&
	    a->height == b->height && a->frames == b->frames;
}

START_TEST(a_good_header_is_read)
{
	struct fault_info info = { 0 };
	struct sniff got = { 0 };
	enum fault f;

	f = sniff_read(at_the_edge(good[_i].bytes, good[_i].len), good[_i].len,
	    &got, &info);

	ck_assert_msg(f == FAULT_NONE, "%s: %s, %s", good[_i].name,
	    fault_code(f), info.detail);
	ck_assert_msg(equal(&got, &good[_i].want),
	    "%s: format %d, %u x %u, %u frames", good[_i].name, (int)got.format,
	    got.width, got.height, got.frames);
}
END_TEST

START_TEST(a_bad_header_is_refused_in_words)
{
	const struct sniff before = { FORMAT_COUNT, 1, 2, 3, 0 };
	struct fault_info info = { 0 };
	struct sniff got = before;
	enum fault f;

	f = sniff_read(at_the_edge(bad[_i].bytes, bad[_i].len), bad[_i].len,
	    &got, &info);

	ck_assert_msg(f == bad[_i].want, "%s: %s", bad[_i].name, fault_code(f));
	ck_assert_int_eq(info.fault, f);
	ck_assert_msg(strstr(info.detail, bad[_i].detail) != NULL, "%s: %s",
	    bad[_i].name, info.detail);
	ck_assert_msg(equal(&got, &before), "%s: *out was written",
	    bad[_i].name);
}
END_TEST

/* One byte after the other, as T.81 says it: B.1.1.2. */
static int
next_marker_slowly(struct span *s)
{
	bool after_ff = false;

	while (s->len > 0) {
		uint8_t byte = *span_take(s, 1);

		if (after_ff && byte != 0xff && byte != 0)
			return byte;
		after_ff = byte == 0xff;
	}
	return -1;
}

/* Of any length and at any place, among bytes that look like one. */
START_TEST(markers_are_found_wherever_they_are)
{
	static const uint8_t bytes[] = { 0xff, 0, 0xd0, 0xda, 'a' };
	uint8_t *data = malloc(400);
	unsigned state = 1;

	for (size_t len = 0; len < 400; len++)
		for (unsigned rare = 1; rare < 200; rare *= 3) {
			/* At the end of what may be read. */
			struct span a = { data + 400 - len, len }, b = a;
			int marker;

			for (size_t i = 0; i < len; i++) {
				state = state * 1103515245 + 12345;
				data[400 - len + i] = (state >> 16) % rare == 0
				    ? bytes[(state >> 24) % NELEM(bytes)]
				    : 'b';
			}
			do {
				marker = jpeg_next_marker(&a);
				ck_assert_int_eq(marker,
				    next_marker_slowly(&b));
				ck_assert(marker == -1 || a.at == b.at);
			} while (marker != -1);
		}
	free(data);
}
END_TEST

START_TEST(a_file_without_a_byte_may_have_no_address)
{
	struct fault_info info = { 0 };
	struct sniff got = { 0 };

	ck_assert_int_eq(sniff_read(NULL, 0, &got, &info),
	    FAULT_UNSUPPORTED_FORMAT);
}
END_TEST

/* Whatever it says, it must come back, with a picture or with words. */
static void
read_anything(const char *bytes, size_t len)
{
	struct fault_info info = { 0 };
	struct sniff got = { 0 };

	if (sniff_read(bytes, len, &got, &info) == FAULT_NONE)
		ck_assert(got.width > 0 && got.height > 0 && got.frames > 0);
	else
		ck_assert_str_ne(info.detail, "");
}

static void
read_all_prefixes(const char *bytes, size_t len)
{
	char *end = at_the_edge(bytes, len) + len;

	for (size_t n = 0; n <= len; n++) {
		memcpy(end - n, bytes, n);
		read_anything(end - n, n);
	}
}

static void
read_all_changes(const char *bytes, size_t len)
{
	char *copy = at_the_edge(bytes, len);

	for (size_t i = 0; i < len; i++) {
		for (unsigned c = 0; c < 256; c++) {
			copy[i] = (char)c;
			read_anything(copy, len);
		}
		copy[i] = bytes[i];
	}
}

START_TEST(a_header_may_end_anywhere)
{
	read_all_prefixes(good[_i].bytes, good[_i].len);
}
END_TEST

START_TEST(any_byte_of_a_header_may_be_wrong)
{
	read_all_changes(good[_i].bytes, good[_i].len);
}
END_TEST

START_TEST(a_bad_header_may_end_anywhere)
{
	read_all_prefixes(bad[_i].bytes, bad[_i].len);
}
END_TEST

START_TEST(a_real_file_is_recognised)
{
	struct sniff want = { files[_i].format, files[_i].width,
		files[_i].height, files[_i].frames, 0 };
	struct fault_info info = { 0 };
	struct sniff got = { 0 };
	size_t len;
	char *data = load(files[_i].name, &len);
	enum fault f = sniff_read(data, len, &got, &info);

	if (want.format == FORMAT_NONE)
		ck_assert_msg(f == FAULT_UNSUPPORTED_FORMAT, "%s: %s",
		    files[_i].name, fault_code(f));
	else
		ck_assert_msg(f == FAULT_NONE && equal(&got, &want),
		    "%s: %s, %u x %u, %u frames", files[_i].name, fault_code(f),
		    got.width, got.height, got.frames);
	free(data);
}
END_TEST

START_TEST(a_real_file_may_end_anywhere)
{
	size_t len;
	char *data = load(files[_i].name, &len);

	read_all_prefixes(data, len < 4096 ? len : 4096);
	free(data);
}
END_TEST

#define PROGRESSIVE_SCANS 10 /* of progressive.jpg, as libjpeg makes them */

/* The last scan once more and once more, and bytes behind the end. */
START_TEST(scans_are_counted)
{
	size_t len, from, at = 0;
	unsigned char *file =
	    (unsigned char *)test_data("data/progressive.jpg", &len);
	struct fault_info info = { 0 };
	unsigned char *more;
	struct sniff sniff;

	for (from = len - 4; file[from] != 0xff || file[from + 1] != 0xda;)
		from--;
	more = malloc(len + 200 * (len - from));
	memcpy(more, file, len - 2);
	at = len - 2;
	for (unsigned n = PROGRESSIVE_SCANS; n < (unsigned)_i; n++) {
		memcpy(more + at, file + from, len - 2 - from);
		at += len - 2 - from;
	}
	/* Behind the end of the picture nothing counts. */
	memcpy(more + at, "\xff\xd9\xff\xda\0\2\xff\xda\0\2", 10);
	ck_assert_int_eq(sniff_read(more, at + 10, &sniff, &info), FAULT_NONE);
	ck_assert_int_eq(sniff_check_scans(more, at + 10, &sniff, &info),
	    _i > SNIFF_SCANS_MAX ? FAULT_TOO_MANY_SCANS : FAULT_NONE);
	if (_i > SNIFF_SCANS_MAX) {
		ck_assert_uint_eq(info.limit, SNIFF_SCANS_MAX);
		ck_assert_uint_eq(info.actual, (unsigned)_i);
	}
	free(more);
	free(file);
}
END_TEST

static enum fault
check_bulk(const void *data, size_t len, struct fault_info *info)
{
	struct sniff sniff;

	ck_assert_int_eq(sniff_read(data, len, &sniff, info), FAULT_NONE);
	return sniff_check_bulk(data, len, &sniff, info);
}

START_TEST(a_real_file_can_hold_its_picture)
{
	struct fault_info info = { 0 };
	size_t len;
	char *data = load(files[_i].name, &len);

	if (files[_i].format != FORMAT_NONE)
		ck_assert_msg(check_bulk(data, len, &info) == FAULT_NONE,
		    "%s: %s", files[_i].name, info.detail);
	free(data);
}
END_TEST

/* Files whose header claims 16000 x 4000 px instead. */
static const struct {
	const char *name;
	size_t at;
	const char *size;
	size_t size_len;
} claims[] = {
	{ "gray.jpg", 94, BYTES("\x0f\xa0\x3e\x80") },
	{ "progressive.jpg", 163, BYTES("\x0f\xa0\x3e\x80") },
	{ "rgb.png", 16, BYTES("\0\0\x3e\x80\0\0\x0f\xa0") },
};

START_TEST(a_file_is_too_short_for_what_it_claims)
{
	struct fault_info info = { 0 };
	size_t len;
	char *data = load(claims[_i].name, &len);

	memcpy(data + claims[_i].at, claims[_i].size, claims[_i].size_len);
	ck_assert_int_eq(check_bulk(data, len, &info), FAULT_CORRUPT_IMAGE);
	ck_assert_str_eq(info.detail,
	    "The file has too few bytes for a picture of 16000 x 4000 px.");
	free(data);
}
END_TEST

/* Of arithmetic coding no such bound is known. */
START_TEST(what_may_be_is_not_refused)
{
	struct fault_info info = { 0 };
	size_t len;
	char *data = load("gray.jpg", &len);

	memcpy(data + claims[0].at, claims[0].size, claims[0].size_len);
	data[claims[0].at - 4] = '\xc9';
	ck_assert_int_eq(check_bulk(data, len, &info), FAULT_NONE);
	free(data);
}
END_TEST

START_TEST(what_follows_a_png_is_not_counted)
{
	struct fault_info info = { 0 };
	size_t len, more = 4 << 20;
	char *data = load("rgb.png", &len);

	data = realloc(data, len + more);
	ck_assert_ptr_nonnull(data);
	memset(data + len, 0, more);
	ck_assert_int_eq(check_bulk(data, len + more, &info), FAULT_NONE);
	free(data);
}
END_TEST

/* 4 x 3 px of 3 bytes, and a coded picture of 64 KB or more. */
START_TEST(a_png_is_too_long_for_what_it_claims)
{
	static const char head[] = IHDR(P43, RGB8) "\0\1\0\0IDAT";
	const size_t before = sizeof head - 1, behind = 4 + 12;
	struct fault_info info = { 0 };
	size_t len = before + 0x10000 + behind + 12;
	char *file = calloc(1, len);

	ck_assert_ptr_nonnull(file);
	memcpy(file, head, before);
	memcpy(file + len - 12, "\0\0\0\0IEND", 8);
	memcpy(file + len - 24, "\0\0\0\0IDAT", 8);
	ck_assert_int_eq(check_bulk(file, len, &info), FAULT_NONE);
	file = realloc(file, len + 4096);
	ck_assert_ptr_nonnull(file);
	memmove(file + len + 4096 - 12, file + len - 12, 12);
	memset(file + len - 12, 0, 4096);
	file[len - 24 + 2] = 0x10;
	ck_assert_int_eq(check_bulk(file, len + 4096, &info),
	    FAULT_CORRUPT_IMAGE);
	ck_assert_str_eq(info.detail,
	    "The file has too many bytes for a picture of 4 x 3 px.");
	free(file);
}
END_TEST

static const struct {
	const char *name;
	enum sniff_colors colors;
	uint64_t held;
} burdens[] = {
	{ "gray.jpg", SNIFF_GRAY, 0 },
	{ "cmyk.jpg", SNIFF_CMYK, 0 },
	{ "orient-0.jpg", SNIFF_COLORS, 0 },
	{ "progressive.jpg", SNIFF_COLORS, 360 * 240 * 3 },
	{ "rgb.png", SNIFF_COLORS, 0 },
	{ "gray16.png", SNIFF_COLORS, 0 },
	{ "gray-trns.png", SNIFF_GRAY, 0 },
	{ "palette-trns.png", SNIFF_PALETTE_ALPHA, 0 },
	{ "still.gif", SNIFF_PALETTE, 0 },
	{ "palette.tif", SNIFF_PALETTE, 0 },
	{ "cmyk.tif", SNIFF_CMYK, 0 },
	{ "gray.tif", SNIFF_COLORS, 0 },
	{ "runs.bmp", SNIFF_PALETTE, 0 },
	{ "plain.bmp", SNIFF_COLORS, 0 },
	{ "lossy.webp", SNIFF_COLORS, 0 },
	{ "scene.heic", SNIFF_COLORS, 0 },
};

START_TEST(what_decoding_takes_is_told_by_the_header)
{
	struct fault_info info = { 0 };
	struct sniff_burden burden;
	struct sniff sniff;
	size_t len;
	char *data = load(burdens[_i].name, &len);

	ck_assert_int_eq(sniff_read(data, len, &sniff, &info), FAULT_NONE);
	sniff_burden(data, len, &sniff, &burden);
	ck_assert_msg(burden.colors == burdens[_i].colors &&
		burden.held == burdens[_i].held,
	    "%s: %d, %llu bytes", burdens[_i].name, (int)burden.colors,
	    (unsigned long long)burden.held);
	free(data);
}
END_TEST

START_TEST(a_limit_is_said_with_its_numbers)
{
	const struct limits allowed = ALLOWED;
	struct fault_info info = { 0 };
	enum fault f = sniff_check(&limits[_i].s, &allowed, &info);

	ck_assert_msg(f == limits[_i].want, "%s: %s", limits[_i].name,
	    fault_code(f));
	ck_assert_msg(info.has_limit == (f != FAULT_NONE) &&
		info.limit == limits[_i].limit &&
		info.actual == limits[_i].actual,
	    "%s: limit %llu, actual %llu", limits[_i].name, info.limit,
	    info.actual);
	if (limits[_i].detail[0] != '\0')
		ck_assert_str_eq(info.detail, limits[_i].detail);
}
END_TEST

static Suite *
sniff_suite(void)
{
	Suite *s = suite_create("sniff");
	TCase *t = tcase_create("headers");

	tcase_add_loop_test(t, a_good_header_is_read, 0, NELEM(good));
	tcase_add_loop_test(t, a_bad_header_is_refused_in_words, 0, NELEM(bad));
	tcase_add_test(t, markers_are_found_wherever_they_are);
	tcase_add_test(t, a_file_without_a_byte_may_have_no_address);
	suite_add_tcase(s, t);
	t = tcase_create("damage");
	tcase_add_loop_test(t, a_header_may_end_anywhere, 0, NELEM(good));
	tcase_add_loop_test(t, any_byte_of_a_header_may_be_wrong, 0,
	    NELEM(good));
	tcase_add_loop_test(t, a_bad_header_may_end_anywhere, 0, NELEM(bad));
	tcase_add_loop_test(t, a_real_file_may_end_anywhere, 0, NELEM(files));
	suite_add_tcase(s, t);
	t = tcase_create("files");
	tcase_add_loop_test(t, a_real_file_is_recognised, 0, NELEM(files));
	suite_add_tcase(s, t);
	t = tcase_create("limits");
	tcase_add_loop_test(t, scans_are_counted, SNIFF_SCANS_MAX - 1,
	    SNIFF_SCANS_MAX + 2);
	tcase_add_loop_test(t, a_real_file_can_hold_its_picture, 0,
	    NELEM(files));
	tcase_add_loop_test(t, a_file_is_too_short_for_what_it_claims, 0,
	    NELEM(claims));
	tcase_add_test(t, what_may_be_is_not_refused);
	tcase_add_test(t, what_follows_a_png_is_not_counted);
	tcase_add_test(t, a_png_is_too_long_for_what_it_claims);
	tcase_add_loop_test(t, what_decoding_takes_is_told_by_the_header, 0,
	    NELEM(burdens));
	tcase_add_loop_test(t, a_limit_is_said_with_its_numbers, 0,
	    NELEM(limits));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(sniff_suite());
}
