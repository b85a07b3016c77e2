/* The long-term mean spectrum of a programme: Welch's method (P. D. Welch, 1967) with Hann windows that
 * overlap by half, bins of 3 Hz or finer. Of a stereo signal both the sum of the sides' powers and the power
 * of their mono fold (L + R) / 2 are kept. */
#ifndef WOODSHED_AUDIO_LONGTERM_H
#define WOODSHED_AUDIO_LONGTERM_H

#include "audio/block.h"
#include "common/error.h"

#include <stddef.h>

/* Third octaves 20 Hz to 20 kHz (IEC 61260-1, base ten: 10^(n/10) Hz, n = 13 to 43). */
enum { LONGTERM_THIRDS = 31, LONGTERM_FIRST_THIRD = 13 };

struct longterm;

/* What a bin at `frequency` counts for, of power; NULL: 1. */
typedef double (*longterm_weight_fn)(const void *data, double frequency);

struct longterm_power {
	double sides; /* mean square of left plus that of right; of mono twice its own */
	double mono;  /* mean square of the fold */
};

/* `rate` is 8 to 384 kHz, `channels` 1 or 2. */
int longterm_create(struct longterm **longterm, uint32_t rate, uint32_t channels, struct error *e) MUST_CHECK;
void longterm_destroy(struct longterm *longterm); /* NULL is fine */
void longterm_add(struct longterm *longterm, const struct block *block);

/* Has what is still inside counted too, as if silence followed. Nothing may be added after it. */
void longterm_end(struct longterm *longterm);

/* The power between two frequencies; bins at the border count by what lies inside. */
struct longterm_power longterm_band(const struct longterm *longterm, double from_hz, double to_hz,
	longterm_weight_fn weight, const void *data);

double longterm_third_hz(size_t third); /* its exact mid-band frequency */
struct longterm_power longterm_third(const struct longterm *longterm, size_t third);

/* dB per octave of the power density from 100 Hz to 10 kHz: the straight line of least squares through the
 * third octaves, which count alike. White noise is 0, pink noise -3.01. NAN of silence or where the rate has
 * no room for it. */
double longterm_tilt(const struct longterm *longterm);

#endif
