/* What automatic balance keeps of a track as it was recorded: a line of figures for every 400 ms. Pure. */
#ifndef WOODSHED_MIXER_SURVEY_H
#define WOODSHED_MIXER_SURVEY_H

#include "audio/block.h"
#include "common/error.h"

#include <stddef.h>

/* Octaves from 63 Hz on; what lies below is in the first, what lies above 8 kHz in the last. */
enum { SURVEY_BANDS = 8, SURVEY_STEPS = 4 };

struct survey_window {
	float bands[SURVEY_BANDS]; /* power of all channels together */
	float peak;		   /* of all channels, linear */
	float flatness;		   /* geometric over arithmetic mean of the spectrum: 0 (a tone) to 1 */
};

struct survey;

/* `channels` is 1 or 2. Windows are SURVEY_STEPS steps of 100 ms, so that they fit the gating blocks of
 * audio/r128.h. */
int survey_create(struct survey **survey, uint32_t rate, uint32_t channels, struct error *e) MUST_CHECK;
void survey_destroy(struct survey *survey); /* NULL is fine */

/* 40 bytes are kept for every window. 0 or -ENOMEM. */
int survey_add(struct survey *survey, const struct block *block) MUST_CHECK;

/* The whole windows so far; valid until the next survey_add. */
const struct survey_window *survey_windows(const struct survey *survey, size_t *count);

/* A band's middle. */
double survey_band_hz(size_t band);

#endif
