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

/* Memory of one section for one channel; starts zeroed. */
struct biquad_memory {
	double x1, x2, y1, y2;
	uint32_t age; /* samples since the last look for decay, in the first memory of a cascade */
};

enum filter_shape {
	FILTER_PEAK,
	FILTER_LOWSHELF,
	FILTER_HIGHSHELF,
	FILTER_NOTCH,
	FILTER_LOWPASS,
	FILTER_HIGHPASS,
	FILTER_BANDPASS, /* 0 dB at the centre */
	FILTER_TILT,	 /* first order, 0 dB at the centre: `gain_db` up far above, as much down far below */
};

/* One section of `shape` at `frequency` Hz (0 < frequency < rate / 2), `gain_db` for peak, shelves and tilt,
 * `q` for all but the tilt. Prototypes are those of R. Bristow-Johnson's audio EQ cookbook, fitted in
 * magnitude (audio/match.h). Deviation from the analogue response from 20 Hz to 18 kHz, wherever that is
 * above -40 dB, with corners from 10 Hz to 18 kHz and gains of -24 to 24 dB: within 0.25 dB at 48 kHz, 0.22
 * dB at 96 kHz, 0.26 dB at 44.1 kHz. Beyond that: a highpass with q below 0.5 or above 1.5 (0.3 dB), or above
 * 2 with a corner above 6 kHz (1.2 dB, at 44.1 kHz 1.4 dB, where it is near 40 dB down); a bandpass with q
 * below 0.3 or above 3 (0.45 dB); shelves are measured with q from 0.3 to 2, the tilt with gains of -12 to 12
 * dB. A design takes some 0.1 ms. */
struct biquad filter_design(enum filter_shape shape, double frequency, double q, double gain_db, double rate);

/* Butterworth of `order` (1 to 8) as sections into `out` (room for 4); returns how many. `shape` is
 * FILTER_HIGHPASS or FILTER_LOWPASS; −3.01 dB at `frequency` (within 0.025 dB). Down to -20 dB it is
 * within 0.25 dB of the analogue response, for the sections are fitted together; a lowpass of order 6 and up
 * with its corner from 12 to 14 kHz may come to 0.3 dB at 48 and 44.1 kHz. A design takes
 * some milliseconds at most, most of them much less. */
size_t filter_butterworth(
	enum filter_shape shape, unsigned order, double frequency, double rate, struct biquad out[static 4]);

/* Runs `samples` through one section in place; flushes a memory that decayed below hearing, so silence after
 * sound costs no denormals, and one that is not finite any more, within 256 samples. */
void filter_run(const struct biquad *section, struct biquad_memory *memory, double *samples, size_t count);

/* A memory is looked at after every so many samples since it was made, never after blocks. */
enum { FILTER_FLUSH_EVERY = 1024 };

/* The same through `section_count` sections after one another, each with its own memory: much faster than one
 * call a section, for neighbours run side by side. However a signal is cut into calls, the samples are
 * bit-identical. */
void filter_run_cascade(const struct biquad *sections, struct biquad_memory *memories, size_t section_count,
	double *samples, size_t count);

/* The same for several signals, each with its own sections and memories but as many: to the bit what each
 * gives alone, in less time. */
enum { FILTER_TOGETHER = 4 };
void filter_run_together(const struct biquad *const sections[static FILTER_TOGETHER],
	struct biquad_memory *const memories[static FILTER_TOGETHER], size_t section_count,
	double *const samples[static FILTER_TOGETHER], size_t count);

/* The same for two signals through the same two sections. */
void filter_run_pair(const struct biquad sections[static 2], struct biquad_memory *const memories[static 2],
	double *const samples[static 2], size_t count);

/* |H| of a section at `frequency`, linear. */
double filter_magnitude(const struct biquad *section, double frequency, double rate);

#endif
