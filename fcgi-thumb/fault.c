#include "config.h"

/*
 * The one table of refusals. Everything that is said about a fault, by a
 * worker, by nginx or by the documentation, is taken from here.
 */

#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "figures.h"

/* What a limit counts. */
enum fault_unit {
	UNIT_NONE, /* nothing, or what only its detail can say */
	UNIT_BYTES,
	UNIT_MEGAPIXELS, /* in pixels */
	UNIT_PX,
	UNIT_FRAMES,
	UNIT_PASSES,
	UNIT_PHOTOS
};

struct fault_row {
	const char *code;
	int status;
	int retry_after; /* seconds, 0: no use */
	enum fault_unit unit;
	struct fault_words words[LANGUAGE_COUNT];
};

#define EN(title, advice) [LANGUAGE_EN] = { title, advice }
#define KO(title, advice) [LANGUAGE_KO] = { title, advice }

static const struct fault_row table[] = {
	[FAULT_NONE] = { "none", 0, 0, UNIT_NONE,
	    { EN("no fault", ""), KO("", "") } },
	[FAULT_BAD_REQUEST] = { "bad-request", 400, 0, UNIT_NONE,
	    { EN("The request is malformed",
		  "Go back, reload the page and send the photos again."),
		KO("요청의 형식이 올바르지 않습니다",
		    "이전 페이지를 새로 고친 뒤 사진을 다시 올려 주세요.") } },
	[FAULT_MULTIPART_SYNTAX] = { "multipart-syntax", 400, 0, UNIT_NONE,
	    { EN("The form data is malformed",
		  "Go back, reload the page and send the photos again."),
		KO("업로드 데이터의 형식이 올바르지 않습니다",
		    "이전 페이지를 새로 고친 뒤 사진을 다시 올려 주세요.") } },
	[FAULT_BODY_TRUNCATED] = { "body-truncated", 400, 0, UNIT_NONE,
	    { EN("The upload ended before its announced end",
		  "Reload this page to send the photos again."),
		KO("업로드가 도중에 끊겼습니다",
		    "이 페이지를 새로 고치면 사진을 다시 보냅니다.") } },
	[FAULT_NO_FILE] = { "no-file", 400, 0, UNIT_NONE,
	    { EN("There is no photo in the form",
		  "Go back, choose photos and send them."),
		KO("양식에 사진이 없습니다",
		    "이전 페이지로 돌아가 사진을 고른 뒤 올려 주세요.") } },
	[FAULT_TOKEN_INVALID] = { "token-invalid", 403, 0, UNIT_NONE,
	    { EN("This upload has no valid token",
		  "Reload the page that you sent it from and try again; if "
		  "that does not help, ask its operator."),
		KO("이 업로드에는 유효한 토큰이 없습니다",
		    "사진을 보낸 페이지를 새로 고친 뒤 다시 올려 주세요. 계속 "
		    "안 되면 운영자에게 문의해 주세요.") } },
	[FAULT_TOKEN_EXPIRED] = { "token-expired", 403, 0, UNIT_NONE,
	    { EN("The token of this upload has expired",
		  "Reload the page that you sent it from to get a new one, and "
		  "send the photos again."),
		KO("이 업로드의 토큰이 만료되었습니다",
		    "사진을 보낸 페이지를 새로 고친 뒤 다시 올려 주세요.") } },
	[FAULT_NOT_FOUND] = { "not-found", 404, 0, UNIT_NONE,
	    { EN("There is nothing here",
		  "Check the address: perhaps it was deleted."),
		KO("이 주소에는 아무것도 없습니다",
		    "주소를 확인해 주세요. 삭제되었을 수도 있습니다.") } },
	[FAULT_METHOD_NOT_ALLOWED] = { "method-not-allowed", 405, 0, UNIT_NONE,
	    { EN("This method is not for this address",
		  "Send photos with the form of the upload page."),
		KO("이 주소에서 쓸 수 없는 요청입니다",
		    "업로드 페이지의 양식으로 사진을 올려 주세요.") } },
	[FAULT_BODY_TIMEOUT] = { "body-timeout", 408, 0, UNIT_NONE,
	    { EN("The upload did not arrive in time",
		  "Send fewer photos at once, or over a faster connection."),
		KO("업로드가 제시간에 도착하지 않았습니다",
		    "한 번에 더 적은 사진을 올리거나 더 빠른 네트워크에서 올려 "
		    "주세요.") } },
	[FAULT_BODY_TOO_LARGE] = { "body-too-large", 413, 0, UNIT_BYTES,
	    { EN("The upload is too large",
		  "Send fewer photos at once, or smaller ones."),
		KO("업로드가 너무 큽니다",
		    "사진을 나누어 올리거나 크기를 줄여서 올려 주세요.") } },
	[FAULT_PHOTO_TOO_LARGE] = { "photo-too-large", 413, 0, UNIT_BYTES,
	    { EN("The photo has too many bytes",
		  "Scale it down, or save it with a lower quality, and send "
		  "that."),
		KO("사진 파일이 너무 큽니다",
		    "크기나 화질을 줄여서 올려 주세요.") } },
	[FAULT_TOO_MANY_FILES] = { "too-many-files", 413, 0, UNIT_PHOTOS,
	    { EN("There are too many photos in one upload",
		  "Send them in several uploads."),
		KO("한 번에 올린 사진이 너무 많습니다",
		    "여러 번에 나누어 올려 주세요.") } },
	[FAULT_BANNED] = { "banned", 403, 0, UNIT_NONE,
	    { EN("This photo is not accepted here",
		  "Why, the operator of this service can say."),
		KO("이 사진은 여기에 올릴 수 없습니다",
		    "이유는 운영자에게 문의해 주세요.") } },
	[FAULT_UNSUPPORTED_FORMAT] = { "unsupported-format", 415, 0, UNIT_NONE,
	    { EN("This is not a picture of an accepted format",
		  "Save it as JPEG or PNG, and send that."),
		KO("받을 수 있는 형식의 사진이 아닙니다",
		    "JPEG나 PNG로 저장해서 올려 주세요.") } },
	[FAULT_CORRUPT_IMAGE] = { "corrupt-image", 422, 0, UNIT_NONE,
	    { EN("The picture is damaged",
		  "Open it in a photo program, save it anew and send that."),
		KO("사진 파일이 손상되었습니다",
		    "사진 앱에서 열어 새로 저장한 뒤 올려 주세요.") } },
	[FAULT_TOO_MANY_PIXELS] = { "too-many-pixels", 422, 0, UNIT_MEGAPIXELS,
	    { EN("The picture has too many pixels",
		  "Scale it down and send that."),
		KO("사진의 화소 수가 너무 많습니다",
		    "크기를 줄여서 올려 주세요.") } },
	[FAULT_SIDE_TOO_LONG] = { "side-too-long", 422, 0, UNIT_PX,
	    { EN("A side of the picture is too long",
		  "Scale it down or crop it, and send that."),
		KO("사진의 한 변이 너무 깁니다",
		    "크기를 줄이거나 잘라 내서 올려 주세요.") } },
	[FAULT_TOO_MANY_FRAMES] = { "too-many-frames", 422, 0, UNIT_FRAMES,
	    { EN("The animation has too many frames", "Send a shorter one."),
		KO("애니메이션의 프레임이 너무 많습니다",
		    "더 짧은 것으로 올려 주세요.") } },
	[FAULT_TOO_MANY_SCANS] = { "too-many-scans", 422, 0, UNIT_PASSES,
	    { EN("The picture is coded in too many passes",
		  "Save it anew and send that."),
		KO("사진이 너무 많은 단계로 압축되어 있습니다",
		    "새로 저장해서 올려 주세요.") } },
	[FAULT_TOO_MUCH_MEMORY] = { "too-much-memory", 422, 0, UNIT_BYTES,
	    { EN("The picture needs too much memory",
		  "Scale it down and send that."),
		KO("사진을 여는 데 메모리가 너무 많이 필요합니다",
		    "크기를 줄여서 올려 주세요.") } },
	[FAULT_RENDER_TIMEOUT] = { "render-timeout", 422, 0, UNIT_NONE,
	    { EN("The picture takes too long to convert",
		  "Scale it down, or save it as JPEG, and send that."),
		KO("사진을 변환하는 데 시간이 너무 오래 걸립니다",
		    "크기를 줄이거나 JPEG로 저장해서 올려 주세요.") } },
	[FAULT_POISON] = { "poison", 422, 0, UNIT_NONE,
	    { EN("Converting this picture has failed before",
		  "Save it in another format, such as JPEG, and send that."),
		KO("전에 이 사진을 변환하다가 실패한 적이 있습니다",
		    "JPEG 등 다른 형식으로 저장해서 올려 주세요.") } },
	[FAULT_RATE_LIMITED] = { "rate-limited", 429, 1, UNIT_NONE,
	    { EN("Too many uploads in a short time",
		  "Wait a moment, then reload this page to send the photos "
		  "again."),
		KO("짧은 시간에 너무 많이 올렸습니다",
		    "잠시 뒤 이 페이지를 새로 고치면 사진을 다시 "
		    "보냅니다.") } },
	[FAULT_OVERLOADED] = { "overloaded", 503, 2, UNIT_NONE,
	    { EN("The service has more to do than it can take just now",
		  "Wait a moment, then reload this page to send the photos "
		  "again."),
		KO("지금 서비스에 일이 몰려 있습니다",
		    "잠시 뒤 이 페이지를 새로 고치면 사진을 다시 "
		    "보냅니다.") } },
	[FAULT_OFFLINE] = { "offline", 503, 30, UNIT_NONE,
	    { EN("Photos cannot be stored at the moment",
		  "Reload this page later to send the photos again; those that "
		  "are here can be seen meanwhile."),
		KO("지금은 사진을 저장할 수 없습니다",
		    "나중에 이 페이지를 새로 고치면 사진을 다시 보냅니다. 이미 "
		    "올린 사진은 그동안에도 볼 수 있습니다.") } },
	[FAULT_STORAGE_FULL] = { "storage-full", 507, 0, UNIT_NONE,
	    { EN("There is no space left for photos",
		  "The operator has to make some first; try again later."),
		KO("사진을 저장할 공간이 없습니다",
		    "운영자가 먼저 공간을 마련해야 합니다. 나중에 다시 올려 "
		    "주세요.") } },
	[FAULT_INTERNAL] = { "internal", 500, 0, UNIT_NONE,
	    { EN("Something went wrong on the server",
		  "Reload this page to send the photos again; if it happens "
		  "again, tell the operator."),
		KO("서버에서 문제가 생겼습니다",
		    "이 페이지를 새로 고치면 사진을 다시 보냅니다. 또 생기면 "
		    "운영자에게 알려 주세요.") } },
	[FAULT_WORKER_LOST] = { "worker-lost", 502, 0, UNIT_NONE,
	    { EN("The service broke off while it read the upload",
		  "Reload this page to send the photos again: what is here "
		  "already is not stored twice."),
		KO("업로드를 읽는 도중에 서비스가 끊겼습니다",
		    "이 페이지를 새로 고치면 사진을 다시 보냅니다. 같은 사진이 "
		    "두 번 저장되지는 않습니다.") } },
	[FAULT_TOO_SLOW] = { "too-slow", 504, 0, UNIT_NONE,
	    { EN("The answer took too long",
		  "Send fewer photos at once, or try again later."),
		KO("응답이 너무 오래 걸렸습니다",
		    "한 번에 더 적은 사진을 올리거나 나중에 다시 올려 "
		    "주세요.") } },
};
_Static_assert(sizeof table / sizeof table[0] == FAULT_COUNT,
    "every fault has its row");

