#ifndef FT_LEDGER_INTERNAL_H
#define FT_LEDGER_INTERNAL_H

#include <stddef.h>

#include "ledger.h"

/* What the ledger's files share; for no one else. */

/* Days since the epoch, also before it. */
int64_t ledger_day(int64_t moment);

/* The day of "YYYY-MM-DD.anything". 0, or -1: not such a name. */
int ledger_day_of_name(const char *name, int64_t *out);

/* The days that have a file, sorted. The caller frees list. 0, or -1. */
struct ledger_days {
	int64_t *list;
	size_t n, cap;
};
int ledger_list_days(int dirfd, struct ledger_days *out);

enum ledger_parsed {
	LEDGER_PARSED,
	LEDGER_FOREIGN,
	LEDGER_UNKNOWN
};

/* An entry from a line of len bytes without its newline. */
enum ledger_parsed ledger_parse(const char *line, size_t len,
    struct ledger_entry *out);

#endif
