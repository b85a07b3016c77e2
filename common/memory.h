/* Memory for control-side data. A recorder that cannot have a few bytes for a name cannot go on in a way that
 * anyone tested, so these end the program with a message; what can be large (rings, blocks, what arrives from
 * files or the network) is allocated with malloc and checked. Memory is zeroed. */
#ifndef WOODSHED_COMMON_MEMORY_H
#define WOODSHED_COMMON_MEMORY_H

#include "common/error.h"

#include <stddef.h>

/* Says so and ends the program, status 1. */
void memory_is_out(void) __attribute__((noreturn, cold));

/* What a library allocated, where it says NULL for want of memory alone: that, or the end. */
void *memory_checked(void *memory) __attribute__((returns_nonnull));

void *memory_new(size_t size) __attribute__((returns_nonnull, malloc));
void *memory_array(size_t count, size_t size) __attribute__((returns_nonnull, malloc));

/* Not zeroed; of any size. For libraries that can be given their malloc: where memory lacks, Jansson takes a
 * good document for a broken one, and a take's manifest that is broken is told anew. */
void *memory_block(size_t size) __attribute__((returns_nonnull, malloc));

/* Grows (or makes) an array to `count` items of `size`; new items are not zeroed. */
void *memory_grow(void *array, size_t count, size_t size) __attribute__((returns_nonnull));

char *memory_text(const char *text) __attribute__((returns_nonnull));			    /* strdup */
char *memory_format(const char *format, ...) PRINTF(1, 2) __attribute__((returns_nonnull)); /* asprintf */

#endif
