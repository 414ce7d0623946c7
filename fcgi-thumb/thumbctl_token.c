#include "config.h"

/*
 * thumbctl token: an upload token for a trial or a script, made as a site's own
 * server makes them.
 */

#include "thumbctl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "number.h"
#include "token.h"

#define EXPIRES_DEFAULT 600           /* seconds */
#define EXPIRES_MAX (3653ULL * 86400) /* ten years with leap days */

static int
parse_expires(const char *text, struct grant *grant)
{
	unsigned long long seconds;

	if (number_parse_duration(text, &seconds) == -1 || seconds == 0 ||
	    seconds > EXPIRES_MAX) {
		complain("--expires is a duration such as 90s, 10m, 12h or "
			 "7d, at most ten years");
		return -1;
	}
	grant->expires = (int64_t)time(NULL) + (int64_t)seconds;
	return 0;
}

static int
parse_max(const char *text, struct grant *grant)
{
	unsigned long long bytes;

	if (number_parse_scaled(text, 1024, &bytes) == -1 || bytes == 0 ||
	    bytes > TOKEN_BYTES_MAX) {
		complain("--max-bytes is a number of bytes such as 500K or "
			 "8M, at most 1048576G");
		return -1;
	}
	grant->max = bytes;
	return 0;
}

static int
parse_owner(const char *text, struct grant *grant)
{
	if (!token_is_owner(text)) {
		complain("--owner is at most %d bytes of printable UTF-8",
		    TOKEN_OWNER_MAX);
		return -1;
	}
	memcpy(grant->owner, text, strlen(text) + 1);
	return 0;
}

static int
parse_grant(const struct command *self, int argc, char **argv,
    struct grant *grant)
{
	static const struct option options[] = {
		{ "expires", required_argument, NULL, 'e' },
		{ "max-bytes", required_argument, NULL, 'm' },
		{ "owner", required_argument, NULL, 'o' },
		{ 0 },
	};
	int option, rc = 0;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while (rc == 0 &&
	    (option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (option) {
		case 'e':
			rc = parse_expires(optarg, grant);
			break;
		case 'm':
			rc = parse_max(optarg, grant);
			break;
		case 'o':
			rc = parse_owner(optarg, grant);
			break;
		default:
			return wrong_use(self);
		}
	if (rc == -1)
		return EX_USAGE;
	return argc == optind ? EXIT_SUCCESS : wrong_use(self);
}

static int
print_token(struct settings *settings, const struct grant *grant)
{
	char token[TOKEN_LEN_MAX + 1], why[512];

	if (settings->upload_auth != AUTH_TOKEN) {
		complain("these settings ask for no token: upload_auth is not "
			 "\"token\"");
		return EX_CONFIG;
	}
	if (settings_read_secrets(settings, why, sizeof why) == -1) {
		complain("%s", why);
		return EX_CONFIG;
	}
	if (token_make(settings->secrets, grant, token) == -1) {
		complain("no memory left");
		return EXIT_FAILURE;
	}
	(void)puts(token);
	return EXIT_SUCCESS;
}

static int
run_token(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct grant grant = { .expires = time(NULL) + EXPIRES_DEFAULT };
	int status = parse_grant(self, argc, argv, &grant);
	struct settings *settings;

	if (status != EXIT_SUCCESS)
		return status;
	settings = settings_load(settings_file, stderr);
	if (settings == NULL)
		return EX_CONFIG;
	status = print_token(settings, &grant);
	settings_free(settings);
	return status;
}

const struct command command_token = { "token",
	"[--expires DURATION] [--max-bytes BYTES] [--owner NAME]",
	"make an upload token for upload_auth = \"token\"",
	"  --expires DURATION  how long it is good: 90s, 10m (the "
	"default), 12h, 7d\n"
	"  --max-bytes BYTES   of all photos of an upload together: 8M\n"
	"  --owner NAME        whose photos they are\n",
	run_token };
