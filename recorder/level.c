#include "recorder/level.h"

#include <math.h>

void level_measure(
	struct level *level, const struct tape *tape, uint32_t channel, uint64_t position, uint64_t frames)
{
	for (uint64_t done = 0, run; done < frames; done += run) {
		const float *samples = tape_samples(tape, channel, position + done, frames - done, &run);
		float peak = level->peak;
		double squares = 0;
		for (uint64_t i = 0; i < run; i++) {
			float x = fabsf(samples[i]);
			peak = x > peak ? x : peak;
			squares += (double)(x * x);
		}
		level->peak = peak;
		level->squares += squares;
	}
}

void level_take(struct level *level, struct level *from)
{
	if (from->peak > level->peak)
		level->peak = from->peak;
	level->squares += from->squares;
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
