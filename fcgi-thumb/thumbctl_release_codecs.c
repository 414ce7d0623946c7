#include "config.h"

/*
 * What one master can do by itself: is it ready, does a photo go through it and
 * come back, and does it take a picture of each format that can be decoded here
 * and show it.
 */

#include "thumbctl_release_exam.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "image.h"
#include "probe_picture.h"
#include "store_admin.h"

#define LAYER_PROBE "probe"
#define LAYER_CODECS "codecs"

/* A channel of a sample's red, after any coder. */
#define COLOR_OFF 48

/* ---- ready ---- */

static bool
is_ready(struct exam *x)
{
	struct buf body = { 0 };
	int status =
	    ask_get(x->sides[CANDIDATE].control, "/health/ready", &body);

	exam_enter(x, "asking whether it is ready");
	if (status == 200)
		exam_say(x, OK, "ready", "", "%s would take a photo now",
		    exam_name(x, CANDIDATE));
	else if (status == -1)
		exam_say(x, FAULT, "ready", x->fix, "%s: %s",
		    x->sides[CANDIDATE].control, strerror(errno));
	else
		exam_say(x, FAULT, "ready", "what the words say",
		    "no (%d): %.*s", status,
		    (int)strcspn(body.len > 0 ? body.data : "", "\r\n"),
		    body.len > 0 ? body.data : "");
	buf_fini(&body);
	return status == 200;
}

/* ---- a photo there and back ---- */

static void *
draw(struct exam *x, struct probe_picture *picture, const struct preset *preset,
    size_t *len)
{
	struct fault_info info = { 0 };
	void *photo = NULL;

	(void)snprintf(x->why, sizeof x->why, "no picture can be made");
	if (probe_picture_draw(picture, preset,
		&x->sides[CANDIDATE].settings->limits) == 0 &&
	    probe_picture_encode(picture, FORMAT_JPEG, &x->progress, &photo,
		len, &info) != FAULT_NONE)
		(void)snprintf(x->why, sizeof x->why,
		    "no picture can be made: %s", info.cause);
	return photo;
}

/* Is it in what is there of the photo? False with x->why. */
static bool
shows(struct exam *x, const struct exam_photo *p, const struct preset *preset,
    const struct probe_picture *picture)
{
	const struct variant *v =
	    manifest_find_any(&p->manifest, preset, preset->formats[0]);
	struct fault_info info = { 0 };
	char *data = NULL;
	size_t len = 0;
	bool is = false;

	if (v == NULL)
		(void)snprintf(x->why, sizeof x->why,
		    "the answer has no thumbnail \"%s\"", preset->name);
	else if (store_read_thumbnail(x->store, p->manifest.id, v, &data, &len,
		     &info) != FAULT_NONE)
		(void)snprintf(x->why, sizeof x->why,
		    "the thumbnail \"%s\" cannot be read: %s %s", preset->name,
		    fault_code(info.fault), info.cause);
	else
		is = probe_picture_is_in(picture, preset, data, len,
		    &x->progress, x->why, sizeof x->why);
	free(data);
	return is;
}

/* What it has taken back is gone for everybody. */
static bool
is_gone(struct exam *x, const struct exam_photo *p)
{
	struct fault_info info;
	struct look look;

	if (store_look(x->store, p->manifest.id, x->sides[CANDIDATE].settings,
		&look, &info) == FAULT_NONE &&
	    look.presence == PRESENCE_NONE)
		return true;
	(void)snprintf(x->why, sizeof x->why, "it is still in the store");
	return false;
}

static void
go_through(struct exam *x, const void *photo, size_t len,
    const struct preset *preset, const struct probe_picture *picture)
{
	const char *step = "upload";
	struct exam_photo p;
	bool fine = exam_send(x, CANDIDATE, photo, len, &p) == 0;

	if (fine) {
		step = "read";
		fine = shows(x, &p, preset, picture);
	}
	if (fine) {
		step = "delete";
		fine = exam_take_back(x, &p) == 0 && is_gone(x, &p);
	}
	if (fine)
		exam_say(x, OK, LAYER_PROBE, "",
		    "a photo was taken in %.0f ms, shown and taken back", p.ms);
	else
		exam_say(x, FAULT, LAYER_PROBE, x->fix, "%s: %s", step, x->why);
}

