/* What all dynamics processors have in common: what they listen to (the sound itself or a key, through a
 * filter of its own, both sides linked), how a wanted reduction becomes a smooth one, and chunks. */
#ifndef WOODSHED_MIXER_DETECTOR_H
#define WOODSHED_MIXER_DETECTOR_H

#include "audio/block.h"
#include "audio/delay.h"
#include "common/error.h"
#include "mixer/cascade.h"
#include "mixer/processors.h"

#include <math.h>

/* Dynamics processors work chunk by chunk, each stage over the whole chunk: loops of a fixed count are what
 * compilers turn into vectors. */
enum { CHUNK = 64 };

/* -300 dB under every power keeps logarithms and means away from zero and denormals. */
#define FLOOR_POWER 1e-30

/* +120 dB: louder than any sound, and what becomes of infinities and NaN. */
#define MOST_POWER 1e12

/* The keys of a struct detector_settings that is the member `detector` of `settings`. */
#define DETECTOR_KEYS(settings) \
	{.name = "key", \
		.type = KEY_NAME, \
		.offset = offsetof(settings, detector.key), \
		.help = "The track whose level counts; the sound's own unless one is named."}, \
		{.name = "key_highpass", \
			.type = KEY_NUMBER, \
			.offset = offsetof(settings, detector.highpass_hz), \
			.unit = UNIT_HZ, \
			.least = 20, \
			.most = 20000, \
			.help = "What lies below (12 dB/oct) does not count for the level; none unless " \
				"given."}, \
	{ \
		.name = "key_lowpass", .type = KEY_NUMBER, \
		.offset = offsetof(settings, detector.lowpass_hz), .unit = UNIT_HZ, .least = 20, \
		.most = 20000, \
		.help = "What lies above (12 dB/oct) does not count for the level; none unless given." \
	}

struct detector {
	struct cascade filter;
};

/* An error names the key that is wrong. Nothing to finish. */
int detector_init(struct detector *detector, const struct detector_settings *settings, uint32_t rate,
	struct error *e) MUST_CHECK;
void detector_reset(struct detector *detector);

/* The louder side's power of `count` (up to CHUNK) frames of `key`, from frame `from` on: above 0 and finite,
 * whatever comes in. */
void detector_run(struct detector *detector, const struct block *key, size_t from, size_t count,
	double powers[static CHUNK]);

/* The share of a value that is left after one frame, where 1/e is left after `time_s`. */
static inline double keep_of(double time_s, double rate)
{
	return time_s > 0 ? exp(-1 / (time_s * rate)) : 0;
}

/* dB taken off a decaying reduction each frame, so that it ends at exactly zero. */
#define DECAY_DB 1e-12

/* Giannoulis, Massberg & Reiss's smooth decoupled peak detector. */
struct ballistics {
	double attack_keep, release_keep;
	double held, reduction; /* dB: after release, after attack as well */
};

/* Both times are to 63 % of the change; a release that is shorter than the attack is as long. */
void ballistics_init(struct ballistics *b, double attack_s, double release_s, double rate);
void ballistics_run(struct ballistics *b, double *values, size_t count);

/* Delays of `time_s` for `channels` channels. 0 or an error, with nothing left to finish. */
int lookahead_init(struct delay delays[static BLOCK_CHANNELS], uint32_t channels, double time_s, double rate,
	struct error *e) MUST_CHECK;
void lookahead_run(
	struct delay delays[static BLOCK_CHANNELS], struct block *block, size_t from, size_t count);
void lookahead_reset(struct delay delays[static BLOCK_CHANNELS]);
void lookahead_finish(struct delay delays[static BLOCK_CHANNELS]);

void apply_gains(const double gains[static CHUNK], struct block *block, size_t from, size_t count);

/* Of `count` values that are 0 or more. */
double largest_of(const double values[static CHUNK], size_t count);

#endif
