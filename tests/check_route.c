#include "config.h"

#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "release.h"
#include "support.h"

#define SALT "abcdefgh2345"
#define MARK "# fcgi-thumb route: "
#define HINT                                                            \
	"# Made by thumbctl; a change made here is lost. Which slot a " \
	"request comes to.\n"
#define KEY                                   \
	"map $cookie_who $fcgi_thumb_key {\n" \
	"\tdefault $cookie_who;\n"            \
	"\t\"\" $remote_addr;\n"              \
	"}\n"
#define ACTIVE(slot) "map \"\" $fcgi_thumb_active {\n\tdefault " slot ";\n}\n"
#define ALL(slot) "map \"\" $fcgi_thumb_slot {\n\tdefault " slot ";\n}\n"

static const struct {
	struct route route;
	const char *text;
} routes[] = {
	{ { SLOT_NONE, SLOT_NONE, 0, true, "who", "" },
	    MARK
	    "active=none candidate=none share=0.00 by=customer salt=\n" HINT
		ALL("none") ACTIVE("none") },
	{ { SLOT_BLUE, SLOT_GREEN, 0, false, "who", SALT },
	    MARK "active=blue candidate=green share=0.00 by=request salt=" SALT
		 "\n" HINT ALL("blue") ACTIVE("blue") },
	{ { SLOT_BLUE, SLOT_GREEN, 1, true, "who", SALT },
	    MARK "active=blue candidate=green share=0.01 by=customer salt=" SALT
		 "\n" HINT KEY "split_clients \"" SALT
		 "$fcgi_thumb_key\" $fcgi_thumb_slot {\n"
		 "\t0.01% green;\n\t* blue;\n}\n" ACTIVE("blue") },
	{ { SLOT_NONE, SLOT_BLUE, 500, true, "", SALT },
	    MARK "active=none candidate=blue share=5.00 by=customer salt=" SALT
		 "\n" HINT "split_clients \"" SALT
		 "$remote_addr\" $fcgi_thumb_slot {\n"
		 "\t5.00% blue;\n\t* none;\n}\n" ACTIVE("none") },
	{ { SLOT_GREEN, SLOT_BLUE, 9999, false, "who", SALT },
	    MARK "active=green candidate=blue share=99.99 by=request salt=" SALT
		 "\n" HINT "split_clients \"" SALT
		 "$request_id\" $fcgi_thumb_slot {\n"
		 "\t99.99% blue;\n\t* green;\n}\n" ACTIVE("green") },
	/* All of them, before the candidate is the active one. */
	{ { SLOT_BLUE, SLOT_GREEN, RELEASE_ALL, true, "who", SALT },
	    MARK "active=blue candidate=green share=100.00 by=customer "
		 "salt=" SALT "\n" HINT ALL("green") ACTIVE("blue") },
};

START_TEST(a_route_is_nginx_s_configuration_and_can_be_read_back)
{
	const struct route *want = &routes[_i].route;
	char *text = route_text(want), salt[32];
	struct route got;

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, routes[_i].text);
	ck_assert_int_eq(route_parse(text, &got, salt, sizeof salt), 0);
	ck_assert_int_eq(got.active, want->active);
	ck_assert_int_eq(got.candidate, want->candidate);
	ck_assert_uint_eq(got.share, want->share);
	ck_assert_int_eq(got.by_customer, want->by_customer);
	ck_assert_ptr_eq(got.salt, salt);
	ck_assert_str_eq(got.salt, want->salt);
	ck_assert_str_eq(got.cookie, "");
	free(text);
}
END_TEST

#define GREEN "active=blue candidate=green "

static const char *const others[] = {
	"",
	"\n",
	"map \"\" $fcgi_thumb_slot {\n\tdefault blue;\n}\n",
	MARK,
	MARK "\n",
	MARK "active=blue\n",
	MARK "active=blue,candidate=green share=5.00 by=request salt=\n",
	MARK "active=red candidate=green share=5.00 by=request salt=\n",
	MARK "active= candidate=green share=5.00 by=request salt=\n",
	MARK "candidate=green active=blue share=5.00 by=request salt=\n",
	MARK GREEN "share=5 by=request salt=\n",
	MARK GREEN "share=5.0 by=request salt=\n",
	MARK GREEN "share=5.000 by=request salt=\n",
	MARK GREEN "share=-5.00 by=request salt=\n",
	MARK GREEN "share=100.01 by=request salt=\n",
	MARK GREEN "share=5.00 by=nobody salt=\n",
	MARK GREEN "share=5.00 by=request salt=a;b\n",
	MARK GREEN "share=5.00 by=request salt=ABC\n",
	MARK GREEN "share=5.00 by=request salt=abcdefghijklmnop\n", /* 16 */
	MARK GREEN "share=5.00 by=request salt=abc more\n",
	MARK GREEN "share=5.00 by=request salt=abc",
};

START_TEST(another_text_is_no_route)
{
	struct route r = { .share = 4711 };
	char salt[16];

	ck_assert_msg(route_parse(others[_i], &r, salt, sizeof salt) == -1,
	    "%s", others[_i]);
	ck_assert_uint_eq(r.share, 4711);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("route");
	TCase *tc = tcase_create("route");

	tcase_add_loop_test(tc,
	    a_route_is_nginx_s_configuration_and_can_be_read_back, 0,
	    NELEM(routes));
	tcase_add_loop_test(tc, another_text_is_no_route, 0, NELEM(others));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
