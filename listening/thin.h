/* A mono signal at about 12 kHz, which is what listening needs: every n-th sample of a lowpass (Kaiser,
 * 70 dB), so that an hour of music costs seconds. Pure; one thread. */
#ifndef WOODSHED_LISTENING_THIN_H
#define WOODSHED_LISTENING_THIN_H

#include <stddef.h>
#include <stdint.h>

enum { THIN_CHUNK = 1024 };

struct thin;

/* `rate` is 8 to 384 kHz. NULL for another, or without memory. */
struct thin *thin_create(uint32_t rate);
void thin_destroy(struct thin *thin); /* NULL is fine */

double thin_rate(const struct thin *thin); /* Hz, of what comes out; a whole fraction of the input's */

/* `count` (at most THIN_CHUNK) samples into at most as many of `out`; returns how many. Sample n of what
 * comes out lies where n × rate / thin_rate of what goes in does; what lies before the first sample is
 * silence. The filter looks ahead: the last samples come once thin_add was given `thin_ahead` more. */
size_t thin_add(struct thin *thin, const double *samples, size_t count, double *out);
size_t thin_ahead(const struct thin *thin);

#endif
