#ifndef FT_REPLY_PAGE_H
#define FT_REPLY_PAGE_H

#include "buf.h"
#include "language.h"
#include "reply.h"

/*
 * The answer as a page, for a form post without scripts: each photo with its
 * thumbnails, what can be copied of it and its delete token, each refusal in
 * words with limit, actual value and what to do. Addresses of the page's own
 * files are relative, so that any prefix works; where the settings have no
 * pages it names none. Everything that came from a client is escaped.
 * Parameters as for reply_build; appended to out.
 */
void reply_page(struct buf *out, const struct outcome *outcomes, unsigned n,
    const struct fault_info *whole, const struct settings *settings,
    enum language language);

#endif
