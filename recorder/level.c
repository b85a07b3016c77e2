#include "recorder/level.h"

#include "audio/lanes.h"

#include <math.h>

/* Where even a converter of 16 bits stops on the positive side. */
#define FULL_SCALE (1 - 1.0F / 32768)

enum { CHUNK = 512, STEP = 2 * LANES };

/* Two of each, so that no sum waits for itself. */
struct sums {
	lanes_f peak[2], squares[2];
	lanes_i clipped[2];
};

static void add_step(struct sums *sums, const float *samples)
{
	for (int k = 0; k < 2; k++) {
		lanes_f magnitude = lanes_magnitude(lanes_number(lanes_load(samples + k * LANES)));
		sums->peak[k] = lanes_max(magnitude, sums->peak[k]);
		sums->squares[k] += magnitude * magnitude;
		sums->clipped[k] -= magnitude >= FULL_SCALE;
	}
}

/* Short enough for sums in floats. */
static void measure_chunk(struct level *level, const float *samples, uint64_t frames)
{
	struct sums sums = {0};
	float rest[STEP] = {0};
	uint64_t whole = frames - frames % STEP;
	for (uint64_t i = 0; i < whole; i += STEP)
		add_step(&sums, samples + i);
	memcpy(rest, samples + whole, (frames - whole) * sizeof(float));
	add_step(&sums, rest);
	lanes_f peak = lanes_max(sums.peak[0], sums.peak[1]), squares = sums.squares[0] + sums.squares[1];
	lanes_i clipped = sums.clipped[0] + sums.clipped[1];
	for (int k = 0; k < LANES; k++) {
		level->peak = peak[k] > level->peak ? peak[k] : level->peak;
		level->squares += (double)squares[k];
		level->clipped += (uint32_t)clipped[k];
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
