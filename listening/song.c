#include "listening/song.h"

#include <math.h>

/* The flux of a spectrum grows before its window's middle is at the onset, the more the louder that is: what
 * is heard as a beat comes so much earlier. */
static const double beat_late_s = 0.012;

/* Pulses less clear than this, and beats that stand out less, are of no rhythm. */
static const double clear_enough = 0.25, strong_enough = 0.7;

/* Of a metre over the next best: leads below this were as often wrong as right. */
static const double meter_doubtful = 0.035;

/* A tempo that is hardly likelier than all others together is not told. */
static const double tempo_doubtful = 0.53;

static double held(double value)
{
	return fmin(1, fmax(0, value));
}

/* From a lead over the next best: SONG_SURE where it is `doubtful`. */
static double lead(double margin, double doubtful)
{
	return 1 - pow(1 - SONG_SURE, margin / doubtful);
}

static void judge(struct song *song, const struct pulse *pulse)
{
	const struct bars *bars = &song->bars;
	double rhythm = held(pulse->clearness / clear_enough) * held(bars->strength / strong_enough);
	song->tempo_bpm = 60 * song->rate / steps_period(&bars->beats);
	song->tempo_confidence = fmin(rhythm, pow(bars->tempo_sure, log(SONG_SURE) / log(tempo_doubtful)));
	song->beats_confidence = fmin(rhythm, bars->beats_sure);
	song->meter_confidence = rhythm * lead(bars->meter_margin, meter_doubtful);
}

static bool find_rhythm(struct song *song, const struct together *together, const struct harmony *harmony,
	const struct bars_known *known)
{
	struct evidence evidence;
	struct pulse pulse;
	evidence_make(&evidence, together, harmony);
	bool found = pulse_find(&pulse, together) == 0 &&
		     bars_find(&song->bars, &evidence, harmony, &pulse, known) == 0;
	if (found)
		judge(song, &pulse);
	pulse_finish(&pulse);
	evidence_finish(&evidence);
	return found;
}

void song_find(
	struct song *song, const struct listened *tracks, size_t track_count, const struct bars_known *known)
{
	struct together together;
	struct harmony harmony;
	*song = (struct song){0};
	together_make(&together, tracks, track_count);
	harmony_make(&harmony, &together);
	song->rate = together.rate;
	song->tuning = together.tuning;
	song->rhythmic = find_rhythm(song, &together, &harmony, known);
	if (song->rhythmic) {
		chords_find(&song->chords, &harmony, &song->bars);
		form_find(&song->form, tracks, track_count, &harmony, &song->chords);
	}
	song->tonal = together.pitched > 0;
	if (song->tonal) {
		song->key = key_find(&harmony, song->chords.bars, song->chords.count);
		fingerprint_make(&song->print, &harmony, 0, INFINITY);
	}
	harmony_finish(&harmony);
	together_finish(&together);
}

void song_finish(struct song *song)
{
	bars_finish(&song->bars);
	chords_finish(&song->chords);
	form_finish(&song->form);
	fingerprint_finish(&song->print);
	*song = (struct song){0};
}

double song_beat(const struct song *song, size_t i)
{
	return fmax(0, song->bars.beats.frame[i] / song->rate - beat_late_s);
}