const char *
fault_code(enum fault f)
{
	return table[f].code;
}

int
fault_status(enum fault f)
{
	return table[f].status;
}

const char *
fault_reason(enum fault f)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 507, "Insufficient Storage" },
	};

	for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == table[f].status)
			return reasons[i].reason;
	return "";
}

const struct fault_words *
fault_words(enum fault f, enum language language)
{
	return &table[f].words[language];
}

const char *
fault_title(enum fault f)
{
	return fault_words(f, LANGUAGE_EN)->title;
}

/* More digits than this tell nothing to people. */
#define DIGITS_MAX 6

/* A limit or what came in words: "64 megapixels", "16,000 px", "1 frame". */
static void
put_value(struct buf *out, enum fault_unit unit, unsigned long long n,
    int digits, enum language language)
{
	static const char *const names[][LANGUAGE_COUNT] = {
		[UNIT_MEGAPIXELS] = { "\u00a0megapixel", "\u00a0메가픽셀" },
		[UNIT_PX] = { "\u00a0px", "\u00a0px" },
		[UNIT_FRAMES] = { "\u00a0frame", "프레임" },
		[UNIT_PASSES] = { "\u00a0pass", "단계" },
		[UNIT_PHOTOS] = { "\u00a0photo", "장" },
	};
	double value = unit == UNIT_MEGAPIXELS ? (double)n / 1e6 : (double)n;

	if (unit == UNIT_BYTES) {
		figures_bytes(out, n, digits, language);
		return;
	}
	figures_number(out, value, digits);
	buf_puts(out, names[unit][language]);
	if (language == LANGUAGE_EN && unit != UNIT_PX && value != 1)
		buf_puts(out, unit == UNIT_PASSES ? "es" : "s");
}

