#include "config.h"

/*
 * A version and settings into the slot that does not serve. The slot is empty
 * in the state while it is filled: who is killed meanwhile leaves no half of it
 * that looks like a whole.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "thumbctl_program.h"
#include "thumbctl_release_internal.h"

#define SETTINGS_MAX (4 << 20)
#define CHECK_SECONDS 60

/* What is being put where. */
struct stage {
	struct releases *r;
	enum release_slot slot;
	char root[PATH_MAX]; /* of the tree it came from; "" none */
	char version[RELEASE_VERSION_MAX];
	bool is_new;       /* it was not in versions/ before */
	bool is_installed; /* it is that of this program */
	char *text;        /* of the slot's settings */
	gid_t group;
	mode_t mode; /* of them, as of those they are made of */
	char digest[DIGEST_HEX_LEN + 1];
};

/* ---- which tree ---- */

int
own_directory(char *out, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	if (len == -1) {
		complain("/proc/self/exe: %s", strerror(errno));
		return -1;
	}
	out[len] = '\0';
	slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
	return 0;
}

/*
 * The tree of this very program, the directory of sbin/; or of bin/, to which
 * sbin is a link on some systems.
 */
static int
own_tree(char *out, size_t size)
{
	char *slash;

	if (own_directory(out, size) == -1)
		return -1;
	slash = strrchr(out, '/');
	if (slash != NULL &&
	    (strcmp(slash, "/sbin") == 0 || strcmp(slash, "/bin") == 0)) {
		*slash = '\0';
		if (out[0] == '\0')
			(void)snprintf(out, size, "/");
		return 0;
	}
	complain("this thumbctl stands in %s and is not installed: say which "
		 "tree is to be staged",
	    out);
	return -1;
}

/* Where a version lies. The caller frees; NULL without memory. */
static char *
version_path(const struct releases *r, const char *version)
{
	char *path = NULL;

	return asprintf(&path, "%s/" VERSIONS_DIR "/%s",
		   r->settings->release_dir, version) != -1
	    ? path
	    : NULL;
}

/* Is it the name of a version that is here? */
static bool
is_kept(const struct releases *r, const char *name)
{
	char *path;
	struct stat st;
	bool is;

	if (!release_version_is_valid(name))
		return false;
	path = version_path(r, name);
	is = path != NULL && lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
	free(path);
	return is;
}

static int
keep_tree(struct stage *s, const char *path)
{
	struct tree tree;
	int rc = tree_open(&tree, path);

	if (rc == 0) {
		(void)snprintf(s->root, sizeof s->root, "%s", tree.root);
		rc = tree_keep(s->r, &tree, s->version);
	}
	tree_close(&tree);
	s->is_new = rc == 0;
	return rc == -1 ? -1 : 0;
}

/* 0 and s->version, or -1 after a complaint. */
static int
find_version(struct stage *s, const char *what)
{
	char own[PATH_MAX];

	if (what != NULL && is_kept(s->r, what)) {
		(void)snprintf(s->version, sizeof s->version, "%s", what);
		return 0;
	}
	if (what != NULL && strchr(what, '/') == NULL &&
	    access(what, F_OK) == -1) {
		complain("%s: neither a directory nor a version in "
			 "%s/" VERSIONS_DIR,
		    what, s->r->settings->release_dir);
		return -1;
	}
	if (what == NULL && own_tree(own, sizeof own) == -1)
		return -1;
	return keep_tree(s, what != NULL ? what : own);
}

/* ---- its settings ---- */

/* What both slots have, or they are no two of one service. */
static int
check_same(const struct stage *s, const struct settings *from, const char *file)
{
	static const char *const keys[] = { "data", "logs", "ledger",
		"release_dir", "prefix", "user", "group", "release_cookie" };

	for (size_t i = 0; i < NELEM(keys); i++) {
		const char *one = settings_text(s->r->settings, keys[i]);
		const char *other = settings_text(from, keys[i]);

		if (one != NULL && other != NULL && strcmp(one, other) != 0) {
			complain("%s: %s is another than in %s: the slots "
				 "share it",
			    file, keys[i], s->r->settings_file);
			return -1;
		}
	}
	return 0;
}

