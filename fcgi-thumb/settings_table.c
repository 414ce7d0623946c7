#include "config.h"

/*
 * The table of keys: what can be set, between which bounds, and what holds when
 * nothing is set. Loading, printing, documentation and the tests go by it.
 * Knows nothing of files; nothing here can fail.
 */

#include "settings_table.h"

#include <stdio.h>
#include <string.h>

#include "target.h"

#define MEMBER(type, member) \
	offsetof(struct type, member), sizeof(((struct type *)NULL)->member)
#define TOP(member) SCOPE_TOP, #member, MEMBER(settings, member)
#define LIMIT(member) SCOPE_LIMITS, #member, MEMBER(settings, limits.member)
#define PRESET(member) SCOPE_PRESET, #member, MEMBER(preset, member)

#define KI (1ULL << 10)
#define MI (1ULL << 20)
#define GI (1ULL << 30)
#define DAY 86400ULL

#define PATH_LEN_MAX 1000 /* leaves room below PATH_MAX for what lies in it */

/* "syslog:", a host in brackets and a port. */
#define LOG_LEN_MAX (7 + TARGET_HOST_MAX + 8)

/* sun_path has 108 bytes with its NUL: unix(7). */
#define RUN_LEN_MAX (107 - sizeof "/control.sock" + 1)

/* clang-format off */
const struct setting setting_table[] = {
	{ TOP(data), KIND_PATH, 1, PATH_LEN_MAX, LOCALSTATEDIR "/lib/fcgi-thumb" },
	{ TOP(run), KIND_PATH, 1, RUN_LEN_MAX, RUNSTATEDIR "/fcgi-thumb" },
	{ TOP(logs), KIND_PATH, 0, PATH_LEN_MAX, LOCALSTATEDIR "/log/fcgi-thumb" },
	{ TOP(ledger), KIND_PATH, 1, PATH_LEN_MAX, LOCALSTATEDIR "/log/fcgi-thumb/ledger" },
	{ TOP(log_service), KIND_LOG_SERVICE, 1, LOG_LEN_MAX, "file" },
	{ TOP(log_access), KIND_LOG_ACCESS, 1, LOG_LEN_MAX, "file" },
	{ TOP(log_ledger), KIND_LOG_COPY, 1, LOG_LEN_MAX, "file" },
	{ TOP(html), KIND_PATH, 1, PATH_LEN_MAX, PKGDATADIR "/html" },
	{ TOP(page), KIND_FLAG, 0, 1, "true" },
	{ TOP(user), KIND_USER, 0, 32, "" },
	{ TOP(group), KIND_GROUP, 0, 32, "" },
	{ TOP(socket_mode), KIND_MODE, 0600, 0777, "0660" },
	{ TOP(socket_group), KIND_GROUP, 0, 32, "" },
	{ TOP(workers), KIND_NUMBER, 0, 512, "0" },
	{ TOP(worker_jobs), KIND_NUMBER, 1, 1000000, "1000" },
	{ TOP(worker_memory), KIND_BYTES, 64 * MI, 64 * GI, "512M" },
	{ TOP(sandbox), KIND_SANDBOX, 0, SANDBOX_MODE_COUNT - 1, "best" },
	{ TOP(resize_quality), KIND_RESIZE, 0, RESIZE_COUNT - 1, "fast" },
	{ TOP(engine), KIND_ENGINE, 0, ENGINE_CHOICE_COUNT - 1, "auto" },
	{ TOP(prefix), KIND_PREFIX, 0, 200, "" },
	{ TOP(public_url), KIND_URL, 0, 255, "" },
	{ TOP(upload_auth), KIND_AUTH, 0, AUTH_COUNT - 1, "none" },
	{ TOP(upload_secret), KIND_PATH, 1, PATH_LEN_MAX, SYSCONFDIR "/fcgi-thumb/upload-secret" },
	{ TOP(auth_request), KIND_URI, 0, 200, "" },
	{ TOP(cors_origins), KIND_ORIGINS, 0, 32, "" },
	{ TOP(trusted_proxies), KIND_NETS, 0, 64, "" },
	{ TOP(probe_url), KIND_URL, 0, 255, "" },
	{ TOP(probe_connect), KIND_HOST, 0, 255, "" },
	{ TOP(probe_headers), KIND_PATH, 0, PATH_LEN_MAX, "" },
	{ TOP(slo_objective), KIND_PERCENT, 50000, 99999, "95.83" },
	{ TOP(slo_window), KIND_DURATION, DAY, 400 * DAY, "30d" },
	{ TOP(slo_textfile), KIND_PATH, 0, PATH_LEN_MAX, "" },
	{ TOP(releases), KIND_FLAG, 0, 1, "false" },
	{ TOP(release_dir), KIND_PATH, 1, PATH_LEN_MAX, LOCALSTATEDIR "/lib/fcgi-thumb-releases" },
	{ TOP(release_cookie), KIND_COOKIE, 0, 64, "fcgi_thumb_customer" },
	{ TOP(slot), KIND_SLOT, 0, SLOT_COUNT - 1, "none" },
	{ LIMIT(photo), KIND_BYTES, KI, 4 * GI, "32M" },
	{ LIMIT(request), KIND_BYTES, KI, 64 * GI, "256M" },
	/* multipart.h stops at 256 parts of any kind. */
	{ LIMIT(files), KIND_NUMBER, 1, 256, "20" },
	{ LIMIT(pixels), KIND_PIXELS, 1, 4000000000, "64M" },
	/* geometry.h, and JPEG itself, end at 65535. */
	{ LIMIT(side), KIND_SIDE, 1, 65535, "16000" },
	{ LIMIT(frames), KIND_NUMBER, 1, 100000, "500" },
	{ LIMIT(memory), KIND_BYTES, 32 * MI, 64 * GI, "768M" },
	{ LIMIT(queue_seconds), KIND_SECONDS, 1, 600, "10" },
	/* Linux keeps a backlog in 16 bits where somaxconn allows as much. */
	{ LIMIT(queue_length), KIND_NUMBER, 0, 65535, "0" },
	{ LIMIT(job_seconds), KIND_SECONDS, 1, 600, "20" },
	{ LIMIT(request_seconds), KIND_SECONDS, 1, 3600, "120" },
	{ LIMIT(store), KIND_BYTES, 0, 1ULL << 50, "0" },
	{ LIMIT(free), KIND_BYTES, 0, 1ULL << 50, "1G" },
	{ LIMIT(rate), KIND_RATE, 1, 10000, "20/s" },
	{ PRESET(name), KIND_NAME, 1, PRESET_NAME_MAX, NULL },
	{ PRESET(width), KIND_SIDE, 1, 16000, NULL },
	{ PRESET(height), KIND_SIDE, 1, 16000, NULL },
	{ PRESET(fit), KIND_FIT, 0, FIT_COUNT - 1, "inside" },
	{ PRESET(gravity), KIND_GRAVITY, 0, GRAVITY_COUNT - 1, "center" },
	{ PRESET(quality), KIND_NUMBER, 1, 100, "80" },
	{ PRESET(background), KIND_COLOR, 0, 0xffffff, "#ffffff" },
	{ PRESET(enlarge), KIND_FLAG, 0, 1, "false" },
	{ PRESET(sharpen), KIND_NUMBER, 0, 100, "0" },
	{ PRESET(progressive), KIND_FLAG, 0, 1, "false" },
	{ PRESET(chroma), KIND_CHROMA, 0, CHROMA_COUNT - 1, "420" },
	{ PRESET(keep_copyright), KIND_FLAG, 0, 1, "false" },
	{ PRESET(animated), KIND_FLAG, 0, 1, "false" },
	{ PRESET(eager), KIND_FLAG, 0, 1, "false" },
	{ PRESET(formats), KIND_FORMATS, 1, SETTINGS_FORMATS_MAX, "jpeg" },
};
/* clang-format on */

