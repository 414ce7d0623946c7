#include "config.h"

/*
 * Reference photos through both masters: every thumbnail of the candidate's in
 * every format, those that are made at their first request too, held against the
 * active one's; or, where that has none like it, against what this program makes
 * of the same picture. And how long both take.
 */

#include "thumbctl_release_exam.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "sniff.h"
#include "stress_photo.h"
#include "trial.h"

#define LAYER_PICTURES "pictures"

/* px of the chart: more than most thumbnails have, and cheap to write as AVIF. */
#define CHART_WIDTH 960
#define CHART_HEIGHT 720

#define PHOTOS_MAX 4 /* of those that came with the version */

/*
 * Where the settings are the same, so is the picture but for what a neighbour in
 * the cascade changes: 34 dB and more. Where they are not, quality 10 in place of
 * 80 gives 18 dB and a tint of 9.
 */
#define PSNR_SAME 32
#define TINT_SAME 6
#define PSNR_LIKE 17
#define TINT_LIKE 12

/* Of thumbnails by the same settings. */
#define BYTES_OFF 0.25
#define BYTES_FEW 1024 /* no matter */

/* How the pictures of a preset of both can be compared. */
enum kinship {
	SAME, /* by the same recipe, unless that shows to be another */
	LIKE, /* of the same size and part of the photo */
	ALONE /* the active one has none like it */
};

/* What is known of one preset so far. */
struct book {
	const struct preset *preset; /* the candidate's */
	const struct preset *other;  /* the active's; NULL: ALONE */
	enum kinship kinship;
	unsigned files, firsts; /* looked at, and made for that */
	unsigned compared;      /* of these */
	double least;           /* dB */
	uint64_t bytes[EXAM_SIDES];
	bool is_faulty; /* one fault of a preset tells it all */
};

struct show {
	struct exam *x;
	struct book books[SETTINGS_PRESETS_MAX];
	unsigned n;
};

/* ---- what can be compared ---- */

static bool
look_the_same(const struct preset *a, const struct preset *b)
{
	return a->width == b->width && a->height == b->height &&
	    a->fit == b->fit && a->gravity == b->gravity &&
	    a->enlarge == b->enlarge &&
	    (a->fit != FIT_PAD || a->background == b->background);
}

static const struct preset *
find_preset(const struct settings *s, const char *name)
{
	for (unsigned i = 0; i < s->n_presets; i++)
		if (strcmp(s->presets[i].name, name) == 0)
			return &s->presets[i];
	return NULL;
}

static void
open_book(struct book *b, const struct preset *preset,
    const struct settings *active)
{
	*b = (struct book){ .preset = preset,
		.kinship = ALONE,
		.least = TRIAL_EQUAL };
	if (active != NULL)
		b->other = find_preset(active, preset->name);
	if (b->other == NULL || !look_the_same(preset, b->other))
		b->other = NULL;
	else
		b->kinship = SAME;
}

static void
begin_show(struct show *s, struct exam *x)
{
	const struct settings *own = x->sides[CANDIDATE].settings;

	*s = (struct show){ .x = x, .n = own->n_presets };
	x->compares = x->sides[ACTIVE].settings != NULL;
	for (unsigned i = 0; i < s->n; i++)
		open_book(&s->books[i], &own->presets[i],
		    x->sides[ACTIVE].settings);
}

void
exam_lose_active(struct exam *x, const char *what)
{
	if (x->compares)
		exam_say(x, NOTE, LAYER_PICTURES,
		    "what the words say; the candidate is no worse for it",
		    "nothing more is compared with %s: %s: %s",
		    exam_name(x, ACTIVE), what, x->why);
	x->compares = false;
}

/* ---- one thumbnail ---- */

/* One file of a preset, of both sides or of one. */
struct sample {
	struct show *show;
	struct book *book;
	const struct exam_reference *ref;
	enum format format;
	struct exam_pixels pixels[EXAM_SIDES]; /* of the candidate's, and of the
						* one beside */
	uint64_t bytes[EXAM_SIDES];            /* 0: not known */
	const char *beside;                    /* who made that one */
	struct variant variants[EXAM_SIDES];
	bool is_same; /* by the same recipe */
};

