/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF. */
#ifndef WOODSHED_CONFIG_UTF8_H
#define WOODSHED_CONFIG_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads one character of at most `size` bytes; returns its length (1 to 4), or 0 if there is none. */
size_t utf8_read(const char *text, size_t size, uint32_t *character);

/* True for what would act on a terminal instead of showing: C0 (tab and newline too), DEL, C1 and the marks
 * that turn the direction of text. */
bool utf8_is_control(uint32_t character);

/* Replaces control characters and broken sequences by "?", in place. */
void utf8_make_visible(char *text);

/* How many cells of a terminal it takes: 0 (combining), 1, or 2 (wide, after Unicode's annex 11). */
int utf8_width(uint32_t character);

#endif
