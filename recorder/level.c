#include "recorder/level.h"

#include <math.h>
#include <string.h>

/* Where even a converter of 16 bits stops on the positive side. */
#define FULL_SCALE (1 - 1.0F / 32768)

enum { LANES = 8, CHUNK = 512 };

struct sums {
	float peaks[LANES], squares[LANES];
	uint32_t clipped[LANES];
};

/* Eight samples at a time, each with sums of its own: compilers make vectors of that. */
static void add_eight(struct sums *sums, const float *samples)
{
	for (int k = 0; k < LANES; k++) {
		float magnitude = fabsf(samples[k]) >= 0 ? fabsf(samples[k]) : 0; /* no number is no level */
		sums->peaks[k] = magnitude > sums->peaks[k] ? magnitude : sums->peaks[k];
		sums->squares[k] += magnitude * magnitude;
		sums->clipped[k] += magnitude >= FULL_SCALE;
	}
}

/* Short enough for sums in floats. */
static void measure_chunk(struct level *level, const float *samples, uint64_t frames)
{
	struct sums sums = {0};
	float rest[LANES] = {0};
	uint64_t whole = frames - frames % LANES;
	for (uint64_t i = 0; i < whole; i += LANES)
		add_eight(&sums, samples + i);
	memcpy(rest, samples + whole, (frames - whole) * sizeof(float));
	add_eight(&sums, rest);
	for (int k = 0; k < LANES; k++) {
		level->peak = sums.peaks[k] > level->peak ? sums.peaks[k] : level->peak;
		level->squares += (double)sums.squares[k];
		level->clipped += sums.clipped[k];
	}
}

void level_measure(
	struct level *level, const struct tape *tape, uint32_t channel, uint64_t position, uint64_t frames)
{
	for (uint64_t done = 0, run; done < frames; done += run) {
		uint64_t most = frames - done < CHUNK ? frames - done : CHUNK;
		const float *samples = tape_samples(tape, channel, position + done, most, &run);
		measure_chunk(level, samples, run);
	}
}

void level_take(struct level *level, struct level *from)
{
	if (from->peak > level->peak)
		level->peak = from->peak;
	level->squares += from->squares;
	level->clipped += from->clipped;
	*from = (struct level){0};
}

double level_peak_db(const struct level *level)
{
	return 20 * log10((double)level->peak);
}

double level_rms_db(const struct level *level, uint64_t frames)
{
	return 10 * log10(level->squares / (double)(frames ? frames : 1));
}