static void
fail(struct sample *f, const char *words)
{
	f->book->is_faulty = true;
	exam_say(f->show->x, FAULT, LAYER_PICTURES, f->show->x->fix,
	    "%s.%s of %s: %s", f->book->preset->name,
	    format_spec(f->format)->ext, f->ref->name, words);
}

/* 0, or -1 with x->why. */
static int
get_side(struct sample *f, const struct exam_photo *p,
    const struct preset *preset)
{
	struct exam *x = f->show->x;
	struct variant *v = &f->variants[p->side];
	bool is_first;

	exam_enter(x, "asking %s for %s.%s of %s", exam_name(x, p->side),
	    preset->name, format_spec(f->format)->ext, f->ref->name);
	if (exam_variant(x, p, preset, f->format, v, &is_first) == -1 ||
	    exam_look(x, p, v, &f->pixels[p->side]) == -1)
		return -1;
	f->bytes[p->side] = v->bytes;
	if (p->side == CANDIDATE)
		f->book->firsts += is_first;
	return 0;
}

static bool
has_format(const struct preset *preset, enum format format)
{
	for (unsigned i = 0; preset != NULL && i < preset->n_formats; i++)
		if (preset->formats[i] == format)
			return true;
	return false;
}

static void
place(const struct preset *preset, struct size photo, struct placement *out)
{
	geometry_place(photo, (struct size){ preset->width, preset->height },
	    preset->fit, preset->gravity, preset->enlarge, out);
}

/* A file of this program's, read again: coding changes more than versions do. */
static void
code_own(struct sample *f, const struct image *img)
{
	const struct preset *preset = f->book->preset;
	const struct encoding how = { .format = f->format,
		.quality = preset->quality,
		.background = preset->background,
		.progressive = preset->progressive,
		.chroma = preset->chroma };
	struct fault_info info;
	void *data = NULL;
	size_t len;

	if (image_encode(img, &how, &data, &len, &info) == FAULT_NONE &&
	    exam_decode(f->show->x, data, len, &f->pixels[ACTIVE], &info) ==
		FAULT_NONE)
		f->beside = "this thumbctl";
	f->is_same = false;
	free(data);
}

/*
 * What this program makes of the same picture. The part that shows most detail
 * is found on another way here: that is not to be compared.
 */
static void
make_own(struct sample *f)
{
	const struct preset *preset = f->book->preset;
	struct fault_info info;
	struct placement at;
	struct image *img;

	if (f->ref->img == NULL ||
	    (preset->gravity == GRAVITY_SMART && preset->fit == FIT_COVER))
		return;
	place(preset, f->ref->size, &at);
	if (image_place(f->ref->img, &at, preset->background, preset->sharpen,
		&img, &info) == FAULT_NONE) {
		code_own(f, img);
		image_free(img);
	}
}

/* As the preset wants it of this photo, and as the other one has it. */
static bool
has_size(struct sample *f, struct size photo)
{
	const struct size is = f->pixels[CANDIDATE].size;
	struct size want = f->pixels[ACTIVE].size;
	struct placement at;
	char words[160];

	place(f->book->preset, photo, &at);
	if (f->pixels[ACTIVE].rgba == NULL)
		want = at.canvas;
	if (is.width == want.width && is.height == want.height &&
	    is.width == at.canvas.width && is.height == at.canvas.height)
		return true;
	(void)snprintf(words, sizeof words,
	    "%u x %u px, where %s has %u x %u, and its preset means %u x %u",
	    is.width, is.height, f->beside, want.width, want.height,
	    at.canvas.width, at.canvas.height);
	fail(f, words);
	return false;
}