/*
 * Both values with so many digits that they differ: one byte over 32 MB is not
 * "32 MB; the limit is 32 MB".
 */
static void
put_both(struct buf *limit, struct buf *actual, const struct fault_info *info,
    enum language language)
{
	enum fault_unit unit = table[info->fault].unit;
	int digits = 1;

	do {
		buf_fini(limit);
		buf_fini(actual);
		put_value(limit, unit, info->limit, digits, language);
		put_value(actual, unit, info->actual, digits, language);
	} while (!limit->failed && !actual->failed && digits++ < DIGITS_MAX &&
	    strcmp(limit->data, actual->data) == 0);
}

void
fault_measures(const struct fault_info *info, enum language language,
    struct buf *out)
{
	struct buf limit = { 0 }, actual = { 0 };

	if (!info->has_limit || table[info->fault].unit == UNIT_NONE)
		return;
	put_both(&limit, &actual, info, language);
	if (limit.failed || actual.failed)
		out->failed = true;
	else if (language == LANGUAGE_KO)
		buf_printf(out, "(한도 %s, 실제 %s)", limit.data, actual.data);
	else
		buf_printf(out, ": %s; the limit here is %s", actual.data,
		    limit.data);
	buf_fini(&limit);
	buf_fini(&actual);
}

int
fault_retry_after(enum fault f)
{
	return table[f].retry_after;
}

