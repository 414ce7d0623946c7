#ifndef FT_COPY_H
#define FT_COPY_H

/*
 * Send a copy of a line that has been written elsewhere, such as the ledger's,
 * to where the setting log_ledger says (target.h; "file" sends none), in the name
 * fcgi-thumb-ledger. For a process of its own: it resolves names. Waits for
 * nobody else; what cannot be sent is counted (log_lost) and said in the log
 * once, and a host that cannot be reached is left alone for a minute.
 *
 * All lines of a process go to one place, that of the first.
 */
void copy_line(const char *target, const char *line);

#endif
