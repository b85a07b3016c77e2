/* Polyphase interpolation for finding peaks between the samples (ITU-R BS.1770-5, annex 2, with more taps).
 * Flat within 0.01 dB up to 0.45 of the rate, images 70 dB down. Works in 32 bit: a peak is right to 1e-6 dB,
 * at twice the samples a vector. The same samples give the same peaks, bit by bit, however they are cut. */
#ifndef WOODSHED_AUDIO_OVERSAMPLE_H
#define WOODSHED_AUDIO_OVERSAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct oversample;

/* `factor` phases (4, 8 or 16) of 64 taps each, Kaiser-windowed sinc. One channel. NULL when out of memory or
 * for any other factor. */
struct oversample *oversample_create(uint32_t factor);
void oversample_destroy(struct oversample *oversample); /* NULL is fine */
void oversample_reset(struct oversample *oversample);

/* Only peaks above `floor` matter to the caller, who sets it once (0, as created: all do). What cannot reach
 * it is not interpolated in full, and comes out lower than it is. */
void oversample_set_floor(struct oversample *oversample, double floor);

/* For every input sample, the largest magnitude among the `factor` interpolated values from that sample
 * (inclusive) up to the next one (exclusive), delayed by oversample_latency() samples. `peaks` has room for
 * `count`. */
void oversample_peaks(struct oversample *oversample, const double *samples, double *peaks, size_t count);

/* The largest peak since the start, for who needs no more than that: many times faster, since the largest so
 * far is the floor. Use this or oversample_peaks, not both. */
double oversample_largest(struct oversample *oversample, const double *samples, size_t count);

/* The largest likewise, and into `peaks`, for every input sample, the larger magnitude of itself and of the
 * middle between it and the next, which falls short of the peak between them by 1 dB at most, near half the
 * rate, and mostly by next to nothing. Below `floor` it may be the sample's own. Delayed by
 * oversample_latency(). */
double oversample_envelope(struct oversample *oversample, const double *samples, double *peaks, size_t count);

/* The largest with the samples that are still inside, as if silence followed; changes nothing. */
double oversample_largest_to_end(const struct oversample *oversample);

/* Delay in samples between a sample going in and the peak that belongs to it coming out. */
uint32_t oversample_latency(const struct oversample *oversample);

#endif