int
fault_wait(const struct fault_info *info)
{
	int64_t left = info->until - (int64_t)time(NULL);

	if (info->until == 0)
		return fault_retry_after(info->fault);
	if (left < 1)
		return 1;
	return left < FAULT_WAIT_MAX ? (int)left : FAULT_WAIT_MAX;
}

static void __attribute__((format(printf, 3, 0)))
start(struct fault_info *info, enum fault f, const char *detail, va_list ap)
{
	*info = (struct fault_info){ .fault = f };
	(void)vsnprintf(info->detail, sizeof info->detail, detail, ap);
}

enum fault
fault_set(struct fault_info *info, enum fault f, const char *detail, ...)
{
	va_list ap;

	va_start(ap, detail);
	start(info, f, detail, ap);
	va_end(ap);
	return f;
}

enum fault
fault_limit(struct fault_info *info, enum fault f, unsigned long long limit,
    unsigned long long actual, const char *detail, ...)
{
	va_list ap;

	va_start(ap, detail);
	start(info, f, detail, ap);
	va_end(ap);
	info->has_limit = true;
	info->limit = limit;
	info->actual = actual;
	return f;
}

static enum fault
by_errno(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG: /* a file size limit on the process */
		return FAULT_STORAGE_FULL;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return FAULT_OVERLOADED;
	case EIO: /* a disk that fails, which Linux then makes read-only */
	case EROFS:
		return FAULT_OFFLINE;
	default:
		return FAULT_INTERNAL;
	}
}

enum fault
fault_errno(struct fault_info *info, const char *what)
{
	int error = errno;
	enum fault f = fault_set(info, by_errno(error), "%s", "");

	(void)snprintf(info->cause, sizeof info->cause, "%s: %s", what,
	    strerror(error));
	return f;
}
