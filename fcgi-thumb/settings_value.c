#include "config.h"

/*
 * What each kind of value is: how it is written, between which bounds, how it
 * is kept in memory. Text to value and back. Knows no key by name, no file and
 * no libconfig; says what is wrong in words and prints nothing.
 */

#include "settings_table.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

#define DIGITS "0123456789"

#define NELEM(array) (sizeof(array) / sizeof(array)[0])

static const char *const fits[] = {
	[FIT_INSIDE] = "inside",
	[FIT_COVER] = "cover",
	[FIT_PAD] = "pad",
};
_Static_assert(NELEM(fits) == FIT_COUNT, "every fit has its name");

static const char *const gravities[] = {
	[GRAVITY_CENTER] = "center",
	[GRAVITY_NORTH] = "north",
	[GRAVITY_NORTHEAST] = "northeast",
	[GRAVITY_EAST] = "east",
	[GRAVITY_SOUTHEAST] = "southeast",
	[GRAVITY_SOUTH] = "south",
	[GRAVITY_SOUTHWEST] = "southwest",
	[GRAVITY_WEST] = "west",
	[GRAVITY_NORTHWEST] = "northwest",
	[GRAVITY_SMART] = "smart",
};
_Static_assert(NELEM(gravities) == GRAVITY_COUNT, "every gravity has its name");

static const char *const chromas[] = {
	[CHROMA_420] = "420",
	[CHROMA_422] = "422",
	[CHROMA_444] = "444",
};
_Static_assert(NELEM(chromas) == CHROMA_COUNT, "every chroma has its name");

static const char *const auths[] = {
	[AUTH_NONE] = "none",
	[AUTH_TOKEN] = "token",
	[AUTH_REQUEST] = "request",
};
_Static_assert(NELEM(auths) == AUTH_COUNT, "every way has its name");

static const char *const sandboxes[] = {
	[SANDBOX_MODE_BEST] = "best",
	[SANDBOX_MODE_STRICT] = "strict",
	[SANDBOX_MODE_OFF] = "off",
};
_Static_assert(NELEM(sandboxes) == SANDBOX_MODE_COUNT,
    "every mode has its name");

static const char *const resizes[] = {
	[RESIZE_FAST] = "fast",
	[RESIZE_BEST] = "best",
};
_Static_assert(NELEM(resizes) == RESIZE_COUNT, "every way has its name");

static const char *const engines[] = {
	[ENGINE_CHOICE_AUTO] = "auto",
	[ENGINE_CHOICE_MAGICK] = "magick",
};
_Static_assert(NELEM(engines) == ENGINE_CHOICE_COUNT,
    "every choice has its name");

static const char *const slots[] = {
	[SLOT_NONE] = "none",
	[SLOT_BLUE] = "blue",
	[SLOT_GREEN] = "green",
};
_Static_assert(NELEM(slots) == SLOT_COUNT, "every slot has its name");

static const char *const flags[] = { "false", "true" };

struct kind {
	const char *type;
	unsigned written;
	const char *const *names; /* of a choice */
};

