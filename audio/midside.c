#include "audio/midside.h"

#include "audio/finite.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { CHUNK = 256 };

int midside_init(
	struct midside *midside, double side_gain, double mono_below_hz, uint32_t rate, struct error *e)
{
	*midside = (struct midside){.side_gain = side_gain, .mono_below = !isnan(mono_below_hz)};
	if (!midside->mono_below)
		return 0;
	if (!(mono_below_hz > 0 && mono_below_hz < rate / 4.0))
		return error_set(e, EINVAL, "mono_below: %g Hz is not below a quarter of the rate of %u Hz",
			mono_below_hz, rate);
	struct crossover crossover;
	crossover_init(&crossover, 2, &mono_below_hz, rate);
	midside->split = crossover.splits[0];
	return 0;
}

static void run_chunk(struct midside *m, double *left, double *right, size_t count)
{
	double middle[CHUNK], side[CHUNK];
	for (size_t i = 0; i < count; i++) {
		double l = finite_sample(left[i]), r = finite_sample(right[i]);
		middle[i] = (l + r) / 2;
		side[i] = m->side_gain * ((l - r) / 2);
	}
	if (m->mono_below) {
		filter_run(&m->split.all, &m->middle, middle, count);
		filter_run_cascade(m->split.high, m->side, MIDSIDE_SECTIONS, side, count);
	}
	for (size_t i = 0; i < count; i++) {
		left[i] = middle[i] + side[i];
		right[i] = middle[i] - side[i];
	}
}

void midside_run(struct midside *midside, double *left, double *right, size_t count)
{
	for (size_t from = 0; from < count; from += CHUNK) {
		size_t rest = count - from;
		run_chunk(midside, left + from, right + from, rest < CHUNK ? rest : CHUNK);
	}
}

void midside_reset(struct midside *midside)
{
	memset(midside->side, 0, sizeof(midside->side));
	midside->middle = (struct biquad_memory){0};
}
