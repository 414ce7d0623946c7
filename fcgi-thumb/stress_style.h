#ifndef FT_STRESS_STYLE_H
#define FT_STRESS_STYLE_H

/*
 * The style sheet of the page about a stress test: light and dark, from 320 px
 * on, on paper, and the classes that stress_plot.h names.
 */
extern const char stress_style[];

#endif
