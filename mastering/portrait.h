/* How loud a programme is where: one side's spectrum in third octaves, window by window (some 0.17 s, Hann).
 * What the chain of a master goes by. One thread a side. */
#ifndef WOODSHED_MASTERING_PORTRAIT_H
#define WOODSHED_MASTERING_PORTRAIT_H

#include "audio/longterm.h"

#include <stdbool.h>

struct portrait;

/* `rate` is 8 to 384 kHz. -EINVAL or -ENOMEM. */
int portrait_create(struct portrait **portrait, uint32_t rate, struct error *e) MUST_CHECK;
void portrait_destroy(struct portrait *portrait); /* NULL is fine */

/* 124 bytes are kept for every window. What does not fill the last one counts as if silence followed. 0 or
 * -ENOMEM. */
int portrait_add(struct portrait *portrait, const double *samples, size_t count) MUST_CHECK;

/* The mean power of both sides together over the loud parts, a third octave each (longterm_third_hz): windows
 * not more than 6 LU below the mean of all that sound. Both sides are of one programme; the second may be
 * NULL, for mono, and counts as the first once more. False, and zeros, where nothing sounds. */
bool portrait_loud(struct portrait *const sides[2], double thirds[LONGTERM_THIRDS]);

/* The level (mean power of the louder side, dBFS) that a tenth of the loud parts pass, where each third
 * counts by `weights`, of power. -INFINITY where nothing sounds. */
double portrait_peak_level(struct portrait *const sides[2], const double weights[LONGTERM_THIRDS]);

#endif