static void
judge_likeness(struct sample *f, const struct trial_likeness *l)
{
	bool same = f->is_same;
	char words[200];

	if (l->psnr < f->book->least)
		f->book->least = l->psnr;
	if (l->right != 0 || l->down != 0)
		(void)snprintf(words, sizeof words,
		    "it lies off where %s has it: %d px to the right, %d px "
		    "down (%.1f dB)",
		    f->beside, l->right, l->down, l->psnr);
	else if (l->tint > (same ? TINT_SAME : TINT_LIKE))
		(void)snprintf(words, sizeof words,
		    "other colours than %s has: by %.0f of 255 (%.1f dB)",
		    f->beside, l->tint, l->psnr);
	else if (l->psnr < (same ? PSNR_SAME : PSNR_LIKE))
		(void)snprintf(words, sizeof words,
		    "another picture than %s has: alike by %.1f dB, and %d is "
		    "wanted",
		    f->beside, l->psnr, same ? PSNR_SAME : PSNR_LIKE);
	else
		return;
	fail(f, words);
}

static void
judge_bytes(struct sample *f)
{
	double own = (double)f->bytes[CANDIDATE];
	double other = (double)f->bytes[ACTIVE];
	char words[160];

	f->book->bytes[CANDIDATE] += f->bytes[CANDIDATE];
	f->book->bytes[ACTIVE] += f->bytes[ACTIVE];
	if (!f->is_same || f->book->is_faulty ||
	    fabs(own - other) <= BYTES_FEW ||
	    fabs(own - other) <= BYTES_OFF * other)
		return;
	(void)snprintf(words, sizeof words,
	    "%.0f bytes, where %s has %.0f, by the same settings", own,
	    f->beside, other);
	fail(f, words);
}

static void
judge(struct sample *f, struct size photo)
{
	struct trial_likeness l;

	f->book->files++;
	if (!has_size(f, photo) || f->pixels[ACTIVE].rgba == NULL)
		return;
	f->book->compared++;
	trial_compare(f->pixels[ACTIVE].rgba, f->pixels[CANDIDATE].rgba,
	    f->pixels[CANDIDATE].size, &l);
	judge_likeness(f, &l);
	if (f->bytes[ACTIVE] > 0)
		judge_bytes(f);
}

/* As they tell them: another version may have others of the same settings. */
static void
compare_recipes(struct sample *f)
{
	f->is_same = strcmp(f->variants[CANDIDATE].recipe,
			 f->variants[ACTIVE].recipe) == 0;
	if (!f->is_same)
		f->book->kinship = LIKE;
}

/* photos[ACTIVE].debt is NULL where there is none. */
static void
compare_file(struct show *s, struct book *book,
    const struct exam_reference *ref,
    const struct exam_photo photos[EXAM_SIDES], enum format format)
{
	struct sample f = { .show = s,
		.book = book,
		.ref = ref,
		.format = format,
		.beside = exam_name(s->x, ACTIVE) };

	if (get_side(&f, &photos[CANDIDATE], book->preset) == -1) {
		fail(&f, s->x->why);
		return;
	}
	if (s->x->compares && has_format(book->other, format) &&
	    get_side(&f, &photos[ACTIVE], book->other) == -1)
		exam_lose_active(s->x, book->preset->name);
	if (f.pixels[ACTIVE].rgba == NULL)
		make_own(&f);
	else
		compare_recipes(&f);
	judge(&f, photos[CANDIDATE].manifest.size);
	free(f.pixels[CANDIDATE].rgba);
	free(f.pixels[ACTIVE].rgba);
}

static void
compare_files(struct show *s, const struct exam_reference *ref,
    const struct exam_photo photos[EXAM_SIDES])
{
	for (unsigned i = 0; i < s->n; i++) {
		struct book *book = &s->books[i];
		unsigned n = ref->all ? book->preset->n_formats : 1;

		for (unsigned k = 0; k < n && !book->is_faulty &&
		     !s->x->sides[CANDIDATE].is_lost;
		     k++)
			compare_file(s, book, ref, photos,
			    book->preset->formats[k]);
	}
}

/* ---- one picture through both ---- */

/* False: not the candidate, and that was said. */
static bool
send_to_both(struct show *s, const struct exam_reference *ref,
    struct exam_photo photos[EXAM_SIDES])
{
	struct exam *x = s->x;

