#ifndef FT_REPLY_PAGE_INTERNAL_H
#define FT_REPLY_PAGE_INTERNAL_H

#include "reply_page.h"

/* The parts of the page of results to one another. Appended to out, escaped. */

/* A refusal in words: which limit, what came, and what can be done. */
void reply_page_refusal(struct buf *out, const struct fault_info *info,
    enum language language);

/* What became of one photo. */
void reply_page_photo(struct buf *out, const struct outcome *o,
    const struct settings *settings, enum language language);

#endif
