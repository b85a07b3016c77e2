/* A text of a length that nobody knows before it is written, put together with stdio's calls. As in memory.h,
 * memory that cannot be had ends the program. Any thread, each text by one. */
#ifndef WOODSHED_COMMON_TEXT_H
#define WOODSHED_COMMON_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Stays where it is between the two calls. */
struct text {
	FILE *to;
	char *text;
	size_t size; /* bytes, once it is closed */
};

/* Begins a text; what is written to the stream becomes part of it. */
FILE *text_open(struct text *text) __attribute__((returns_nonnull));

/* Ends it. The text is the caller's to free, NUL-terminated past its `size` bytes. */
char *text_close(struct text *text) __attribute__((returns_nonnull, warn_unused_result));

#endif