static const struct kind kinds[] = {
	[KIND_FLAG] = { "flag", WRITTEN_FLAG, flags },
	[KIND_NUMBER] = { "count", WRITTEN_NUMBER, NULL },
	[KIND_SIDE] = { "px", WRITTEN_NUMBER, NULL },
	[KIND_SECONDS] = { "seconds", WRITTEN_NUMBER, NULL },
	[KIND_DURATION] = { "duration", WRITTEN_TEXT, NULL },
	[KIND_PERCENT] = { "percent", WRITTEN_TEXT, NULL },
	[KIND_BYTES] = { "bytes", WRITTEN_NUMBER | WRITTEN_TEXT, NULL },
	[KIND_PIXELS] = { "pixels", WRITTEN_NUMBER | WRITTEN_TEXT, NULL },
	[KIND_RATE] = { "rate", WRITTEN_TEXT, NULL },
	[KIND_MODE] = { "mode", WRITTEN_TEXT, NULL },
	[KIND_COLOR] = { "color", WRITTEN_TEXT, NULL },
	[KIND_FIT] = { "choice", WRITTEN_TEXT, fits },
	[KIND_GRAVITY] = { "choice", WRITTEN_TEXT, gravities },
	[KIND_CHROMA] = { "choice", WRITTEN_TEXT, chromas },
	[KIND_AUTH] = { "choice", WRITTEN_TEXT, auths },
	[KIND_SANDBOX] = { "choice", WRITTEN_TEXT, sandboxes },
	[KIND_RESIZE] = { "choice", WRITTEN_TEXT, resizes },
	[KIND_ENGINE] = { "choice", WRITTEN_TEXT, engines },
	[KIND_SLOT] = { "choice", WRITTEN_TEXT, slots },
	[KIND_PATH] = { "path", WRITTEN_TEXT, NULL },
	[KIND_USER] = { "user", WRITTEN_TEXT, NULL },
	[KIND_GROUP] = { "group", WRITTEN_TEXT, NULL },
	[KIND_PREFIX] = { "prefix", WRITTEN_TEXT, NULL },
	[KIND_URL] = { "URL", WRITTEN_TEXT, NULL },
	[KIND_NAME] = { "name", WRITTEN_TEXT, NULL },
	[KIND_URI] = { "address", WRITTEN_TEXT, NULL },
	[KIND_HOST] = { "host", WRITTEN_TEXT, NULL },
	[KIND_COOKIE] = { "cookie", WRITTEN_TEXT, NULL },
	[KIND_LOG_SERVICE] = { "log", WRITTEN_TEXT, NULL },
	[KIND_LOG_ACCESS] = { "log", WRITTEN_TEXT, NULL },
	[KIND_LOG_COPY] = { "log", WRITTEN_TEXT, NULL },
	[KIND_ORIGINS] = { "origins", WRITTEN_LIST, NULL },
	[KIND_NETS] = { "networks", WRITTEN_LIST, NULL },
	[KIND_FORMATS] = { "formats", WRITTEN_LIST, NULL },
};
_Static_assert(NELEM(kinds) == KIND_COUNT, "every kind has its row");

const char *
settings_slot_name(enum release_slot slot)
{
	return slots[slot];
}

const char *
setting_type(const struct setting *row)
{
	return kinds[row->kind].type;
}

unsigned
setting_written(const struct setting *row)
{
	return kinds[row->kind].written;
}

bool
setting_is_number(const struct setting *row)
{
	return row->kind < KIND_PATH;
}

bool
setting_is_text_list(const struct setting *row)
{
	return row->kind == KIND_ORIGINS || row->kind == KIND_NETS;
}

static int
parse_name(const struct setting *row, const char *text, unsigned long long *out)
{
	const char *const *names = kinds[row->kind].names;

	for (unsigned long long i = 0; i <= row->max; i++)
		if (strcmp(names[i], text) == 0) {
			*out = i;
			return 0;
		}
	return -1;
}

/* Exactly these digits and no other byte: strtoull forgives signs and space. */
static int
parse_digits(const char *text, const char *digits, int base,
    unsigned long long *out)
{
	if (strspn(text, digits) != strlen(text))
		return -1;
	*out = strtoull(text, NULL, base);
	return 0;
}

static int
parse_rate(const char *text, unsigned long long *out)
{
	char digits[21]; /* of 2^64 - 1, and NUL */
	size_t len = strspn(text, DIGITS);

	if (len >= sizeof digits || strcmp(text + len, "/s") != 0)
		return -1;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return number_parse(digits, 0, UINT64_MAX, out);
}

