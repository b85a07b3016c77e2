#include "recorder/level.h"

#include "audio/magnitude.h"
#include "audio/wide.h"

#include <math.h>

/* Where even a converter of 16 bits stops on the positive side. */
#define FULL_SCALE (1 - 1.0F / 32768)

/* Side by side, so that no sum waits for itself, and of a chunk that is short enough for sums in floats. */
enum { LANES = 8, SUMS = 4, CHUNK = 512 };
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

WIDE static void add_peak(struct level *level, const float samples[CHUNK])
{
	int32_t peak = 0, clipped = 0;
	const int32_t full_scale = magnitude_bits(FULL_SCALE);
	for (int i = 0; i < CHUNK; i++) {
		int32_t magnitude = magnitude_bits(samples[i]);
		peak = magnitude > peak ? magnitude : peak;
		clipped += magnitude >= full_scale;
	}
	level->peak = fmaxf(level->peak, magnitude_of(peak));
	level->clipped += (uint32_t)clipped;
}

WIDE static double sum_squares(const float samples[CHUNK])
{
	lanes sums[SUMS] = {0};
	for (int i = 0; i < CHUNK; i += SUMS * LANES) {
		for (int k = 0; k < SUMS; k++) {
			lanes x;
			memcpy(&x, samples + i + k * LANES, sizeof(x));
			sums[k] += x * x;
		}
	}
	lanes sum = sums[0] + sums[1] + sums[2] + sums[3];
	double squares = 0;
	for (int k = 0; k < LANES; k++)
		squares += (double)sum[k];
	return squares;
}

/* What is no number is silence. */
static double squares_of_numbers(const float samples[CHUNK])
{
	double squares = 0;
	for (int i = 0; i < CHUNK; i++) {
		double x = (double)magnitude_of(magnitude_bits(samples[i]));
		squares += x * x;
	}
	return squares;
}

static void measure_chunk(struct level *level, const float *samples, uint64_t frames)
{
	float padded[CHUNK] = {0};
	if (frames < CHUNK)
		samples = memcpy(padded, samples, frames * sizeof(float));
	add_peak(level, samples);
	double squares = sum_squares(samples);
	level->squares += isnan(squares) ? squares_of_numbers(samples) : squares;
}

/* The samples were written by another processor since, and are in its caches or in none; a processor looks
 * ahead by itself within a page, and a channel of a cycle is not much more. */
static void fetch(const float *samples, uint64_t frames)
{
	enum { LINE = 64 / sizeof(float) };
	for (uint64_t i = 0; i < frames; i += LINE)
		__builtin_prefetch(samples + i);
}

void level_measure(
	struct level *level, const struct tape *tape, uint32_t channel, uint64_t position, uint64_t frames)
{
	for (uint64_t done = 0, run; done < frames; done += run) {
		uint64_t most = frames - done < CHUNK ? frames - done : CHUNK;
		const float *samples = tape_samples(tape, channel, position + done, most, &run);
		if (channel + 1 < tape->channels)
			fetch(samples + tape->samples.size, run);
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
