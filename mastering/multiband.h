/* Multiband compression: a Linkwitz-Riley crossover (audio/crossover.h) whose bands, in phase, are compressed
 * by themselves and added up again; with nothing to reduce the sum is an all-pass. One band is a compressor
 * of the whole.
 *
 * The level of a band is its mean power over some 10 ms, of the louder side; both sides get the same gain.
 * The curve and the ballistics are those of the compressor (D. Giannoulis, M. Massberg and J. D. Reiss,
 * 2012), but worked out every 16 frames, with a straight line of gain between: no attack here is short enough
 * to tell. */
#ifndef WOODSHED_MASTERING_MULTIBAND_H
#define WOODSHED_MASTERING_MULTIBAND_H

#include "audio/crossover.h"
#include "audio/processor.h"

enum { MULTIBAND_BANDS = CROSSOVER_BANDS };

struct multiband_band {
	double below_hz;     /* where the next band begins; NAN: the highest band */
	double threshold_db; /* of the mean power, dBFS: a sine of full scale is at -3 dB */
	double ratio;
	double attack_s, release_s; /* to 63 % of the change in dB */
	double knee_db;
	double most_db; /* never taken off more */
	double gain_db; /* behind it */
};

struct multiband_settings {
	struct key_list bands; /* of struct multiband_band, the lowest first */
};

extern const struct processor_type multiband_type;

/* What was taken off a band so far, in dB: at most, and in the mean over all of the time. */
struct multiband_reduction {
	double most_db, mean_db;
};

/* Of a processor of this type; zeros for a band that it does not have. */
struct multiband_reduction multiband_reduced(const struct processor *multiband, size_t band);

#endif
