#include "audio/crossover.h"

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
