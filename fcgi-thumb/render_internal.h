#ifndef FT_RENDER_INTERNAL_H
#define FT_RENDER_INTERNAL_H

/* What the files of the render module share. */

#include "raster.h"
#include "render.h"

#define FIRST_FRAME (-1)

/* A preset's share in the work. */
struct job {
	const struct preset *preset;
	struct placement placement; /* on the upright original */
	unsigned wanted;            /* formats, as in struct wanted */
	unsigned moving;            /* those of them that are animated */
	unsigned file;              /* index of its first wanted file */
	int source;          /* the job that it is cut from, or FIRST_FRAME */
	bool needed;         /* it makes a file, or feeds one that does */
	bool feeds;          /* a needed one is cut from it */
	struct raster frame; /* its picture, where it feeds others */
};

struct work {
	struct size photo;                     /* the upright original */
	struct job jobs[SETTINGS_PRESETS_MAX]; /* by scale, largest first */
	unsigned n_jobs;
	/*
	 * The whole photo: as it was decoded, then upright and sRGB, as large as
	 * any preset needs.
	 */
	struct raster frame;
	struct size frame_size;
	struct credits credits;
	struct progress *progress;
	struct rendering rendering;
};

/*
 * The smallest size at which the decoder may hand the stored photo over. The
 * same whatever is wanted of the presets.
 */
struct size plan_hint(const struct settings *settings, enum engine engine,
    struct size stored);

/* The finest chroma of all files that the settings may ask for. */
enum chroma plan_chroma(const struct settings *settings);

/* Is it one, and does some preset keep it? */
bool plan_keeps_animation(const struct settings *settings,
    const struct sniff *sniff);

/*
 * Fill jobs, frame_size and the number of files, from w->photo: what is cut
 * from what, and which of it has to be made for what is wanted. sniff says
 * whether it is an animation.
 */
void plan_jobs(struct work *w, const struct settings *settings,
    const struct wanted *wanted, const struct sniff *sniff);

/* Is any of the wanted files animated? */
bool plan_has_moving(const struct work *w);

/* The placement in px of a picture of the whole photo instead of the original. */
struct placement plan_on(const struct placement *p, struct size photo,
    struct size frame);

/* How a file of the preset is written. */
struct encoding encoding_of(const struct work *w, const struct preset *p,
    enum format format);

/*
 * Start the entry of one of the job's wanted files, format i of its preset:
 * all but its bytes.
 */
struct rendered *begin_file(struct work *w, const struct job *job, unsigned i,
    struct size size);

/*
 * Before any work: what all frames take against the limits, where some preset
 * keeps an animation. FAULT_TOO_MANY_PIXELS, FAULT_TOO_MUCH_MEMORY, with their
 * numbers.
 */
enum fault check_animation(const struct sniff *sniff,
    const struct settings *settings, struct fault_info *info);

/* Every animated file that is wanted, from the animation's first frame on. */
enum fault render_animation(struct work *w, struct animation *a,
    struct fault_info *info);

/*
 * From the first frame: the photo's colour and placeholder, and where on it
 * the wanted presets of GRAVITY_SMART find most detail.
 */
enum fault look_at_frame(struct work *w, struct fault_info *info);

#endif