/* Thousandths of "95.83", "99" or "99.999". */
static int
parse_percent(const char *text, unsigned long long *out)
{
	size_t whole = strspn(text, DIGITS);
	const char *dot = text + whole;
	unsigned long long value = 0;
	size_t places = *dot == '.' ? strspn(dot + 1, DIGITS) : 0;

	if (whole < 1 || whole > 3 || places > 3 ||
	    (*dot == '.' && places == 0) ||
	    (*dot == '.' ? dot[1 + places] : *dot) != '\0')
		return -1;
	for (size_t i = 0; i < whole; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	for (size_t i = 0; i < 3; i++)
		value = value * 10 +
		    (i < places ? (unsigned)(dot[1 + i] - '0') : 0);
	*out = value;
	return 0;
}

int
setting_parse(const struct setting *row, const char *text,
    unsigned long long *out)
{
	size_t len = strlen(text);

	if (kinds[row->kind].names != NULL)
		return parse_name(row, text, out);
	switch (row->kind) {
	case KIND_BYTES:
		return number_parse_scaled(text, 1024, out);
	case KIND_PIXELS:
		return number_parse_scaled(text, 1000, out);
	case KIND_DURATION:
		return number_parse_duration(text, out);
	case KIND_PERCENT:
		return parse_percent(text, out);
	case KIND_RATE:
		return parse_rate(text, out);
	case KIND_MODE:
		if (len < 3 || len > 4)
			return -1;
		return parse_digits(text, "01234567", 8, out);
	case KIND_COLOR:
		if (len != 7 || text[0] != '#')
			return -1;
		return parse_digits(text + 1, DIGITS "abcdefABCDEF", 16, out);
	default:
		return number_parse(text, 0, UINT64_MAX, out);
	}
}

/* "32M" where a suffix says it exactly, else plain digits. */
static void
format_scaled(unsigned long long value, unsigned base, char *out, size_t size)
{
	static const char suffixes[] = "\0KMG";
	unsigned i = 0;

	while (value > 0 && value % base == 0 && i < sizeof suffixes - 2) {
		value /= base;
		i++;
	}
	(void)snprintf(out, size, "%llu%.1s", value, &suffixes[i]);
}

/* "30d" where a unit says it exactly, else plain seconds. */
static void
format_duration(unsigned long long value, char *out, size_t size)
{
	static const struct {
		unsigned seconds;
		char suffix;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	while (value % units[i].seconds != 0)
		i++;
	(void)snprintf(out, size, "%llu%c", value / units[i].seconds,
	    units[i].suffix);
}

/* "95.83": no zeros at the end. */
static void
format_percent(unsigned long long value, char *out, size_t size)
{
	int places = 3;
	unsigned long long rest = value % 1000;

	while (places > 0 && rest % 10 == 0) {
		rest /= 10;
		places--;
	}
	if (places == 0)
		(void)snprintf(out, size, "%llu", value / 1000);
	else
		(void)snprintf(out, size, "%llu.%0*llu", value / 1000, places,
		    rest);
}

void
setting_format(const struct setting *row, unsigned long long value, char *out,
    size_t size)
{
	const char *const *names = kinds[row->kind].names;

	if (names != NULL) {
		(void)snprintf(out, size, "%s", names[value]);
		return;
	}
	switch (row->kind) {
	case KIND_BYTES:
		format_scaled(value, 1024, out, size);
		break;
	case KIND_PIXELS:
		format_scaled(value, 1000, out, size);
		break;
	case KIND_DURATION:
		format_duration(value, out, size);
		break;
	case KIND_PERCENT:
		format_percent(value, out, size);
		break;
	case KIND_RATE:
		(void)snprintf(out, size, "%llu/s", value);
		break;
	case KIND_MODE:
		(void)snprintf(out, size, "%04llo", value);
		break;
	case KIND_COLOR:
		(void)snprintf(out, size, "#%06llx", value);
		break;
	default:
		(void)snprintf(out, size, "%llu", value);
		break;
	}
}

/* All names that pass, in one line. */
static void
join_names(const struct setting *row, char *out, size_t size)
{
	size_t len = 0;

	for (unsigned i = 0; i <= row->max; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s",
		    i > 0 ? ", " : "", kinds[row->kind].names[i]);
}

static void
join_formats(char *out, size_t size)
{
	size_t len =
	    (size_t)snprintf(out, size, "at least one and each once of ");
	const char *comma = "";

	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++)
		if (format_spec(f)->writes) {
			len += (size_t)snprintf(out + len, size - len, "%s%s",
			    comma, format_spec(f)->name);
			comma = ", ";
		}
}

static void
range_of_numbers(const struct setting *row, char *out, size_t size)
{
	char min[24], max[24];

	setting_format(row, row->min, min, sizeof min);
	setting_format(row, row->max, max, sizeof max);
	(void)snprintf(out, size, "%s..%s", min, max);
}

void
setting_range(const struct setting *row, char *out, size_t size)
{
	const char *or_none = row->min == 0 ? "\"\" or " : "";
	const char *words = NULL;

	switch (row->kind) {
	case KIND_FORMATS:
		join_formats(out, size);
		return;
	case KIND_ORIGINS:
		(void)snprintf(out, size,
		    "at most %llu of http://host[:port] or "
		    "https://host[:port], each once, or \"*\" alone",
		    row->max);
		return;
	case KIND_NETS:
		(void)snprintf(out, size,
		    "at most %llu IPv4 or IPv6 addresses or networks such as "
		    "10.0.0.0/8, each once",
		    row->max);
		return;
	case KIND_LOG_SERVICE:
		words = "file, stderr, journal[:/path], syslog[:/path] or "
			"syslog:host[:port], at most";
		break;
	case KIND_LOG_ACCESS:
		words = "file, off, journal, syslog[:/path] or "
			"syslog:host[:port], at most";
		break;
	case KIND_LOG_COPY:
		words = "file, journal[:/path], syslog[:/path] or "
			"syslog:host[:port], at most";
		break;
	case KIND_URI:
		words = "/path of letters, digits and ._~/-, at most";
		break;
	case KIND_HOST:
		words = "a host or address, [ ] around one of IPv6, and "
			":port where it is another, at most";
		break;
	case KIND_COOKIE:
		words = "a cookie of letters, digits and _, at most";
		break;
	case KIND_PATH:
		words = "absolute, letters, digits, non-ASCII and "
			"/._~+@=,%-, at most";
		break;
	case KIND_USER:
		words = "a user of letters, digits and ._-, at most";
		break;
	case KIND_GROUP:
		words = "a group of letters, digits and ._-, at most";
		break;
	case KIND_PREFIX:
		words = "/path of letters, digits and ._~/-, no / at the end, "
			"no //, /./ or .., at most";
		break;
	case KIND_URL:
		words = "http://host[:port] or https://host[:port] and "
			"nothing behind, at most";
		break;
	case KIND_NAME:
		words = "[a-z][a-z0-9_-]*, each once, not meta, at most";
		break;
	default:
		if (kinds[row->kind].names != NULL)
			join_names(row, out, size);
		else
			range_of_numbers(row, out, size);
		return;
	}
	(void)snprintf(out, size, "%s%s %llu bytes", or_none, words, row->max);
}

unsigned long long
setting_get(const struct setting *row, const void *base)
{
	const char *member = (const char *)base + row->offset;
	uint64_t wide;
	uint32_t word;

	if (row->kind == KIND_FLAG)
		return *(const bool *)member;
	if (row->size == sizeof wide) {
		memcpy(&wide, member, sizeof wide);
		return wide;
	}
	memcpy(&word, member, sizeof word);
	return word;
}

void
setting_put(const struct setting *row, void *base, unsigned long long value)
{
	char *member = (char *)base + row->offset;
	uint64_t wide = value;
	uint32_t word = (uint32_t)value;

	if (row->kind == KIND_FLAG)
		*(bool *)member = value != 0;
	else if (row->size == sizeof wide)
		memcpy(member, &wide, sizeof wide);
	else
		memcpy(member, &word, sizeof word);
}

const char *
setting_get_text(const struct setting *row, const void *base)
{
	const char *member = (const char *)base + row->offset;
	const char *text;

	if (row->kind == KIND_NAME)
		return member;
	memcpy(&text, member, sizeof text);
	return text;
}

int
setting_put_text(const struct setting *row, void *base, const char *text)
{
	char *member = (char *)base + row->offset;
	size_t len = strlen(text);
	char *copy, *old;

	if (row->kind == KIND_NAME) {
		memcpy(member, text, len + 1);
		return 0;
	}
	while (row->kind == KIND_PATH && len > 1 && text[len - 1] == '/')
		len--;
	copy = strndup(text, len);
	if (copy == NULL)
		return -1;
	memcpy(&old, member, sizeof old);
	free(old);
	memcpy(member, &copy, sizeof copy);
	return 0;
}