void
exam_probe(struct exam *x)
{
	const struct preset *preset =
	    probe_preset(x->sides[CANDIDATE].settings);
	struct probe_picture picture;
	void *photo;
	size_t len = 0;

	if (!is_ready(x))
		return;
	exam_enter(x, "sending a photo to %s", exam_name(x, CANDIDATE));
	photo = draw(x, &picture, preset, &len);
	if (photo != NULL)
		go_through(x, photo, len, preset, &picture);
	else
		exam_say(x, FAULT, LAYER_PROBE, "thumbctl doctor", "%s",
		    x->why);
	free(photo);
}

/* ---- a picture of each format ---- */

/* One kind of picture that is tried. */
struct kind {
	enum format format;
	const char *name;
	const void *data;
	size_t len;
	struct size size;
	unsigned frames;
	uint32_t color; /* of all of it; of an animation of its first frame */
};

/* The middle of where the picture lies in the thumbnail. */
static const unsigned char *
middle(const struct exam_pixels *pixels, const struct preset *preset,
    struct size photo)
{
	const struct size box = { preset->width, preset->height };
	struct placement at;
	unsigned px, y;

	geometry_place(photo, box, preset->fit, preset->gravity,
	    preset->enlarge, &at);
	px = at.x + at.scaled.width / 2;
	y = at.y + at.scaled.height / 2;
	if (px >= pixels->size.width)
		px = pixels->size.width - 1;
	if (y >= pixels->size.height)
		y = pixels->size.height - 1;
	return pixels->rgba + ((size_t)y * pixels->size.width + px) * 4;
}

static bool
is_color(const unsigned char *px, uint32_t color)
{
	for (unsigned c = 0; c < 3; c++) {
		int want = (int)(color >> (16 - 8 * c) & 0xff);

		if (abs(px[c] - want) > COLOR_OFF)
			return false;
	}
	return px[3] >= 255 - COLOR_OFF;
}

static bool
keeps_moving(const struct preset *preset, enum format format)
{
	return preset->animated &&
	    (format == FORMAT_WEBP || format == FORMAT_GIF);
}

/* Of a thumbnail that was decoded. False with x->why. */
static bool
is_right(struct exam *x, const struct kind *kind, const struct preset *preset,
    const struct variant *v, const struct exam_pixels *pixels)
{
	const unsigned char *px = middle(pixels, preset, kind->size);

	if (!is_color(px, kind->color)) {
		(void)snprintf(x->why, sizeof x->why,
		    "%s.%s has another colour than the red that was sent",
		    preset->name, format_spec(v->format)->ext);
		return false;
	}
	if (keeps_moving(preset, v->format) && pixels->frames != kind->frames) {
		(void)snprintf(x->why, sizeof x->why,
		    "%s.%s has %u frames in place of %u", preset->name,
		    format_spec(v->format)->ext, pixels->frames, kind->frames);
		return false;
	}
	return true;
}

/* All that was made of it at upload. */
static bool
shows_kind(struct exam *x, const struct kind *kind, const struct exam_photo *p)
{
	const struct settings *s = x->sides[CANDIDATE].settings;
	bool is = p->manifest.format == kind->format;

	if (!is)
		(void)snprintf(x->why, sizeof x->why, "it was taken for a %s",
		    format_spec(p->manifest.format)->title);
	for (unsigned i = 0; is && i < s->n_presets; i++) {
		const struct preset *preset = &s->presets[i];
		const struct variant *v =
		    manifest_find_any(&p->manifest, preset, preset->formats[0]);
		struct exam_pixels pixels;

		is = v != NULL && exam_look(x, p, v, &pixels) == 0;
		if (v == NULL)
			(void)snprintf(x->why, sizeof x->why,
			    "no thumbnail \"%s\" was made", preset->name);
		if (!is)
			return false;
		is = is_right(x, kind, preset, v, &pixels);
		free(pixels.rgba);
	}
	return is;
}

/* Those that failed for one reason; the last place is for all other reasons. */
#define REASONS_MAX 6

struct tried {
	struct buf taken, unread;
	struct {
		char why[400];
		struct buf names;
	} reasons[REASONS_MAX];
};

static void
note_name(struct buf *names, const char *name)
{
	buf_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
}

static void
note_failure(struct tried *t, const char *name, const char *why)
{
	unsigned i = 0;

	while (i < REASONS_MAX - 1 && t->reasons[i].names.len > 0 &&
	    strcmp(t->reasons[i].why, why) != 0)
		i++;
	if (t->reasons[i].names.len == 0)
		(void)snprintf(t->reasons[i].why, sizeof t->reasons[i].why,
		    "%s", why);
	note_name(&t->reasons[i].names, name);
}