/* 0 and s->text, or -1 after a complaint. */
static int
read_text(struct stage *s, const char *file)
{
	char path[PATH_MAX];
	struct stat st;
	size_t len;

	if (realpath(file, path) == NULL || stat(path, &st) == -1 ||
	    fd_read_file(AT_FDCWD, path, SETTINGS_MAX, &s->text, &len) == -1) {
		complain("%s: %s", file, strerror(errno));
		return -1;
	}
	s->group = geteuid() == 0 ? st.st_gid : getegid();
	s->mode = (st.st_mode & 0644) | S_IRUSR | S_IWUSR;
	return 0;
}

/* s->text becomes the slot's. 0, or -1 after a complaint. */
static int
edit_all(struct stage *s, const struct settings *from)
{
	const struct slot_source source = { .text = s->text,
		.settings = from,
		.root = s->root };
	char *text = slot_settings_text(s->r, s->slot, s->version, &source);

	if (text == NULL)
		return -1;
	free(s->text);
	s->text = text;
	return 0;
}

/* The text of the slot's settings. 0, or the exit status after words. */
static int
make_text(struct stage *s, const char *file)
{
	struct settings *from;
	int status = EXIT_FAILURE;

	if (file == NULL)
		file = s->r->settings_file;
	from = settings_load(file, stderr);
	if (from == NULL)
		return EX_CONFIG;
	if (check_same(s, from, file) == -1)
		status = EX_CONFIG;
	else if (read_text(s, file) == 0 && edit_all(s, from) == 0)
		status = EXIT_SUCCESS;
	settings_free(from);
	return status;
}

int
ask_settings(const char *program, const char *file,
    char digest[DIGEST_HEX_LEN + 1])
{
	static const char before[] = ", digest ";
	const char *const words[] = { "-t", "-c", file, NULL };
	struct buf out = { 0 }, err = { 0 };
	int status = program_run(program, words, &out, &err, CHECK_SECONDS);
	const char *at = out.len > 0 ? strstr(out.data, before) : NULL;
	bool taken = status == 0 && at != NULL &&
	    strlen(at) >= sizeof before - 1 + DIGEST_HEX_LEN;

	if (taken) {
		memcpy(digest, at + sizeof before - 1, DIGEST_HEX_LEN);
		digest[DIGEST_HEX_LEN] = '\0';
		taken = digest_hex_is_valid(digest);
	}
	if (!taken)
		complain("%s -t -c %s: %s", program, file,
		    status == 0       ? "no digest: a version that knows of no "
					"slots cannot be in one"
			: err.len > 0 ? "it does not take these settings"
				      : "it failed without a word");
	if (!taken && err.len > 0)
		(void)fputs(err.data, stderr);
	buf_fini(&out);
	buf_fini(&err);
	return taken ? 0 : -1;
}

/* Does the version take them, by its own word? The exit status. */
static int
check_text(struct stage *s, const char *path)
{
	char *dir = version_path(s->r, s->version), *program = NULL;
	int rc = -1;

	if (dir != NULL)
		program = settings_path(dir, "sbin/fcgi-thumb");
	if (program == NULL)
		complain("no memory left");
	else
		rc = ask_settings(program, path, s->digest);
	free(program);
	free(dir);
	return rc == 0 ? EXIT_SUCCESS : EX_CONFIG;
}

/* ---- the slot ---- */

/* What was to be renamed by one that was killed, this command or apply. */
static void
remove_asides(int dirfd)
{
	DIR *list = fd_list(dirfd, ".");
	const struct dirent *entry;

	if (list == NULL)
		return;
	while ((entry = fd_next(list)) != NULL)
		if (entry->d_name[0] == '.')
			(void)unlinkat(dirfd, entry->d_name, 0);
	(void)closedir(list);
}

/* The directory of the slot. A descriptor, or -1 after a complaint. */
static int
open_slot(const struct stage *s)
{
	char *path = settings_path(s->r->settings->release_dir,
	    settings_slot_name(s->slot));
	int fd = -1;

	if (path != NULL && (mkdir(path, 0755) == 0 || errno == EEXIST))
		fd =
		    open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1 && fchmod(fd, 0755) == -1)
		fd_close(&fd);
	if (fd == -1)
		complain("%s: %s", path != NULL ? path : "", strerror(errno));
	free(path);
	return fd;
}

/* 0, or -1 with errno. */
static int
put_file(const struct stage *s, int dirfd, const char *name)
{
	struct stat like = { .st_uid = geteuid(), .st_gid = s->group };

	return fd_replace_file(dirfd, name, (int)s->mode, &like, s->text,
	    strlen(s->text));
}

