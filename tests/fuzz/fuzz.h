#ifndef FT_TESTS_FUZZ_H
#define FT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "../plain.h"
#include "secret.h"
#include "settings.h"

/*
 * What the fuzz targets share. A target is one file here, TARGET.c, that defines
 * the three names below; with libFuzzer it is a fuzzer (./dev fuzz), with
 * replay.c a test that runs its corpus. Beside what sanitizers see, a target
 * ends the process by fuzz_must where the module breaks its word.
 */

/* A directory of tests/ whose files are inputs too; "" none. */
extern const char fuzz_seeds[];

/* libFuzzer's: once before the first input, and for each. Both return 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_must(condition)                            \
	do {                                            \
		if (!(condition))                       \
			fuzz_die(__func__, #condition); \
	} while (0)
_Noreturn void fuzz_die(const char *where, const char *what);

/*
 * A path in the process's own directory, which is made at the first call and
 * goes when the process ends. Valid until the next but three.
 */
const char *fuzz_path(const char *name);

/* The file of that name has these bytes. */
void fuzz_write(const char *name, const void *data, size_t len);

/* The bytes and a NUL, for free(). */
char *fuzz_text(const void *data, size_t len);

/* The settings of a text that is right; a data directory of ours goes before. */
struct settings *fuzz_settings(const char *text);

/* SECRET_A and SECRET_B of secrets_file.h. */
struct secrets *fuzz_secrets(void);

/*
 * A request: lines NAME=value, an empty line, the body. An input that does not
 * begin with such a line is all body, of a POST. An HTTP_AUTHORIZATION that
 * begins with "sign:" becomes a token with the rest as its payload, since
 * nobody guesses a signature. For memory_io_fini.
 */
void fuzz_request(struct memory_io *m, const uint8_t *data, size_t size);

/*
 * Is this one HTTP answer as CGI has it, with no header that is not ours, and a
 * body that is JSON where it says so? Its status.
 */
int fuzz_answer(const struct buf *reply);

/* The log goes to a file; fuzz_log checks its lines since the last call. */
void fuzz_log_open(void);
void fuzz_log(void);

#endif