static void
try_kind(struct exam *x, const struct kind *kind, struct tried *t)
{
	struct exam_photo p;

	if (x->sides[CANDIDATE].is_lost)
		return;
	exam_enter(x, "sending a picture in the format %s", kind->name);
	if (exam_send_marked(x, CANDIDATE, kind->format, kind->data, kind->len,
		&p) == 0 &&
	    shows_kind(x, kind, &p))
		note_name(&t->taken, kind->name);
	else
		note_failure(t, kind->name, x->why);
	if (p.debt != NULL && !x->sides[CANDIDATE].is_lost)
		(void)exam_take_back(x, &p);
}

#define FRAMES 3
#define SIDE 24 /* px of the animation */

/* Three frames of one colour each; NULL with nothing said: no memory. */
static void *
make_animation(struct exam *x, size_t *len)
{
	static const unsigned char colors[FRAMES][3] = { { 200, 30, 30 },
		{ 30, 30, 200 }, { 30, 200, 30 } };
	const struct encoding how = { .format = FORMAT_GIF };
	const struct size size = { SIDE, SIDE };
	struct fault_info info = { 0 };
	struct reel reel = { 0 };
	unsigned char rgb[SIDE * SIDE * 3];
	enum fault f = FAULT_NONE;
	void *data = NULL;

	for (unsigned i = 0; i < FRAMES && f == FAULT_NONE; i++) {
		struct image *img;

		for (size_t at = 0; at < sizeof rgb; at += 3)
			memcpy(rgb + at, colors[i], 3);
		img = image_from_rgb(rgb, size, &x->progress);
		f = img != NULL ? image_reel_add(&reel, img, 100, &info)
				: FAULT_TOO_MUCH_MEMORY;
	}
	if (f == FAULT_NONE)
		f = image_encode_reel(&reel, &how, &data, len, &info);
	image_reel_fini(&reel);
	return f == FAULT_NONE ? data : NULL;
}

/* The samples of all formats. */
static void
try_samples(struct exam *x, struct tried *t)
{
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++) {
		const struct kind kind = { .format = f,
			.name = format_spec(f)->name,
			.data = image_samples[f].data,
			.len = image_samples[f].len,
			.size = { IMAGE_SAMPLE_SIDE, IMAGE_SAMPLE_SIDE },
			.frames = 1,
			.color = IMAGE_SAMPLE_COLOR };

		if (!image_can_read(f))
			note_name(&t->unread, kind.name);
		else
			try_kind(x, &kind, t);
	}
}

static void
try_animation(struct exam *x, struct tried *t)
{
	struct kind kind = { .format = FORMAT_GIF,
		.name = "animated gif",
		.size = { SIDE, SIDE },
		.frames = FRAMES,
		.color = IMAGE_SAMPLE_COLOR };
	void *data;

	if (x->sides[CANDIDATE].settings->limits.frames < FRAMES)
		return;
	data = make_animation(x, &kind.len);
	kind.data = data;
	if (data != NULL)
		try_kind(x, &kind, t);
	free(data);
}

static void
tell_tried(struct exam *x, const struct tried *t)
{
	for (unsigned i = 0; i < REASONS_MAX; i++)
		if (t->reasons[i].names.len > 0)
			exam_say(x, FAULT, LAYER_CODECS, x->fix, "%s: %s",
			    t->reasons[i].names.data, t->reasons[i].why);
	if (t->taken.len > 0)
		exam_say(x, OK, LAYER_CODECS, "", "taken and shown: %s",
		    t->taken.data);
	if (t->unread.len > 0)
		exam_say(x, NOTE, LAYER_CODECS,
		    "install the coder, such as libheif's plugins, if it is "
		    "wanted",
		    "cannot be read on this system, and were not tried: %s",
		    t->unread.data);
}

void
exam_codecs(struct exam *x)
{
	struct tried t = { .taken = { 0 } };

	try_samples(x, &t);
	try_animation(x, &t);
	tell_tried(x, &t);
	buf_fini(&t.taken);
	buf_fini(&t.unread);
	for (unsigned i = 0; i < REASONS_MAX; i++)
		buf_fini(&t.reasons[i].names);
}
