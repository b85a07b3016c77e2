#include "config/mastering.h"

#include <math.h>
#include <string.h>

const char *const master_dithers[] = {[MASTER_DITHER_TPDF] = "tpdf", [MASTER_DITHER_SHAPED] = "shaped", NULL};

#define CURVE(member) offsetof(struct master_curve, member)
static const struct key curve_keys[] = {
	{"name", KEY_TEXT, CURVE(name), .most = 64, .required = true,
		.help = "A genre, as song.genre says it; `default` is for all others."},
	{"slope", KEY_NUMBER, CURVE(slope_db), .unit = UNIT_DB, .least = -9, .most = 0, .fallback = "-4.5 dB",
		.help = "How fast the power density falls, an octave."},
	{"bass", KEY_NUMBER, CURVE(bass_db), .unit = UNIT_DB, .least = -12, .most = 12, .fallback = "0 dB",
		.help = "Above that line, below 100 Hz."},
	{"presence", KEY_NUMBER, CURVE(presence_db), .unit = UNIT_DB, .least = -12, .most = 12,
		.fallback = "0 dB", .help = "Above that line, around 3 kHz."},
	{"air", KEY_NUMBER, CURVE(air_db), .unit = UNIT_DB, .least = -12, .most = 12, .fallback = "0 dB",
		.help = "Above that line, from 10 kHz up."},
};

const struct record master_curve_record = {"curve", "The spectrum that a genre's masters have.",
	sizeof(struct master_curve), curve_keys, KEY_COUNT(curve_keys)};

static void take_over(double *own, double preset)
{
	if (isnan(*own))
		*own = preset;
}

void master_chain_take_over(struct master_chain *own, const struct master_chain *preset)
{
	take_over(&own->highpass_hz, preset->highpass_hz);
	take_over(&own->tone_db, preset->tone_db);
	take_over(&own->multiband_db, preset->multiband_db);
	take_over(&own->multiband_bands, preset->multiband_bands);
	take_over(&own->width_percent, preset->width_percent);
	take_over(&own->mono_below_hz, preset->mono_below_hz);
	take_over(&own->glue_db, preset->glue_db);
	take_over(&own->soft_clip_db, preset->soft_clip_db);
	take_over(&own->lookahead_s, preset->lookahead_s);
	take_over(&own->release_s, preset->release_s);
	take_over(&own->max_reduction_db, preset->max_reduction_db);
	take_over(&own->min_psr_lu, preset->min_psr_lu);
	if (own->dither < 0)
		own->dither = preset->dither;
}

void master_chain_settle(struct master_chain *chain)
{
	static const struct master_chain neutral = {.multiband_bands = 4,
		.width_percent = 100,
		.lookahead_s = 0.005,
		.release_s = 0.25,
		.max_reduction_db = 12};
	master_chain_take_over(chain, &neutral);
}
