#include "recorder/loudness.h"

#include "recorder/songs.h"

/* libebur128 names an enum as we name a struct. */
#define error ebur128_error
#include <ebur128.h>
#undef error

#include <math.h>
#include <stdlib.h>

enum { CHANNELS = 2, CHUNK = 1024 };

struct loudness {
	ebur128_state *state;
	uint32_t channels;
	size_t window; /* frames */
	size_t filled; /* of the window under way */
	float *energy;
	size_t count, room;
};

struct loudness *loudness_create(uint32_t channels, uint32_t rate)
{
	struct loudness *loudness = calloc(1, sizeof(*loudness));
	if (!loudness)
		return NULL;
	/* The histogram keeps memory flat over a long take; without it every 100 ms stays. */
	loudness->state = ebur128_init(channels, rate, EBUR128_MODE_I | EBUR128_MODE_HISTOGRAM);
	loudness->channels = channels;
	loudness->window = (size_t)lround(rate * SONGS_WINDOW_S);
	if (!loudness->state) {
		free(loudness);
		return NULL;
	}
	return loudness;
}

void loudness_destroy(struct loudness *loudness)
{
	if (!loudness)
		return;
	ebur128_destroy(&loudness->state);
	free(loudness->energy);
	free(loudness);
}

static void end_window(struct loudness *loudness)
{
	double lufs = -INFINITY;
	loudness->filled = 0;
	if (loudness->count == loudness->room) {
		size_t room = loudness->room ? 2 * loudness->room : 1024;
		float *grown = realloc(loudness->energy, room * sizeof(*grown));
		if (!grown)
			return;
		loudness->energy = grown;
		loudness->room = room;
	}
	unsigned long milliseconds = (unsigned long)lround(SONGS_WINDOW_S * 1000);
	if (ebur128_loudness_window(loudness->state, milliseconds, &lufs) != EBUR128_SUCCESS)
		lufs = -INFINITY;
	loudness->energy[loudness->count++] = (float)pow(10, (lufs + 0.691) / 10);
}

static void add_run(struct loudness *loudness, const float *const *channels, size_t at, size_t frames)
{
	if (loudness->channels == 1) {
		ebur128_add_frames_float(loudness->state, channels[0] + at, frames);
		return;
	}
	float interleaved[CHANNELS * CHUNK];
	for (size_t i = 0; i < frames; i++)
		for (size_t c = 0; c < CHANNELS; c++)
			interleaved[CHANNELS * i + c] = channels[c][at + i];
	ebur128_add_frames_float(loudness->state, interleaved, frames);
}

void loudness_add(struct loudness *loudness, const float *const *channels, size_t frames)
{
	for (size_t at = 0; loudness && at < frames;) {
		size_t run = loudness->window - loudness->filled;
		if (run > frames - at)
			run = frames - at;
		if (run > CHUNK)
			run = CHUNK;
		add_run(loudness, channels, at, run);
		at += run;
		loudness->filled += run;
		if (loudness->filled == loudness->window)
			end_window(loudness);
	}
}

double loudness_integrated_lufs(const struct loudness *loudness)
{
	double lufs = -INFINITY;
	if (loudness && ebur128_loudness_global(loudness->state, &lufs) != EBUR128_SUCCESS)
		lufs = -INFINITY;
	return lufs;
}

size_t loudness_take_windows(struct loudness *loudness, float **energy)
{
	*energy = loudness ? loudness->energy : NULL;
	size_t count = loudness ? loudness->count : 0;
	if (loudness) {
		loudness->energy = NULL;
		loudness->count = loudness->room = 0;
	}
	return count;
}
