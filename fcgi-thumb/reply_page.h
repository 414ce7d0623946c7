#ifndef FT_REPLY_PAGE_H
#define FT_REPLY_PAGE_H

#include "buf.h"
#include "reply.h"

/*
 * The answer as a page, for a form post without scripts: each photo with its
 * thumbnails, each refusal in words with limit and actual value. Addresses of
 * the page's own files are relative, so that any prefix works. Everything that
 * came from a client is escaped. Parameters as for reply_build; appended to out.
 */
void reply_page(struct buf *out, const struct outcome *outcomes, unsigned n,
    const struct fault_info *whole, const struct settings *settings);

#endif