#define ROWS (sizeof setting_table / sizeof setting_table[0])
_Static_assert(ROWS <= SETTING_ROWS_MAX, "room for every row");

const unsigned setting_count = ROWS;

const char settings_default_presets[] =
    "presets = ("
    "{ name = \"large\"; width = 1280; height = 1280;"
    "  formats = [ \"jpeg\", \"webp\" ]; },"
    "{ name = \"medium\"; width = 640; height = 640; },"
    "{ name = \"square\"; width = 320; height = 320; fit = \"cover\"; } );\n";

const struct setting *
setting_find(enum setting_scope scope, const char *key)
{
	for (unsigned i = 0; i < setting_count; i++)
		if (setting_table[i].scope == scope &&
		    strcmp(setting_table[i].key, key) == 0)
			return &setting_table[i];
	return NULL;
}

#define NEAR_KEY_MAX 20 /* no key is longer, nor what comes near one */

/* Levenshtein's distance of two texts of at most NEAR_KEY_MAX characters. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[NEAR_KEY_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_len];
}

const struct setting *
setting_near(enum setting_scope scope, const char *key)
{
	const struct setting *nearest = NULL;
	unsigned least = 3;

	if (strlen(key) > NEAR_KEY_MAX)
		return NULL;
	for (unsigned i = 0; i < setting_count; i++) {
		const struct setting *row = &setting_table[i];
		unsigned d = distance(key, row->key);

		/* Of a short key two errors leave nothing to go by. */
		if (d * 2 > strlen(row->key))
			continue;
		if (d < least ||
		    (d == least && nearest && nearest->scope != scope &&
			row->scope == scope)) {
			nearest = row;
			least = d;
		}
	}
	return nearest;
}

void
setting_full_key(const struct setting *row, int index, char *out, size_t size)
{
	const char *scope = row->scope == SCOPE_LIMITS ? "limits." : "";

	if (row->scope != SCOPE_PRESET)
		(void)snprintf(out, size, "%s%s", scope, row->key);
	else if (index < 0)
		(void)snprintf(out, size, "presets[].%s", row->key);
	else
		(void)snprintf(out, size, "presets[%d].%s", index, row->key);
}

bool
settings_row(unsigned i, struct setting_row *out)
{
	if (i >= setting_count)
		return false;
	setting_full_key(&setting_table[i], -1, out->key, sizeof out->key);
	setting_range(&setting_table[i], out->range, sizeof out->range);
	out->type = setting_type(&setting_table[i]);
	out->fallback = setting_is_text_list(&setting_table[i])
	    ? "[ ]"
	    : setting_table[i].fallback;
	return true;
}