	photos[ACTIVE] = (struct exam_photo){ .side = ACTIVE };
	exam_enter(x, "sending %s to %s", ref->name, exam_name(x, CANDIDATE));
	if (exam_send_marked(x, CANDIDATE, ref->format, ref->data, ref->len,
		&photos[CANDIDATE]) == -1) {
		exam_say(x, FAULT, LAYER_PICTURES, x->fix, "%s: %s", ref->name,
		    x->why);
		return false;
	}
	exam_enter(x, "sending %s to %s", ref->name,
	    s->x->compares ? exam_name(x, ACTIVE) : "");
	if (s->x->compares &&
	    exam_send_marked(x, ACTIVE, ref->format, ref->data, ref->len,
		&photos[ACTIVE]) == -1)
		exam_lose_active(x, ref->name);
	return true;
}

static void
take_back_both(struct show *s, const struct exam_photo photos[EXAM_SIDES])
{
	for (unsigned i = 0; i < EXAM_SIDES; i++)
		if (photos[i].debt != NULL &&
		    !s->x->sides[photos[i].side].is_lost)
			(void)exam_take_back(s->x, &photos[i]);
}

static void
show_picture(struct show *s, const struct exam_reference *ref)
{
	struct exam_photo photos[EXAM_SIDES];

	if (s->x->sides[CANDIDATE].is_lost)
		return;
	if (send_to_both(s, ref, photos))
		compare_files(s, ref, photos);
	take_back_both(s, photos);
}

/* ---- the set ---- */

static bool
is_within(const struct settings *s, const struct sniff *sniff, size_t len)
{
	struct fault_info info;

	/* Some words are put into it. */
	return s == NULL ||
	    (len + 200 <= s->limits.photo &&
		sniff_check(sniff, &s->limits, &info) == FAULT_NONE);
}

static bool
is_within_both(const struct exam *x, const struct sniff *sniff, size_t len)
{
	return is_within(x->sides[CANDIDATE].settings, sniff, len) &&
	    is_within(x->sides[ACTIVE].settings, sniff, len);
}

/* As large as both allow. */
static struct size
chart_size(const struct exam *x)
{
	struct size size = { CHART_WIDTH, CHART_HEIGHT };

	for (unsigned i = 0; i < EXAM_SIDES; i++) {
		const struct settings *s = x->sides[i].settings;

		while (s != NULL && size.width > 4 &&
		    (size.width > s->limits.side ||
			(uint64_t)size.width * size.height >
			    s->limits.pixels)) {
			size.width /= 2;
			size.height /= 2;
		}
	}
	return size;
}

/* Its picture and its file. False with x->why. */
static bool
make_chart(struct exam *x, struct exam_reference *out, void **data)
{
	const struct encoding how = { .format = FORMAT_PNG };
	struct fault_info info = { 0 };
	unsigned char *rgb;

	*out = (struct exam_reference){ .name = "the chart",
		.format = FORMAT_PNG,
		.size = chart_size(x),
		.all = true };
	*data = NULL;
	exam_enter(x, "drawing a chart");
	rgb = trial_chart(out->size);
	if (rgb != NULL)
		out->img = image_from_rgb(rgb, out->size, &x->progress);
	free(rgb);
	if (out->img != NULL &&
	    image_encode(out->img, &how, data, &out->len, &info) ==
		FAULT_NONE) {
		out->data = *data;
		return true;
	}
	(void)snprintf(x->why, sizeof x->why, "no chart can be made: %s",
	    info.cause);
	return false;
}

/* The photos that came with the version, as far as both take them. */
static unsigned
find_photos(struct exam *x, struct stress_photos *photos,
    struct exam_reference refs[PHOTOS_MAX])
{
	struct fault_info info;
	struct sniff sniff;
	unsigned n = 0;
	char why[256];

	if (x->photos == NULL ||
	    stress_photos_open(photos, x->photos, why, sizeof why) == -1)
		return 0;
	for (size_t i = 0; i < photos->n && n < PHOTOS_MAX; i++) {
		const struct stress_photo *p = &photos->list[i];

		if (sniff_read(p->data, p->len, &sniff, &info) == FAULT_NONE &&
		    is_within_both(x, &sniff, p->len))
			refs[n++] =
			    (struct exam_reference){ .name = "a camera's photo",
				    .format = FORMAT_JPEG,
				    .data = p->data,
				    .len = p->len,
				    .size = { p->width, p->height } };
	}
	return n;
}

