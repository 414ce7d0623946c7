#ifndef FT_NGINXCONF_H
#define FT_NGINXCONF_H

#include <stdio.h>

#include "settings.h"

#define NGINXCONF_ROUTE "route.conf" /* in release_dir, with releases */

/*
 * nginx's side of the service, made from the settings: templates in nginx/
 * (http.conf.in, server.conf.in, standalone.conf.in) with @name@ in place of
 * what is generated. A line "@if name@" keeps the lines up to "@else@" or
 * "@end@" only where that value is not empty; a line "@each list@" has the
 * lines up to "@end@" once for each item; no nesting. The values:
 *
 *   data, html              the directories of the settings
 *   prefix, prefix-regex    "/v1.0", and as a regular expression "/v1[.]0"
 *   page                    "yes", or empty
 *   csp-origin              public_url behind a space, or empty
 *   presets-regex           "large|square"
 *   variants-regex          "large[.](jpg|webp)|square[.](jpg)"
 *   request-bytes           limits.request, in words "256 MB", and with its
 *   request-words           digits in groups "268,435,456"
 *   request-digits
 *   rate, rate-burst        uploads a second, and in one burst
 *   connections             uploads of one address under way at once
 *   upload-seconds          longest time from a whole body to the answer
 *   renders                 first renders under way at once
 *   render-seconds          longest time of one
 *   any-origin              "yes" where cors_origins is "*", or empty
 *   some-origins            "yes" where it names some, or empty
 *   proxies                 "yes" where there are trusted_proxies, or empty
 *   auth-request            the address of auth_request, or empty where
 *                           upload_auth is another
 *   route                   the route of releases, or empty without them
 *   port                    as given
 *   problem:CODE            the members of a problem document (RFC 9457)
 *                           of that fault, without the braces
 *   title:CODE              its title, and what people can do about it, as
 *   advice:CODE             fault_words has them, in English and
 *   title-ko:CODE           in Korean
 *   advice-ko:CODE
 *   retry-after:CODE        its seconds, or empty
 *
 * and the lists with what is known within them:
 *
 *   preset                  preset          "large"
 *                           preset-formats  "jpg webp", the first one first
 *   origin                  origin-regex    "https://a[.]example": of
 *                           cors_origins, none where they are "*"
 *   proxy                   proxy           "10.0.0.0/8": of trusted_proxies
 *   slot                    slot            "none", and with releases "blue"
 *                                           and "green"
 *                           slot-run        the directory of its sockets
 *   release-slot            slot            "blue", "green": of releases
 */

/*
 * Fill in one template.
 *
 * port      of the standalone configuration; 0 where there is none
 * template  path of the file
 * out       gets the text
 *
 * 0, or -1 with one line to errors: unreadable, an unknown name, or a value
 * that nginx would not take as plain text.
 */
int nginxconf_fill(const struct settings *settings, unsigned port,
    const char *template_path, FILE *out, FILE *errors);

#endif
