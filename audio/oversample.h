/* Polyphase interpolation for finding peaks between the samples (ITU-R BS.1770-5, annex 2, with more taps).
 */
#ifndef WOODSHED_AUDIO_OVERSAMPLE_H
#define WOODSHED_AUDIO_OVERSAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct oversample;

/* `factor` phases (4, 8 or 16) of 64 taps each, Kaiser-windowed sinc. One channel. NULL when out of memory.
 */
struct oversample *oversample_create(uint32_t factor);
void oversample_destroy(struct oversample *oversample); /* NULL is fine */
void oversample_reset(struct oversample *oversample);

/* For every input sample, the largest magnitude among the `factor` interpolated values from that sample
 * (inclusive) up to the next one (exclusive), delayed by oversample_latency() samples. `peaks` has room for
 * `count`. */
void oversample_peaks(struct oversample *oversample, const double *samples, double *peaks, size_t count);

/* Delay in samples between a sample going in and the peak that belongs to it coming out. */
uint32_t oversample_latency(const struct oversample *oversample);

#endif
