/* A small band made up on the spot: eight players with all their notes' harmonics, breath and decay, in one
 * room, over a noise floor; the same on every run. */
#ifndef WOODSHED_TESTS_UNIT_SMALL_BAND_H
#define WOODSHED_TESTS_UNIT_SMALL_BAND_H

#include "tests/unit/harness.h"
#include "tests/unit/phasor.h"

enum { CHANNELS = 8 };

struct sound {
	uint32_t channels, rate;
	uint64_t frames;
	float *samples[CHANNELS];
};

static uint64_t seed;

static inline double chance(void) /* 0 to 1 */
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(seed >> 11) / 9007199254740992.0;
}

static inline struct sound new_sound(uint32_t channels, uint32_t rate, double seconds)
{
	struct sound sound = {.channels = channels, .rate = rate, .frames = (uint64_t)(seconds * rate)};
	seed = 1;
	for (uint32_t c = 0; c < channels; c++)
		sound.samples[c] = memory_array(sound.frames, sizeof(float));
	return sound;
}

static inline void free_sound(struct sound *sound)
{
	for (uint32_t c = 0; c < sound->channels; c++)
		free(sound->samples[c]);
}

/* A note: harmonics that fall off by `dull`, a soft beginning, a decay; `noise` of it is breath or skin. */
struct note {
	double hz, seconds, level, dull, noise;
};

static inline void play(const struct sound *sound, float *out, uint64_t first, const struct note *note)
{
	uint64_t frames = (uint64_t)(note->seconds * sound->rate);
	double breath = 0;
	struct phasor harmonics[12];
	int count = 0;
	for (int h = 1; h <= 12 && h * note->hz < 0.4 * sound->rate; h++)
		harmonics[count++] = phasor_at(h * h, pow(h, -note->dull));
	for (uint64_t i = 0; i < frames && first + i < sound->frames; i++) {
		double t = (double)i / sound->rate, x = 0;
		double turns = 2 * M_PI * note->hz * (t + 0.0003 * sin(2 * M_PI * 5 * t));
		const struct phasor fundamental = phasor_at(turns, 1);
		struct phasor one = fundamental;
		for (int h = 0; h < count; h++, one = phasor_turn(one, fundamental))
			x += phasor_turn(one, harmonics[h]).im;
		breath += 0.4 * (2 * chance() - 1 - breath);
		double shape = fmin(t / 0.003, 1) * exp(-4 * t / note->seconds) *
			       fmin((note->seconds - t) / 0.02, 1);
		out[first + i] += (float)(note->level * shape * (x + note->noise * breath));
	}
}

/* What the player of a channel does: notes of one kind, one after the other with rests. */
static const struct player {
	double low_hz, high_hz, seconds, level, dull, noise;
} players[CHANNELS] = {
	{50, 60, 0.25, 0.5, 2.5, 0.3},	  /* kick */
	{180, 220, 0.2, 0.3, 1.0, 3.0},	  /* snare */
	{300, 900, 0.15, 0.05, 0.6, 6.0}, /* cymbals */
	{41, 98, 0.5, 0.4, 2.0, 0.02},	  /* bass */
	{110, 440, 0.8, 0.2, 1.1, 0.05},  /* guitars */
	{82, 330, 0.8, 0.2, 1.8, 0.05},	  /**/
	{150, 500, 0.6, 0.3, 2.0, 0.1},	  /* a voice */
	{200, 800, 1.5, 0.1, 2.2, 0.01},  /* keys */
};

static inline void add_noise(const struct sound *sound, double dbfs)
{
	float gain = (float)(pow(10, dbfs / 20) * sqrt(3));
	for (uint32_t c = 0; c < sound->channels; c++)
		for (uint64_t i = 0; i < sound->frames; i++)
			sound->samples[c][i] += gain * (float)(2 * chance() - 1);
}

/* Everyone in everyone's microphone, quieter and later, each pair by a distance of its own. */
static inline void add_bleed(const struct sound *sound, double db)
{
	struct sound dry = new_sound(sound->channels, sound->rate, (double)sound->frames / sound->rate);
	for (uint32_t c = 0; c < sound->channels; c++)
		memcpy(dry.samples[c], sound->samples[c], sound->frames * sizeof(float));
	float gain = (float)pow(10, db / 20);
	for (uint32_t to = 0; to < sound->channels; to++)
		for (uint32_t from = 0; from < sound->channels; from++) {
			uint64_t late = 48 + 37 * (uint64_t)abs((int)to - (int)from);
			for (uint64_t i = late; from != to && i < sound->frames; i++)
				sound->samples[to][i] += gain * dry.samples[from][i - late];
		}
	free_sound(&dry);
}

static inline struct sound band(uint32_t rate, double seconds, double bleed_db, double noise_dbfs)
{
	struct sound sound = new_sound(CHANNELS, rate, seconds);
	for (uint32_t c = 0; c < CHANNELS; c++) {
		const struct player *player = &players[c];
		for (double at = 0.3 * chance(); at < seconds;) {
			struct note note = {
				.hz = player->low_hz * pow(player->high_hz / player->low_hz, chance()),
				.seconds = player->seconds * (0.5 + chance()),
				.level = player->level * (0.3 + 0.7 * chance()),
				.dull = player->dull,
				.noise = player->noise,
			};
			play(&sound, sound.samples[c], (uint64_t)(at * rate), &note);
			at += note.seconds * (0.6 + 0.6 * chance());
		}
	}
	add_bleed(&sound, bleed_db);
	add_noise(&sound, noise_dbfs);
	return sound;
}

/* As a converter delivers it. */
static inline void quantise(const struct sound *sound, int bits)
{
	float scale = (float)(1 << (bits - 1));
	for (uint32_t c = 0; c < sound->channels; c++)
		for (uint64_t i = 0; i < sound->frames; i++) {
			float x = rintf(sound->samples[c][i] * scale);
			sound->samples[c][i] = fminf(fmaxf(x, -scale), scale - 1) / scale;
		}
}

#endif