static int
put_link(const struct stage *s, int dirfd)
{
	static const char aside[] = "." SLOT_VERSION;
	char to[RELEASE_VERSION_MAX + 32];

	(void)snprintf(to, sizeof to, "../" VERSIONS_DIR "/%s", s->version);
	(void)unlinkat(dirfd, aside, 0);
	return symlinkat(to, dirfd, aside) == 0
	    ? renameat(dirfd, aside, dirfd, SLOT_VERSION)
	    : -1;
}

/*
 * Is what a way back would lead to gone? The service without slots is of the
 * version that is installed, which has become another one since it served.
 */
static bool
has_lost_previous(const struct stage *s)
{
	const struct release_state *state = &s->r->state;

	if (state->previous == SLOT_NONE)
		return s->is_installed &&
		    strcmp(s->version, state->slots[state->active].version) !=
		    0;
	return state->previous == s->slot;
}

/* In the state it has nothing. */
static int
empty(struct stage *s)
{
	struct release_state *state = &s->r->state;

	if (slot_stop(s->r, s->slot) == -1)
		return -1;
	if (has_lost_previous(s))
		state->has_previous = false;
	state->slots[s->slot] = (struct release_slot_state){ 0 };
	return releases_save(s->r);
}

static int
fill(struct stage *s, int dirfd)
{
	struct release_slot_state *slot = &s->r->state.slots[s->slot];
	struct release_event event = { .what = "stage",
		.from = s->slot,
		.to = s->slot };

	if (put_link(s, dirfd) == -1 ||
	    put_file(s, dirfd, SLOT_SETTINGS) == -1 || fsync(dirfd) == -1) {
		complain("%s/%s: %s", s->r->settings->release_dir,
		    settings_slot_name(s->slot), strerror(errno));
		return -1;
	}
	memcpy(slot->version, s->version, sizeof slot->version);
	memcpy(slot->digest, s->digest, sizeof slot->digest);
	slot->staged = (int64_t)clock_wall_ms();
	if (releases_save(s->r) == -1)
		return -1;
	(void)snprintf(event.words, sizeof event.words, "settings %.8s",
	    s->digest);
	releases_note(s->r, &event);
	return 0;
}

/* Nothing but the slot's new settings, aside, is there until all agree. */
static int
stage_settings(struct stage *s, const char *file)
{
	static const char aside[] = "." SLOT_SETTINGS ".new";
	char *path = slot_file(s->r, s->slot, aside);
	int dirfd = open_slot(s), status = EXIT_FAILURE;

	if (path != NULL && dirfd != -1) {
		remove_asides(dirfd);
		status = make_text(s, file);
		if (status == EXIT_SUCCESS && put_file(s, dirfd, aside) == -1) {
			complain("%s: %s", path, strerror(errno));
			status = EXIT_FAILURE;
		}
		if (status == EXIT_SUCCESS)
			status = check_text(s, path);
		(void)unlinkat(dirfd, aside, 0);
		if (status == EXIT_SUCCESS &&
		    (empty(s) == -1 || fill(s, dirfd) == -1))
			status = EXIT_FAILURE;
	}
	fd_close(&dirfd);
	free(path);
	return status;
}

int
releases_stage(struct releases *r, const char *what, const char *settings)
{
	struct stage s = { .r = r, .slot = release_other(r->state.active) };
	const struct release_run *run = &r->state.run;
	int status = EXIT_FAILURE;

	if (run->how != RELEASE_NONE) {
		complain("%s %s is under way, by %s: it has to end before "
			 "anything is staged (thumbctl release status)",
		    release_how_name(run->how), run->id, run->by);
		return EXIT_REFUSED;
	}
	s.is_installed = what == NULL;
	if (find_version(&s, what) == 0)
		status = stage_settings(&s, settings);
	/* One that was not taken does not push out those that were. */
	if (status == EXIT_SUCCESS)
		tree_prune(r);
	else if (s.is_new)
		tree_forget(r, s.version);
	free(s.text);
	return status;
}

/* ---- the command ---- */

int
release_stage(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	static const struct option options[] = {
		{ "settings", required_argument, NULL, 's' },
		{ 0 },
	};
	const char *settings = NULL;
	struct releases r;
	int option, status;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 's')
			return wrong_use(self);
		settings = optarg;
	}
	if (argc - optind > 1)
		return wrong_use(self);
	status = releases_open(&r, settings_file, "stage");
	if (status == EXIT_SUCCESS)
		status = releases_stage(&r, argv[optind], settings);
	releases_close(&r);
	return status;
}
