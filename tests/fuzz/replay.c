#include "config.h"

/*
 * Runs a target over its corpus and its seeds, for any compiler. The inputs
 * have one process after the other, so that one that ends it does not keep
 * those behind it. It is set up in there: some of OpenMP's libraries do not
 * live through a fork.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define SECONDS 60 /* for one input; it takes a part of one */

static char **inputs;
static unsigned n_inputs;

static void
add_input(const char *path)
{
	inputs = realloc(inputs, (n_inputs + 1) * sizeof *inputs);
	fuzz_must(inputs != NULL);
	inputs[n_inputs] = strdup(path);
	fuzz_must(inputs[n_inputs] != NULL);
	n_inputs++;
}

/* The files of a directory of tests/, in the order of their names. */
static void
add_inputs(const char *dir)
{
	const char *base = getenv("TEST_DATA");
	char path[1024];
	struct dirent **list;
	struct stat st;
	int n;

	fuzz_must(base != NULL);
	(void)snprintf(path, sizeof path, "%s/%s", base, dir);
	n = scandir(path, &list, NULL, alphasort);
	if (n == -1)
		fuzz_die(path, strerror(errno));
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof path, "%s/%s/%s", base, dir,
		    list[i]->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			add_input(path);
		free(list[i]);
	}
	free(list);
}

/* The very bytes without more, so that a sanitizer sees who reads beyond. */
static void
run_input(const char *path)
{
	FILE *file = fopen(path, "rbe");
	struct stat st;
	uint8_t *data;

	fuzz_must(file != NULL && fstat(fileno(file), &st) == 0);
	data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	fuzz_must(data != NULL);
	fuzz_must(
	    fread(data, 1, (size_t)st.st_size, file) == (size_t)st.st_size);
	(void)fclose(file);
	(void)alarm(SECONDS);
	(void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	(void)alarm(0);
	free(data);
}

/* From input *at on; *at tells the parent where it ended. */
static void
run_inputs(unsigned *at, int argc, char **argv)
{
	(void)LLVMFuzzerInitialize(&argc, &argv);
	for (; *at < n_inputs; ++*at)
		run_input(inputs[*at]);
	exit(EXIT_SUCCESS);
}

static void
say_end(const char *path, int status)
{
	if (WIFSIGNALED(status))
		printf("%s: %s\n", path, strsignal(WTERMSIG(status)));
	else
		printf("%s: status %d\n", path, WEXITSTATUS(status));
}

/* How many have ended their process. */
static unsigned
replay(int argc, char **argv)
{
	unsigned *at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned failed = 0;
	int status;
	pid_t pid;

	fuzz_must(at != MAP_FAILED);
	/* The directory is this process's: it goes whatever becomes of others. */
	(void)fuzz_path("");
	while (*at < n_inputs) {
		(void)fflush(NULL);
		pid = fork();
		if (pid == 0)
			run_inputs(at, argc, argv);
		fuzz_must(pid > 0 && waitpid(pid, &status, 0) == pid);
		if (status == 0)
			continue;
		say_end(*at < n_inputs ? inputs[*at] : "at the end", status);
		failed++;
		++*at;
	}
	return failed;
}

int
main(int argc, char **argv)
{
	/* tests/fuzz/replay_TARGET */
	const char *target = strrchr(argv[0], '_');
	char corpus[256];
	unsigned failed;

	fuzz_must(target != NULL);
	(void)snprintf(corpus, sizeof corpus, "fuzz/corpus/%s", target + 1);
	add_inputs(corpus);
	if (fuzz_seeds[0] != '\0')
		add_inputs(fuzz_seeds);
	fuzz_must(n_inputs > 0);
	failed = replay(argc, argv);
	/* In the words of Check: ./dev check counts the inputs. */
	printf("%u%%: Checks: %u, Failures: %u, Errors: 0\n",
	    failed < n_inputs ? (n_inputs - failed) * 100 / n_inputs : 0,
	    n_inputs, failed);
	for (unsigned i = 0; i < n_inputs; i++)
		free(inputs[i]);
	free(inputs);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
