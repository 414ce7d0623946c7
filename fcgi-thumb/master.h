#ifndef FT_MASTER_H
#define FT_MASTER_H

#include "settings.h"

/*
 * The prefork master: binds, forks, reaps, watches, drains. Knows nothing of
 * photos.
 *
 * settings_path  read again at SIGHUP
 * settings       taken: freed at the end or when replaced
 *
 * Signals: SIGHUP reads the settings again (the old ones stay on an error),
 * starts new workers and lets the old finish what they have; it opens the log
 * file anew as well. SIGUSR1 does that alone, for whoever has moved the file: with
 * new workers and the settings in force; the old workers finish with the old
 * file. A log file that is gone, or could not be opened, is looked for: what was
 * to stand in it goes to stderr meanwhile. The sockets stay as they are: which of
 * their settings have changed is said in the log. SIGTERM and SIGINT serve what
 * is queued and end.
 *
 * Returns the exit status of the program.
 */
int master_run(const char *settings_path, struct settings *settings);

#endif
