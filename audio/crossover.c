#include "audio/crossover.h"

#include "audio/biquad.h"

#include <math.h>
#include <string.h>

/* s becomes (1 - z^-1) / (k (1 + z^-1)): low 1 / d(s), high s^2 / d(s), d(s) = 1 + sqrt 2 s + s^2. Of their
 * squares the sum is (1 + s^4) / d(s)^2 = d(-s) / d(s), an all-pass, and stays one through the transform. */
static void split_init(struct crossover_split *split, double frequency, double rate)
{
	double k = tan(M_PI * frequency / rate);
	double a0 = 1 + M_SQRT2 * k + k * k;
	double a1 = 2 * (k * k - 1) / a0, a2 = (1 - M_SQRT2 * k + k * k) / a0;
	double low = k * k / a0, high = 1 / a0;
	for (int i = 0; i < 2; i++) {
		split->low[i] = (struct biquad){low, 2 * low, low, a1, a2};
		split->high[i] = (struct biquad){high, -2 * high, high, a1, a2};
	}
	split->all = (struct biquad){a2, a1, 1, a1, a2};
}

void crossover_init(struct crossover *crossover, size_t bands, const double *frequencies, double rate)
{
	*crossover = (struct crossover){.bands = bands};
	for (size_t i = 0; i + 1 < bands; i++)
		split_init(&crossover->splits[i], frequencies[i], rate);
}

void crossover_run(const struct crossover *crossover, struct crossover_memory *memory, const double *in,
	double *const *bands, size_t count)
{
	size_t splits = crossover->bands - 1;
	double *rest = bands[splits];
	if (rest != in)
		memcpy(rest, in, count * sizeof(*rest));
	for (size_t i = 0; i < splits; i++) {
		const struct crossover_split *split = &crossover->splits[i];
		memcpy(bands[i], rest, count * sizeof(*rest));
		filter_run_cascade(split->low, memory->low[i], 2, bands[i], count);
		filter_run_cascade(split->high, memory->high[i], 2, rest, count);
		for (size_t j = i + 1; j < splits; j++)
			filter_run(&crossover->splits[j].all, &memory->all[i][j], bands[i], count);
	}
}

static void split_stereo(const struct crossover_split *split, struct crossover_memory memories[2], size_t i,
	double *const *const bands[2], size_t rest, size_t count)
{
	struct biquad_stereo low = {.sections = split->low, .count = 2},
			     high = {.sections = split->high, .count = 2};
	for (size_t c = 0; c < 2; c++) {
		low.memories[c] = memories[c].low[i];
		high.memories[c] = memories[c].high[i];
		low.in[c] = high.in[c] = high.out[c] = bands[c][rest];
		low.out[c] = bands[c][i];
	}
	biquad_run_stereo(&low, &high, count);
}

/* All-passes for band `band`, from the one of split `from` on, two at most; none where there is none. */
static struct biquad_stereo all_stereo(const struct biquad *alls, struct crossover_memory memories[2],
	size_t splits, size_t band, size_t from, double *const *const bands[2])
{
	struct biquad_stereo all = {.sections = alls + from};
	if (band >= splits || from >= splits)
		return all;
	all.count = splits - from < 2 ? 1 : 2;
	for (size_t c = 0; c < 2; c++) {
		all.memories[c] = &memories[c].all[band][from];
		all.in[c] = all.out[c] = bands[c][band];
	}
	return all;
}

static void all_pass_stereo(const struct crossover *crossover, struct crossover_memory memories[2],
	double *const *const bands[2], size_t count)
{
	struct biquad alls[CROSSOVER_SPLITS];
	size_t splits = crossover->bands - 1;
	for (size_t i = 0; i < splits; i++)
		alls[i] = crossover->splits[i].all;
	for (size_t done = 0; done + 1 < splits; done += 2) {
		for (size_t band = 0; band + 1 + done < splits; band += 2) {
			struct biquad_stereo one =
				all_stereo(alls, memories, splits, band, band + 1 + done, bands);
			struct biquad_stereo other =
				all_stereo(alls, memories, splits, band + 1, band + 2 + done, bands);
			biquad_run_stereo(&one, &other, count);
		}
	}
}

/* A memory's age is that of its cascade: in the first of it. */
static void age_all(struct crossover_memory *memory, size_t splits, uint32_t count)
{
	for (size_t i = 0; i < splits; i++) {
		memory->low[i][0].age += count;
		memory->high[i][0].age += count;
		for (size_t j = i + 1; j < splits; j++)
			memory->all[i][j].age += count;
	}
}

void crossover_run_stereo(const struct crossover *crossover, struct crossover_memory memories[2],
	const double *const in[2], double *const *const bands[2], size_t count)
{
	size_t splits = crossover->bands - 1;
	/* When memories are to be looked at it goes the other way, to the same bits. */
	if (memories[0].low[0][0].age + count >= FILTER_FLUSH_EVERY) {
		for (size_t c = 0; c < 2; c++)
			crossover_run(crossover, &memories[c], in[c], bands[c], count);
		return;
	}
	for (size_t c = 0; c < 2; c++)
		if (bands[c][splits] != in[c])
			memcpy(bands[c][splits], in[c], count * sizeof(double));
	for (size_t i = 0; i < splits; i++)
		split_stereo(&crossover->splits[i], memories, i, bands, splits, count);
	all_pass_stereo(crossover, memories, bands, count);
	for (size_t c = 0; c < 2; c++)
		age_all(&memories[c], splits, (uint32_t)count);
}
