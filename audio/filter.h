/* Second-order sections (biquads) and their designs. */
#ifndef WOODSHED_AUDIO_FILTER_H
#define WOODSHED_AUDIO_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* y = b0 x + b1 x1 + b2 x2 - a1 y1 - a2 y2, a0 normalised to 1. */
struct biquad {
	double b0, b1, b2, a1, a2;
};

/* Memory of one section for one channel (transposed direct form II). */
struct biquad_memory {
	double s1, s2;
};

enum filter_shape {
	FILTER_PEAK,
	FILTER_LOWSHELF,
	FILTER_HIGHSHELF,
	FILTER_NOTCH,
	FILTER_LOWPASS,
	FILTER_HIGHPASS,
	FILTER_BANDPASS, /* 0 dB at the centre */
};

/* One section of `shape` at `frequency` Hz (0 < frequency < rate / 2), `gain_db` for peak and shelves. A
 * parametric design whose magnitude follows the analogue prototype. */
struct biquad filter_design(enum filter_shape shape, double frequency, double q, double gain_db, double rate);

/* Butterworth of `order` (1 to 8) as sections into `out` (room for 4); returns how many. `shape` is
 * FILTER_HIGHPASS or FILTER_LOWPASS; −3.01 dB at `frequency`. */
size_t filter_butterworth(
	enum filter_shape shape, unsigned order, double frequency, double rate, struct biquad out[static 4]);

/* Runs `samples` through one section in place; flushes a memory that decayed below hearing, so silence after
 * sound costs no denormals. */
void filter_run(const struct biquad *section, struct biquad_memory *memory, double *samples, size_t count);

/* |H| of a section at `frequency`, linear. */
double filter_magnitude(const struct biquad *section, double frequency, double rate);

#endif
