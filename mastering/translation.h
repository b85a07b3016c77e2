/* How a stereo programme survives where people listen to it: one loudspeaker, a phone, a car, earbuds. Each
 * answer is a figure and whether it is within what is usual. Pure: blocks in, figures out.
 *
 * mono: what folding to (L + R) / 2 on both sides costs in loudness (BS.1770-5), and in the third octave that
 * loses the most, of those within 30 dB of the loudest. In time and sign alike material costs nothing, what
 * stands on one side only costs 3 dB.
 *
 * phone: the fold through a high-pass of fourth order at 300 Hz. A finished master has no voice to look at by
 * itself, so 1 to 4 kHz, where words are understood, stands for it: how much its K-weighted power over that
 * of all the rest changes. A bass is heard when its overtones carry it: either the programme has none (40 to
 * 250 Hz more than 20 dB below the whole), or what the phone still plays of the two octaves above (300 Hz to
 * 1 kHz) is at most 20 dB below all that it plays.
 *
 * car: a bed of pink noise 20 LU below the programme's loudness; the share of gating blocks (400 ms, every
 * 100 ms) above it, from the first to the last one that sounds at all (-70 LUFS).
 *
 * earbuds: the longest time that only one ear hears something (the other 20 dB or more below it), or that all
 * there is is opposite on both sides (the fold 20 dB or more below it), by 400 ms blocks above -60 LUFS. */
#ifndef WOODSHED_MASTERING_TRANSLATION_H
#define WOODSHED_MASTERING_TRANSLATION_H

#include "audio/longterm.h"

#include <stdbool.h>

struct translation;

/* Figures are NAN where there was nothing to measure; that passes. */
struct translation_reading {
	bool mono, phone, car, earbuds; /* true: pass */
	double mono_loss_lu;
	double mono_worst_db, mono_worst_hz; /* the third octave that loses the most */
	double phone_voice_lu;		     /* change of voice against band; above 0: more voice */
	double phone_bass_db; /* overtones below all that the phone plays; 0: there is no bass */
	double car_above;     /* 0 to 1 */
	double earbuds_s;
	double tilt_db_per_octave;	  /* longterm_tilt */
	double third_db[LONGTERM_THIRDS]; /* mean square of both sides, dBFS; -INFINITY: nothing */
};

/* What passes. */
#define TRANSLATION_MONO_LU 2.0
#define TRANSLATION_MONO_BAND_DB 6.0
#define TRANSLATION_VOICE_LU 3.0
#define TRANSLATION_BASS_DB (-20.0)
#define TRANSLATION_CAR_SHARE 0.95
#define TRANSLATION_EARBUDS_S 3.0

/* `rate` is 8 to 384 kHz, `channels` 1 or 2. */
int translation_create(
	struct translation **translation, uint32_t rate, uint32_t channels, struct error *e) MUST_CHECK;
void translation_destroy(struct translation *translation);				    /* NULL is fine */
int translation_add(struct translation *translation, const struct block *block) MUST_CHECK; /* 0, -ENOMEM */

/* The same in two parts, which may run at the same time: the spectrum; and the levels, from what another
 * meter has weighted (as r128_set_weighted wants it; `data` is the translation), which leaves its failure,
 * -ENOMEM, to be asked for. */
void translation_add_spectrum(struct translation *translation, const struct block *block);
void translation_add_weighted(void *data, uint32_t channel, const double *samples, uint32_t frames);
int translation_failure(const struct translation *translation) MUST_CHECK;

/* Once, at the end. */
void translation_read(struct translation *translation, struct translation_reading *reading);

#endif
