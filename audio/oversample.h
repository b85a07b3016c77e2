/* Interpolation to 16 times the rate, for finding peaks between the samples (ITU-R BS.1770-5, annex 2, with
 * many more taps), in two stages: the middles between the samples by a filter of 1024 taps, flat up to 0.4979
 * of the rate, and what lies between those by a short one, which has an octave for its transition. Clicks and
 * noise reach to half the rate: of theirs, too, a sinc of 4096 taps reads more by 0.02 dB only (of squares,
 * which go on rising with a sinc's length, by 0.1 dB). What a filter of 32 taps reads, as meters have, counts
 * as well where it is more. Works in 32 bit: a peak is right to 1e-6 dB, at twice the samples a vector. The
 * same samples give the same peaks, bit by bit, however they are cut. */
#ifndef WOODSHED_AUDIO_OVERSAMPLE_H
#define WOODSHED_AUDIO_OVERSAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oversample;

/* One channel. NULL when out of memory. */
struct oversample *oversample_create(void);
void oversample_destroy(struct oversample *oversample); /* NULL is fine */
void oversample_reset(struct oversample *oversample);

/* Only peaks above `floor` matter to the caller, who sets it once (0, as created: all do). */
void oversample_set_floor(struct oversample *oversample, double floor);

/* For every input sample, the largest magnitude among the 16 interpolated values from that sample (inclusive)
 * up to the next one (exclusive), delayed by oversample_latency() samples; where that is not above the floor,
 * the sample's own. `peaks` has room for `count`. Whether any is above the floor. */
bool oversample_peaks(struct oversample *oversample, const double *samples, double *peaks, size_t count);

/* The largest peak since the start, for who needs no more than that: faster, since the largest so far is the
 * floor. Use this or oversample_peaks, not both. */
double oversample_largest(struct oversample *oversample, const double *samples, size_t count);

/* The largest with the samples that are still inside, as if silence followed; changes nothing. */
double oversample_largest_to_end(const struct oversample *oversample);

/* Delay in samples between a sample going in and the peak that belongs to it coming out. */
uint32_t oversample_latency(void);

#endif
