/* What the mixer's dynamics processors have in common: what they listen to (the sound itself or a key,
 * through a filter of its own, both sides linked). How a wanted reduction becomes a smooth one is
 * audio/ballistics.h.
 */
#ifndef WOODSHED_MIXER_DETECTOR_H
#define WOODSHED_MIXER_DETECTOR_H

#include "audio/ballistics.h"
#include "audio/block.h"
#include "audio/delay.h"
#include "common/error.h"
#include "mixer/cascade.h"
#include "mixer/processors.h"

#include <math.h>

/* The keys of a struct detector_settings that is the member `detector` of `settings`. */
#define DETECTOR_KEYS(settings) \
	{.name = "key", \
		.type = KEY_TEXT, \
		.offset = offsetof(settings, detector.key), \
		.most = 64, \
		.track = true, \
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
