/* To a multiple of the rate and back, for what makes harmonics that the rate itself has no room for. Linear
 * phase, Kaiser-windowed sincs (audio/sinc.h) in stages of two (R. E. Crochiere and L. R. Rabiner,
 * "Multirate Digital Signal Processing", 1983): flat within 0.01 dB up to 0.43 of the rate there and back; on
 * the way back everything from 0.5 of the rate up is at least 85 dB down, so nothing folds. */
#ifndef WOODSHED_AUDIO_MULTIRATE_H
#define WOODSHED_AUDIO_MULTIRATE_H

#include <stddef.h>
#include <stdint.h>

enum { MULTIRATE_CHUNK = 64, MULTIRATE_FACTOR_MOST = 8 };

struct multirate;

/* `factor` is 2, 4 or 8. One channel. NULL when out of memory or for any other factor. */
struct multirate *multirate_create(uint32_t factor);
void multirate_destroy(struct multirate *multirate); /* NULL is fine */
void multirate_reset(struct multirate *multirate);

/* `count` samples, up to MULTIRATE_CHUNK, become `factor` times as many in `out`. However a signal is cut,
 * the samples are bit-identical. */
void multirate_up(struct multirate *multirate, const double *samples, size_t count, double *out);

/* The way back: `factor` times `count` samples become `count`. */
void multirate_down(struct multirate *multirate, const double *samples, size_t count, double *out);

/* Frames, at the lower rate, by which both ways together delay. */
uint32_t multirate_latency(const struct multirate *multirate);

#endif