/* ---- what is said of it ---- */

/* "the same px as blue's", "29.1 dB from blue's". */
static void
likeness_words(const struct show *s, const struct book *b, char *out,
    size_t size)
{
	char than[64] = "what this thumbctl makes";

	if (b->compared == 0) {
		(void)snprintf(out, size, "of the size that is wanted");
		return;
	}
	if (b->bytes[ACTIVE] > 0)
		(void)snprintf(than, sizeof than, "those of %s",
		    exam_name(s->x, ACTIVE));
	if (b->least >= TRIAL_EQUAL)
		(void)snprintf(out, size, "the same px as %s", than);
	else
		(void)snprintf(out, size, "like %s by %.1f dB at least", than,
		    b->least);
}

/* "-14 %" of what the other one's have; "" where there are none. */
static void
bytes_words(const struct book *b, char *out, size_t size)
{
	double own = (double)b->bytes[CANDIDATE];
	double other = (double)b->bytes[ACTIVE];

	out[0] = '\0';
	if (other > 0 && own == other)
		(void)snprintf(out, size, ", as many bytes");
	else if (other > 0)
		(void)snprintf(out, size, ", bytes %+.1f %%",
		    100 * (own - other) / other);
}

static void
tell_book(struct show *s, const struct book *b)
{
	static const char *const kinships[] = { [SAME] = "",
		[LIKE] = " by another recipe",
		[ALONE] = ", which is new or has another size" };
	bool differs =
	    b->kinship != SAME && s->x->sides[ACTIVE].settings != NULL;
	char like[128], bytes[32], firsts[48] = "";

	if (b->is_faulty || b->files == 0)
		return;
	likeness_words(s, b, like, sizeof like);
	bytes_words(b, bytes, sizeof bytes);
	if (b->firsts > 0)
		(void)snprintf(firsts, sizeof firsts,
		    " (%u at the first request)", b->firsts);
	exam_say(s->x, differs ? NOTE : OK, LAYER_PICTURES,
	    differs ? "nothing, where that is meant" : "",
	    "%s%s: %u file%s%s, %s%s", b->preset->name,
	    differs ? kinships[b->kinship] : "", b->files,
	    b->files == 1 ? "" : "s", firsts, like, bytes);
}

/* A finding, where it cannot be drawn: false. */
static bool
begin_pictures(struct exam *x, struct show **s, struct exam_reference *chart,
    void **data)
{
	*data = NULL;
	*s = malloc(sizeof **s);
	if (*s != NULL && make_chart(x, chart, data)) {
		begin_show(*s, x);
		show_picture(*s, chart);
		return true;
	}
	exam_say(x, FAULT, LAYER_PICTURES, "thumbctl doctor", "%s",
	    *s == NULL ? "no memory left" : x->why);
	free(*s);
	return false;
}

static void
end_pictures(struct show *s, struct exam_reference *chart, void *data)
{
	image_free(chart->img);
	free(data);
	free(s);
}

static void
tell_books(struct show *s)
{
	for (unsigned i = 0; i < s->n; i++)
		tell_book(s, &s->books[i]);
}

void
exam_pictures(struct exam *x)
{
	struct exam_reference chart, photos[PHOTOS_MAX];
	struct stress_photos files = { 0 };
	struct show *s;
	void *data;
	unsigned n;

	if (!begin_pictures(x, &s, &chart, &data))
		return;
	n = find_photos(x, &files, photos);
	for (unsigned i = 0; i < n; i++)
		show_picture(s, &photos[i]);
	tell_books(s);
	if (n == 0)
		exam_say(x, NOTE, LAYER_PICTURES,
		    "JPEGs in share/photos of the version",
		    "there is no camera's photo that both would take: only a "
		    "drawn chart was compared");
	exam_race(x, n > 0 ? &photos[0] : &chart);
	stress_photos_close(&files);
	end_pictures(s, &chart, data);
}

void
exam_chart(struct exam *x)
{
	struct exam_reference chart;
	struct show *s;
	void *data;

	if (!begin_pictures(x, &s, &chart, &data))
		return;
	tell_books(s);
	end_pictures(s, &chart, data);
}
