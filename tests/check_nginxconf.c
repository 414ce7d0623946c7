#include "config.h"

#include "nginxconf.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "support.h"

/* Of a filling: text and complaints, both freed by filled_fini. */
struct filled {
	int rc;
	char *text;
	char *errors;
};

static void
filled_fini(struct filled *f)
{
	free(f->text);
	free(f->errors);
}

static struct filled
fill_file(const struct settings *s, unsigned port, const char *path)
{
	struct filled f = { 0 };
	size_t text_len, errors_len;
	FILE *text = open_memstream(&f.text, &text_len);
	FILE *errors = open_memstream(&f.errors, &errors_len);

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(errors);
	f.rc = nginxconf_fill(s, port, path, text, errors);
	ck_assert_int_eq(fclose(text), 0);
	ck_assert_int_eq(fclose(errors), 0);
	return f;
}

static struct filled
fill_text(const struct settings *s, unsigned port, const char *template)
{
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/t.in", tempdir_path());
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(template, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	return fill_file(s, port, path);
}

/* A template as it is shipped. */
static struct filled
fill_shipped(const struct settings *s, const char *name)
{
	const char *tests = getenv("TEST_DATA");
	char path[1024];

	ck_assert_ptr_nonnull(tests);
	(void)snprintf(path, sizeof path, "%s/../nginx/%s", tests, name);
	return fill_file(s, 8080, path);
}

static void
set_text(char **member, const char *text)
{
	free(*member);
	*member = strdup(text);
	ck_assert_ptr_nonnull(*member);
}

static struct settings *
some_settings(void)
{
	struct settings *s = settings_load(NULL, stderr);

	ck_assert_ptr_nonnull(s);
	set_text(&s->data, "/srv/photos");
	set_text(&s->run, "/run/ft");
	set_text(&s->logs, "/var/log/ft");
	set_text(&s->html, "/usr/share/ft/html");
	set_text(&s->prefix, "/v1.0/media");
	set_text(&s->public_url, "https://img.example.org:8443");
	s->page = true;
	s->limits.request = 3 * 1024 * 1024 / 2;
	s->limits.rate = 7;
	s->limits.queue_seconds = 11;
	s->limits.request_seconds = 100;
	s->workers = 5;
	set_text(&s->cors_origins, "https://a.example\nhttp://[::1]:81");
	set_text(&s->trusted_proxies, "10.0.0.0/8\n::1");
	s->n_presets = 2;
	(void)strcpy(s->presets[0].name, "large");
	s->presets[0].formats[0] = FORMAT_JPEG;
	s->presets[0].formats[1] = FORMAT_WEBP;
	s->presets[0].n_formats = 2;
	(void)strcpy(s->presets[1].name, "square");
	s->presets[1].formats[0] = FORMAT_PNG;
	s->presets[1].n_formats = 1;
	return s;
}

/* ---- values ---- */

static const struct {
	const char *template;
	const char *text;
} values[] = {
	{ "", "" },
	{ "nothing to fill\n\n", "nothing to fill\n\n" },
	{ "no newline at the end", "no newline at the end" },
	{ "@data@ @html@\n", "/srv/photos /usr/share/ft/html\n" },
	{ "log @access-log@;\n",
	    "log \"/var/log/ft/access.log\" fcgi_thumb;\n" },
	{ "location @prefix@/t/\n", "location /v1.0/media/t/\n" },
	{ "^@prefix-regex@/t/\n", "^/v1[.]0/media/t/\n" },
	{ "data:@csp-origin@;\n", "data: https://img.example.org:8443;\n" },
	{ "(@variants-regex@)\n", "(large[.](jpg|webp)|square[.](png))\n" },
	{ "(@presets-regex@)\n", "(large|square)\n" },
	{ "@request-bytes@ @request-words@ @request-digits@\n",
	    "1572864 1.5 MB 1,572,864\n" },
	{ "@rate@ @rate-burst@ @connections@\n", "7 70 32\n" },
	{ "@upload-seconds@s @port@\n", "176s 8911\n" },
	{ "@renders@ @render-seconds@s\n", "5 76s\n" },
	{ "@any-origin@|@some-origins@|@proxies@\n", "|yes|yes\n" },
	{ "@auth-request@|\n", "|\n" },
	{ "@title:overloaded@|@retry-after:overloaded@|@retry-after:no-file@\n",
	    "The service has more to do than it can take just now|2|\n" },
	{ "@advice:banned@|@title-ko:banned@|@advice-ko:banned@\n",
	    "Why, the operator of this service can say.|"
	    "이 사진은 여기에 올릴 수 없습니다|이유는 운영자에게 문의해 "
	    "주세요.\n" },
	{ "@page@\n", "yes\n" },
	{ "a\n@if page@\nb\n@end@\nc\n", "a\nb\nc\n" },
	{ "@if page@\nb\n@else@\nc\n@end@\n", "b\n" },
	{ "@if retry-after:no-file@\nb\n@else@\nc\n@end@\nd\n", "c\nd\n" },
	{ "@if retry-after:no-file@\nb\n@end@\n@if page@\nc\n@end@\n", "c\n" },
	{ "@each preset@\n@preset@: @preset-formats@;\nx\n@end@\ny\n",
	    "large: jpg webp;\nx\nsquare: png;\nx\ny\n" },
	{ "@each origin@\n~@origin-regex@\n@end@\n",
	    "~https://a[.]example\n~http://[[]::1[]]:81\n" },
	{ "@each proxy@\n@proxy@ @prefix@;\n@end@\n",
	    "10.0.0.0/8 /v1.0/media;\n::1 /v1.0/media;\n" },
	{ "@each proxy@\n@end@\nx\n", "x\n" },
	{ "@each slot@\n@slot@ @slot-run@\n@end@\n", "none /run/ft\n" },
	{ "@each release-slot@\n@slot@\n@end@\n@route@|\n", "|\n" },
};

START_TEST(a_name_becomes_its_value)
{
	struct settings *s = some_settings();
	struct filled f = fill_text(s, 8911, values[_i].template);

	ck_assert_str_eq(f.errors, "");
	ck_assert_int_eq(f.rc, 0);
	ck_assert_str_eq(f.text, values[_i].text);
	filled_fini(&f);
	settings_free(s);
}
END_TEST

START_TEST(a_list_without_items_leaves_its_lines_out)
{
	static const char template[] = "@any-origin@|@some-origins@|@proxies@\n"
				       "@each origin@\no\n@end@\n"
				       "@each proxy@\np\n@end@\n"
				       "z\n";
	struct settings *s = some_settings();
	struct filled f;

	set_text(&s->trusted_proxies, "");
	set_text(&s->cors_origins, "");
	f = fill_text(s, 0, template);
	ck_assert_str_eq(f.text, "||\nz\n");
	filled_fini(&f);
	/* No list, but a word for every one there is. */
	set_text(&s->cors_origins, "*");
	f = fill_text(s, 0, template);
	ck_assert_str_eq(f.text, "yes||\nz\n");
	filled_fini(&f);
	settings_free(s);
}
END_TEST

#define SYSLOG_WORDS "facility=daemon,severity=info,tag=fcgi_thumb_access"

static const struct {
	const char *logs, *access, *arguments;
} access_logs[] = {
	{ "/l", "file", "\"/l/access.log\" fcgi_thumb" },
	{ "", "file", "" },
	{ "/l", "off", "off" },
	{ "", "journal",
	    "syslog:server=unix:/dev/log," SYSLOG_WORDS
	    ",nohostname fcgi_thumb" },
	{ "/l", "syslog",
	    "syslog:server=unix:/dev/log," SYSLOG_WORDS
	    ",nohostname fcgi_thumb" },
	{ "/l", "syslog:/s",
	    "syslog:server=unix:/s," SYSLOG_WORDS ",nohostname fcgi_thumb" },
	{ "/l", "syslog:loghost",
	    "syslog:server=loghost:514," SYSLOG_WORDS " fcgi_thumb" },
	{ "/l", "syslog:[::1]:5514",
	    "syslog:server=[::1]:5514," SYSLOG_WORDS " fcgi_thumb" },
};

START_TEST(nginx_s_lines_go_where_the_settings_say)
{
	struct settings *s = some_settings();
	struct filled f;

	set_text(&s->logs, access_logs[_i].logs);
	set_text(&s->log_access, access_logs[_i].access);
	f = fill_text(s, 0, "@access-log@");
	ck_assert_str_eq(f.text, access_logs[_i].arguments);
	filled_fini(&f);
	settings_free(s);
}
END_TEST

START_TEST(the_site_is_asked_only_where_the_settings_say_so)
{
	struct settings *s = some_settings();
	struct filled f;

	set_text(&s->auth_request, "/auth");
	f = fill_text(s, 0, "@auth-request@|");
	ck_assert_str_eq(f.text, "|");
	filled_fini(&f);
	s->upload_auth = AUTH_REQUEST;
	f = fill_text(s, 0, "@auth-request@|");
	ck_assert_str_eq(f.text, "/auth|");
	filled_fini(&f);
	settings_free(s);
}
END_TEST

static const struct {
	enum release_slot slot;
	const char *run; /* of these settings */
	const char *dirs;
} slots[] = {
	{ SLOT_NONE, "/run/ft",
	    "none /run/ft\nblue /run/ft/blue\ngreen /run/ft/green\n" },
	{ SLOT_BLUE, "/run/ft/blue",
	    "none /run/ft\nblue /run/ft/blue\ngreen /run/ft/green\n" },
	{ SLOT_GREEN, "/green/green",
	    "none /green\nblue /green/blue\ngreen /green/green\n" },
	/* Only a name of its own is one level below the others. */
	{ SLOT_GREEN, "/run/evergreen",
	    "none /run/evergreen\nblue /run/evergreen/blue\n"
	    "green /run/evergreen/green\n" },
	{ SLOT_NONE, "/run/green",
	    "none /run/green\nblue /run/green/blue\ngreen /run/green/green\n" },
};

START_TEST(every_slot_s_settings_know_where_all_of_them_are)
{
	static const char template[] =
	    "@each slot@\n@slot@ @slot-run@\n@end@\n";
	struct settings *s = some_settings();
	struct filled f;

	s->releases = true;
	s->slot = slots[_i].slot;
	set_text(&s->run, slots[_i].run);
	f = fill_text(s, 0, template);
	ck_assert_str_eq(f.errors, "");
	ck_assert_str_eq(f.text, slots[_i].dirs);
	filled_fini(&f);
	settings_free(s);
}
END_TEST

START_TEST(with_releases_the_route_is_included)
{
	struct settings *s = some_settings();
	struct filled f;

	s->releases = true;
	set_text(&s->release_dir, "/var/lib/r");
	f = fill_text(s, 0, "@each release-slot@\n@slot@\n@end@\n@route@\n");
	ck_assert_str_eq(f.errors, "");
	ck_assert_str_eq(f.text, "blue\ngreen\n/var/lib/r/route.conf\n");
	filled_fini(&f);
	settings_free(s);
}
END_TEST

START_TEST(one_worker_has_the_next_first_render_at_hand)
{
	struct settings *s = some_settings();
	struct filled f;

	s->workers = 1;
	f = fill_text(s, 0, "@renders@");
	ck_assert_str_eq(f.text, "2");
	filled_fini(&f);
	settings_free(s);
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *words;
} sizes[] = {
	{ 1, "1 bytes" },
	{ 1023, "1023 bytes" },
	{ 1024, "1 kB" },
	{ 256 * 1024 * 1024, "256 MB" },
	{ 256 * 1024 * 1024 - 1, "255.9 MB" },
	{ UINT64_C(64) << 30, "64 GB" },
};

START_TEST(the_limit_in_words_never_promises_more)
{
	struct settings *s = some_settings();
	struct filled f;

	s->limits.request = sizes[_i].bytes;
	f = fill_text(s, 0, "@request-words@");
	ck_assert_str_eq(f.text, sizes[_i].words);
	filled_fini(&f);
	settings_free(s);
}
END_TEST

/* ---- mistakes ---- */

static const struct {
	const char *template;
	const char *error; /* behind the path */
} mistakes[] = {
	{ "a\n@nonsense@\n", ":2: unknown @nonsense@\n" },
	{ "@prefix\n", ":1: an @ that no other one closes\n" },
	{ "@@\n", ":1: unknown @@\n" },
	{ "@problem@\n", ":1: unknown @problem@\n" },
	{ "@problem:none@\n", ":1: unknown @problem:none@\n" },
	{ "@problem:nonsense@\n", ":1: unknown @problem:nonsense@\n" },
	{ "@nonsense:internal@\n", ":1: unknown @nonsense:internal@\n" },
	{ "@port@\n", ":1: unknown @port@\n" },
	{ "@if nonsense@\n@end@\n", ":1: unknown @nonsense@\n" },
	{ "@if page@ x\n@end@\n", ":1: @if@ is wanted alone on its line\n" },
	{ "@if page@\n@if page@\n", ":2: @if@ within another one\n" },
	{ "@if page@\n@each preset@\n", ":2: @each@ within another one\n" },
	{ "@each preset@\n@if page@\n", ":2: @if@ within another one\n" },
	{ "@if page@\n", ":1: a region without @end@\n" },
	{ "@each preset@\n", ":1: a region without @end@\n" },
	{ "@end@\n", ":1: @end@ without @if@ or @each@\n" },
	{ "@each preset@ x\n@end@\n",
	    ":1: @each@ is wanted alone on its line\n" },
	{ "@each page@\n@end@\n", ":1: unknown @each page@\n" },
	{ "@each preset@\n@else@\n", ":2: @else@ without @if@\n" },
	{ "@preset@\n", ":1: unknown @preset@\n" },
	{ "@each preset@\n@proxy@\n@end@\n", ":2: unknown @proxy@\n" },
	{ "@each proxy@\na\n@nonsense@\n@end@\n", ":3: unknown @nonsense@\n" },
	{ "@else@\n", ":1: @else@ without @if@\n" },
	{ "@if page@\n@else@\n@else@\n", ":3: @else@ without @if@\n" },
	{ "@if page@\n@else@\n@nonsense@\n@end@\n",
	    ":3: unknown @nonsense@\n" },
	{ "@html@\n",
	    ":1: @html@ has a character that nginx would read otherwise: "
	    "/a$b\n" },
};

START_TEST(a_mistake_is_said_with_its_line)
{
	struct settings *s = some_settings();
	struct filled f;

	set_text(&s->html, "/a$b");
	f = fill_text(s, 0, mistakes[_i].template);
	ck_assert_int_eq(f.rc, -1);
	ck_assert_ptr_nonnull(strstr(f.errors, "/t.in"));
	ck_assert_str_eq(strstr(f.errors, "/t.in") + strlen("/t.in"),
	    mistakes[_i].error);
	filled_fini(&f);
	settings_free(s);
}
END_TEST

START_TEST(a_missing_template_is_named)
{
	struct settings *s = some_settings();
	struct filled f = fill_file(s, 0, "/nonexistent/http.conf.in");

	ck_assert_int_eq(f.rc, -1);
	ck_assert_str_eq(f.errors,
	    "/nonexistent/http.conf.in: No such file or directory\n");
	filled_fini(&f);
	settings_free(s);
}
END_TEST

/* ---- refusals ---- */

START_TEST(every_fault_makes_a_problem_document)
{
	enum fault fault = (enum fault)_i;
	struct settings *s = some_settings();
	char template[100];
	struct filled f;
	const char *type, *title, *code;
	json_t *json;
	int status;

	(void)snprintf(template, sizeof template, "{@problem:%s@}",
	    fault_code(fault));
	f = fill_text(s, 0, template);
	ck_assert_str_eq(f.errors, "");
	json = json_loads(f.text, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(json != NULL, "no JSON: %s", f.text);
	ck_assert_int_eq(json_unpack(json, "{s:s, s:s, s:i, s:s !}", "type",
			     &type, "title", &title, "status", &status, "code",
			     &code),
	    0);
	ck_assert_str_eq(type, "about:blank");
	ck_assert_str_eq(title, fault_title(fault));
	ck_assert_int_eq(status, fault_status(fault));
	ck_assert_str_eq(code, fault_code(fault));
	json_decref(json);
	filled_fini(&f);
	settings_free(s);
}
END_TEST

START_TEST(no_word_needs_escaping_in_a_page_or_a_template)
{
	for (int l = 0; l < LANGUAGE_COUNT; l++) {
		const struct fault_words *w =
		    fault_words((enum fault)_i, (enum language)l);

		ck_assert_ptr_null(strpbrk(w->title, "<>&\"'$\\@"));
		ck_assert_ptr_null(strpbrk(w->advice, "<>&\"'$\\@"));
	}
}
END_TEST

/* What nginx sees: quoted text with its escapes; only \n stands in ours. */
static json_t *
parse_row(const char *row)
{
	static const char *const late[] = { "$fcgi_thumb_actual",
		"$fcgi_thumb_said" };
	const char *begin = strchr(row, '{'), *end;
	char copy[1024], *variable;

	ck_assert_ptr_nonnull(begin);
	end = strstr(begin, "\\n';");
	ck_assert_ptr_nonnull(end);
	ck_assert_uint_lt((size_t)(end - begin), sizeof copy);
	memcpy(copy, begin, (size_t)(end - begin));
	copy[end - begin] = '\0';
	for (size_t i = 0; i < NELEM(late); i++)
		if ((variable = strstr(copy, late[i])) != NULL)
			memmove(variable, variable + strlen(late[i]),
			    strlen(variable + strlen(late[i])) + 1);
	return json_loads(copy, JSON_REJECT_DUPLICATES, NULL);
}

START_TEST(nginx_gives_each_status_the_fault_that_has_it)
{
	struct settings *s = some_settings();
	struct filled f = fill_shipped(s, "http.conf.in");
	const char *p = strstr(f.text, " $fcgi_thumb_problem {\n");
	unsigned rows = 0;

	ck_assert_ptr_nonnull(p);
	p = strstr(p, "\tdefault ");
	ck_assert_ptr_nonnull(p);
	while (*(p = strchr(p, '\n') + 1) == '\t') {
		json_t *json = parse_row(p);

		ck_assert_msg(json != NULL, "no JSON: %.200s", p);
		ck_assert_int_eq(json_integer_value(
				     json_object_get(json, "status")),
		    atoi(p + strspn(p, "\t\"")));
		json_decref(json);
		rows++;
	}
	ck_assert_uint_eq(rows, 12);
	filled_fini(&f);
	settings_free(s);
}
END_TEST

/* ---- the shipped templates ---- */

static const char *const shipped[] = {
	"http.conf.in",
	"server.conf.in",
	"standalone.conf.in",
};

static void
check_shipped(const struct settings *s)
{
	for (size_t i = 0; i < NELEM(shipped); i++) {
		struct filled f = fill_shipped(s, shipped[i]);

		ck_assert_str_eq(f.errors, "");
		ck_assert_int_eq(f.rc, 0);
		ck_assert_msg(strchr(f.text, '@') == NULL, "%s: an @ is left",
		    shipped[i]);
		filled_fini(&f);
	}
}

START_TEST(the_shipped_templates_fill_with_everything_set)
{
	struct settings *s = some_settings();

	s->upload_auth = AUTH_REQUEST;
	set_text(&s->auth_request, "/auth");
	s->releases = true;
	check_shipped(s);
	set_text(&s->cors_origins, "*");
	check_shipped(s);
	settings_free(s);
}
END_TEST

START_TEST(the_shipped_templates_fill_with_nothing_set)
{
	struct settings *s = some_settings();
	struct filled f;

	set_text(&s->prefix, "");
	set_text(&s->public_url, "");
	set_text(&s->logs, "");
	set_text(&s->cors_origins, "");
	set_text(&s->trusted_proxies, "");
	s->page = false;
	check_shipped(s);
	f = fill_shipped(s, "server.conf.in");
	ck_assert_ptr_null(strstr(f.text, "access_log"));
	ck_assert_ptr_null(strstr(f.text, "index.html"));
	ck_assert_ptr_null(strstr(f.text, "return 301"));
	ck_assert_ptr_null(strstr(f.text, "/metrics/"));
	ck_assert_ptr_nonnull(strstr(f.text, "location ^~ / {"));
	filled_fini(&f);
	settings_free(s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("nginxconf");
	TCase *filling = tcase_create("filling");
	TCase *refusals = tcase_create("refusals");
	TCase *templates = tcase_create("templates");

	tcase_add_checked_fixture(filling, tempdir_setup, tempdir_teardown);
	tcase_add_loop_test(filling, a_name_becomes_its_value, 0,
	    NELEM(values));
	tcase_add_loop_test(filling, the_limit_in_words_never_promises_more, 0,
	    NELEM(sizes));
	tcase_add_test(filling, a_list_without_items_leaves_its_lines_out);
	tcase_add_loop_test(filling, nginx_s_lines_go_where_the_settings_say, 0,
	    NELEM(access_logs));
	tcase_add_test(filling,
	    the_site_is_asked_only_where_the_settings_say_so);
	tcase_add_loop_test(filling,
	    every_slot_s_settings_know_where_all_of_them_are, 0, NELEM(slots));
	tcase_add_test(filling, with_releases_the_route_is_included);
	tcase_add_test(filling, one_worker_has_the_next_first_render_at_hand);
	tcase_add_loop_test(filling, a_mistake_is_said_with_its_line, 0,
	    NELEM(mistakes));
	tcase_add_test(filling, a_missing_template_is_named);
	tcase_add_checked_fixture(refusals, tempdir_setup, tempdir_teardown);
	tcase_add_loop_test(refusals, every_fault_makes_a_problem_document,
	    FAULT_NONE + 1, FAULT_COUNT);
	tcase_add_loop_test(refusals,
	    no_word_needs_escaping_in_a_page_or_a_template, FAULT_NONE + 1,
	    FAULT_COUNT);
	tcase_add_test(refusals, nginx_gives_each_status_the_fault_that_has_it);
	tcase_add_test(templates,
	    the_shipped_templates_fill_with_everything_set);
	tcase_add_test(templates, the_shipped_templates_fill_with_nothing_set);
	suite_add_tcase(s, filling);
	suite_add_tcase(s, refusals);
	suite_add_tcase(s, templates);
	return run_suite(s);
}
